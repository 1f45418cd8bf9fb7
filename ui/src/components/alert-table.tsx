/**
 * The alerts of an endpoint, newest first. An open one can be acknowledged: somebody has seen it, and it still holds.
 */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../api/client';
import type { Alert } from '../api/types';
import { Empty, Refusal } from './answer';
import { Day, State } from './show';
import { Table, type Column } from './table';

const FEW = 6;

export function AlertTable({ project, alerts }: { project: string; alerts: Alert[] }) {
  const [all, setAll] = useState(false);
  const client = useQueryClient();
  const sent = useMutation({
    mutationFn: (alert: string) => post(`/api/v1/projects/${project}/alerts/${alert}/acknowledge`, {}),
    onSuccess: () => client.invalidateQueries(),
  });
  if (alerts.length === 0) return <Empty>No alert so far.</Empty>;
  const rows = alerts.toSorted((a, b) => b.opened_at - a.opened_at);
  return (
    <>
      {sent.error && <Refusal error={sent.error} />}
      <Table label="Alerts" rows={all ? rows : rows.slice(0, FEW)} columns={columnsOf(sent.mutate)} keyOf={(row) => row.id} />
      {!all && rows.length > FEW && (
        <button type="button" className="below" onClick={() => setAll(true)}>
          Show all {rows.length} alerts
        </button>
      )}
    </>
  );
}

function columnsOf(acknowledge: (alert: string) => void): Column<Alert>[] {
  return [
    {
      id: 'state',
      title: 'State',
      cell: (row) => (
        <div className="stacked">
          <State of={row.state} title={row.acknowledged_by ? `seen by ${row.acknowledged_by}` : undefined} />
          {row.state === 'open' && (
            <button type="button" className="small" onClick={() => acknowledge(row.id)}>
              Acknowledge
            </button>
          )}
        </div>
      ),
    },
    { id: 'monitor', title: 'Monitor', cell: (row) => <span className="nowrap">{row.monitor}</span> },
    { id: 'message', title: 'What', cell: (row) => row.message },
    { id: 'opened', title: 'Opened', cell: (row) => <Day at={row.opened_at} /> },
    { id: 'resolved', title: 'Resolved', cell: (row) => <Day at={row.resolved_at} /> },
  ];
}
