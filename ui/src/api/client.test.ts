import { expect, it } from 'vitest';
import { artifactAddress, numberOf } from './mlflow';
import { problem, withQuery } from './client';

it('an address leaves out what is not asked', () => {
  expect(withQuery('/runs', { filter: '', order_by: undefined, limit: 100 })).toBe('/runs?limit=100');
  expect(withQuery('/runs')).toBe('/runs');
});

it('a problem document keeps its sentence, its hint and its gate', () => {
  const gate = { gate: 'champion', verdict: 'fail', criteria: [], approvals: [] };
  const said = problem(403, 'Forbidden', { title: 'forbidden', detail: 'weekends-too fails', hint: 'see the gate', gate }, '');
  expect([said.status, said.message, said.hint, said.gate]).toEqual([403, 'weekends-too fails', 'see the gate', gate]);
});

it('MLflow’s errors and bare text are understood too', () => {
  expect(problem(404, 'Not Found', { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'no run x' }, '').message).toBe('no run x');
  expect(problem(502, 'Bad Gateway', null, 'upstream is gone').message).toBe('upstream is gone');
});

it('words that MLflow writes for what is no number are read', () => {
  expect(numberOf('Infinity')).toBe(Infinity);
  expect(numberOf('NaN')).toBeNaN();
  expect(numberOf(0.5)).toBe(0.5);
});

it('an artifact’s address is safe in any name', () => {
  expect(artifactAddress('mlflow-artifacts:/1/abc/artifacts', 'a b/c#1.txt')).toBe('/api/2.0/mlflow-artifacts/artifacts/1/abc/artifacts/a%20b/c%231.txt');
  expect(artifactAddress('s3://bucket/x', 'a')).toBeNull();
});
