/**
 * Models of a project, with the aliases that name their versions.
 */
import { Link } from 'wouter';
import { useApi } from '../api/queries';
import type { List, ModelRow } from '../api/types';
import { Aliases } from '../components/aliases';
import { Answer, Empty } from '../components/answer';
import { Page, Section } from '../components/page';
import { Table, type Column } from '../components/table';
import { commands } from '../format/command';

const columnsOf = (project: string): Column<ModelRow>[] => [
  { id: 'name', title: 'Model', cell: (row) => <Link href={`/p/${project}/models/${encodeURIComponent(row.name)}`}>{row.name}</Link> },
  { id: 'latest', title: 'Newest version', right: true, cell: (row) => <span className="num">{row.latest_version === null ? '–' : `v${row.latest_version}`}</span> },
  { id: 'aliases', title: 'Aliases', cell: (row) => <Aliases of={row.aliases} to={(version) => `/p/${project}/models/${encodeURIComponent(row.name)}/${version}`} /> },
];

export function ModelsPage({ project }: { project: string }) {
  const answer = useApi<List<ModelRow>>(`/projects/${project}/models`, undefined, { every: 15_000 });
  return (
    <Page
      title="Models"
      name={`Models of ${project}`}
      crumbs={[{ text: project, to: `/p/${project}` }]}
      copies={{ cli: commands.models(project), curl: `/api/v1/projects/${project}/models`, python: 'mlflow.search_registered_models()' }}
    >
      <Section title="Registered models">
        <Answer of={answer}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty command={commands.evaluate(project, '<run id>')}>No run has become a version yet. Evaluate the best run; it is registered when it passes the candidate gate.</Empty>
            ) : (
              <Table label="Models" rows={items} columns={columnsOf(project)} keyOf={(row) => row.name} />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}
