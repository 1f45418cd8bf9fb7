/**
 * An evaluation: each metric with its bounds beside today's rule and the champion, and the same by slice.
 */
import type { Evaluation } from '../api/types';
import { Section } from './page';
import { Count, Interval, Num } from './show';
import { Table, type Column } from './table';

type Metric = Evaluation['metrics'][number];
type Slice = Evaluation['slices'][number];

const metricColumns: Column<Metric>[] = [
  { id: 'name', title: 'Metric', cell: (row) => row.name },
  { id: 'value', title: 'This version', right: true, cell: (row) => <Interval value={row.value} lower={row.lower} upper={row.upper} metric={row.name} /> },
  { id: 'champion', title: 'Champion', right: true, cell: (row) => <Num value={row.champion} metric={row.name} /> },
  { id: 'today', title: "Today's rule", right: true, cell: (row) => <Num value={row.today} metric={row.name} /> },
];

export function EvaluationTables({ evaluation }: { evaluation: Evaluation }) {
  const uses = evaluation.holdout_uses;
  return (
    <div className="columns">
      <Section title="Evaluation" aside={uses === null ? undefined : `the holdout was used ${uses} ${uses === 1 ? 'time' : 'times'}`}>
        <Table label="Evaluation" rows={evaluation.metrics} columns={metricColumns} keyOf={(row) => row.name} />
      </Section>
      {evaluation.slices.length > 0 && (
        <Section title="Slices">
          <Table label="Slices" rows={evaluation.slices} columns={sliceColumns(evaluation)} keyOf={(row) => `${row.column} ${row.value}`} />
        </Section>
      )}
    </div>
  );
}

/** The metrics in the order of the evaluation, the most telling first. */
function sliceColumns({ metrics: all, slices }: Evaluation): Column<Slice>[] {
  const metrics = all
    .map((metric) => metric.name)
    .filter((name) => slices.some((slice) => name in slice.metrics))
    .slice(0, 4);
  return [
    { id: 'slice', title: 'Slice', cell: (row) => `${row.column.replaceAll('_', ' ')}: ${row.value}` },
    { id: 'rows', title: 'Rows', right: true, cell: (row) => <Count value={row.rows} /> },
    ...metrics.map((key): Column<Slice> => ({ id: `metric ${key}`, title: key, right: true, cell: (row) => <Num value={row.metrics[key]} metric={key} /> })),
  ];
}
