import { describe, expect, it } from 'vitest';
import type { GateResult } from '../api/types';
import { obstacleOf, promotionEffect, signOf, tally, together } from './verdict';

describe('verdicts', () => {
  it('always have a sign and a word', () => {
    expect(signOf('pass')).toEqual({ icon: '✓', word: 'pass', tone: 'good' });
    expect(signOf('fail')).toEqual({ icon: '✗', word: 'fail', tone: 'bad' });
  });

  it('are never green when unknown, missing or new to us', () => {
    for (const state of ['unknown', null, undefined, '', 'a-state-of-tomorrow', 'missing', 'superseded']) {
      expect(signOf(state).tone, String(state)).not.toBe('good');
    }
    expect(signOf(null).word).toBe('unknown');
  });

  it('read MLflow’s states as ours', () => {
    expect(signOf('FINISHED').word).toBe('finished');
    expect(signOf('rolled_back').word).toBe('rolled back');
  });

  it('together fail with one failure and are unknown with one unknown or with none', () => {
    expect(together(['pass', 'fail', 'unknown'])).toBe('fail');
    expect(together(['pass', 'unknown'])).toBe('unknown');
    expect(together(['pass', 'pass'])).toBe('pass');
    expect(together([])).toBe('unknown');
  });

  it('count an odd word as unknown', () => {
    expect(tally({ a: 'pass', b: 'fail', c: 'unknown', d: 'odd' })).toEqual({ pass: 1, fail: 1, unknown: 2 });
  });
});

describe('a promotion', () => {
  it('says which version loses the alias, who follows it and how to go back', () => {
    const { effect, undo } = promotionEffect('bikes', 'champion', 9, 8, ['bikes-api']);
    expect(effect.join(' ')).toContain('moves from version 8 to version 9');
    expect(effect.join(' ')).toContain('bikes-api follows');
    expect(undo).toBe('Promote version 8 again.');
  });

  it('of the version that holds the alias changes nothing', () => {
    expect(promotionEffect('bikes', 'champion', 8, 8, []).effect).toEqual(['Version 8 already holds champion; nothing changes.']);
  });

  it('for the first time has no way back', () => {
    expect(promotionEffect('bikes', 'champion', 1, undefined, []).undo).toContain('no earlier version');
  });
});

const criterion = (id: string, verdict: 'pass' | 'fail' | 'unknown') => ({ id, version: 1, target: '', verdict, value: 1 });

const gate = (criteria: ReturnType<typeof criterion>[]): GateResult => ({ gate: 'champion', verdict: 'unknown', criteria, approvals: [] });

describe('approval', () => {

  it('waits until every criterion passes, and names the one that does not', () => {
    expect(obstacleOf(gate([criterion('a', 'pass'), criterion('b', 'unknown'), criterion('c', 'fail')]))).toBe('criterion c fails');
    expect(obstacleOf(gate([criterion('a', 'pass'), criterion('b', 'unknown')]))).toBe('criterion b is unknown');
    expect(obstacleOf(gate([criterion('a', 'pass')]))).toBeNull();
  });

  it('waits for the gate before', () => {
    const before = { gate: 'candidate', verdict: 'fail' as const, obstacle: 'criterion a fails' };
    expect(obstacleOf({ ...gate([]), after: before })).toBe('gate candidate comes first: criterion a fails');
  });
});
