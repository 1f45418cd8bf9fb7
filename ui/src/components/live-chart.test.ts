import { expect, it } from 'vitest';
import type { MonitoringWindow, Watched } from '../api/types';
import { driftRows } from './drift-table';
import { seriesOf } from './live-chart';
import { thinned } from './metric-charts';

const window = (end: number, value: number | null, drifted: boolean | null): MonitoringWindow => ({
  start: end - 1000, end, requests: 10, labels: 10,
  live: value === null ? {} : { wape: { value, lower: value - 0.01, upper: value + 0.01 } },
  today: {}, drift: { tmin: { score: 0.1, drifted, method: 'default' } }, checks: [], version: 1,
});

it('a window without labels is a gap and not a zero', () => {
  const monitoring = { metric: 'wape', windows: [window(3000, null, null), window(2000, 0.3, true)], rollouts: [], alerts: [] } as Watched;
  expect(seriesOf(monitoring, 0.4)).toEqual([[2, 3], [0.3, null], [0.29, null], [0.31, null], [null, null], [0.4, 0.4]]);
});

it('drift has a cell for each window, unknown where none was computed', () => {
  const other = { ...window(4000, 0.3, false), drift: {} };
  const [row] = driftRows([window(2000, 0.3, true), other]);
  expect(row?.cells.map((cell) => cell.drifted)).toEqual([true, null]);
});

it('a long series keeps its spikes when it is thinned', () => {
  const points = Array.from({ length: 100_000 }, (_, step) => ({ step, value: step === 54_321 ? 99 : step === 77_777 ? -99 : 0 }));
  const kept = thinned(points, 1000);
  expect(kept.length).toBeLessThanOrEqual(1000);
  expect(kept.some((point) => point.value === 99)).toBe(true);
  expect(kept.some((point) => point.value === -99)).toBe(true);
  expect(kept.map((point) => point.step)).toEqual(kept.map((point) => point.step).toSorted((a, b) => a - b));
});
