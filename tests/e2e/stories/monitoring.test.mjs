import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as api from '../api.mjs';
import { ENDPOINT, onPage, open, PROJECT, withBrowser } from '../browser.mjs';

withBrowser();

// proves S24 S49
test('the monitoring page draws live error over time and marks each rollout with its version', async () => {
  const monitoring = await api.get(`/api/v1/projects/${PROJECT}/monitoring/${ENDPOINT}`);
  assert.ok(monitoring.windows.length > 0, 'windows were computed');
  assert.ok(monitoring.rollouts.length > 0, 'something was rolled out');

  await onPage(async (page) => {
    await open(page, `/p/${PROJECT}/monitoring/${ENDPOINT}`);
    const marks = page.locator('[data-rollout]');
    await marks.first().waitFor();
    assert.deepEqual(
      await marks.evaluateAll((list) => list.map((mark) => Number(mark.dataset.rollout))),
      monitoring.rollouts.map((rollout) => rollout.version),
      'the list below the chart names each rollout',
    );
    await page.waitForFunction(() => document.querySelector('.live-chart canvas')?.width > 400);
    const drawn = await page.evaluate(coloursDrawn);
    assert.ok(drawn.line > 200, `the live error is drawn (${drawn.line} pixels)`);
    assert.ok(drawn.mark > 200, `the rollouts are drawn (${drawn.mark} pixels)`);
    await page.getByText(`Live ${monitoring.metric}, window by window`).waitFor();
    await page.getByText('labels so far in the newest window').waitFor();
  });
});

/** Runs in the page: how many pixels of the chart have the colour of the live line and of the rollout marks. */
function coloursDrawn() {
  const canvas = document.querySelector('.live-chart canvas');
  const style = getComputedStyle(canvas);
  const rgb = (name) => style.getPropertyValue(name).trim().match(/\w\w/g).map((part) => Number.parseInt(part, 16));
  const wanted = { line: rgb('--blue'), mark: rgb('--violet') };
  const counts = { line: 0, mark: 0 };
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 128) continue;
    for (const name of ['line', 'mark']) {
      const far = wanted[name].reduce((sum, part, index) => sum + Math.abs(part - data[at + index]), 0);
      if (far < 24) counts[name] += 1;
    }
  }
  return counts;
}

test('a window without enough labels is shown as unknown and never as ok', async () => {
  const { windows } = await api.get(`/api/v1/projects/${PROJECT}/monitoring/${ENDPOINT}`);
  const unknown = windows.flatMap((window) => window.checks).filter((check) => check.state === 'unknown').length;
  await onPage(async (page) => {
    await open(page, `/p/${PROJECT}/monitoring/${ENDPOINT}`);
    const all = page.getByRole('button', { name: /Show all \d+ windows/ });
    if (await all.count()) await all.click();
    const shown = page.getByRole('table', { name: 'Windows' }).locator('[data-state="unknown"]');
    assert.equal(await shown.count(), unknown);
    for (const tone of await shown.evaluateAll((list) => list.map((state) => state.className))) assert.doesNotMatch(tone, /tone-good/);
  });
});
