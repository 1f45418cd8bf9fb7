import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '../api.mjs';
import { onPage, open, PROJECT, withBrowser } from '../browser.mjs';

withBrowser();

const REASON = 'I looked at the weekends and at the rainy days.';

/** A version that may be approved, best one that still waits; else the champion's run registered once more. */
async function approvable() {
  const model = await api.modelOf();
  const found = [];
  for (const { version } of model.versions) {
    const need = needOf(await api.version(model.name, version));
    if (need) found.push({ model: model.name, version, role: need.role, open: need.given.length === 0 });
  }
  const best = found.find((version) => version.open) ?? found[0];
  if (best) return best;
  const champion = model.versions.find((row) => row.version === model.aliases.champion);
  const version = await api.registered(model.name, champion.run_id);
  await api.evaluated(version);
  const need = needOf(await api.version(model.name, version));
  assert.ok(need, `version ${version}, the champion's run again, passes every criterion`);
  return { model: model.name, version, role: need.role };
}

/** The approval that a version's gate wants, if nothing else stands in the way. */
function needOf(version) {
  const gate = api.championGate(version);
  const passed = gate?.criteria.every((criterion) => criterion.verdict === 'pass') && (gate.after ?? { verdict: 'pass' }).verdict === 'pass';
  return passed ? gate.approvals[0] : undefined;
}

// proves S60
test('a stakeholder approves a version in the browser, with a reason and under their name', async () => {
  const { people } = await api.get(`/api/v1/projects/${PROJECT}`);
  const { model, version, role } = await approvable();
  const user = people[role][0];

  await onPage(
    async (page) => {
      await open(page, `/p/${PROJECT}/models/${model}/${version}`);
      const approvals = page.getByRole('list', { name: 'Approvals' }).first();
      await approvals.getByRole('button', { name: 'Approve' }).first().click();
      const dialog = page.getByRole('dialog', { name: 'Approve this version' });
      const send = dialog.getByRole('button', { name: 'Approve' });
      assert.ok(await send.isDisabled(), 'a decision without a reason is not taken');
      await dialog.getByLabel('Reason').fill(REASON);
      await send.click();
      await dialog.waitFor({ state: 'hidden' });
      await approvals.getByText(`approved by ${user}`).first().waitFor();
    },
    { user },
  );

  const need = api.championGate(await api.version(model, version)).approvals.find((approval) => approval.role === role);
  assert.ok(need.given.some((given) => given.by === user), 'the server has the approval under that name');
  const { items } = await api.get(`/api/v1/audit?project=${PROJECT}&limit=20`);
  assert.ok(items.some((entry) => entry.actor === user && /approv/.test(entry.action)), 'it stands in the audit log');
});

test('a version whose criterion fails cannot be approved in the browser, and the page says which one', async () => {
  const { model, version, criterion } = await api.failing();
  await onPage(async (page) => {
    await open(page, `/p/${PROJECT}/models/${model.name}/${version}`);
    const approve = page.getByRole('button', { name: 'Approve' }).last();
    assert.ok(await approve.isDisabled());
    assert.match((await approve.getAttribute('title')) ?? '', new RegExp(`nothing to approve yet.*(${criterion}|gate candidate)`));
  });
});
