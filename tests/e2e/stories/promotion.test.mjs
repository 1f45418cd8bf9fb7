import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '../api.mjs';
import { onPage, open, PROJECT, withBrowser } from '../browser.mjs';

withBrowser();

// proves S10 S44
test('promotion past a failing gate is refused with the name of the criterion, and the alias stays', async () => {
  const { model, version, criterion } = await api.failing();
  const holder = model.aliases.champion;

  await onPage(
    async (page) => {
      await open(page, `/p/${PROJECT}/models/${model.name}/${version}`);
      const report = page.getByRole('table', { name: 'Gate report' }).filter({ hasText: criterion }).first();
      await report.getByRole('row').filter({ hasText: criterion }).getByText('fail', { exact: true }).waitFor();

      await page.getByRole('button', { name: 'Promote…' }).click();
      const dialog = page.getByRole('dialog', { name: `Promote ${model.name} version ${version}` });
      await dialog.getByText(`moves from version ${holder} to version ${version}`).waitFor();
      await dialog.getByRole('button', { name: 'Promote to champion' }).click();
      await dialog.getByText('The gate refused this promotion').waitFor();
      await dialog.getByText(criterion).first().waitFor();
    },
    { allowed: [403] },
  );

  assert.equal((await api.modelOf()).aliases.champion, holder, 'champion is where it was');
});

// proves S22
test('a version shows each criterion with target, bound and reason, and its slices', async () => {
  const model = await api.modelOf();
  const champion = await api.version(model.name, model.aliases.champion);
  await onPage(async (page) => {
    await open(page, `/p/${PROJECT}/models/${model.name}/${model.aliases.champion}`);
    for (const criterion of api.championGate(champion).criteria) {
      const row = page.getByRole('table', { name: 'Gate report' }).getByRole('row').filter({ hasText: criterion.id }).first();
      await row.getByText(criterion.target, { exact: true }).waitFor();
    }
    assert.ok((await page.getByRole('table', { name: 'Slices' }).locator('tbody tr').count()) >= 2, 'the slices are listed');
  });
});
