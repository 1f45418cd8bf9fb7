import { expect, it } from 'vitest';
import { rowOf } from './try-it';

const inputs = [{ name: 'ts', type: 'datetime' }, { name: 'tmin', kind: 'Numeric' }, { name: 'open', type: 'bool' }];

it('what was typed becomes JSON of the right kind', () => {
  expect(rowOf(inputs, { ts: '2012-05-01T08:00:00', tmin: ' 8.5 ', open: 'True' })).toEqual({ ts: '2012-05-01T08:00:00', tmin: 8.5, open: true });
});

it('an empty field is a missing value', () => {
  expect(rowOf(inputs, {})).toEqual({ ts: null, tmin: null, open: null });
});

it('a word where a number belongs is left for the server to refuse', () => {
  expect(rowOf(inputs, { tmin: 'cold' }).tmin).toBe('cold');
});
