import { describe, expect, it } from 'vitest';
import { bytes, count, number, percent, unitOf } from './number';

describe('numbers', () => {
  it('keep a fixed number of significant digits', () => {
    expect(number(0.21344)).toBe('0.2134');
    expect(number(41.2345)).toBe('41.23');
    expect(number(812.34)).toBe('812.3');
    expect(number(0.012345)).toBe('0.01235');
    expect(number(7)).toBe('7');
  });

  it('say what is missing or no number, and never zero for it', () => {
    expect(number(null)).toBe('–');
    expect(number(undefined)).toBe('–');
    expect(number(Number.NaN)).toBe('NaN');
    expect(number(Number.NEGATIVE_INFINITY)).toBe('−∞');
    expect(percent(null)).toBe('–');
    expect(count(null)).toBe('–');
  });

  it('group digits from five on and write a true minus', () => {
    expect(count(78421)).toBe('78\u202f421');
    expect(count(1344)).toBe('1344');
    expect(number(-1234567.8)).toBe('−1\u202f234\u202f568');
    expect(number(-0.5)).toBe('−0.5000');
  });

  it('write the very large and the very small with a power', () => {
    expect(number(1.5e12)).toBe('1.50e12');
    expect(number(-0.0000123)).toBe('−1.23e−5');
  });

  it('carry units that the name of the metric tells', () => {
    expect(unitOf('latency_p99_ms')).toBe('ms');
    expect(unitOf('avoided_loss_eur')).toBe('EUR');
    expect(unitOf('wape')).toBe('');
    expect(bytes(1_230_112)).toBe('1.2 MB');
    expect(bytes(812)).toBe('812 B');
    expect(percent(0.125)).toBe('12.5 %');
  });
});
