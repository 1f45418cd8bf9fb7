//! Background work that survives a crash.
//!
//! A job is a row. A worker claims the oldest queued job of a kind it serves, and heartbeats through
//! [`report_progress`]; a job whose worker died is queued again by [`requeue_lost_jobs`]. Delivery is at least
//! once, so a handler looks at the state and does what is still missing. `key` makes asking twice one job.

use std::time::Duration;

use base::{Error, JobId, Page, PageRequest, Result};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::db::{Db, Tx};

pub(crate) const TABLES: &str = "
create table job (
  id TEXT primary key,
  kind TEXT not null,
  key TEXT unique,
  project TEXT not null,
  input TEXT not null,
  state TEXT not null,
  progress TEXT not null,
  result TEXT not null,
  error TEXT not null,
  attempts BIGINT not null,
  worker TEXT not null,
  lease_until BIGINT not null,
  created_at BIGINT not null,
  started_at BIGINT,
  finished_at BIGINT
);
create index job_by_state on job (state, created_at);
create index job_by_project on job (project, created_at);
";

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Waits for a worker.
    Queued,
    /// A worker has it.
    Running,
    /// Ended well; `result` says how.
    Done,
    /// Ended badly; `error` says why.
    Failed,
}

/// What to do, before it is stored.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Which handler: `train`, `evaluate`, …
    pub kind: &'static str,
    /// Two jobs with the same key are one.
    pub key: Option<String>,
    /// For which project.
    pub project: String,
    /// The handler's input.
    pub input: serde_json::Value,
}

/// A stored job. Times are milliseconds since the epoch.
#[derive(Clone, Debug, Serialize, Deserialize, FromRow)]
pub struct Job {
    /// `job-…`
    pub id: String,
    /// See [`NewJob::kind`].
    pub kind: String,
    /// See [`NewJob::project`].
    pub project: String,
    /// See [`NewJob::input`], as JSON text.
    pub input: String,
    /// `queued`, `running`, `done` or `failed`.
    pub state: String,
    /// What the handler last said about itself, as JSON text.
    pub progress: String,
    /// What came out, as JSON text.
    pub result: String,
    /// Why it failed.
    pub error: String,
    /// How often a worker began.
    pub attempts: i64,
    /// When it was asked for.
    pub created_at: i64,
    /// When a worker last began.
    pub started_at: Option<i64>,
    /// When it ended.
    pub finished_at: Option<i64>,
}

impl Job {
    /// The input, read as the handler's own type.
    pub fn input<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        Ok(serde_json::from_str(&self.input)?)
    }

    /// Whether it will not change any more.
    pub fn ended(&self) -> bool {
        matches!(self.state.as_str(), "done" | "failed")
    }
}

const COLUMNS: &str = "id, kind, project, input, state, progress, result, error, attempts, created_at, started_at, finished_at";

impl Tx<'_> {
    /// Asks for a job, in this transaction. Where its key is taken, the answer is the job that has it.
    pub async fn enqueue(&mut self, job: &NewJob) -> Result<JobId> {
        let id = JobId::fresh();
        let now = self.clock().now_ms();
        self.execute(
            "insert into job (id, kind, key, project, input, state, progress, result, error, attempts, worker, lease_until, created_at) values ($1, $2, $3, $4, $5, 'queued', '{}', '{}', '', 0, '', 0, $6) on conflict (key) do nothing",
            &[
                (&id).into(),
                job.kind.into(),
                job.key.clone().into(),
                job.project.as_str().into(),
                job.input.to_string().into(),
                now.into(),
            ],
        )
        .await?;
        let Some(key) = &job.key else { return Ok(id) };
        let (id,): (String,) = self
            .row("select id from job where key = $1", &[key.into()])
            .await?
            .ok_or_else(|| Error::internal("a job vanished while it was made"))?;
        id.parse()
    }
}

/// One job.
pub async fn job(db: &Db, id: &str) -> Result<Job> {
    db.row(
        crate::dynamic_sql(format!("select {COLUMNS} from job where id = $1")),
        &[id.into()],
    )
    .await?
    .ok_or_else(|| Error::not_found(format!("no job {id:?} exists")))
}

/// The newest jobs first, of one project (or of all, where it is empty).
pub async fn jobs(db: &Db, project: &str, page: &PageRequest) -> Result<Page<Job>> {
    let limit = page.limit.unwrap_or(50).clamp(1, 500);
    let skip: usize = match &page.token {
        Some(token) => token
            .parse()
            .map_err(|_| Error::invalid(format!("{token:?} is not a page token of jobs")))?,
        None => 0,
    };
    let mut items: Vec<Job> = db
        .rows(
            crate::dynamic_sql(format!(
                "select {COLUMNS} from job where ($1 = '' or project = $1) order by created_at desc, id limit $2 offset $3"
            )),
            &[project.into(), (limit + 1).into(), skip.into()],
        )
        .await?;
    let more = items.len() > limit;
    items.truncate(limit);
    Ok(Page {
        items,
        next: more.then(|| (skip + limit).to_string()),
    })
}

/// Claims the oldest queued job of one of `kinds` for `worker`.
pub async fn claim_job(
    db: &Db,
    kinds: &'static [&'static str],
    worker: &str,
    lease: Duration,
) -> Result<Option<Job>> {
    let worker = worker.to_owned();
    let now = db.clock().now_ms();
    db.write(move |tx| {
        let worker = worker.clone();
        Box::pin(async move {
            for kind in kinds {
                let claimed: Option<Job> = tx
                    .row(
                        crate::dynamic_sql(format!(
                            "update job set state = 'running', worker = $1, lease_until = $2, started_at = $3, attempts = attempts + 1 where id = (select id from job where state = 'queued' and kind = $4 order by created_at, id limit 1) and state = 'queued' returning {COLUMNS}"
                        )),
                        &[
                            worker.as_str().into(),
                            lease_end(now, lease).into(),
                            now.into(),
                            (*kind).into(),
                        ],
                    )
                    .await?;
                if claimed.is_some() {
                    return Ok(claimed);
                }
            }
            Ok(None)
        })
    })
    .await
}

/// Says how far a running job is, and keeps its lease.
pub async fn report_progress(
    db: &Db,
    id: &str,
    progress: &serde_json::Value,
    lease: Duration,
) -> Result<()> {
    let (id, progress) = (id.to_owned(), progress.to_string());
    let until = lease_end(db.clock().now_ms(), lease);
    db.write(move |tx| {
        let (id, progress) = (id.clone(), progress.clone());
        Box::pin(async move {
            tx.execute(
                "update job set progress = $2, lease_until = $3 where id = $1 and state = 'running'",
                &[id.into(), progress.into(), until.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// Ends a running job with its result, or with why it failed.
pub async fn finish_job(db: &Db, id: &str, outcome: Result<serde_json::Value>) -> Result<()> {
    let id = id.to_owned();
    let (state, result, error) = match outcome {
        Ok(value) => ("done", value.to_string(), String::new()),
        Err(error) => {
            let hint = error
                .hint_text()
                .map(|hint| format!(" ({hint})"))
                .unwrap_or_default();
            ("failed", "{}".to_owned(), format!("{error}{hint}"))
        }
    };
    let now = db.clock().now_ms();
    db.write(move |tx| {
        let (id, result, error) = (id.clone(), result.clone(), error.clone());
        Box::pin(async move {
            tx.execute(
                "update job set state = $2, result = $3, error = $4, finished_at = $5 where id = $1 and state = 'running'",
                &[id.into(), state.into(), result.into(), error.into(), now.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// Queues again what a dead worker left. With `all`, every running job counts as left: on SQLite only one process
/// can have been the worker, and it is the one that starts now.
pub async fn requeue_lost_jobs(db: &Db, all: bool) -> Result<u64> {
    let now = if all { i64::MAX } else { db.clock().now_ms() };
    db.write(move |tx| {
        Box::pin(async move {
            tx.execute(
                "update job set state = 'queued', worker = '' where state = 'running' and lease_until < $1",
                &[now.into()],
            )
            .await
        })
    })
    .await
}

fn lease_end(now_ms: i64, lease: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(lease.as_millis()).unwrap_or(i64::MAX))
}
