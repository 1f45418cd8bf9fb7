/**
 * What the made-up server answers for each address of `/api/v1` and the few of MLflow's that the pages read.
 */
import { chance, criteria, gate, hex, monitoring, NOW, runs, windows } from './world.mjs';

const DAY = 86_400_000;
const items = (list) => ({ items: list });
const signature = { inputs: [{ name: 'ts', datatype: 'BYTES', meaning: 'datetime' }, { name: 'tmin', datatype: 'FP32', nullable: true }, { name: 'tmax', datatype: 'FP32' }, { name: 'pn', datatype: 'FP32' }] };

const projects = [
  { name: 'bikes', title: 'Bikes needed in the next hour', owner: 'fleet-lead', phases: { design: 'done', data: 'done', develop: 'done', deploy: 'done', maintain: 'alert' }, champion: { model: 'bikes', version: 8 }, alerts: 1 },
  { name: 'flights', title: 'Departures that leave late', owner: 'ops', phases: { design: 'done', data: 'done', develop: 'missing', deploy: 'missing', maintain: 'unknown' }, champion: null, alerts: 0 },
];

const project = {
  name: 'bikes', title: 'Bikes needed in the next hour', owner: 'fleet-lead', risk: 'limited', version: 3,
  charter: {
    problem: 'Stations run empty at rush hour: riders walk away, and trucks arrive after the queue is gone.',
    decision: 'Each hour the dispatcher sends trucks by the expected number of trips in the next hour.',
    intended_use: 'Planning truck tours, one number for the whole city and hour.', not_for: ['pricing', 'staffing beyond the truck crews'], today: 'the same hour a week ago',
  },
  goals: [{ id: 'bikes-before-queues', text: 'Trucks move bikes before stations run empty: at least 500 EUR an hour less lost', kpi: 'avoided_loss_eur', by: '2012-12-31' }],
  people: { stakeholder: ['fleet-lead'], expert: ['dispatcher'], data_scientist: ['ds'], data_engineer: ['de'], ml_engineer: ['mle'] },
  criteria: criteria(),
  phases: [
    { phase: 'design', state: 'done', evidence: ['charter version 3', '7 criteria, 1 goal', 'feasible: 17 520 rows'], missing: [] },
    { phase: 'data', state: 'done', evidence: ['trips v12, 7 rules kept'], missing: [] },
    { phase: 'develop', state: 'done', evidence: ['437 runs', 'best run boost-12'], missing: [] },
    { phase: 'deploy', state: 'done', evidence: ['bikes-api serves version 8'], missing: [] },
    { phase: 'maintain', state: 'alert', evidence: ['100 windows'], missing: ['the alert of still-right is open'] },
  ],
};

const rules = [
  { id: 'columns', check: 'columns', severity: 'error', verdict: 'pass', observed: 6, limit: 6, failing_rows: 0, examples: [] },
  { id: 'one-row-per-hour', check: 'unique', severity: 'error', verdict: 'pass', observed: 0, limit: 0, failing_rows: 0, examples: [] },
  { id: 'count-plausible', check: 'between', severity: 'error', verdict: 'fail', observed: -3, limit: '0 to 20000', failing_rows: 2, examples: [{ ts: '2012-03-01T07:00:00', count: -3 }, { ts: '2012-03-01T08:00:00', count: -1 }] },
  { id: 'celsius', check: 'between', severity: 'error', verdict: 'pass', observed: 1, limit: 0.999, failing_rows: 0, examples: [] },
  { id: 'fresh', check: 'max_age', severity: 'warn', verdict: 'unknown', observed: null, limit: '2d', failing_rows: null, examples: [] },
];

const datasetVersion = (version) => ({
  dataset: 'trips', version, delta_version: version, digest: `sha256:${hex(version, 64)}`, rows: 8760 + version * 672, state: version === 12 ? 'current' : version === 11 ? 'quarantined' : 'superseded',
  created_at: NOW - (13 - version) * 20 * DAY, until: NOW - (13 - version) * 20 * DAY - 3_600_000,
  schema: ['date', 'ts', 'count', 'tmin', 'tmax', 'pn'].map((name) => ({ name, type: name === 'count' ? 'i64' : 'f64', nullable: name !== 'ts' })),
  checks: version === 11 ? rules : rules.map((rule) => ({ ...rule, verdict: rule.verdict === 'fail' ? 'pass' : rule.verdict, failing_rows: 0, examples: [] })),
});

const bars = (centre, width) => ({ edges: Array.from({ length: 21 }, (_, index) => index * width), counts: Array.from({ length: 20 }, (_, index) => Math.round(900 * Math.exp(-((index - centre) ** 2) / 18))) });
const numeric = (name, low, high, centre) => ({ name, type: 'f64', missing: name === 'pn' ? 37 : 0, distinct: 4211, min: low, max: high, mean: (low + high) / 3, std: (high - low) / 6, quantiles: [low, 2, 5, 8, high], histogram: bars(centre, (high - low) / 20), top: null });
const profile = {
  rows: 16824,
  columns: [
    { ...numeric('ts', Date.UTC(2010, 8, 20), NOW, 9), type: 'timestamp', mean: NOW - 900 * DAY, std: 500 * DAY },
    numeric('count', 0, 1961, 3), numeric('tmin', -14.3, 28.9, 11), numeric('tmax', -6.6, 41.1, 12), numeric('pn', 0, 98.6, 0),
    { name: 'day_type', type: 'text', missing: 0, distinct: 2, min: null, max: null, mean: null, std: null, quantiles: null, histogram: null, top: [{ value: 'working day', count: 12017 }, { value: 'weekend', count: 4807 }] },
  ],
};

const versions = Array.from({ length: 9 }, (_, index) => index + 1);
const aliases = { champion: 8, previous: 6 };
const decisions = new Map();
const approve = (version, { role, decision, reason }) => {
  decisions.set(version, { by: 'fleet-lead', at: NOW, decision, reason });
  return { role, decision };
};
const approved = (version) => {
  const said = decisions.get(version);
  const found = gate(version);
  return said ? { ...found, approvals: found.approvals.map((need) => ({ ...need, given: [said], state: said.decision === 'reject' ? 'refused' : 'given' })) } : found;
};
const modelVersion = (version) => ({
  name: 'bikes', version, run_id: hex(version + 3), digest: `sha256:${hex(version, 64)}`, aliases: Object.entries(aliases).filter(([, held]) => held === version).map(([alias]) => alias), signature,
  evaluation: {
    id: `eval-${version}`, dataset: { name: 'trips', version: 12, digest: hex(1, 64) }, rows: 1344, holdout_uses: 9,
    metrics: [['wape', 0.2134, 0.389], ['mae', 41.23, 79.4], ['rmse', 60.1, 121.2], ['r2', 0.87, 0.41]].map(([name, value, today]) => ({ name, value, lower: value * 0.95, upper: value * 1.06, today, champion: value * 1.03 })),
    slices: ['working day', 'weekend'].map((value, index) => ({ column: 'day_type', value, rows: 960 - index * 576, metrics: { wape: 0.19 + index * 0.09, mae: 39 + index * 9 } })),
  },
  gates: [approved(version)], live_in: version === 8 ? ['bikes-api'] : [],
});

const deployment = {
  name: 'bikes-api', model: 'bikes@champion', state: 'live', signature, example: { curl: `curl -s 'http://127.0.0.1:5000/invocations?endpoint=bikes-api' -H 'content-type: application/json' -d '{"dataframe_records":[{"ts":"2012-05-01T08:00:00","tmin":8.1,"tmax":21.3,"pn":0.0}]}'`, python: 'mlflow.deployments …' },
  revisions: versions.slice(0, 8).map((version) => ({ revision: version, version, digest: `sha256:${hex(version, 64)}`, share: version === 8 ? 100 : 0, state: version === 8 ? 'serving' : 'retired', created_at: NOW - (9 - version) * 200 * DAY, requests: 6048 + version * 672, errors: version === 3 ? 2 : 0, p50_ms: 0.212, p99_ms: 0.81 + version / 10, runtime: 'native' })),
  rollouts: versions.slice(0, 8).map((version) => ({ at: NOW - (9 - version) * 200 * DAY, from_revision: version - 1, to_revision: version, steps: '[10,100]', state: 'done', reason: version === 1 ? 'first deployment' : 'promoted after retraining' })),
};

const jobs = [
  { id: 'job-0199', kind: 'train', project: 'bikes', state: 'running', progress: { step: 'trials', done: 7, total: 13, message: 'boost: wape 0.2134' }, result: null, error: null, created_at: NOW - 60_000, started_at: NOW - 50_000, finished_at: null },
  { id: 'job-0198', kind: 'deploy', project: 'bikes', state: 'done', progress: { step: 'traffic', done: 2, total: 2, message: '100 %' }, result: {}, error: null, created_at: NOW - DAY, started_at: NOW - DAY, finished_at: NOW - DAY + 2300 },
  { id: 'job-0197', kind: 'ingest', project: 'bikes', state: 'failed', progress: {}, result: null, error: 'count-plausible: 2 rows of trips-broken.parquet are below 0 (count = -3 at 2012-03-01T07:00:00); version 11 is quarantined, version 10 stays current', created_at: NOW - 2 * DAY, started_at: NOW - 2 * DAY, finished_at: NOW - 2 * DAY + 900 },
];

const retraining = (index, promoted) => ({
  id: `retrain-${index}`, created_at: NOW - index * 300 * DAY, finished_at: NOW, state: promoted ? 'promoted' : 'rejected', trigger: 'worse', actor: 'local', reason: 'still-right alerted', challenger: 9 - index, promoted,
  why: promoted ? 'mae 41.2 is below the champion’s 47.9, every criterion passes' : 'weekends-too fails: wape 0.431 for day_type = weekend is above 0.40',
  steps: [['ingest', '672 rows'], ['expect', '7 rules kept'], ['train', '13 trials'], ['evaluate', 'wape 0.213'], ['gate:candidate', 'pass'], ['gate:champion', promoted ? 'pass' : 'fail']].map(([step, detail]) => ({ step, detail, state: detail === 'fail' ? 'stopped' : 'done' })),
});

const audit = Array.from({ length: 120 }, (_, index) => ({ seq: 120 - index, at: NOW - index * 3_000_000, actor: ['local', 'fleet-lead', 'ds'][index % 3], action: ['registry.promoted', 'training.finished', 'data.added', 'registry.approved'][index % 4], object: ['model:bikes/8', `run:${hex(index, 8)}`, 'dataset:trips/12'][index % 3], project: 'bikes', detail: { reason: 'looked at the weekends', number: index } }));

const mlflowRun = (row) => ({
  info: { run_id: row.run_id, run_name: row.name, experiment_id: '1', status: row.status, start_time: row.start_time, end_time: row.end_time, artifact_uri: `mlflow-artifacts:/1/${row.run_id}/artifacts` },
  data: {
    metrics: [...Object.entries(row.metrics), ['loss', 0.1]].map(([key, value]) => ({ key, value, step: key === 'loss' ? 200 : 0, timestamp: NOW })),
    params: Object.entries(row.params).map(([key, value]) => ({ key, value })),
    tags: [{ key: 'ironloop.project', value: 'bikes' }, { key: 'ironloop.candidate', value: row.candidate }, { key: 'mlflow.user', value: 'local' }, { key: 'mlflow.parentRunId', value: hex(9) }],
  },
});
const runNamed = (id) => runs.find((row) => row.run_id === id);

function pageOf(list, query) {
  const limit = Number(query.limit ?? query.max_results ?? 100);
  const at = Number(query.token || query.page_token || 0);
  const next = at + limit < list.length ? String(at + limit) : undefined;
  return { items: list.slice(at, at + limit), next };
}

function findRuns(query) {
  const filter = query.filter ?? '';
  const one = /run_id = '(\w+)'/.exec(filter)?.[1];
  if (one) return pageOf(runs.filter((row) => row.run_id === one), query);
  const below = /metrics\.wape < ([\d.]+)/.exec(filter)?.[1];
  if (filter === "attributes.status = 'FINISHED'") return pageOf(runs.filter((row) => row.status === 'FINISHED'), query);
  if (filter !== '' && below === undefined) return { status: 400, title: 'invalid', detail: `the filter ${JSON.stringify(filter)} ends where a value is expected`, hint: `write it as in metrics.wape < 0.3` };
  const found = below === undefined ? [...runs] : runs.filter((row) => row.metrics.wape < Number(below));
  const [key, direction] = (query.order_by ?? '').split(' ');
  if (key?.startsWith('metrics.')) found.sort((a, b) => ((a.metrics[key.slice(8)] ?? 9) - (b.metrics[key.slice(8)] ?? 9)) * (direction === 'DESC' ? -1 : 1));
  return pageOf(found, query);
}

const v1 = [
  [/^\/version$/, () => ({ version: '0.1.0' })],
  [/^\/config$/, () => ({ now: NOW, clock: 'system' })],
  [/^\/needs$/, () => items([{ kind: 'approval', project: 'bikes', text: 'bikes version 9 waits for a stakeholder', link: '/p/bikes/models/bikes/9', at: NOW - 3_600_000 }, { kind: 'alert', project: 'bikes', text: 'still-right: wape 0.412 > 0.40 over 28 days', link: '/p/bikes/monitoring/bikes-api', at: NOW - 2 * DAY }, { kind: 'job', project: 'bikes', text: 'ingest failed: count-plausible', link: '/p/bikes/jobs', at: NOW - 2 * DAY }])],
  [/^\/projects$/, () => items(projects)],
  [/^\/projects\/bikes$/, () => project],
  [/^\/projects\/flights$/, () => ({ ...project, name: 'flights', title: 'Departures that leave late', criteria: [] })],
  [/^\/projects\/flights\//, () => items([])],
  [/^\/projects\/bikes\/datasets$/, () => items([{ name: 'trips', owner: 'de', sensitivity: 'public', version: 12, rows: 16824, columns: 6, state: 'current', checked_at: NOW - DAY, passed: 6, failed: 0, warned: 1, quarantined: 1, fresh_until: NOW - DAY }])],
  [/\/rows$/, (_, query) => ({ columns: ['ts', 'count', 'tmin'], ...pageOf(Array.from({ length: 60 }, (__, hour) => ({ ts: `2019-09-0${1 + Math.floor(hour / 24)}T${String(hour % 24).padStart(2, '0')}:00:00`, count: Math.round(900 * chance(hour)), tmin: 12.5 })), query) })],
  [/\/acknowledge$/, () => ({})],
  [/\/versions$/, () => items(Array.from({ length: 12 }, (_, index) => datasetVersion(12 - index)))],
  [/\/datasets\/trips\/versions\/(\w+)\/profile$/, () => profile],
  [/\/datasets\/trips\/versions\/(\w+)$/, (at) => datasetVersion(at === 'current' ? 12 : Number(at))],
  [/\/runs$/, (_, query) => findRuns(query)],
  [/\/models$/, () => items([{ name: 'bikes', latest_version: 9, aliases }])],
  [/\/models\/bikes$/, () => ({ name: 'bikes', aliases, versions: versions.map((version) => ({ version, created_at: NOW - (10 - version) * 90 * DAY, run_id: hex(version + 3), aliases: modelVersion(version).aliases, verdict: gate(version).verdict, metrics: { wape: 0.2 + chance(version) / 20, mae: 40 + version } })) })],
  [/\/models\/bikes\/versions\/(\d+)$/, (at) => modelVersion(Number(at))],
  [/\/versions\/(\d+)\/promote$/, (at, query) => (gate(Number(at)).verdict === 'pass' ? { alias: query.alias, version: Number(at), previous: 8 } : { status: 403, title: 'forbidden', detail: `bikes version ${at} may not become champion: weekends-too fails (wape 0.431 for day_type = weekend, wanted ≤ 0.40, trips v12)`, hint: `/p/bikes/models/bikes/${at} shows the gate`, gate: gate(Number(at)) })],
  [/\/versions\/(\d+)\/approve$/, (at, query) => approve(Number(at), query)],
  [/\/deployments$/, () => items([deployment])],
  [/\/deployments\/bikes-api$/, () => deployment],
  [/\/monitoring\/bikes-api$/, () => monitoring()],
  [/\/retrainings$/, () => items([retraining(0, false), retraining(1, true), retraining(2, true)])],
  [/^\/jobs$/, () => items(jobs)],
  [/^\/jobs\/(.+)$/, () => ({ ...jobs[1], result: { version: 9, verdict: 'pass', model: 'bikes' } })],
  [/^\/audit$/, (_, query) => pageOf(audit, query)],
  [/\/design-check$/, () => ({ verdict: 'feasible', checks: [{ id: 'min_rows', verdict: 'pass', value: 16824, limit: 8000, reason: '16 824 rows with a known label' }, { id: 'max_missing', verdict: 'pass', value: 0.0022, limit: 0.05, reason: 'pn is missing in 0.2 % of the rows' }, { id: 'max_label_delay', verdict: 'unknown', value: null, limit: 172800, reason: 'no prediction has an outcome yet' }] })],
  [/\/(evaluate|retrain|train|deploy|rollback)$/, () => ({ job: 'job-0200' })],
];

const mlflow = [
  [/^\/experiments\/search$/, () => ({ experiments: [['0', 'Default'], ['1', 'bikes'], ['2', 'churn notebook']].map(([experiment_id, name]) => ({ experiment_id, name, creation_time: NOW - 90 * DAY, last_update_time: NOW - DAY })) })],
  [/^\/experiments\/get$/, () => ({ experiment: { experiment_id: '1', name: 'bikes' } })],
  [/^\/runs\/search$/, (_, query) => { const page = pageOf(runs, query); return { runs: page.items.map(mlflowRun), next_page_token: page.next }; }],
  [/^\/runs\/get$/, (_, query) => (runNamed(query.run_id) ? { run: mlflowRun(runNamed(query.run_id)) } : { status: 404, error_code: 'RESOURCE_DOES_NOT_EXIST', message: `Run with id=${query.run_id} not found` })],
  [/^\/metrics\/get-history$/, (_, query) => ({ metrics: query.metric_key === 'loss' ? Array.from({ length: 200 }, (_, step) => ({ key: 'loss', step, timestamp: NOW, value: 0.9 * Math.exp(-step / 40) + 0.1 + 0.02 * chance(step) })) : [] })],
  [/^\/artifacts\/list$/, (_, query) => ({ files: query.path ? [{ path: 'model/MLmodel', is_dir: false, file_size: 812 }, { path: 'model/model.onnx', is_dir: false, file_size: 1_230_112 }] : [{ path: 'model', is_dir: true }, { path: 'leaderboard.json', is_dir: false, file_size: 4211 }] })],
];

/** The answer to one request, or nothing where the made-up server has no such address. */
export function answer(path, query) {
  const [table, rest] = path.startsWith('/api/v1') ? [v1, path.slice(7)] : [mlflow, path.replace(/^\/(ajax-)?api\/2\.0\/mlflow/, '')];
  for (const [pattern, make] of table) {
    const match = pattern.exec(rest);
    if (match) return make(match[1], query);
  }
  return path.startsWith('/invocations') ? { predictions: [412.3] } : undefined;
}

export const sizes = { runs: runs.length, windows: windows().length };
