/**
 * The command line's words for what the pages show, in one place: `crates/cli` has the same ones.
 */
export const commands = {
  apply: () => 'ironloop apply ironloop.toml',
  projects: () => 'ironloop projects',
  designCheck: (project: string) => `ironloop design check --project ${project}`,
  datasets: (project: string) => `ironloop data list --project ${project}`,
  dataset: (project: string, name: string, version?: string) => `ironloop data show ${name}${version === undefined ? '' : ` ${version}`} --project ${project}`,
  addData: (project: string, name: string) => `ironloop data add ${name} --project ${project}`,
  train: (project?: string) => `ironloop train${of(project)}`,
  runs: (project: string, filter: string, orderBy: string) =>
    `ironloop runs --project ${project}${filter === '' ? '' : ` --filter ${quoted(filter)}`}${orderBy === '' ? '' : ` --order-by ${quoted(orderBy)}`}`,
  evaluate: (project: string, of: string) => `ironloop evaluate ${of} --project ${project}`,
  models: (project: string) => `ironloop model list --project ${project}`,
  model: (project: string, name: string, version?: number) => `ironloop model show ${word(name)}${version === undefined ? '' : ` ${version}`} --project ${project}`,
  deploy: (project: string, endpoint: string) => `ironloop deploy ${endpoint} --project ${project}`,
  deployment: (project: string, endpoint: string) => `ironloop deploy ${endpoint} --status --project ${project}`,
  monitorRun: (project: string) => `ironloop monitor run --project ${project}`,
  monitoring: (project: string, endpoint: string) => `ironloop monitor show ${endpoint} --project ${project}`,
  retrain: (project: string) => `ironloop retrain --project ${project} --reason "…"`,
  jobs: (project?: string) => `ironloop jobs list${of(project)}`,
  audit: (project?: string) => `ironloop audit show${of(project)}`,
};

function of(project: string | undefined): string {
  return project === undefined ? '' : ` --project ${project}`;
}

function word(text: string): string {
  return /^[\w.@/-]+$/.test(text) ? text : quoted(text);
}

/** One word for a POSIX shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
