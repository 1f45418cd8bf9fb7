/**
 * Deployments of a project: the stable addresses that callers use.
 */
import { Link } from 'wouter';
import { useApi } from '../api/queries';
import type { Deployment, List, Revision } from '../api/types';
import { Answer, Empty } from '../components/answer';
import { Page, Section } from '../components/page';
import { Count, Num, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { commands } from '../format/command';

/** The revision that gets most of the traffic. */
function servingOf(row: Deployment): Revision | undefined {
  return row.revisions.filter((revision) => revision.share > 0).toSorted((a, b) => b.share - a.share)[0];
}

const columnsOf = (project: string): Column<Deployment>[] => [
  { id: 'name', title: 'Endpoint', cell: (row) => <Link href={`/p/${project}/deployments/${row.name}`}>{row.name}</Link> },
  { id: 'state', title: 'State', cell: (row) => <State of={row.state} /> },
  { id: 'model', title: 'Follows', cell: (row) => row.model },
  { id: 'version', title: 'Version', right: true, cell: (row) => <span className="num">{servingOf(row) ? `v${servingOf(row)?.version}` : '–'}</span> },
  { id: 'requests', title: 'Requests', right: true, cell: (row) => <Count value={row.revisions.reduce((sum, revision) => sum + revision.requests, 0)} /> },
  { id: 'p99', title: 'p99', right: true, cell: (row) => <Num value={servingOf(row)?.p99_ms} metric="p99_ms" digits={3} /> },
  { id: 'monitoring', title: '', cell: (row) => <Link href={`/p/${project}/monitoring/${row.name}`}>monitoring</Link> },
];

export function DeploymentsPage({ project }: { project: string }) {
  const answer = useApi<List<Deployment>>(`/projects/${project}/deployments`, undefined, { every: 10_000 });
  return (
    <Page
      title="Deployments"
      name={`Deployments of ${project}`}
      crumbs={[{ text: project, to: `/p/${project}` }]}
      copies={{ curl: `/api/v1/projects/${project}/deployments` }}
    >
      <Section title="Endpoints">
        <Answer of={answer}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty command={commands.deploy(project, '<endpoint>')}>No endpoint yet. Declare one as [deployment.name] in the project file, promote a version, then deploy it.</Empty>
            ) : (
              <Table label="Endpoints" rows={items} columns={columnsOf(project)} keyOf={(row) => row.name} />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}
