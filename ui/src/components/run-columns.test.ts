import { expect, it } from 'vitest';
import type { CriterionRow, RunRow } from '../api/types';
import { defaultColumns, differing, keysOf, quoted } from './run-columns';
import { nextOrder, splitOrder } from './run-table';

const run = (params: Record<string, string>, metrics: Record<string, number> = {}): RunRow => ({
  run_id: 'r', name: null, status: 'FINISHED', start_time: 0, end_time: 0, candidate: null, metrics, params, verdicts: {},
});
const criterion = { id: 'accurate', metric: 'wape', target: 'wape ≤ 0.30' } as CriterionRow;

it('params that are the same in all runs are no columns', () => {
  const rows = [run({ seed: '7', trees: '100' }), run({ seed: '7', trees: '200' }), run({ seed: '7' })];
  expect(differing(rows, ['seed', 'trees'])).toEqual(['trees']);
});

it('metrics that a criterion judges come first, never all keys', () => {
  const metrics = Object.fromEntries([...Array.from({ length: 60 }, (_, index) => [`m${index}`, 1]), ['wape', 0.2], ['cv.wape', 0.3]]);
  const rows = [run({}, metrics)];
  const columns = defaultColumns(rows, keysOf(rows), [criterion]);
  expect(columns.filter((id) => id.startsWith('metrics.'))).toEqual(['metrics.cv.wape', 'metrics.wape']);
  expect(columns.length).toBeLessThan(15);
});

it('a key that is no identifier is quoted for the filter language', () => {
  expect(quoted('metrics', 'val/loss 1')).toBe('metrics."val/loss 1"');
  expect(quoted('params', 'learning_rate')).toBe('params.learning_rate');
});

it('a click sorts upwards, then downwards, then not', () => {
  expect(nextOrder('', 'metrics.wape')).toBe('metrics.wape ASC');
  expect(nextOrder('metrics.wape ASC', 'metrics.wape')).toBe('metrics.wape DESC');
  expect(nextOrder('metrics.wape DESC', 'metrics.wape')).toBe('');
  expect(nextOrder('metrics.wape DESC', 'metrics.mae')).toBe('metrics.mae ASC');
  expect(splitOrder('metrics."val loss" desc')).toEqual(['metrics."val loss"', 'DESC']);
});
