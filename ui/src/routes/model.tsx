/**
 * The versions of one model, newest first: what the gate said and which alias each holds.
 */
import { Link } from 'wouter';
import { useApi } from '../api/queries';
import type { Model } from '../api/types';
import { AliasNames, Aliases } from '../components/aliases';
import { Answer, Empty } from '../components/answer';
import { Page, Section } from '../components/page';
import { Ago, Num, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { commands } from '../format/command';

type Row = Model['versions'][number];

const MOST_METRICS = 5;

export function ModelPage({ project, model }: { project: string; model: string }) {
  const path = `/projects/${project}/models/${encodeURIComponent(model)}`;
  const answer = useApi<Model>(path, undefined, { every: 15_000 });
  const to = (version: number) => `/p/${project}/models/${encodeURIComponent(model)}/${version}`;
  return (
    <Page
      title={model}
      name={model}
      crumbs={[
        { text: project, to: `/p/${project}` },
        { text: 'Models', to: `/p/${project}/models` },
      ]}
      lead={answer.data && <Aliases of={answer.data.aliases} to={to} />}
      copies={{
        cli: commands.model(project, model),
        curl: `/api/v1${path}`,
        python: `mlflow.search_model_versions("name = '${model}'")`,
      }}
    >
      <Section title="Versions">
        <Answer of={answer}>
          {({ versions }) =>
            versions.length === 0 ? (
              <Empty command={commands.evaluate(project, '<run id>')}>This model has no version yet.</Empty>
            ) : (
              <Table label="Versions" rows={versions.toSorted((a, b) => b.version - a.version)} columns={columnsOf(project, versions, to)} keyOf={(row) => String(row.version)} />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}

function columnsOf(project: string, versions: Row[], to: (version: number) => string): Column<Row>[] {
  const metrics = [...new Set(versions.flatMap((row) => Object.keys(row.metrics)))].slice(0, MOST_METRICS);
  return [
    { id: 'version', title: 'Version', cell: (row) => <Link href={to(row.version)}>v{row.version}</Link> },
    { id: 'verdict', title: 'Gate', cell: (row) => <State of={row.verdict} /> },
    { id: 'aliases', title: 'Aliases', cell: (row) => <AliasNames of={row.aliases} /> },
    ...metrics.map((key): Column<Row> => ({ id: `metric ${key}`, title: key, right: true, cell: (row) => <Num value={row.metrics[key]} metric={key} /> })),
    { id: 'created', title: 'Registered', cell: (row) => <Ago at={row.created_at} /> },
    { id: 'run', title: 'From run', cell: (row) => (row.run_id ? <Link href={`/p/${project}/runs/${row.run_id}`}>{row.run_id.slice(0, 8)}</Link> : '–') },
  ];
}
