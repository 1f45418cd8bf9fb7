import { describe, expect, it } from 'vitest';
import { day, duration, exact, relative } from './time';

const now = Date.UTC(2012, 2, 5, 14, 0, 0);
const minute = 60_000;

describe('times', () => {
  it('are relative to the server and not to this computer', () => {
    expect(relative(now - 10_000, now)).toBe('just now');
    expect(relative(now - 5 * minute, now)).toBe('5 min ago');
    expect(relative(now - 3 * 60 * minute, now)).toBe('3 h ago');
    expect(relative(now - 25 * 60 * minute, now)).toBe('1 day ago');
    expect(relative(now + 3 * 60 * minute, now)).toBe('in 3 h');
  });

  it('become days when they are long ago', () => {
    expect(relative(Date.UTC(2011, 0, 2), now)).toBe('2011-01-02');
  });

  it('are exact in UTC', () => {
    expect(day(now)).toBe('2012-03-05');
    expect(exact(now + 9_000)).toBe('2012-03-05 14:00:09 UTC');
  });

  it('last their two largest units', () => {
    expect(duration(340)).toBe('340 ms');
    expect(duration(2_440)).toBe('2.4 s');
    expect(duration(59_990)).toBe('1 min 00 s');
    expect(duration(192_000)).toBe('3 min 12 s');
    expect(duration(7_500_000)).toBe('2 h 05 min');
    expect(duration(90_000_000)).toBe('1 d 1 h');
    expect(duration(null)).toBe('–');
  });
});
