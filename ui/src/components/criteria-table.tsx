/**
 * Every criterion of a project: its target, how the best run, the champion and the live model stand against it.
 */
import { Link } from 'wouter';
import type { Bounded, CriterionRow, Verdict } from '../api/types';
import { count, number } from '../format/number';
import { day } from '../format/time';
import { Num, State } from './show';
import { Table, type Column } from './table';

export function CriteriaTable({ project, criteria }: { project: string; criteria: CriterionRow[] }) {
  return <Table label="Criteria" rows={criteria} columns={columnsOf(project)} keyOf={(row) => row.id} />;
}

function columnsOf(project: string): Column<CriterionRow>[] {
  return [
    {
      id: 'id',
      title: 'Criterion',
      cell: (row) => (
        <div className="two-lines">
          <strong>{row.id}</strong>
          <span className="dim">
            {row.kind}
            {row.version > 1 ? ` · version ${row.version}` : ''}
          </span>
        </div>
      ),
    },
    { id: 'target', title: 'Target', cell: (row) => <span className="target">{row.target}</span> },
    {
      id: 'best',
      title: 'Best run',
      right: true,
      cell: (row) =>
        row.best_run ? (
          <Judged verdict={row.best_run.verdict} to={`/p/${project}/runs/${row.best_run.run_id}`}>
            <Num value={row.best_run.value} metric={row.metric} />
          </Judged>
        ) : (
          <Nothing />
        ),
    },
    {
      id: 'champion',
      title: 'Champion, held out',
      right: true,
      cell: (row) =>
        row.champion ? (
          <Judged verdict={row.champion.verdict} why={row.champion.reason} note={`v${row.champion.version}${boundsOf(row.champion)}`}>
            <Num value={row.champion.value} metric={row.metric} />
          </Judged>
        ) : (
          <Nothing />
        ),
    },
    {
      id: 'live',
      title: 'Live now',
      right: true,
      cell: (row) =>
        row.live ? (
          <Judged verdict={row.live.verdict} why={row.live.reason} note={liveNote(row.live)}>
            <Num value={row.live.value} metric={row.metric} />
          </Judged>
        ) : (
          <Nothing />
        ),
    },
  ];
}

function liveNote(live: NonNullable<CriterionRow['live']>): string {
  const labels = live.labels === null ? '' : `${count(live.labels)} labels`;
  const to = live.window_end === null ? '' : ` to ${day(live.window_end)}`;
  return labels + to;
}

function boundsOf({ lower, upper }: Bounded): string {
  if (lower === null || lower === undefined || upper === null || upper === undefined) return '';
  return `, ${number(lower, 3)} to ${number(upper, 3)}`;
}

function Judged({ verdict, to, note, why, children }: { verdict: Verdict; to?: string; note?: string; why?: string | null; children: React.ReactNode }) {
  return (
    <div className="judged">
      <span>
        {to ? <Link href={to}>{children}</Link> : children} <State of={verdict} title={why ?? undefined} />
      </span>
      {note && <span className="dim small">{note}</span>}
    </div>
  );
}

const Nothing = () => <span className="dim">–</span>;
