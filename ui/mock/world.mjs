/**
 * A made-up project that looks like a real one after some years, for developing pages without a server. The numbers come
 * from a fixed formula, so that two screenshots of the same page are equal.
 */
const DAY = 86_400_000;
export const NOW = Date.UTC(2019, 9, 1, 8);
const START = Date.UTC(2012, 0, 1);
const WINDOW = 28 * DAY;

/** A number between 0 and 1 that depends on the seed only. */
export function chance(seed) {
  const wave = Math.sin(seed * 12.9898 + 78.233) * 43758.5453;
  return wave - Math.floor(wave);
}

export const hex = (seed, length = 32) => Array.from({ length }, (_, index) => Math.floor(chance(seed * 97 + index) * 16).toString(16)).join('');

const ROLLOUTS = [0, 9, 19, 31, 44, 58, 74, 88].map((window, index) => ({ at: START + window * WINDOW, version: index + 1, promoted: true }));

export function windows() {
  const count = Math.floor((NOW - START) / WINDOW);
  return Array.from({ length: count }, (_, index) => {
    const start = START + index * WINDOW;
    const current = ROLLOUTS.findLast((rollout) => rollout.at <= start) ?? ROLLOUTS[0];
    const age = (start - current.at) / WINDOW;
    const season = 0.03 * Math.sin((index / 13) * 2 * Math.PI);
    const value = 0.22 + age * 0.014 + season + 0.02 * chance(index);
    const labels = index === count - 1 ? 201 : 672;
    const known = labels >= 300;
    const drift = (column, base) => {
      const score = base + 0.05 * chance(index * 7 + column.length);
      return { score, drifted: score > 0.1, method: 'wasserstein' };
    };
    return {
      start,
      end: start + WINDOW,
      requests: 672,
      labels,
      live: known ? { wape: { value, lower: value - 0.018, upper: value + 0.02 } } : { wape: { value: null, lower: null, upper: null } },
      today: { wape: 0.39 + season + 0.03 * chance(index * 3) },
      drift: index < 2 ? {} : { tmin: drift('tmin', 0.03), tmax: drift('tmax', index % 17 === 5 ? 0.08 : 0.02), pn: drift('pn', 0.01), ts: { score: null, drifted: null, method: 'none' } },
      checks: [
        { monitor: 'still-right', state: !known ? 'unknown' : value > 0.4 ? 'alert' : value > 0.37 ? 'warn' : 'ok', value: known ? value : null, target: 'wape ≤ 0.40 on live' },
        { monitor: 'still-pays', state: known ? 'ok' : 'unknown', value: known ? 812 : null, target: 'payoff_per_1000 ≥ today' },
        { monitor: 'input-drift', state: index < 2 ? 'unknown' : index % 17 === 5 ? 'warn' : 'ok', value: null, target: null },
      ],
      version: current.version,
    };
  });
}

export const monitoring = () => ({
  metric: 'wape',
  windows: windows(),
  rollouts: ROLLOUTS,
  alerts: ROLLOUTS.slice(1).map((rollout, index) => ({
    id: `alert-${index}`,
    monitor: 'still-right',
    state: index === 6 ? 'open' : 'resolved',
    opened_at: rollout.at - 2 * DAY,
    resolved_at: index === 6 ? null : rollout.at,
    message: `still-accurate: wape 0.4${index + 1}2 > 0.40 over 28 days (672 labels)`,
  })),
});

const TARGETS = [
  ['accurate', 'model', 'wape', 'holdout', 'wape ≤ 0.30 (95 % bound) on holdout', 0.2134],
  ['beats-today', 'model', 'mae', 'holdout', 'mae ≤ today (95 % bound) on holdout', 41.23],
  ['beats-champion', 'model', 'mae', 'holdout', 'mae ≤ champion on holdout', 41.23],
  ['weekends-too', 'model', 'wape', 'holdout', 'wape ≤ 0.40 in every day_type on holdout', 0.3123],
  ['fast', 'system', 'latency_p99_ms', null, 'latency_p99_ms ≤ 20', 0.812],
  ['still-accurate', 'model', 'wape', 'live', 'wape ≤ 0.40 on live, 28d', 0.2734],
  ['pays', 'business', 'payoff_per_1000', 'live', 'payoff_per_1000 ≥ today on live, 28d', 8123.4],
];

export const criteria = () =>
  TARGETS.map(([id, kind, metric, on, target, value]) => ({
    id,
    version: id === 'accurate' ? 2 : 1,
    kind,
    metric,
    on,
    target,
    goal: 'bikes-before-queues',
    best_run: on === 'holdout' ? { run_id: hex(3), value, verdict: id === 'weekends-too' ? 'fail' : 'pass' } : null,
    champion: on === 'holdout' ? { version: 8, value: value * 1.02, lower: value * 0.95, upper: value * 1.09, verdict: 'pass' } : null,
    live: on === 'live' ? { value, labels: 672, window_start: NOW - WINDOW, window_end: NOW, verdict: id === 'pays' ? 'unknown' : 'pass' } : null,
  }));

export const gate = (version) => ({
  gate: 'champion',
  verdict: version === 7 ? 'fail' : version === 9 ? 'unknown' : 'pass',
  criteria: TARGETS.slice(0, 4).map(([id, , metric, , target, value], index) => {
    const failing = version === 7 && index === 3;
    return {
      id,
      version: index === 0 ? 2 : 1,
      target,
      verdict: failing ? 'fail' : 'pass',
      value: failing ? 0.4312 : value,
      lower: value * 0.93,
      upper: failing ? 0.452 : value * 1.08,
      baseline: index === 1 ? 79.4 : index === 2 ? 43.1 : null,
      difference: index === 1 ? { value: -38.2, lower: -41, upper: -35.3 } : null,
      rows: 168 * 8,
      reason: failing ? `${metric} 0.431 for day_type = weekend is above 0.40` : `the ${index < 2 ? 'upper bound' : 'value'} is below the target`,
    };
  }),
  approvals: [{ role: 'stakeholder', needed: 1, given: version === 8 ? [{ by: 'fleet-lead', at: NOW - 9 * DAY, own: false, reason: 'the weekends hold' }] : [], state: version === 8 ? 'given' : 'asked' }],
});

export const runs = Array.from({ length: Number(process.env.RUNS ?? 437) }, (_, index) => {
  const candidate = ['simplest', 'forest', 'boost'][index % 3];
  const wape = { simplest: 0.41, forest: 0.24, boost: 0.21 }[candidate] + 0.05 * chance(index);
  const params = {
    simplest: { l2: '1.0' },
    forest: { trees: String(40 + Math.floor(80 * chance(index + 5))), max_depth: String(8 + (index % 6)) },
    boost: { learning_rate: (0.03 + 0.2 * chance(index + 9)).toFixed(4), leaves: String(15 + (index % 40)), trees: '200' },
  }[candidate];
  const start = NOW - index * 37 * 60_000;
  return {
    run_id: hex(index + 3),
    name: `${candidate}-${437 - index}`,
    status: index === 0 ? 'RUNNING' : index % 41 === 7 ? 'FAILED' : 'FINISHED',
    start_time: start,
    end_time: index === 0 ? null : start + 4000 + Math.round(90_000 * chance(index)),
    candidate,
    metrics: index === 0 ? {} : { wape, mae: wape * 190, rmse: wape * 270, r2: 1 - wape },
    params: { candidate, ...params },
    verdicts: index === 0 ? {} : { accurate: wape < 0.3 ? 'pass' : 'fail', 'beats-today': wape < 0.39 ? 'pass' : 'fail', 'beats-champion': index % 5 === 0 ? 'unknown' : 'pass', 'weekends-too': 'pass' },
  };
});
