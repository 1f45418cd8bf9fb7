/**
 * Deployment: which revision gets which share of the traffic and how it does, how it came to be, and a form to try it.
 */
import { Link } from 'wouter';
import { useApi } from '../api/queries';
import type { Deployment, Project, Revision, Rollout } from '../api/types';
import { Answer, Empty } from '../components/answer';
import { DeployButton } from '../components/deploy-button';
import { Page, Section } from '../components/page';
import { RollbackButton } from '../components/rollback-button';
import { Ago, Count, Digest, Num, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { TryIt } from '../components/try-it';
import { percent } from '../format/number';
import { commands } from '../format/command';

const MOST_REVISIONS = 10;

export function DeploymentPage({ project, endpoint }: { project: string; endpoint: string }) {
  const path = `/projects/${project}/deployments/${endpoint}`;
  const answer = useApi<Deployment>(path, undefined, { every: 5_000 });
  const purpose = useApi<Project>(`/projects/${project}`).data?.charter?.decision;
  const example = answer.data?.example;
  return (
    <Page
      title={
        <>
          {endpoint} {answer.data && <State of={answer.data.state} />}
        </>
      }
      name={endpoint}
      crumbs={[
        { text: project, to: `/p/${project}` },
        { text: 'Deployments', to: `/p/${project}/deployments` },
      ]}
      lead={
        answer.data && (
          <>
            Serves {answer.data.model}. {purpose ?? 'No business purpose is recorded.'} <Link href={`/p/${project}/monitoring/${endpoint}`}>How it does</Link>
          </>
        )
      }
      actions={
        answer.data && (
          <>
            <DeployButton project={project} deployment={answer.data} />
            <RollbackButton project={project} deployment={answer.data} />
          </>
        )
      }
      copies={{ cli: commands.deployment(project, endpoint), curl: example?.curl ?? `/api/v1${path}`, python: example?.python ?? undefined }}
    >
      <Answer of={answer}>
        {(data) =>
          data.revisions.length === 0 ? (
            <Empty command={commands.deploy(project, endpoint)}>Nothing is deployed here yet. A promoted version goes live with:</Empty>
          ) : (
            <>
              <Section title="Traffic">
                <Table label="Revisions" rows={newest(data.revisions)} columns={revisionColumns(project, data.model)} keyOf={(row) => String(row.revision)} rowClass={(row) => (row.share > 0 ? 'row-live' : undefined)} />
              </Section>
              <div className="columns">
                <Section title="Try it" aside="A real request: it is logged like any other.">
                  <TryIt endpoint={endpoint} inputs={data.signature?.inputs ?? []} />
                </Section>
                <Section title="Rollouts">
                  {data.rollouts.length === 0 ? (
                    <Empty>No rollout so far.</Empty>
                  ) : (
                    <Table label="Rollouts" rows={data.rollouts.toSorted((a, b) => b.at - a.at)} columns={rolloutColumns} keyOf={(row) => `${row.at} ${row.to_revision}`} />
                  )}
                </Section>
              </div>
            </>
          )
        }
      </Answer>
    </Page>
  );
}

function newest(revisions: Revision[]): Revision[] {
  return revisions.toSorted((a, b) => b.revision - a.revision).filter((row, index) => index < MOST_REVISIONS || row.share > 0);
}

const revisionColumns = (project: string, model: string): Column<Revision>[] => [
  { id: 'revision', title: 'Revision', right: true, cell: (row) => <span className="num">r{row.revision}</span> },
  { id: 'version', title: 'Version', right: true, cell: (row) => <Link href={`/p/${project}/models/${encodeURIComponent(model.split('@')[0] ?? model)}/${row.version}`}>v{row.version}</Link> },
  { id: 'state', title: 'State', cell: (row) => <State of={row.state} /> },
  { id: 'share', title: 'Traffic', right: true, cell: (row) => <Share of={row.share} /> },
  { id: 'requests', title: 'Requests', right: true, cell: (row) => <Count value={row.requests} /> },
  { id: 'errors', title: 'Errors', right: true, cell: (row) => (row.errors > 0 ? <State of="fail">{row.errors}</State> : <span className="num dim">0</span>) },
  { id: 'p50', title: 'p50', right: true, cell: (row) => <Num value={row.p50_ms} metric="p50_ms" digits={3} /> },
  { id: 'p99', title: 'p99', right: true, cell: (row) => <Num value={row.p99_ms} metric="p99_ms" digits={3} /> },
  { id: 'runtime', title: 'Runtime', cell: (row) => row.runtime ?? '–' },
  { id: 'created', title: 'Since', cell: (row) => <Ago at={row.created_at} /> },
  { id: 'digest', title: 'Digest', cell: (row) => <Digest of={row.digest} /> },
];

function Share({ of }: { of: number }) {
  const share = of / 100;
  return (
    <span className="share">
      <meter value={share} max={1} aria-label="share of the traffic" />
      <span className="num">{percent(share, 0)}</span>
    </span>
  );
}

const rolloutColumns: Column<Rollout>[] = [
  { id: 'at', title: 'When', cell: (row) => <Ago at={row.at} /> },
  {
    id: 'change',
    title: 'Revision',
    cell: (row) => (
      <span className="num nowrap">
        {row.from_revision === 0 ? 'first' : `r${row.from_revision}`} → r{row.to_revision}
      </span>
    ),
  },
  { id: 'state', title: 'State', cell: (row) => <State of={row.state} /> },
  { id: 'steps', title: 'Steps', cell: (row) => <span className="num nowrap">{stepsOf(row.steps)}</span> },
  { id: 'reason', title: 'Reason', cell: (row) => row.reason || <span className="dim">–</span> },
];

/** `[10, 100]` as `10 % → 100 %`. */
function stepsOf(steps: string | number[]): string {
  try {
    const shares: unknown = typeof steps === 'string' ? JSON.parse(steps) : steps;
    return Array.isArray(shares) && shares.length > 0 ? shares.map((share) => `${share} %`).join(' → ') : '–';
  } catch {
    return String(steps);
  }
}
