import { expect, it } from 'vitest';
import { commands, quoted } from './command';

it('a filter is one word for the shell, whatever is in it', () => {
  expect(commands.runs('bikes', `params.name = 'a' and metrics."b c" < 1`, '')).toBe(
    String.raw`ironloop runs --project bikes --filter 'params.name = '\''a'\'' and metrics."b c" < 1'`,
  );
  expect(quoted('$(rm -rf /)')).toBe(`'$(rm -rf /)'`);
});

it('what is not chosen is not in the command', () => {
  expect(commands.jobs()).toBe('ironloop jobs list');
  expect(commands.dataset('bikes', 'trips')).toBe('ironloop data show trips --project bikes');
  expect(commands.model('bikes', 'bikes', 3)).toBe('ironloop model show bikes 3 --project bikes');
});
