/**
 * What `/api/v1` answers, as far as the pages read it. Times are milliseconds since 1970; a list is `{items, next}`.
 *
 * Hand-written for now: the client is generated from the OpenAPI document once that is committed.
 */

export type Verdict = 'pass' | 'fail' | 'unknown';
export type CheckState = 'ok' | 'warn' | 'alert' | 'unknown';
export type PhaseState = 'done' | 'missing' | 'alert' | 'unknown';

export interface List<T> {
  items: T[];
  next?: string | null;
}

export interface ProjectRow {
  name: string;
  title: string | null;
  owner: string | null;
  phases: Record<string, PhaseState>;
  champion: { model: string; version: number } | null;
  alerts: number;
}

export interface Need {
  kind: 'approval' | 'alert' | 'job';
  project: string | null;
  text: string;
  link: string | null;
  at: number | null;
}

export interface Goal {
  id: string;
  text: string;
  kpi?: string | null;
  by?: string | null;
}

export interface Bounded {
  value: number | null;
  lower?: number | null;
  upper?: number | null;
}

export interface CriterionRow {
  id: string;
  version: number;
  kind: string;
  metric: string;
  on: string | null;
  target: string;
  goal: string | null;
  best_run: { run_id: string; value: number | null; verdict: Verdict } | null;
  champion: (Bounded & { version: number; verdict: Verdict; reason?: string | null }) | null;
  live: { value: number | null; labels: number | null; window_start: number | null; window_end: number | null; verdict: Verdict; reason?: string | null } | null;
}

export interface Phase {
  phase: string;
  state: PhaseState;
  evidence: string[];
  missing: string[];
}

export interface Project {
  name: string;
  title: string | null;
  owner: string | null;
  risk: string | null;
  version: number;
  charter: {
    problem?: string | null;
    decision?: string | null;
    intended_use?: string | null;
    not_for?: string[] | null;
    today?: string | null;
  } | null;
  goals: Goal[];
  people: Record<string, string[]>;
  criteria: CriterionRow[];
  phases: Phase[];
  file?: string | null;
}

export interface DatasetRow {
  name: string;
  owner: string | null;
  sensitivity: string | null;
  version: number | null;
  rows: number | null;
  columns: number | null;
  state: string | null;
  checked_at: number | null;
  passed: number;
  failed: number;
  warned: number;
  quarantined: number;
  fresh_until: number | null;
}

export interface RuleResult {
  id: string;
  check: string;
  severity: string;
  verdict: Verdict;
  observed: unknown;
  limit: unknown;
  failing_rows: number | null;
  examples?: unknown[] | null;
}

export interface DatasetVersion {
  dataset?: string;
  version: number;
  digest: string;
  rows: number;
  state: string;
  created_at: number;
  until: number | null;
  delta_version?: number;
  schema?: { name: string; type: string; nullable: boolean }[];
  /** Rows of the source that lie in the future and were left out. */
  hidden?: number;
  checks?: RuleResult[];
}

export interface ColumnProfile {
  name: string;
  type: string;
  missing: number;
  distinct: number | null;
  min: number | string | null;
  max: number | string | null;
  mean: number | null;
  std: number | null;
  quantiles?: number[] | null;
  histogram?: { edges: number[]; counts: number[] } | null;
  top?: { value: string | null; count: number }[] | null;
}

export interface Profile {
  rows: number;
  columns: ColumnProfile[];
}

export interface RunRow {
  run_id: string;
  name: string | null;
  status: string;
  start_time: number | null;
  end_time: number | null;
  candidate: string | null;
  /** `training`, `trial`; null for a user's own run. */
  kind?: string | null;
  parent_run?: string | null;
  has_model?: boolean;
  metrics: Record<string, number | null>;
  params: Record<string, string>;
  verdicts: Record<string, Verdict>;
}

export interface ModelRow {
  name: string;
  latest_version: number | null;
  aliases: Record<string, number>;
}

export interface Model {
  name: string;
  aliases: Record<string, number>;
  versions: {
    version: number;
    created_at: number;
    run_id: string | null;
    aliases: string[];
    verdict: Verdict | null;
    metrics: Record<string, number>;
  }[];
}

export interface CriterionResult extends Bounded {
  id: string;
  version: number;
  target: string;
  verdict: Verdict;
  baseline?: number | null;
  /** The value minus the baseline, on the same rows. */
  difference?: Bounded | null;
  rows?: number | null;
  reason?: string | null;
}

export interface ApprovalNeed {
  role: string;
  needed: number;
  given: { by: string; at: number; own?: boolean; reason?: string }[];
  state: string;
}

export interface GateResult {
  gate: string;
  verdict: Verdict;
  /** The gate that must be passed before, where there is one. */
  after?: { gate: string; verdict: Verdict; obstacle: string | null } | null;
  /** The data it was measured on. */
  dataset?: string | null;
  criteria: CriterionResult[];
  approvals: ApprovalNeed[];
}

export interface Evaluation {
  id: string;
  dataset: { name: string; version: number; digest?: string } | null;
  rows: number;
  metrics: (Bounded & { name: string; today?: number | null; champion?: number | null })[];
  slices: { column: string; value: string; rows: number; metrics: Record<string, number | null> }[];
  holdout_uses: number | null;
}

export interface SignatureInput {
  name: string;
  /** A registered version says `type`, an endpoint the datatype of the Open Inference Protocol and what it means. */
  type?: string;
  kind?: string;
  datatype?: string;
  meaning?: string | null;
  width?: number;
  nullable?: boolean;
}

export interface Signature {
  inputs: SignatureInput[];
}

export interface ModelVersion {
  name: string;
  version: number;
  run_id: string | null;
  digest: string | null;
  aliases: string[];
  signature: Signature | null;
  evaluation: Evaluation | null;
  gates: GateResult[];
  live_in: string[];
  created_at?: number;
}

export interface Revision {
  revision: number;
  version: number;
  digest: string;
  share: number;
  state: string;
  created_at: number;
  requests: number;
  errors: number;
  p50_ms: number | null;
  p99_ms: number | null;
  runtime: string | null;
}

export interface Rollout {
  at: number;
  /** 0 where nothing served before. */
  from_revision: number;
  to_revision: number;
  /** Shares in percent, also as JSON text. */
  steps: string | number[];
  step?: number;
  state: string;
  reason: string | null;
  actor?: string;
}

export interface Deployment {
  name: string;
  model: string;
  state: string;
  revisions: Revision[];
  signature: Signature | null;
  example?: { curl?: string | null; python?: string | null } | null;
  rollouts: Rollout[];
}

export interface MonitoringWindow {
  start: number;
  end: number;
  requests: number;
  labels: number;
  live: Record<string, Bounded>;
  today?: Record<string, number | null>;
  drift: Record<string, { score: number | null; drifted: boolean | null; method: string }>;
  checks: { monitor: string; state: CheckState; value: number | null; target: string | null; reason?: string | null }[];
  version: number | null;
}

export interface Alert {
  id: string;
  monitor: string;
  state: string;
  opened_at: number;
  acknowledged_by?: string | null;
  resolved_at: number | null;
  message: string;
}

export interface Monitoring {
  /** Absent where no live criterion and no task says what to look at. */
  metric: string | null;
  windows: MonitoringWindow[];
  rollouts: { at: number; version: number | null; promoted: boolean; state?: string; reason?: string | null }[];
  alerts: Alert[];
}

/** With the metric that the page looks at. */
export type Watched = Monitoring & { metric: string };

export interface Retraining {
  id: string;
  created_at: number;
  finished_at: number | null;
  /** `queued`, `running`, `promoted`, `rejected` or `failed`. */
  state: string;
  trigger: string | null;
  reason: string;
  actor: string;
  steps: { step: string; state: string; detail: string | null; started_at?: number | null; finished_at?: number | null }[];
  challenger: number | null;
  promoted: boolean;
  why: string;
}

export interface Job {
  id: string;
  kind: string;
  project: string | null;
  state: string;
  progress: { step?: string | null; done?: number | null; total?: number | null; message?: string | null } | null;
  result?: unknown;
  error?: unknown;
  created_at: number;
  started_at: number | null;
  finished_at: number | null;
}

export interface AuditRow {
  seq?: number;
  id?: number | string;
  at: number;
  actor: string;
  action: string;
  object: string;
  project?: string | null;
  detail?: unknown;
}
