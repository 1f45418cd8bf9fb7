//! Training a project: every candidate is tried, the best trial of each becomes a model.
//!
//! One run (the parent) stands for the training, a nested run for each trial. First each candidate is measured with
//! its default parameters, then those with a space are searched; the best trial of each candidate is fitted again on
//! all training rows and its model is logged.
//!
//! Invariants: what was finished stays finished. A training that was cut off and is started again with the same
//! project, data and request goes on in its own parent run and skips the trials and models that are there.

use base::{Error, Result, RunId};
use data::measure::{Context, Metric};
use data::{Data, Prepared};
use project::{Project, TrainSpec};
use serde::{Deserialize, Serialize};
use store::{Blobs, Db};
use tokio::time::Instant;

use crate::params::Params;

mod candidate;
mod command;
mod log;
mod parent;

/// What a training works with.
#[derive(Clone)]
pub struct TrainContext {
    /// The control plane.
    pub db: Db,
    /// Artifacts.
    pub blobs: Blobs,
    /// Datasets.
    pub data: Data,
    /// Where users' own programs reach this server: `http://127.0.0.1:5000`.
    pub tracking_uri: String,
    /// What was asked for.
    pub request: TrainRequest,
}

/// What was asked for, beyond what the project file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainRequest {
    /// Only these candidates; `simplest` comes along if the file has it.
    pub candidates: Option<Vec<String>>,
    /// Trials per candidate with a space, instead of the file's number.
    pub trials: Option<u32>,
    /// Who asked.
    pub user: String,
}

impl TrainContext {
    /// A context for a plain training.
    pub fn new(db: Db, blobs: Blobs, data: Data, tracking_uri: impl Into<String>) -> Self {
        Self {
            db,
            blobs,
            data,
            tracking_uri: tracking_uri.into(),
            request: TrainRequest {
                user: "local".to_owned(),
                ..TrainRequest::default()
            },
        }
    }
}

/// How far a training is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// `prepare`, `trial` or `model`.
    pub step: String,
    /// How much of the step is done.
    pub done: u64,
    /// How much there is in the step.
    pub total: u64,
    /// What was done last.
    pub message: String,
}

/// Where a training says how far it is.
pub type ProgressFn<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// What came of a training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainOutcome {
    /// The run that stands for the training.
    pub parent_run: RunId,
    /// The run with the best model.
    pub best_run: RunId,
    /// Every finished trial, the best first.
    pub leaderboard: Vec<Entry>,
}

/// One trial of the leaderboard.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Its run.
    pub run_id: RunId,
    /// The candidate's id.
    pub candidate: String,
    /// The optimised metric.
    pub metric: String,
    /// Its mean over the folds.
    pub mean: f64,
    /// Its deviation over the folds.
    pub std: f64,
    /// The trial's parameters.
    pub params: Params,
}

/// What all trials of one training share.
struct Work<'a> {
    ctx: &'a TrainContext,
    project: &'a Project,
    spec: &'a TrainSpec,
    data: std::sync::Arc<Prepared>,
    metric: Metric,
    context: Context,
    parent: experiments::Run,
    deadline: Option<Instant>,
    progress: ProgressFn<'a>,
}

/// Whether a request could be met, as far as the project file tells.
pub fn check(project: &Project, request: &TrainRequest) -> Result<()> {
    candidate::chosen(spec(project)?, request)?;
    Ok(())
}

fn spec(project: &Project) -> Result<&TrainSpec> {
    project.file.train.as_ref().ok_or_else(|| {
        Error::invalid(format!(
            "the project {} does not say what to train",
            project.name
        ))
        .hint("write [train] and at least one [[train.candidate]]")
    })
}

/// Trains what the project file asks for. Long: it takes a processor for as long as the trials need.
pub async fn train(
    ctx: &TrainContext,
    project: &Project,
    progress: ProgressFn<'_>,
) -> Result<TrainOutcome> {
    let spec = spec(project)?;
    progress(Progress {
        step: "prepare".to_owned(),
        done: 0,
        total: 1,
        message: "reading the data".to_owned(),
    });
    let data = std::sync::Arc::new(ctx.data.prepare(project).await?);
    let metric: Metric = spec.optimise.metric.parse()?;
    let context = Context::new(data.task)
        .with_payoff(project.file.payoff.as_ref().map(|payoff| payoff.amounts));
    let candidates = candidate::chosen(spec, &ctx.request)?;
    let parent = parent::begin(ctx, project, spec, &data).await?;
    let deadline = spec
        .tune
        .limit
        .and_then(|limit| std::time::Duration::try_from(limit).ok())
        .map(|limit| Instant::now() + limit);
    let work = Work {
        ctx,
        project,
        spec,
        data,
        metric,
        context,
        parent,
        deadline,
        progress,
    };
    match candidate::all(&work, &candidates).await {
        Ok(outcome) => {
            parent::end(&work, &outcome).await?;
            Ok(outcome)
        }
        Err(error) => {
            parent::fail(&work, &error).await?;
            Err(error)
        }
    }
}
