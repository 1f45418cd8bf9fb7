/**
 * Which address shows which page. One route, one file in `routes/`.
 */
import { Route, Switch } from 'wouter';
import { Shell } from './components/shell';
import { useKeyboard } from './hooks/keyboard';
import { ActivityPage } from './routes/activity';
import { DatasetPage } from './routes/dataset';
import { DatasetsPage } from './routes/datasets';
import { DeploymentPage } from './routes/deployment';
import { DeploymentsPage } from './routes/deployments';
import { ExperimentPage } from './routes/experiment';
import { ExperimentsPage } from './routes/experiments';
import { HomePage } from './routes/home';
import { JobsPage } from './routes/jobs';
import { ModelPage } from './routes/model';
import { ModelsPage } from './routes/models';
import { MonitoringPage } from './routes/monitoring';
import { NowherePage } from './routes/nowhere';
import { ProjectPage } from './routes/project';
import { RunPage } from './routes/run';
import { RunsPage } from './routes/runs';
import { VersionPage } from './routes/version';

export function App() {
  useKeyboard();
  return (
    <Shell>
      <Switch>
        <Route path="/">{() => <HomePage />}</Route>
        <Route path="/experiments">{() => <ExperimentsPage />}</Route>
        <Route path="/experiments/:experiment">{(at) => <ExperimentPage key={at.experiment} experiment={at.experiment} />}</Route>
        <Route path="/experiments/:experiment/runs/:run">{(at) => <RunPage key={at.run} experiment={at.experiment} run={at.run} />}</Route>
        <Route path="/jobs">{() => <JobsPage />}</Route>
        <Route path="/activity">{() => <ActivityPage />}</Route>
        <Route path="/p/:project">{(at) => <ProjectPage key={at.project} project={at.project} />}</Route>
        <Route path="/p/:project/data">{(at) => <DatasetsPage project={at.project} />}</Route>
        <Route path="/p/:project/data/:set/:version?">
          {(at) => <DatasetPage key={at.set} project={at.project} dataset={at.set} version={at.version} />}
        </Route>
        <Route path="/p/:project/runs">{(at) => <RunsPage key={at.project} project={at.project} />}</Route>
        <Route path="/p/:project/runs/:run">{(at) => <RunPage key={at.run} project={at.project} run={at.run} />}</Route>
        <Route path="/p/:project/models">{(at) => <ModelsPage project={at.project} />}</Route>
        <Route path="/p/:project/models/:name">{(at) => <ModelPage project={at.project} model={at.name} />}</Route>
        <Route path="/p/:project/models/:name/:version">
          {(at) => <VersionPage key={`${at.name}/${at.version}`} project={at.project} model={at.name} version={Number(at.version)} />}
        </Route>
        <Route path="/p/:project/deployments">{(at) => <DeploymentsPage project={at.project} />}</Route>
        <Route path="/p/:project/deployments/:endpoint">
          {(at) => <DeploymentPage key={at.endpoint} project={at.project} endpoint={at.endpoint} />}
        </Route>
        <Route path="/p/:project/monitoring/:endpoint?">
          {(at) => <MonitoringPage key={at.endpoint ?? ''} project={at.project} endpoint={at.endpoint} />}
        </Route>
        <Route path="/p/:project/jobs">{(at) => <JobsPage project={at.project} />}</Route>
        <Route path="/p/:project/activity">{(at) => <ActivityPage project={at.project} />}</Route>
        <Route>{() => <NowherePage />}</Route>
      </Switch>
    </Shell>
  );
}
