//! Tables of experiments, runs, logged models and traces.
//!
//! The latest point of each metric is kept beside the series, so that reading and searching runs never scans one.
//! Values of params and tags are indexed by their first 128 characters.

pub(crate) mod batch;
pub(crate) mod experiment;
pub(crate) mod import;
pub(crate) mod input;
pub(crate) mod logged_model;
pub(crate) mod metric;
mod rows;
pub(crate) mod run;
pub(crate) mod trace;

/// The steps of this stage's tables.
pub const MIGRATIONS: &[&str] = &[TABLES, trace::TABLES];

const TABLES: &str = "
create table experiment (
  id BIGINT primary key,
  name TEXT not null unique,
  artifact_location TEXT not null,
  lifecycle TEXT not null,
  created_at BIGINT not null,
  updated_at BIGINT not null
);
create table experiment_number (one BIGINT primary key, last BIGINT not null);
insert into experiment_number (one, last) values (1, 0);
insert into experiment (id, name, artifact_location, lifecycle, created_at, updated_at) select 0, 'Default', 'mlflow-artifacts:/0', 'active', coalesce(max(applied_at), 0), coalesce(max(applied_at), 0) from migration;
create table experiment_tag (experiment_id BIGINT not null, key TEXT not null, value TEXT not null, primary key (experiment_id, key));
create table run (
  id TEXT primary key,
  experiment_id BIGINT not null,
  name TEXT not null,
  user_id TEXT not null,
  status TEXT not null,
  start_time BIGINT not null,
  end_time BIGINT,
  lifecycle TEXT not null,
  artifact_uri TEXT not null
);
create index run_by_start on run (experiment_id, lifecycle, start_time desc, id);
create table metric (
  run_id TEXT not null,
  key TEXT not null,
  at BIGINT not null,
  step BIGINT not null,
  value DOUBLE PRECISION not null,
  is_nan BOOLEAN not null,
  primary key (run_id, key, at, step, value, is_nan)
);
create table metric_latest (
  run_id TEXT not null,
  key TEXT not null,
  at BIGINT not null,
  step BIGINT not null,
  value DOUBLE PRECISION not null,
  is_nan BOOLEAN not null,
  primary key (run_id, key)
);
create index metric_latest_by_value on metric_latest (key, value, run_id);
create table param (run_id TEXT not null, key TEXT not null, value TEXT not null, primary key (run_id, key));
create index param_by_value on param (key, substr(value, 1, 128), run_id);
create table run_tag (run_id TEXT not null, key TEXT not null, value TEXT not null, primary key (run_id, key));
create index run_tag_by_value on run_tag (key, substr(value, 1, 128), run_id);
create table dataset_seen (
  experiment_id BIGINT not null,
  name TEXT not null,
  digest TEXT not null,
  source_type TEXT not null,
  source TEXT not null,
  schema_json TEXT,
  profile_json TEXT,
  primary key (experiment_id, name, digest)
);
create table run_dataset (
  run_id TEXT not null,
  position BIGINT not null,
  experiment_id BIGINT not null,
  name TEXT not null,
  digest TEXT not null,
  context TEXT,
  tags TEXT not null,
  primary key (run_id, name, digest)
);
create table run_model (run_id TEXT not null, role TEXT not null, model_id TEXT not null, step BIGINT not null, primary key (run_id, role, model_id));
create table logged_model (
  id TEXT primary key,
  experiment_id BIGINT not null,
  name TEXT not null,
  artifact_uri TEXT not null,
  created_at BIGINT not null,
  updated_at BIGINT not null,
  status TEXT not null,
  model_type TEXT not null,
  source_run_id TEXT,
  lifecycle TEXT not null
);
create index logged_model_by_experiment on logged_model (experiment_id, lifecycle, created_at desc, id);
create table logged_model_param (model_id TEXT not null, key TEXT not null, value TEXT not null, primary key (model_id, key));
create table logged_model_tag (model_id TEXT not null, key TEXT not null, value TEXT not null, primary key (model_id, key));
create table logged_model_metric (
  model_id TEXT not null,
  key TEXT not null,
  at BIGINT not null,
  step BIGINT not null,
  run_id TEXT not null,
  value DOUBLE PRECISION not null,
  is_nan BOOLEAN not null,
  dataset_name TEXT,
  dataset_digest TEXT,
  primary key (model_id, key, at, step, run_id)
);
";
