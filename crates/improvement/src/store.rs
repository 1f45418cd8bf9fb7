//! The tables of improvement.

pub(crate) mod firing;
pub(crate) mod retraining;
pub(crate) mod task;

/// The steps that make and change these tables, in order.
pub const MIGRATIONS: &[&str] = &["
create table trigger_firing (
  project TEXT not null,
  trigger_id TEXT not null,
  event TEXT not null,
  at BIGINT not null,
  decision TEXT not null,
  reason TEXT not null,
  retraining TEXT,
  primary key (project, trigger_id, event)
);
create index trigger_firing_by_time on trigger_firing (project, trigger_id, at);
create table retraining (
  id TEXT primary key,
  project TEXT not null,
  cause TEXT,
  reason TEXT not null,
  actor TEXT not null,
  pipeline TEXT not null,
  state TEXT not null,
  job TEXT not null,
  challenger BIGINT,
  promoted BOOLEAN not null,
  why TEXT not null,
  created_at BIGINT not null,
  finished_at BIGINT
);
create index retraining_by_project on retraining (project, created_at);
create table retraining_step (
  retraining TEXT not null,
  step TEXT not null,
  place BIGINT not null,
  state TEXT not null,
  detail TEXT not null,
  output TEXT not null,
  started_at BIGINT,
  finished_at BIGINT,
  primary key (retraining, step)
);
create table task (
  id TEXT primary key,
  project TEXT not null,
  kind TEXT not null,
  role TEXT not null,
  text TEXT not null,
  link TEXT not null,
  state TEXT not null,
  opened_at BIGINT not null,
  done_by TEXT,
  done_at BIGINT
);
create index task_by_project on task (project, state, opened_at);
"];
