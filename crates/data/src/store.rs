//! The SQL of dataset versions.

/// Tables of this stage.
pub const MIGRATIONS: &[&str] = &["
create table dataset_version (
  project TEXT not null,
  dataset TEXT not null,
  version BIGINT not null,
  location TEXT not null,
  delta_version BIGINT not null,
  digest TEXT not null,
  row_count BIGINT not null,
  hidden BIGINT not null,
  columns TEXT not null,
  state TEXT not null,
  created_at BIGINT not null,
  until BIGINT,
  source TEXT not null,
  checks TEXT not null,
  profile TEXT,
  primary key (project, dataset, version)
);
create index dataset_version_by_state on dataset_version (project, dataset, state, version);
"];
