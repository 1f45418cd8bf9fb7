import { expect, it } from 'vitest';
import type { CriterionRow } from '../api/types';
import { targetNumber, targetOf, targetShort } from './target';

const criterion = (id: string, on: string, target: string): CriterionRow => ({
  id, version: 1, kind: 'model', metric: 'wape', on, target, goal: null, best_run: null, champion: null, live: null,
});

it('a target gives the number of its line', () => {
  expect(targetNumber('wape ≤ 0.30 (95 % bound) on holdout')).toBe(0.3);
  expect(targetNumber('payoff >= -12.5 on live')).toBe(-12.5);
});

it('a target against another model has no line', () => {
  expect(targetNumber('mae ≤ today on live, 28d')).toBeNull();
});

it('the line of the live chart comes from the live criterion of its metric', () => {
  const criteria = [criterion('accurate', 'holdout', 'wape ≤ 0.30 on holdout'), criterion('still-accurate', 'live', 'wape ≤ 0.40 on live')];
  expect(targetOf(criteria, 'wape', 'live')).toEqual({ value: 0.4, id: 'still-accurate' });
  expect(targetOf(criteria, 'mae', 'live')).toBeNull();
});

it('beside its metric a target is short', () => {
  expect(targetShort('wape ≤ 0.30 (95 % bound) on holdout', 'wape')).toBe('≤ 0.30');
  expect(targetShort('mae ≤ today on live, 28d', 'mae')).toBe('≤ today');
});
