/**
 * Jobs: what runs, how far it is, what waits and how the rest ended.
 */
import { Link } from 'wouter';
import { withQuery } from '../api/client';
import { useApiPages } from '../api/queries';
import type { Job } from '../api/types';
import { Empty, Loading, Refusal } from '../components/answer';
import { MoreButton } from '../components/more-button';
import { Page, Section } from '../components/page';
import { Ago, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { duration } from '../format/time';
import { hasEnded } from '../hooks/job';
import { useServerNow } from '../hooks/server-clock';
import { commands } from '../format/command';

const POLL = 2_000;

export function JobsPage({ project }: { project?: string }) {
  const query = { project, limit: 50 };
  const pages = useApiPages<Job>('/jobs', query, POLL);
  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  const open = items.filter((job) => !hasEnded(job.state));
  const ended = items.filter((job) => hasEnded(job.state));
  return (
    <Page
      title="Jobs"
      name="Jobs"
      crumbs={project === undefined ? [] : [{ text: project, to: `/p/${project}` }]}
      copies={{ cli: commands.jobs(project), curl: withQuery('/api/v1/jobs', query) }}
    >
      {pages.error && <Refusal error={pages.error} retry={pages.refetch} />}
      {pages.isPending && !pages.error && <Loading />}
      {pages.data && (
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
            <MoreButton of={pages} />
          </Section>
        </>
      )}
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
