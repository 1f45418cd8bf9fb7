/**
 * What the pages read of MLflow's API, which also serves people who use nothing but the `mlflow` client.
 */
export interface MlflowRun {
  info: {
    run_id: string;
    run_name?: string;
    experiment_id: string;
    status: string;
    start_time?: number;
    end_time?: number;
    artifact_uri?: string;
    user_id?: string;
  };
  data: {
    metrics?: { key: string; value: number | string; step?: number; timestamp?: number }[];
    params?: { key: string; value: string }[];
    tags?: { key: string; value: string }[];
  };
}

export interface MlflowExperiment {
  experiment_id: string;
  name: string;
  creation_time?: number;
  last_update_time?: number;
  lifecycle_stage?: string;
}

export interface MetricPoint {
  key: string;
  value: number | string;
  step: number;
  timestamp: number;
}

export interface ArtifactFile {
  path: string;
  is_dir: boolean;
  file_size?: number;
}

export const tagsOf = (run: MlflowRun): Record<string, string> =>
  Object.fromEntries((run.data.tags ?? []).map((tag) => [tag.key, tag.value]));

/** MLflow writes what JSON has no number for as a word. */
export const numberOf = (value: number | string): number => (typeof value === 'number' ? value : Number(value.replace('inf', 'Infinity')));

/** Where the bytes of one artifact of a run are, given the run's `artifact_uri`. */
export function artifactAddress(artifactUri: string | undefined, path: string): string | null {
  const scheme = 'mlflow-artifacts:/';
  if (!artifactUri?.startsWith(scheme)) return null;
  const root = artifactUri.slice(scheme.length).replace(/^\/+|\/+$/g, '');
  const encoded = `${root}/${path}`.split('/').map(encodeURIComponent).join('/');
  return `/api/2.0/mlflow-artifacts/artifacts/${encoded}`;
}
