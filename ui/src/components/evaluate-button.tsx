/**
 * Judges a run on the held-out rows and registers it as a model version if the candidate gate passes.
 */
import { useMutation } from '@tanstack/react-query';
import { Link } from 'wouter';
import { post } from '../api/client';
import { useJob } from '../hooks/job';
import { State } from './show';

interface Outcome {
  version: number | null;
  verdict: string;
  model?: string;
  refusal?: string | null;
}

export function EvaluateButton({ project, run, status }: { project: string; run: string; status: string }) {
  const asked = useMutation({ mutationFn: () => post<{ job: string }>(`/api/v1/projects/${project}/evaluate`, { run_id: run }) });
  const job = useJob(asked.data?.job);
  const outcome = job?.state === 'done' ? (job.result as Outcome | null) : null;
  if (asked.error) return <State of="refused">{asked.error.message}</State>;
  if (job?.state === 'failed') return <State of="failed">{String(job.error)}</State>;
  if (outcome) return <Registered project={project} outcome={outcome} />;
  if (asked.data) return <State of="running">{job?.progress?.message ?? 'evaluating on the held-out rows'}</State>;
  return (
    <button type="button" className="primary" disabled={status !== 'FINISHED' || asked.isPending} onClick={() => asked.mutate()}>
      Evaluate and register
    </button>
  );
}

function Registered({ project, outcome }: { project: string; outcome: Outcome }) {
  return (
    <span className="tally">
      <State of={outcome.verdict} />
      {outcome.version === null || outcome.version === undefined ? (
        `not registered: ${outcome.refusal ?? 'the candidate gate was not passed'}`
      ) : (
        <Link href={`/p/${project}/models${outcome.model ? `/${outcome.model}/${outcome.version}` : ''}`}>version {outcome.version}</Link>
      )}
    </span>
  );
}
