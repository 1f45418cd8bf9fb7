/**
 * The runs of one MLflow experiment, filtered, sorted and paged by the server.
 */
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { post } from '../api/client';
import { numberOf, tagsOf, type MlflowExperiment, type MlflowRun } from '../api/mlflow';
import { useMlflow } from '../api/queries';
import type { CriterionRow, RunRow } from '../api/types';
import { Empty, Loading, Refusal } from '../components/answer';
import { ColumnPicker } from '../components/column-picker';
import { FilterBox } from '../components/filter-box';
import { Page } from '../components/page';
import { defaultColumns, keysOf, runColumns } from '../components/run-columns';
import { RunTable } from '../components/run-table';
import { useUrlState } from '../hooks/url-state';

const PAGE = 100;
const NONE: CriterionRow[] = [];

interface Found {
  runs?: MlflowRun[];
  next_page_token?: string;
}

export function ExperimentPage({ experiment }: { experiment: string }) {
  const [view, setView] = useUrlState({ filter: '', order_by: '', cols: '' });
  const detail = useMlflow<{ experiment: MlflowExperiment }>('/experiments/get', { experiment_id: experiment });
  const body = { experiment_ids: [experiment], filter: view.filter, order_by: view.order_by === '' ? [] : [view.order_by], max_results: PAGE };
  const pages = useInfiniteQuery({
    queryKey: ['mlflow', '/runs/search', body],
    initialPageParam: '',
    queryFn: ({ pageParam }) => post<Found>('/ajax-api/2.0/mlflow/runs/search', pageParam === '' ? body : { ...body, page_token: pageParam }),
    getNextPageParam: (page) => page.next_page_token || undefined,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => (page.runs ?? []).map(rowOf)) ?? [], [pages.data]);
  const keys = useMemo(() => keysOf(rows), [rows]);
  const columns = useMemo(() => runColumns(keys, NONE, (row) => `/experiments/${experiment}/runs/${row.run_id}`), [keys, experiment]);
  const shown = view.cols === '' ? defaultColumns(rows, keys, NONE).filter((id) => id !== 'criteria' && id !== 'candidate') : view.cols.split(',');
  const name = detail.data?.experiment.name ?? experiment;

  return (
    <Page
      title={name}
      name={name}
      crumbs={[{ text: 'Experiments', to: '/experiments' }]}
      copies={{
        curl: `curl -s '${location.origin}/api/2.0/mlflow/runs/search' -H 'content-type: application/json' -d '${JSON.stringify(body)}'`,
        python: `mlflow.search_runs(experiment_ids=["${experiment}"], filter_string=${JSON.stringify(view.filter)})`,
      }}
    >
      <div className="toolbar">
        <FilterBox key={view.filter} value={view.filter} error={pages.error} onChange={(filter) => setView({ filter })} />
        <ColumnPicker all={columns.map((column) => column.id)} shown={shown} onChange={(cols) => setView({ cols: cols?.join(',') ?? null })} />
        <span className="dim nowrap" role="status" data-loaded={rows.length}>
          {rows.length} loaded{pages.hasNextPage ? ', more on the server' : ''}
        </span>
      </div>
      {pages.error && <Refusal error={pages.error} retry={pages.refetch} />}
      {pages.isPending && !pages.error && <Loading />}
      {!pages.isPending && !pages.error && rows.length === 0 && (
        <Empty command={view.filter === '' ? 'with mlflow.start_run(): mlflow.log_metric("loss", 0.3)' : undefined}>
          {view.filter === '' ? 'No run in this experiment yet.' : 'No run matches this filter.'}
        </Empty>
      )}
      {rows.length > 0 && !pages.error && (
        <RunTable
          rows={rows}
          columns={columns}
          hidden={Object.fromEntries(columns.map((column) => [column.id, !shown.includes(column.id)]))}
          keyOf={(row) => row.run_id}
          orderBy={view.order_by}
          onOrderBy={(order_by) => setView({ order_by })}
          hasMore={pages.hasNextPage}
          loadMore={() => void pages.fetchNextPage()}
          loading={pages.isFetching}
        />
      )}
    </Page>
  );
}

function rowOf(run: MlflowRun): RunRow {
  return {
    run_id: run.info.run_id,
    name: run.info.run_name ?? null,
    status: run.info.status,
    start_time: time(run.info.start_time),
    end_time: time(run.info.end_time),
    candidate: tagsOf(run)['ironloop.candidate'] ?? null,
    metrics: Object.fromEntries((run.data.metrics ?? []).map((metric) => [metric.key, numberOf(metric.value)])),
    params: Object.fromEntries((run.data.params ?? []).map((param) => [param.key, param.value])),
    verdicts: {},
  };
}

function time(at: number | string | undefined): number | null {
  return at ? Number(at) : null;
}
