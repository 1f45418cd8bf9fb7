/**
 * The criteria of a gate: what was wanted, what was measured with its bound, against what, and why the verdict.
 */
import type { CriterionResult } from '../api/types';
import { number } from '../format/number';
import { Count, Interval, Num, State } from './show';
import { Table, type Column } from './table';

export function GateTable({ criteria, dataset }: { criteria: CriterionResult[]; dataset: string | null }) {
  return <Table label="Gate report" rows={criteria} columns={columnsOf(dataset)} keyOf={(row) => row.id} rowClass={(row) => `row-${row.verdict}`} />;
}

const columnsOf = (dataset: string | null): Column<CriterionResult>[] => [
  { id: 'verdict', title: 'Verdict', cell: (row) => <State of={row.verdict} /> },
  {
    id: 'criterion',
    title: 'Criterion',
    cell: (row) => (
      <div className="two-lines">
        <strong>{row.id}</strong>
        <span className="dim">
          version {row.version}
          {dataset && ` on ${dataset}`}
        </span>
      </div>
    ),
  },
  { id: 'target', title: 'Target', cell: (row) => <span className="target">{row.target}</span> },
  { id: 'value', title: 'Value and bound', right: true, cell: (row) => <Interval value={row.value} lower={row.lower} upper={row.upper} /> },
  { id: 'reason', title: 'Reason', cell: (row) => <span className="reason">{row.reason ?? '–'}</span> },
  { id: 'baseline', title: 'Baseline', right: true, cell: (row) => <Baseline of={row} /> },
  { id: 'rows', title: 'Rows', right: true, cell: (row) => <Count value={row.rows} /> },
];

function Baseline({ of }: { of: CriterionResult }) {
  const { value, lower, upper } = of.difference ?? { value: null };
  const bounded = lower !== null && lower !== undefined && upper !== null && upper !== undefined;
  return (
    <span className="interval">
      <Num value={of.baseline} />
      {value !== null && (
        <span className="bounds" title={bounded ? `95 % bounds of the difference: ${number(lower, 3)} to ${number(upper, 3)}` : 'the value minus the baseline'}>
          {number(value, 3)} against it
        </span>
      )}
    </span>
  );
}
