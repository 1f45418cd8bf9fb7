/**
 * Which columns a run table has: status, name, age, duration, the metrics that criteria name with their target, the
 * params that differ. Everything else is one click away and never all at once.
 */
import { Link } from 'wouter';
import type { CriterionRow, RunRow } from '../api/types';
import { targetShort } from '../format/target';
import { duration } from '../format/time';
import { tally } from '../format/verdict';
import type { SortableColumn } from './run-table';
import { Ago, Num, State } from './show';

const SAID_BY_CANDIDATE = new Set(['candidate', 'algorithm']);
const LOOKED_AT = 500;
const MOST_PARAMS = 4;
const MOST_METRICS = 4;

/** A key as MLflow's filter language writes it. */
export function quoted(entity: 'metrics' | 'params', key: string): string {
  return /^[A-Za-z_][A-Za-z0-9_.]*$/.test(key) ? `${entity}.${key}` : `${entity}."${key}"`;
}

export interface Keys {
  metrics: string[];
  params: string[];
}

/** The keys of the first rows: columns must not jump about while further pages arrive. */
export function keysOf(rows: RunRow[]): Keys {
  const metrics = new Set<string>();
  const params = new Set<string>();
  for (const row of rows.slice(0, LOOKED_AT)) {
    for (const key of Object.keys(row.metrics)) metrics.add(key);
    for (const key of Object.keys(row.params)) params.add(key);
  }
  return { metrics: [...metrics].toSorted(), params: [...params].toSorted() };
}

/** The params whose value is not the same in all runs, those that most runs have first. */
export function differing(rows: RunRow[], params: string[]): string[] {
  const spread = params.map((key) => {
    const values = rows.slice(0, LOOKED_AT).map((row) => row.params[key]);
    return { key, distinct: new Set(values).size, present: values.filter((value) => value !== undefined).length };
  });
  return spread
    .filter((param) => param.distinct > 1 && !SAID_BY_CANDIDATE.has(param.key))
    .toSorted((a, b) => b.present - a.present || a.key.localeCompare(b.key))
    .map((param) => param.key);
}

/** Whether a metric is one that a criterion judges, under its own name or one that ends in it. */
export function judged(metric: string, criteria: CriterionRow[]): CriterionRow | undefined {
  return criteria.find((criterion) => metric === criterion.metric || metric.endsWith(`.${criterion.metric}`) || metric.endsWith(`_${criterion.metric}`));
}

/** The columns shown until the reader chooses. */
export function defaultColumns(rows: RunRow[], keys: Keys, criteria: CriterionRow[]): string[] {
  const known = keys.metrics.filter((key) => judged(key, criteria));
  const metrics = (known.length > 0 ? known : keys.metrics).slice(0, MOST_METRICS).map((key) => quoted('metrics', key));
  const params = differing(rows, keys.params).slice(0, MOST_PARAMS).map((key) => quoted('params', key));
  return ['status', 'name', 'candidate', 'age', 'duration', 'criteria', ...metrics, ...params];
}

export function runColumns(keys: Keys, criteria: CriterionRow[], linkOf: (row: RunRow) => string): SortableColumn<RunRow>[] {
  return [
    { id: 'status', title: 'Status', sort: 'attributes.status', cell: (row) => <State of={row.status} /> },
    {
      id: 'name',
      title: 'Run',
      sort: 'attributes.run_name',
      cell: (row) => (
        <Link href={linkOf(row)} className="nowrap">
          {row.name || row.run_id.slice(0, 8)}
        </Link>
      ),
    },
    { id: 'candidate', title: 'Candidate', cell: (row) => row.candidate ?? <span className="dim">–</span> },
    { id: 'age', title: 'Started', sort: 'attributes.start_time', cell: (row) => <Ago at={row.start_time} /> },
    {
      id: 'duration',
      title: 'Took',
      right: true,
      cell: (row) => <span className="num nowrap">{row.end_time && row.start_time ? duration(row.end_time - row.start_time) : '–'}</span>,
    },
    { id: 'criteria', title: 'Criteria', cell: (row) => <Verdicts of={row.verdicts} /> },
    ...keys.metrics.map((key): SortableColumn<RunRow> => {
      const criterion = judged(key, criteria);
      return {
        id: quoted('metrics', key),
        title: (
          <span className="two-lines">
            {key}
            {criterion && <span className="dim">{targetShort(criterion.target, criterion.metric)}</span>}
          </span>
        ),
        right: true,
        sort: quoted('metrics', key),
        cell: (row) => <Num value={row.metrics[key]} metric={key} />,
      };
    }),
    ...keys.params.map((key): SortableColumn<RunRow> => ({
      id: quoted('params', key),
      title: key,
      right: true,
      sort: quoted('params', key),
      cell: (row) => <span className="num clip">{row.params[key] ?? '–'}</span>,
    })),
  ];
}

function Verdicts({ of }: { of: Record<string, string> }) {
  const names = Object.entries(of);
  if (names.length === 0) return <span className="dim">–</span>;
  const { pass, fail, unknown } = tally(of);
  return (
    <span className="tally" title={names.map(([name, verdict]) => `${name}: ${verdict}`).join('\n')}>
      {pass > 0 && <State of="pass">{pass} pass</State>}
      {fail > 0 && <State of="fail">{fail} fail</State>}
      {unknown > 0 && <State of="unknown">{unknown} unknown</State>}
    </span>
  );
}
