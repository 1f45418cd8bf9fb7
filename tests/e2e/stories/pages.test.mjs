import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '../api.mjs';
import { BASE, ENDPOINT, onPage, open, overflow, PROJECT, withBrowser } from '../browser.mjs';

withBrowser();

/** The address of every page, with things that exist on this server. */
async function pages() {
  const at = `/p/${PROJECT}`;
  const model = await api.modelOf();
  const [run] = await api.runs();
  const { items: datasets } = await api.get(`/api/v1/projects/${PROJECT}/datasets`);
  return [
    '/', '/experiments', '/experiments/0', '/jobs', '/activity', at,
    `${at}/data`, `${at}/data/${datasets[0].name}`, `${at}/data/${datasets[0].name}/${datasets[0].version}`,
    `${at}/runs`, `${at}/runs/${run.run_id}`,
    `${at}/models`, `${at}/models/${model.name}`, `${at}/models/${model.name}/${model.aliases.champion}`,
    `${at}/deployments`, `${at}/deployments/${ENDPOINT}`, `${at}/monitoring`, `${at}/monitoring/${ENDPOINT}`,
    `${at}/jobs`, `${at}/activity`,
  ];
}

for (const [width, scheme] of [[1280, 'light'], [800, 'dark']]) {
  test(`no page breaks the security policy, logs an error, is refused its data or overflows at ${width} px`, async () => {
    const addresses = await pages();
    await onPage(
      async (page) => {
        for (const path of addresses) {
          await open(page, path);
          assert.equal(await page.getByRole('alert').count(), 0, `${path} shows no refusal`);
          assert.ok((await overflow(page)) <= 0, `${path} fits into ${width} px`);
          assert.equal(await page.getByText('Nothing is at this address').count(), 0, `${path} is a page`);
        }
      },
      { width, scheme },
    );
  });
}

test('a page allows no inline script and no other origin, and its files are kept for ever', async () => {
  const page = await fetch(`${BASE}/p/${PROJECT}`);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /script-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|http:|https:|\*/);
  const html = await page.text();
  const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1];
  assert.ok(script, 'the page loads its script');
  const file = await fetch(BASE + script);
  assert.match(file.headers.get('cache-control') ?? '', /immutable/);
  const again = await fetch(BASE + script, { headers: { 'if-none-match': file.headers.get('etag') ?? '' } });
  assert.equal(again.status, 304, 'what the browser has is not sent again');
});

test('every page offers what it shows as a command or a request', async () => {
  const addresses = (await pages()).filter((path) => path !== `/p/${PROJECT}/monitoring`);
  await onPage(async (page) => {
    for (const path of addresses) {
      await open(page, path);
      await page.getByRole('button', { name: 'Copy as' }).first().click();
      assert.ok((await page.getByRole('menuitem').count()) >= 1, `${path} can be copied`);
    }
  });
});

// proves S05
test('the project page shows each phase with its state and each criterion with target and verdict', async () => {
  const project = await api.get(`/api/v1/projects/${PROJECT}`);
  await onPage(async (page) => {
    await open(page, `/p/${PROJECT}`);
    const loop = page.getByRole('list', { name: 'The loop' });
    for (const { phase } of project.phases) await loop.getByRole('link', { name: phase, exact: true }).waitFor();
    for (const { id, target } of project.criteria) {
      const row = page.getByRole('table', { name: 'Criteria' }).getByRole('row').filter({ has: page.getByText(id, { exact: true }) });
      await row.getByText(target, { exact: true }).first().waitFor();
    }
  });
});

test('the keyboard goes to the search box, walks through the rows and opens one', async () => {
  await onPage(async (page) => {
    await open(page, '/');
    await page.locator('tr[data-row]').first().waitFor();
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-label')), 'Filter projects');
    await page.keyboard.type(PROJECT);
    await page.evaluate(() => document.activeElement.blur());
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/p/${PROJECT}`);
  });
});

// proves S46
test('the form of a deployment sends a real request and shows the answer', async () => {
  const deployment = await api.get(`/api/v1/projects/${PROJECT}/deployments/${ENDPOINT}`);
  const values = { ts: '2012-05-01T08:00:00', tmin: '12.5', tmax: '24', pn: '0' };
  await onPage(async (page) => {
    await open(page, `/p/${PROJECT}/deployments/${ENDPOINT}`);
    for (const { name } of deployment.signature.inputs) {
      await page.getByLabel(new RegExp(`^${name}\\b`)).fill(values[name] ?? '1');
    }
    await page.getByRole('button', { name: 'Predict' }).click();
    const text = await page.locator('output.answer').innerText();
    assert.ok(Number.isFinite(Number(text.replaceAll(/\s/g, '').replace('−', '-'))), `a number is answered: ${text}`);
  });
});
