/**
 * The rules of a dataset version with what was seen, what is allowed, and some of the rows that break them.
 */
import type { RuleResult } from '../api/types';
import { Count, State, Value } from './show';
import { Table, type Column } from './table';

export function RulesTable({ rules }: { rules: RuleResult[] }) {
  return <Table label="Rules" rows={rules} columns={columns} keyOf={(row) => row.id} />;
}

/** A broken rule that only warns stops nothing. */
export function stateOf(rule: RuleResult): string {
  return rule.verdict === 'fail' && rule.severity === 'warn' ? 'warn' : rule.verdict;
}

const columns: Column<RuleResult>[] = [
  { id: 'verdict', title: 'Verdict', cell: (row) => <State of={stateOf(row)} /> },
  {
    id: 'rule',
    title: 'Rule',
    cell: (row) => (
      <div className="two-lines">
        <strong>{row.id}</strong>
        <span className="dim">
          {row.check.replaceAll('_', ' ')} · {row.severity}
        </span>
      </div>
    ),
  },
  { id: 'observed', title: 'Observed', right: true, cell: (row) => <Value of={row.observed} /> },
  { id: 'limit', title: 'Limit', cell: (row) => <Value of={row.limit} /> },
  { id: 'failing', title: 'Failing rows', right: true, cell: (row) => <Count value={row.failing_rows} /> },
  { id: 'examples', title: 'For example', cell: (row) => <Examples of={row.examples ?? []} /> },
];

function Examples({ of }: { of: unknown[] }) {
  if (of.length === 0) return <span className="dim">–</span>;
  return (
    <details>
      <summary>
        {of.length} {of.length === 1 ? 'row' : 'rows'}
      </summary>
      <ul className="examples">
        {of.slice(0, 10).map((example) => {
          const text = typeof example === 'string' ? example : JSON.stringify(example);
          return (
            <li key={text}>
              <code className="wrap">{text}</code>
            </li>
          );
        })}
      </ul>
    </details>
  );
}
