//! The tables of monitoring. Floats that cannot be computed are NULL, never NaN.

pub(crate) mod alert;
pub(crate) mod outcome;
pub(crate) mod window;

/// The steps that make and change these tables, in order.
pub const MIGRATIONS: &[&str] = &["
create table outcome (
  project TEXT not null,
  endpoint TEXT not null,
  prediction_id TEXT not null,
  value DOUBLE PRECISION not null,
  today DOUBLE PRECISION,
  at BIGINT not null,
  received_at BIGINT not null,
  predicted_at BIGINT,
  state TEXT not null,
  primary key (project, endpoint, prediction_id)
);
create index outcome_by_time on outcome (project, endpoint, predicted_at);
create index outcome_by_state on outcome (state, project, endpoint);
create table monitor_origin (
  project TEXT not null,
  endpoint TEXT not null,
  first_at BIGINT not null,
  primary key (project, endpoint)
);
create table monitor_window (
  project TEXT not null,
  endpoint TEXT not null,
  start_at BIGINT not null,
  end_at BIGINT not null,
  requests BIGINT not null,
  labels BIGINT not null,
  model TEXT,
  version BIGINT,
  revision BIGINT,
  live TEXT not null,
  today TEXT not null,
  drift TEXT not null,
  computed_at BIGINT not null,
  primary key (project, endpoint, end_at, start_at)
);
create table monitor_check (
  project TEXT not null,
  endpoint TEXT not null,
  monitor TEXT not null,
  window_start BIGINT not null,
  window_end BIGINT not null,
  state TEXT not null,
  value DOUBLE PRECISION,
  target TEXT not null,
  reason TEXT not null,
  labels BIGINT not null,
  computed_at BIGINT not null,
  primary key (project, monitor, window_end)
);
create index monitor_check_by_window on monitor_check (project, endpoint, window_end);
create table alert (
  id TEXT primary key,
  project TEXT not null,
  endpoint TEXT not null,
  monitor TEXT not null,
  state TEXT not null,
  opened_at BIGINT not null,
  acknowledged_by TEXT,
  resolved_at BIGINT,
  window_end BIGINT not null,
  message TEXT not null,
  unique (project, monitor, window_end)
);
create index alert_by_project on alert (project, opened_at);
"];
