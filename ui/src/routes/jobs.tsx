/**
 * Jobs: what runs, how far it is, what waits and how the rest ended.
 */
import { Link } from 'wouter';
import { useQuery } from '@tanstack/react-query';
import { get, withQuery } from '../api/client';
import type { Job, List } from '../api/types';
import { Answer, Empty } from '../components/answer';
import { Page, Section } from '../components/page';
import { Ago, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { duration } from '../format/time';
import { hasEnded } from '../hooks/job';
import { useServerNow } from '../hooks/server-clock';
import { commands } from '../format/command';

export function JobsPage({ project }: { project?: string }) {
  const query = { project, limit: 100 };
  const answer = useQuery<List<Job>>({
    queryKey: ['v1', '/jobs', query],
    queryFn: ({ signal }) => get<List<Job>>('/api/v1/jobs', query, signal),
    refetchInterval: (state) => (state.state.data?.items.some((job) => !hasEnded(job.state)) ? 1500 : 10_000),
  });
  return (
    <Page
      title="Jobs"
      name="Jobs"
      crumbs={project === undefined ? [] : [{ text: project, to: `/p/${project}` }]}
      copies={{ cli: commands.jobs(project), curl: withQuery('/api/v1/jobs', query) }}
    >
      <Answer of={answer}>
        {({ items }) => {
          const open = items.filter((job) => !hasEnded(job.state));
          const ended = items.filter((job) => hasEnded(job.state));
          return (
            <>
              <Section title="Now">
                {open.length === 0 ? <p className="calm">Nothing runs and nothing waits.</p> : <Table label="Now" rows={open} columns={columns} keyOf={(row) => row.id} />}
              </Section>
              <Section title="Ended">
                {ended.length === 0 ? (
                  <Empty command={commands.train(project)}>No job has ended yet. Training, evaluation, reading of data and rollouts run as jobs.</Empty>
                ) : (
                  <Table label="Ended" rows={ended} columns={columns} keyOf={(row) => row.id} />
                )}
              </Section>
            </>
          );
        }}
      </Answer>
    </Page>
  );
}

const columns: Column<Job>[] = [
  { id: 'state', title: 'State', cell: (row) => <State of={row.state} /> },
  {
    id: 'kind',
    title: 'Job',
    cell: (row) => (
      <div className="two-lines">
        <strong>{row.kind}</strong>
        <code className="dim small">{row.id}</code>
      </div>
    ),
  },
  { id: 'project', title: 'Project', cell: (row) => (row.project ? <Link href={`/p/${row.project}`}>{row.project}</Link> : <span className="dim">–</span>) },
  { id: 'progress', title: 'Progress', cell: (row) => <Progress of={row} /> },
  { id: 'asked', title: 'Asked for', cell: (row) => <Ago at={row.created_at} /> },
  { id: 'took', title: 'Took', right: true, cell: (row) => <Took of={row} /> },
];

function Progress({ of }: { of: Job }) {
  if (of.error) return <span className="wrap error-text">{typeof of.error === 'string' ? of.error : JSON.stringify(of.error)}</span>;
  const { step, done, total, message } = of.progress ?? {};
  const counted = done !== null && done !== undefined && total !== null && total !== undefined && total > 0;
  return (
    <span className="progress">
      {counted && !hasEnded(of.state) && <progress value={done} max={total} aria-label={`${done} of ${total}`} />}
      {counted && (
        <span className="num nowrap">
          {done} of {total}
        </span>
      )}
      <span className="dim">{[step, message].filter(Boolean).join(': ')}</span>
    </span>
  );
}

function Took({ of }: { of: Job }) {
  const now = useServerNow();
  if (of.started_at === null) return <span className="dim">–</span>;
  return <span className="num nowrap">{duration((of.finished_at ?? now) - of.started_at)}</span>;
}
