import { expect, it } from 'vitest';
import { isName } from './actor';

it('a name is what a header and the server take', () => {
  for (const good of ['local', 'fleet-lead', 'ada@example.org', 'svc:crm']) expect(isName(good), good).toBe(true);
  for (const bad of ['', 'two words', 'Zoë', 'a\nb', 'ironloop', 'x'.repeat(101)]) expect(isName(bad), bad).toBe(false);
});
