/**
 * A run's metrics beside the criteria that judge them.
 */
import type { CriterionRow, Verdict } from '../api/types';
import { Empty } from './answer';
import { Num, State } from './show';
import { Table, type Column } from './table';

interface Row {
  id: string;
  target: string;
  metric: string;
  value: number | null | undefined;
  verdict: Verdict;
}

const columns: Column<Row>[] = [
  { id: 'verdict', title: 'Verdict', cell: (row) => <State of={row.verdict} /> },
  { id: 'id', title: 'Criterion', cell: (row) => <strong>{row.id}</strong> },
  { id: 'target', title: 'Target', cell: (row) => <span className="target">{row.target}</span> },
  { id: 'value', title: 'Its own metric', right: true, cell: (row) => <Num value={row.value} metric={row.metric} /> },
];

interface OutcomeProps {
  criteria: CriterionRow[];
  verdicts: Record<string, Verdict>;
  metrics: Record<string, number | null>;
}

export function RunOutcome({ criteria, verdicts, metrics }: OutcomeProps) {
  const rows = criteria
    .filter((criterion) => criterion.on !== 'live')
    .map((criterion): Row => {
      const key = Object.keys(metrics).find((name) => name === criterion.metric) ?? Object.keys(metrics).find((name) => name.endsWith(criterion.metric));
      return {
        id: criterion.id,
        target: criterion.target,
        metric: criterion.metric,
        value: key === undefined ? null : metrics[key],
        verdict: verdicts[criterion.id] ?? 'unknown',
      };
    });
  if (rows.length === 0) return <Empty>No criterion of this project judges a run.</Empty>;
  return <Table label="Outcome" rows={rows} columns={columns} keyOf={(row) => row.id} />;
}
