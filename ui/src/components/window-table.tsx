/**
 * The windows as numbers, newest first: what the chart draws, and what each monitor said.
 */
import { useState } from 'react';
import type { MonitoringWindow, Watched } from '../api/types';
import { count, percent } from '../format/number';
import { Day, Interval, Num, State } from './show';
import { Table, type Column } from './table';

const FEW = 12;

export function WindowTable({ monitoring }: { monitoring: Watched }) {
  const [all, setAll] = useState(false);
  const rows = monitoring.windows.toSorted((a, b) => b.end - a.end);
  return (
    <>
      <Table label="Windows" rows={all ? rows : rows.slice(0, FEW)} columns={columnsOf(monitoring)} keyOf={(row) => `${row.start} ${row.version}`} />
      {!all && rows.length > FEW && (
        <button type="button" onClick={() => setAll(true)}>
          Show all {rows.length} windows
        </button>
      )}
    </>
  );
}

function columnsOf({ metric, windows }: Watched): Column<MonitoringWindow>[] {
  const monitors = [...new Set(windows.flatMap((window) => window.checks.map((check) => check.monitor)))];
  return [
    { id: 'start', title: 'From', cell: (row) => <Day at={row.start} /> },
    { id: 'end', title: 'To', cell: (row) => <Day at={row.end} /> },
    { id: 'version', title: 'Version', right: true, cell: (row) => <span className="num">{row.version === null ? '–' : `v${row.version}`}</span> },
    { id: 'requests', title: 'Requests', right: true, cell: (row) => <span className="num">{count(row.requests)}</span> },
    {
      id: 'labels',
      title: 'Labels so far',
      right: true,
      cell: (row) => (
        <span className="num nowrap">
          {count(row.labels)} <span className="dim">{percent(row.requests === 0 ? null : row.labels / row.requests, 0)}</span>
        </span>
      ),
    },
    { id: 'live', title: `Live ${metric}`, right: true, cell: (row) => <Interval {...(row.live[metric] ?? { value: null })} metric={metric} /> },
    { id: 'today', title: "Today's rule", right: true, cell: (row) => <Num value={row.today?.[metric]} metric={metric} /> },
    ...monitors.map((monitor): Column<MonitoringWindow> => ({
      id: `check ${monitor}`,
      title: monitor,
      cell: (row) => {
        const check = row.checks.find((other) => other.monitor === monitor);
        return check ? <State of={check.state} title={check.reason ?? undefined} /> : <span className="dim">–</span>;
      },
    })),
  ];
}
