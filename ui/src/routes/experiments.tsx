/**
 * Experiments: MLflow's groups of runs, whoever made them. People who use nothing but the `mlflow` client find their runs
 * here.
 */
import { useState } from 'react';
import { Link } from 'wouter';
import type { MlflowExperiment } from '../api/mlflow';
import { useMlflow } from '../api/queries';
import { Answer, Empty } from '../components/answer';
import { Page, Section } from '../components/page';
import { Ago } from '../components/show';
import { Table, type Column } from '../components/table';

const columns: Column<MlflowExperiment>[] = [
  { id: 'name', title: 'Experiment', cell: (row) => <Link href={`/experiments/${row.experiment_id}`}>{row.name}</Link> },
  { id: 'id', title: 'Id', right: true, cell: (row) => <span className="num">{row.experiment_id}</span> },
  { id: 'created', title: 'Created', cell: (row) => <Ago at={numeric(row.creation_time)} /> },
  { id: 'updated', title: 'Changed', cell: (row) => <Ago at={numeric(row.last_update_time)} /> },
];

export function ExperimentsPage() {
  const answer = useMlflow<{ experiments?: MlflowExperiment[]; next_page_token?: string }>('/experiments/search', undefined, {
    max_results: 1000,
    order_by: ['last_update_time DESC'],
  });
  const [search, setSearch] = useState('');
  return (
    <Page
      title="Experiments"
      name="Experiments"
      copies={{ curl: '/api/2.0/mlflow/experiments/search?max_results=1000', python: 'mlflow.search_experiments()' }}
    >
      <Section
        title="All experiments"
        aside={<input type="search" data-search placeholder="Filter by name  ( / )" aria-label="Filter experiments" value={search} onChange={(event) => setSearch(event.target.value)} />}
      >
        <Answer of={answer}>
          {({ experiments = [] }) =>
            experiments.length === 0 ? (
              <Empty command={`MLFLOW_TRACKING_URI=${location.origin} python train.py`}>No experiment yet. Point the mlflow client of any script here:</Empty>
            ) : (
              <Table
                label="Experiments"
                rows={experiments.filter((row) => row.name.toLowerCase().includes(search.toLowerCase()))}
                columns={columns}
                keyOf={(row) => row.experiment_id}
              />
            )
          }
        </Answer>
      </Section>
    </Page>
  );
}

function numeric(at: number | string | undefined): number | null {
  return at === undefined ? null : Number(at);
}
