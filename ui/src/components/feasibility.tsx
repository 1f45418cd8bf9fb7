/**
 * Asks the data whether the project is feasible, against the limits of its charter.
 */
import { useMutation } from '@tanstack/react-query';
import { post } from '../api/client';
import type { Verdict } from '../api/types';
import { useJob } from '../hooks/job';
import { Loading, Refusal } from './answer';
import { Section } from './page';
import { Num, State } from './show';
import { Table, type Column } from './table';

interface Check {
  id: string;
  verdict: Verdict;
  value: number | null;
  limit: number | null;
  reason: string;
}

interface Feasible {
  verdict: string;
  checks: Check[];
}

const columns: Column<Check>[] = [
  { id: 'verdict', title: 'Verdict', cell: (row) => <State of={row.verdict} /> },
  { id: 'id', title: 'Question', cell: (row) => row.id.replaceAll('_', ' ') },
  { id: 'value', title: 'Measured', right: true, cell: (row) => <Num value={row.value} /> },
  { id: 'limit', title: 'Limit', right: true, cell: (row) => <Num value={row.limit} /> },
  { id: 'reason', title: 'Reason', cell: (row) => row.reason },
];

export function Feasibility({ project }: { project: string }) {
  const asked = useMutation({ mutationFn: () => post<Partial<Feasible> & { job?: string }>(`/api/v1/projects/${project}/design-check`, {}) });
  const job = useJob(asked.data?.job);
  const answer = (asked.data?.checks ? asked.data : job?.state === 'done' ? job.result : undefined) as Feasible | undefined;
  return (
    <Section
      title={<>Is it feasible? {answer && <State of={answer.verdict} />}</>}
      aside={
        <button type="button" disabled={asked.isPending} onClick={() => asked.mutate()}>
          {answer ? 'Ask the data again' : 'Ask the data'}
        </button>
      }
    >
      {asked.error && <Refusal error={asked.error} />}
      {job?.state === 'failed' && <Refusal error={job.error} />}
      {asked.isPending && <Loading />}
      {answer ? (
        <Table label="Feasibility" rows={answer.checks} columns={columns} keyOf={(row) => row.id} />
      ) : (
        <p className="calm">Rows, missing values, label delay and what a simple rule reaches, against [charter.feasible] of the project file.</p>
      )}
    </Section>
  );
}
