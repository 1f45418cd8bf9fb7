//! Workers: they claim jobs, run the handler of the kind and write down how it went.
//!
//! Heavy kinds (training and what contains it) run one at a time, so that a search uses the cores it counts on;
//! light kinds have a worker of their own and do not wait behind them. A handler may be started more than once, after
//! a crash, and does what is still missing.

use std::sync::Arc;
use std::time::Duration;

use base::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Job;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::v1;

/// Kinds that load the processor for long.
const HEAVY: &[&str] = &["train", "evaluate", "retrain"];
/// Kinds that mostly wait for disk or database.
const LIGHT: &[&str] = &["ingest", "deploy"];

/// A worker that is not heard of for this long is dead.
const LEASE: Duration = Duration::from_mins(1);
/// How often a running job says that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Progress is stored at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);
/// A job that took its process down this often is not tried again.
const MAX_ATTEMPTS: i64 = 3;

/// Wakes the workers. Cloning is cheap.
#[derive(Clone, Debug, Default)]
pub struct Poke(Arc<Notify>);

impl Poke {
    /// Says that there is something to do.
    pub fn now(&self) {
        self.0.notify_waiters();
    }
}

/// How far a job is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Which step of the work.
    pub step: String,
    /// How much of the step is done.
    pub done: u64,
    /// How much there is in the step; 0 where nobody knows.
    pub total: u64,
    /// What was done last.
    pub message: String,
}

/// Where a handler says how far it is; cheap to call often and from any thread.
#[derive(Clone, Debug)]
pub struct Reporter(watch::Sender<Progress>);

impl Reporter {
    /// Replaces what was said before.
    pub fn say(&self, step: &str, done: u64, total: u64, message: impl Into<String>) {
        let progress = Progress {
            step: step.to_owned(),
            done,
            total,
            message: message.into(),
        };
        self.0.send_replace(progress);
    }
}

/// Runs the handler of the job's kind.
async fn dispatch(app: &App, job: &Job, reporter: &Reporter) -> Result<Value> {
    match job.kind.as_str() {
        "ingest" => v1::dataset::run(app, job, reporter).await,
        "train" => v1::train::run(app, job, reporter).await,
        "evaluate" => v1::evaluation::run(app, job, reporter).await,
        "retrain" => v1::retrain::run(app, job, reporter).await,
        "deploy" => v1::deployment::run(app, job, reporter).await,
        other => Err(Error::not_implemented(format!(
            "no worker knows jobs of kind {other:?}"
        ))),
    }
}

/// Starts the workers; they finish what they have when `stop` is cancelled.
pub fn start(app: &App, stop: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
    [HEAVY, LIGHT]
        .into_iter()
        .map(|kinds| tokio::spawn(work(app.clone(), kinds, stop.clone())))
        .collect()
}

async fn work(app: App, kinds: &'static [&'static str], stop: CancellationToken) {
    let worker = format!("{}-{}", std::process::id(), kinds[0]);
    while !stop.is_cancelled() {
        // Listening begins before looking, so a poke between the two is not missed.
        let poked = app.poke.0.notified();
        match store::claim_job(&app.db, kinds, &worker, LEASE).await {
            Ok(Some(job)) => {
                tokio::select! {
                    () = run(&app, &job) => {}
                    // The job stays `running` in the database and is taken up again at the next start.
                    () = stop.cancelled() => return,
                }
            }
            Ok(None) => {
                tokio::select! {
                    () = poked => {}
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = stop.cancelled() => {}
                }
            }
            Err(error) => {
                tracing::error!("no job can be claimed: {error:?}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn run(app: &App, job: &Job) {
    tracing::info!(
        job = job.id,
        kind = job.kind,
        project = job.project,
        "job {} starts",
        job.id
    );
    let outcome = if job.attempts > MAX_ATTEMPTS {
        Err(Error::internal(format!(
            "was started {MAX_ATTEMPTS} times and never ended"
        )))
    } else {
        attempt(app, job).await
    };
    match &outcome {
        Ok(_) => tracing::info!(job = job.id, "job {} is done", job.id),
        Err(error) => tracing::warn!(job = job.id, "job {} failed: {error:?}", job.id),
    }
    if let Err(error) = store::finish_job(&app.db, &job.id, outcome).await {
        tracing::error!(
            job = job.id,
            "the end of job {} could not be stored: {error:?}",
            job.id
        );
    }
    app.poke.now();
}

/// Runs the handler in a task of its own, so that a panic ends the job and not the worker.
async fn attempt(app: &App, job: &Job) -> Result<Value> {
    let (sender, receiver) = watch::channel(Progress::default());
    let (app2, job2) = (app.clone(), job.clone());
    let handler = tokio::spawn(async move { dispatch(&app2, &job2, &Reporter(sender)).await });
    let handler = AbortOnDrop(handler);
    let told = tell(app, &job.id, receiver);
    tokio::pin!(told);
    let mut handler = handler;
    tokio::select! {
        ended = &mut handler.0 => ended.unwrap_or_else(|error| Err(Error::internal(format!("the worker broke: {error}")))),
        () = &mut told => (&mut handler.0).await.unwrap_or_else(|error| Err(Error::internal(format!("the worker broke: {error}")))),
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<Result<Value>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Stores progress and heartbeats until the handler is gone.
async fn tell(app: &App, id: &str, mut progress: watch::Receiver<Progress>) {
    loop {
        let last = tokio::time::timeout(HEARTBEAT, progress.changed()).await;
        if matches!(last, Ok(Err(_))) {
            return;
        }
        let now = progress.borrow_and_update().clone();
        let stored = match serde_json::to_value(&now) {
            Ok(value) => store::report_progress(&app.db, id, &value, LEASE).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = stored {
            tracing::warn!(
                job = id,
                "progress of job {id} could not be stored: {error:?}"
            );
        }
        tokio::time::sleep(PROGRESS_EVERY).await;
    }
}
