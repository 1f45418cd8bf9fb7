import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '../api.mjs';
import { onPage, open, PROJECT, withBrowser } from '../browser.mjs';

withBrowser();

const RUNS = `/api/v1/projects/${PROJECT}/runs`;

/** The queries that the table sends, in their order. */
function asked(page) {
  const queries = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === RUNS) queries.push(Object.fromEntries(url.searchParams));
  });
  return queries;
}

// proves S42
test('the runs page is paged, filtered and sorted by the server', async () => {
  const all = await api.runs();
  assert.ok(all.length > 5, 'the demo left runs');
  await onPage(async (page) => {
    const queries = asked(page);
    await open(page, `/p/${PROJECT}/runs?limit=5`);
    await page.waitForFunction((wanted) => Number(document.querySelector('[data-loaded]')?.dataset.loaded) >= wanted, Math.min(all.length, 10));
    assert.ok(queries.every((query) => query.limit === '5'), 'each request asks for one page');
    assert.ok(queries.length >= 2 && queries[1].token, 'the next page is asked for with the token of the one before');

    const filter = "attributes.status = 'FINISHED'";
    await page.keyboard.press('/');
    await page.keyboard.type(filter);
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('filter') === filter);
    assert.equal(queries.at(-1).filter, filter, 'the server filters');

    await page.goBack();
    await page.waitForURL((url) => !url.searchParams.has('filter'));
    await page.getByRole('button', { name: 'Started' }).click();
    await page.waitForURL((url) => url.searchParams.get('order_by') === 'attributes.start_time ASC');
    await page.waitForFunction(() => document.querySelector('th[aria-sort="ascending"]') !== null);
    assert.ok(queries.some((query) => query.order_by === 'attributes.start_time ASC'), 'the server sorts');
  });
});

test('a filter that cannot be read is answered with the words of the server', async () => {
  await onPage(
    async (page) => {
      await open(page, `/p/${PROJECT}/runs?filter=${encodeURIComponent('metrics.wape <')}`);
      const alert = page.getByRole('alert');
      await alert.waitFor();
      assert.ok((await alert.innerText()).length > 20, 'it says what is wrong');
      assert.equal(await page.getByLabel('Filter runs').inputValue(), 'metrics.wape <', 'what was typed is still there');
    },
    { allowed: [400] },
  );
});

// proves S41
test('a run shows its outcome, params, metrics and files', async () => {
  const run = (await api.runs()).find((row) => row.status === 'FINISHED' && Object.keys(row.metrics).length > 0);
  await onPage(async (page) => {
    await open(page, `/p/${PROJECT}/runs/${run.run_id}`);
    for (const table of ['Outcome', 'Params', 'Metrics']) await page.getByRole('table', { name: table }).waitFor();
    for (const key of Object.keys(run.metrics)) await page.getByRole('table', { name: 'Metrics' }).getByText(key, { exact: true }).waitFor();
  });
});

// proves S64
test('a run of someone who only has MLflow’s API is found under Experiments', async () => {
  const name = `notebook ${process.pid} ${Math.round(performance.now())}`;
  const { experiment_id: experiment } = await api.post('/api/2.0/mlflow/experiments/create', { name });
  const { run } = await api.post('/api/2.0/mlflow/runs/create', { experiment_id: experiment, run_name: 'first try', start_time: 1 });
  const id = run.info.run_id;
  for (let step = 0; step < 20; step += 1) await api.post('/api/2.0/mlflow/runs/log-metric', { run_id: id, key: 'loss', value: 1 / (step + 1), step, timestamp: step });
  await api.post('/api/2.0/mlflow/runs/update', { run_id: id, status: 'FINISHED', end_time: 2 });

  await onPage(async (page) => {
    await open(page, '/experiments');
    await page.getByRole('link', { name }).click();
    await page.getByRole('link', { name: 'first try' }).click();
    await page.getByRole('img', { name: 'loss over its steps' }).waitFor();
    await page.getByText('finished').first().waitFor();
  });
});
