/**
 * The server's API, for what a story needs before it begins and to check afterwards what the browser claims.
 */
import assert from 'node:assert/strict';
import { BASE, PROJECT } from './browser.mjs';

export async function get(path) {
  return answer(await fetch(BASE + path));
}

export async function post(path, body) {
  return answer(await fetch(BASE + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }));
}

async function answer(response) {
  const text = await response.text();
  assert.ok(response.ok, `${response.url} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Waits for a job and gives its result. */
export async function finished(job) {
  for (let turn = 0; turn < 600; turn += 1) {
    const { state, result, error } = await get(`/api/v1/jobs/${job}`);
    assert.notEqual(state, 'failed', `${job} failed: ${error}`);
    if (state === 'done') return result;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return assert.fail(`${job} did not end`);
}

export async function modelOf(project = PROJECT) {
  const { items } = await get(`/api/v1/projects/${project}/models`);
  assert.ok(items.length > 0, `${project} has a model`);
  return get(`/api/v1/projects/${project}/models/${items[0].name}`);
}

export function version(model, number, project = PROJECT) {
  return get(`/api/v1/projects/${project}/models/${model}/versions/${number}`);
}

/** The gate that guards `champion`. */
export function championGate(of) {
  return of.gates.find((gate) => gate.gate === 'champion');
}

export async function runs(query = '', project = PROJECT) {
  const { items } = await get(`/api/v1/projects/${project}/runs?limit=100${query}`);
  return items;
}

/** Registers a run as a version past no gate, as any `mlflow` client may. */
export async function registered(model, run) {
  const { model_version: made } = await post('/api/2.0/mlflow/model-versions/create', { name: model, source: `runs:/${run}/model`, run_id: run });
  return Number(made.version);
}

/** Evaluates a version on the held-out rows. */
export async function evaluated(number, project = PROJECT) {
  const { job } = await post(`/api/v1/projects/${project}/evaluate`, { version: number });
  return finished(job);
}

/** Runs of the given candidate that ended well and left a model. */
export async function finishedRuns(candidate) {
  const all = await runs();
  return all.filter((run) => run.status === 'FINISHED' && run.candidate === candidate && run.has_model !== false);
}

/** A version whose gate names a failing criterion: one that is there, else the simplest candidate's registered as is. */
export async function failing() {
  const model = await modelOf();
  for (const row of model.versions) {
    if (row.verdict === 'pass' || model.aliases.champion === row.version) continue;
    const criterion = failedIn(await version(model.name, row.version));
    if (criterion) return { model, version: row.version, criterion };
  }
  const [run] = await finishedRuns('simplest');
  assert.ok(run, 'the simplest candidate has a finished run');
  const made = await registered(model.name, run.run_id);
  await evaluated(made);
  const criterion = failedIn(await version(model.name, made));
  assert.ok(criterion, `version ${made} of the simplest candidate fails a criterion of the gate`);
  return { model, version: made, criterion };
}

function failedIn(version) {
  return championGate(version)?.criteria.find((criterion) => criterion.verdict === 'fail')?.id;
}
