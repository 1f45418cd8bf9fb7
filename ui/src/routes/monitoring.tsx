/**
 * Monitoring: is the live model still good enough? The live error with its bounds against target and today's rule, each
 * rollout marked; beside it what drifted, the checks, the alerts and what was done about them.
 */
import { useMemo } from 'react';
import { Link, Redirect } from 'wouter';
import { useApi, useApiPages } from '../api/queries';
import type { Deployment, List, Monitoring, Project, Retraining, Watched } from '../api/types';
import { AlertTable } from '../components/alert-table';
import { Answer, Empty, Loading, Refusal } from '../components/answer';
import { DriftTable } from '../components/drift-table';
import { LiveChart } from '../components/live-chart';
import { MoreButton } from '../components/more-button';
import { Page, Section } from '../components/page';
import { RetrainButton } from '../components/retrain-button';
import { Retrainings } from '../components/retrainings';
import { Day, State } from '../components/show';
import { WindowTable } from '../components/window-table';
import { count, number } from '../format/number';
import { useUrlState } from '../hooks/url-state';
import { targetOf } from '../format/target';
import { commands } from '../format/command';

export function MonitoringPage({ project, endpoint }: { project: string; endpoint: string | undefined }) {
  const deployments = useApi<List<Deployment>>(`/projects/${project}/deployments`);
  if (endpoint !== undefined) return <Endpoint project={project} endpoint={endpoint} others={deployments.data?.items ?? []} />;
  const first = deployments.data?.items[0];
  if (first) return <Redirect to={`/p/${project}/monitoring/${first.name}`} replace />;
  return (
    <Page title="Monitoring" name={`Monitoring of ${project}`} crumbs={[{ text: project, to: `/p/${project}` }]}>
      <Answer of={deployments}>
        {() => <Empty command={commands.deploy(project, '<endpoint>')}>Nothing is deployed, so there is nothing to watch.</Empty>}
      </Answer>
    </Page>
  );
}

function Endpoint({ project, endpoint, others }: { project: string; endpoint: string; others: Deployment[] }) {
  const path = `/projects/${project}/monitoring/${endpoint}`;
  const [view, setView] = useUrlState({ metric: '' });
  const answer = useApi<Monitoring>(path, undefined, { every: 10_000 });
  const watched = useMemo(() => answer.data && watch(answer.data, view.metric), [answer.data, view.metric]);
  const detail = useApi<Project>(`/projects/${project}`);
  const retrainings = useApiPages<Retraining>(`/projects/${project}/retrainings`, { limit: 20 }, 10_000);
  const done = retrainings.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title={`Monitoring of ${endpoint}`}
      name={`Monitoring of ${endpoint}`}
      crumbs={[
        { text: project, to: `/p/${project}` },
        { text: endpoint, to: `/p/${project}/deployments/${endpoint}` },
      ]}
      lead={watched && <NowLine of={watched} />}
      actions={<RetrainButton project={project} />}
      copies={{ cli: commands.monitoring(project, endpoint), curl: `/api/v1${path}` }}
    >
      {others.length > 1 && <Others project={project} endpoint={endpoint} of={others} />}
      <Answer of={{ ...answer, data: watched }}>
        {(data) =>
          data.windows.length === 0 ? (
            <Empty command={commands.monitorRun(project)}>No window has been looked at yet. The endpoint needs requests; then:</Empty>
          ) : (
            <>
              <Section title={`Live ${data.metric}, window by window`} aside={<Aside of={data} onMetric={(metric) => setView({ metric })} />}>
                <LiveChart monitoring={data} target={targetOf(detail.data?.criteria ?? [], data.metric, 'live')} />
              </Section>
              <div className="columns">
                <Section title="Drift by column" aside="newest windows last; a filled cell has drifted">
                  <DriftTable windows={data.windows} />
                </Section>
                <Section title="Alerts">
                  <AlertTable project={project} alerts={data.alerts} />
                </Section>
              </div>
              <Section title="Windows and checks">
                <WindowTable monitoring={data} />
              </Section>
            </>
          )
        }
      </Answer>
      <Section title="Retrainings">
        {retrainings.error && <Refusal error={retrainings.error} retry={retrainings.refetch} />}
        {retrainings.isPending && !retrainings.error && <Loading />}
        {retrainings.data && done.length === 0 && (
          <Empty command={commands.retrain(project)}>No retraining so far. A trigger in the project file starts one by itself when a check alerts.</Empty>
        )}
        {done.length > 0 && <Retrainings project={project} items={done} />}
        <MoreButton of={retrainings} />
      </Section>
    </Page>
  );
}

function Others({ project, endpoint, of }: { project: string; endpoint: string; of: Deployment[] }) {
  return (
    <nav className="tabs" aria-label="Endpoints">
      {of.map((row) => (
        <Link key={row.name} href={`/p/${project}/monitoring/${row.name}`} aria-current={row.name === endpoint ? 'page' : undefined}>
          {row.name}
        </Link>
      ))}
    </nav>
  );
}

function NowLine({ of }: { of: Watched }) {
  const open = of.alerts.filter((alert) => alert.resolved_at === null);
  const last = of.windows.findLast((window) => window.live[of.metric]?.value !== undefined && window.live[of.metric]?.value !== null);
  return (
    <>
      {open.length > 0 ? <State of="alert">{open.length} open</State> : <State of="ok">no open alert</State>}{' '}
      {last && (
        <>
          {of.metric} was {number(last.live[of.metric]?.value)} in the window to <Day at={last.end} />
          {last.version !== null && <>, version {last.version}</>}
        </>
      )}
    </>
  );
}

/** A window that was not judged yet has no numbers. The metric is the one in the address, else the one that the live criterion names, else the first that was computed. */
function watch(data: Monitoring, wanted: string): Watched {
  const windows = data.windows.map((window) => ({ ...window, live: window.live ?? {}, today: window.today ?? {}, drift: window.drift ?? {} }));
  return { ...data, windows, metric: wanted || data.metric || metricsOf({ windows })[0] || '' };
}

function metricsOf(data: Pick<Monitoring, 'windows'>): string[] {
  return [...new Set(data.windows.flatMap((window) => Object.keys(window.live)))].toSorted();
}

function Aside({ of, onMetric }: { of: Watched; onMetric: (metric: string) => void }) {
  const metrics = metricsOf(of);
  return (
    <>
      {labelsSoFar(of)}{' '}
      {metrics.length > 1 && (
        <select aria-label="Metric" value={of.metric} onChange={(event) => onMetric(event.target.value)}>
          {metrics.map((metric) => (
            <option key={metric}>{metric}</option>
          ))}
        </select>
      )}
    </>
  );
}

/** Labels arrive late: how many of the newest windows' predictions have their truth. */
function labelsSoFar(of: Monitoring): string {
  const last = of.windows.at(-1);
  return last === undefined ? '' : `labels so far in the newest window: ${count(last.labels)} of ${count(last.requests)}`;
}
