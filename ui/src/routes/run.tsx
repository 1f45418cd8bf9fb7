/**
 * Run: how it stands against the criteria, what it was given, what it measured and what it left behind. Runs of the plain
 * `mlflow` client, which belong to no project, are shown by the same page.
 */
import { useMemo } from 'react';
import { Link } from 'wouter';
import { tagsOf, type MlflowRun } from '../api/mlflow';
import { useApi, useMlflow } from '../api/queries';
import type { List, Project, RunRow } from '../api/types';
import { Answer, Empty } from '../components/answer';
import { Artifacts } from '../components/artifacts';
import { EvaluateButton } from '../components/evaluate-button';
import { MetricCharts, MetricTable } from '../components/metric-charts';
import { Facts, Page, Section, type Crumb } from '../components/page';
import { RunOutcome } from '../components/run-outcome';
import { Ago, State } from '../components/show';
import { Table, type Column } from '../components/table';
import { duration } from '../format/time';
import { commands } from '../format/command';

interface At {
  run: string;
  project?: string;
  experiment?: string;
}

export function RunPage({ run, project, experiment }: At) {
  const answer = useMlflow<{ run: MlflowRun }>('/runs/get', { run_id: run });
  const mlflow = answer.data?.run;
  const name = mlflow?.info.run_name || run.slice(0, 8);
  const crumbs: Crumb[] =
    project === undefined
      ? [
          { text: 'Experiments', to: '/experiments' },
          { text: 'Runs', to: `/experiments/${experiment ?? ''}` },
        ]
      : [
          { text: project, to: `/p/${project}` },
          { text: 'Runs', to: `/p/${project}/runs` },
        ];
  return (
    <Page
      title={
        <>
          {name} {mlflow && <State of={mlflow.info.status} />}
        </>
      }
      name={name}
      crumbs={crumbs}
      lead={mlflow && <RunLead run={mlflow} />}
      actions={project !== undefined && mlflow && tagsOf(mlflow)['ironloop.kind'] !== 'training' && <EvaluateButton project={project} run={run} status={mlflow.info.status} />}
      copies={{
        cli: project === undefined ? undefined : commands.runs(project, `attributes.run_id = '${run}'`, ''),
        curl: `/api/2.0/mlflow/runs/get?run_id=${run}`,
        python: `mlflow.get_run("${run}")`,
      }}
    >
      <Answer of={answer}>
        {({ run: shown }) => (
          <>
            {project !== undefined && <Outcome project={project} run={run} />}
            <div className="columns">
              <Section title="Metrics">
                <MetricTable metrics={shown.data.metrics ?? []} />
              </Section>
              <Params run={shown} />
            </div>
            <MetricCharts run={run} metrics={shown.data.metrics ?? []} />
            <div className="columns">
              <Section title="Artifacts">
                <Artifacts run={run} artifactUri={shown.info.artifact_uri} />
              </Section>
              <Tags run={shown} />
            </div>
          </>
        )}
      </Answer>
    </Page>
  );
}

function RunLead({ run }: { run: MlflowRun }) {
  const { start_time: start, end_time: end } = run.info;
  const parent = tagsOf(run)['mlflow.parentRunId'];
  return (
    <>
      Started <Ago at={start} />
      {start && end ? `, took ${duration(end - start)}` : ''}
      <span className="dim">
        {' '}
        · <code title="the run's id">{run.info.run_id}</code>
      </span>
      {parent && (
        <>
          {' · trial of '}
          <Link href={parent}>{parent.slice(0, 8)}</Link>
        </>
      )}
    </>
  );
}

function Outcome({ project, run }: { project: string; run: string }) {
  const found = useApi<List<RunRow>>(`/projects/${project}/runs`, { filter: `attributes.run_id = '${run}'`, limit: 1 });
  const detail = useApi<Project>(`/projects/${project}`);
  const row = found.data?.items[0];
  return (
    <Section title="Against the criteria" aside="Verdicts of its latest evaluation on the held-out rows; unknown until it is evaluated.">
      <Answer of={detail}>{({ criteria }) => <RunOutcome criteria={criteria} verdicts={row?.verdicts ?? {}} metrics={row?.metrics ?? {}} />}</Answer>
    </Section>
  );
}

interface Pair {
  key: string;
  value: string;
}

const pairColumns: Column<Pair>[] = [
  { id: 'key', title: 'Name', cell: (row) => row.key },
  { id: 'value', title: 'Value', right: true, cell: (row) => <span className="num wrap">{row.value}</span> },
];

function Params({ run }: { run: MlflowRun }) {
  const rows = useMemo(() => (run.data.params ?? []).toSorted((a, b) => a.key.localeCompare(b.key)), [run]);
  return (
    <Section title="Params">
      {rows.length === 0 ? (
        <Empty command={'mlflow.log_param("learning_rate", 0.1)'}>This run logged no param.</Empty>
      ) : (
        <Table label="Params" rows={rows} columns={pairColumns} keyOf={(row) => row.key} />
      )}
    </Section>
  );
}

function Tags({ run }: { run: MlflowRun }) {
  const tags = Object.entries(tagsOf(run))
    .filter(([key]) => !key.startsWith('mlflow.log-model') && key !== 'mlflow.note.content')
    .toSorted(([a], [b]) => a.localeCompare(b));
  return (
    <Section title="Tags">
      {tags.length === 0 ? <Empty>This run carries no tag.</Empty> : <Facts of={tags.map(([key, value]) => [key, <span key={key} className="wrap">{value}</span>])} />}
    </Section>
  );
}
