/**
 * Brings the version that the endpoint's alias names now to its traffic, step by step.
 */
import { useApi } from '../api/queries';
import type { Deployment, Model } from '../api/types';
import { JobButton } from './job-button';

export function DeployButton({ project, deployment }: { project: string; deployment: Deployment }) {
  const [model = '', alias] = deployment.model.split('@');
  const known = useApi<Model>(`/projects/${project}/models/${encodeURIComponent(model)}`);
  const wanted = alias === undefined ? undefined : known.data?.aliases[alias];
  const live = deployment.revisions.toSorted((a, b) => b.share - a.share)[0];
  return (
    <JobButton label="Deploy" title={`Deploy to ${deployment.name}`} path={`/projects/${project}/deployments/${deployment.name}/deploy`}>
      {wanted === undefined ? (
        <p>{deployment.model} names no version yet, so there is nothing to deploy. Promote a version first.</p>
      ) : live?.version === wanted && live.share > 0 ? (
        <p>Version {wanted} serves already; nothing changes.</p>
      ) : (
        <>
          <p>
            Version {wanted} becomes a new revision and takes the traffic in the steps of the project file
            {live && live.share > 0 ? `, from revision ${live.revision} (version ${live.version})` : ''}. If it breaks a stop condition on the way, the traffic stays where it was.
          </p>
          <h3>The way back</h3>
          <p>Roll back: the revision before gets its traffic again.</p>
        </>
      )}
    </JobButton>
  );
}
