import { expect, it } from 'vitest';
import { changed, read } from './url-state';

const defaults = { filter: '', order_by: '', cols: '' };

it('a view is read back from its address as it was', () => {
  const filter = `metrics."a/b" < 0.3 and params.name = 'x & y'`;
  const search = changed('', { filter, order_by: 'metrics.wape ASC' }, defaults);
  expect(read(search, defaults)).toEqual({ filter, order_by: 'metrics.wape ASC', cols: '' });
});

it('an address holds only what differs from the default', () => {
  expect(changed('filter=a&order_by=b', { filter: '', order_by: null }, defaults)).toBe('');
});

it('what other parts of the page put there stays', () => {
  expect(changed('tab=two&filter=a', { filter: 'b' }, defaults)).toBe('filter=b&tab=two');
});

it('equal views have equal addresses', () => {
  const one = changed(changed('', { filter: 'a' }), { cols: 'b' });
  const two = changed(changed('', { cols: 'b' }), { filter: 'a' });
  expect(one).toBe(two);
});
