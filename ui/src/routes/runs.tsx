/**
 * Runs of a project: one table that the server filters, sorts and pages. The whole view is in the address.
 */
import { useMemo } from 'react';
import { useApi, useApiPages } from '../api/queries';
import type { Project, RunRow } from '../api/types';
import { Empty, Loading, Refusal } from '../components/answer';
import { ColumnPicker } from '../components/column-picker';
import { FilterBox } from '../components/filter-box';
import { JobButton } from '../components/job-button';
import { Page } from '../components/page';
import { defaultColumns, keysOf, runColumns } from '../components/run-columns';
import { RunTable } from '../components/run-table';
import { withQuery } from '../api/client';
import { useUrlState } from '../hooks/url-state';
import { commands } from '../format/command';

const PAGE = '100';
const MOST = 1000;
const NONE: Project['criteria'] = [];

export function RunsPage({ project }: { project: string }) {
  const [view, setView] = useUrlState({ filter: '', order_by: '', cols: '', limit: PAGE });
  const query = { filter: view.filter, order_by: view.order_by, limit: Math.min(MOST, Math.max(1, Number(view.limit) || Number(PAGE))) };
  const path = `/projects/${project}/runs`;
  const pages = useApiPages<RunRow>(path, query);
  const criteria = useApi<Project>(`/projects/${project}`).data?.criteria ?? NONE;
  const rows = useMemo(() => pages.data?.pages.flatMap((page) => page.items) ?? [], [pages.data]);
  const keys = useMemo(() => keysOf(rows), [rows]);
  const columns = useMemo(() => runColumns(keys, criteria, (row) => `/p/${project}/runs/${row.run_id}`), [keys, criteria, project]);
  const usual = useMemo(() => defaultColumns(rows, keys, criteria), [rows, keys, criteria]);
  const shown = view.cols === '' ? usual : view.cols.split(',');
  const hidden = Object.fromEntries(columns.map((column) => [column.id, !shown.includes(column.id)]));

  return (
    <Page
      title="Runs"
      name={`Runs of ${project}`}
      crumbs={[{ text: project, to: `/p/${project}` }]}
      actions={
        <JobButton label="Train" title="Train the candidates" path={`/projects/${project}/train`}>
          <p>
            The candidates of the project file are tuned on time-ordered folds of the newest data. Each trial is a run in this table, and the best one leaves a model. Nothing
            that is live changes.
          </p>
        </JobButton>
      }
      copies={{ cli: commands.runs(project, view.filter, view.order_by), curl: withQuery(`/api/v1${path}`, query), python: pythonOf(view.filter, view.order_by) }}
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
        <Empty command={view.filter === '' ? commands.train(project) : undefined}>
          {view.filter === '' ? 'No run yet. Train the candidates of the project file:' : 'No run matches this filter.'}
        </Empty>
      )}
      {rows.length > 0 && !pages.error && (
        <>
          <RunTable
            rows={rows}
            columns={columns}
            hidden={hidden}
            keyOf={(row) => row.run_id}
            orderBy={view.order_by}
            onOrderBy={(order_by) => setView({ order_by })}
            hasMore={pages.hasNextPage}
            loadMore={() => void pages.fetchNextPage()}
            loading={pages.isFetching}
          />
          {pages.hasNextPage && (
            <button type="button" disabled={pages.isFetching} onClick={() => void pages.fetchNextPage()}>
              Next {query.limit} runs
            </button>
          )}
        </>
      )}
    </Page>
  );
}

function pythonOf(filter: string, orderBy: string): string {
  const order = orderBy === '' ? '' : `, order_by=[${JSON.stringify(orderBy)}]`;
  return `mlflow.search_runs(search_all_experiments=True, filter_string=${JSON.stringify(filter)}${order})`;
}
