//! The verbs of improvement: ask for a retraining, run it.

use std::time::Duration;

use ::store::{Blobs, Db};
use base::{Error, Result};
use data::Data;
use deployment::Serving;
use monitoring::Monitoring;
use project::{PipelineSpec, Project, Step};

use crate::pipeline::{self, Progress};
use crate::retraining::{RetrainOutcome, RetrainingState, retraining};
use crate::steps;
use crate::store::retraining::{self as rows, NewRetraining};

/// The pipeline that runs where nobody names one.
const PIPELINE: &str = "retrain";

/// Everything that a retraining needs. Cloning is cheap.
#[derive(Clone)]
pub struct Context {
    /// The control plane.
    pub db: Db,
    /// Artifacts.
    pub blobs: Blobs,
    /// Datasets.
    pub data: Data,
    /// Endpoints.
    pub serving: Serving,
    /// Checks and alerts.
    pub monitoring: Monitoring,
    /// The address that a user's own training code logs to.
    pub tracking_uri: String,
}

/// Asks for a retraining by hand. The answer is its id and that of the job that runs it.
pub async fn ask(
    db: &Db,
    project: &Project,
    reason: &str,
    actor: &str,
) -> Result<(String, String)> {
    let new = new_retraining(project, PIPELINE, None, reason, actor)?;
    db.write(move |tx| {
        let new = new.clone();
        Box::pin(async move {
            if rows::under_way(tx, &new.project).await? > 0 {
                return Err(Error::conflict(format!(
                    "a retraining of {} is under way",
                    new.project
                ))
                .hint("wait until it has ended"));
            }
            rows::ask(tx, &new).await
        })
    })
    .await
}

/// Runs a retraining to its end, or what is left of it.
pub async fn run_retraining(
    ctx: &Context,
    project: &Project,
    id: &str,
    progress: &Progress<'_>,
) -> Result<RetrainOutcome> {
    let retraining = retraining(&ctx.db, id).await?;
    let steps = pipeline_of(project, &retraining.pipeline)?.steps.clone();
    let limit = pipeline_of(project, &retraining.pipeline)?.limit;
    let execute = |name: String,
                   past: Vec<crate::StepRecord>|
     -> ::store::BoxFuture<'_, Result<pipeline::StepResult>> {
        let step = steps.iter().find(|step| step_name(step) == name).cloned();
        Box::pin(async move {
            let step = step.ok_or_else(|| {
                Error::conflict(format!("the project file has no step {name:?} any more"))
            })?;
            steps::execute(ctx, project, &step, &past, progress).await
        })
    };
    let running = pipeline::run(&ctx.db, retraining, progress, &execute);
    let Some(limit) = limit
        .and_then(|limit| Duration::try_from(limit).ok())
        .filter(|limit| !limit.is_zero())
    else {
        return running.await;
    };
    if let Ok(outcome) = tokio::time::timeout(limit, running).await {
        return outcome;
    }
    let why = format!(
        "it took longer than {}",
        project::duration::text(limit.try_into().unwrap_or_default())
    );
    rows::end(&ctx.db, &project.name, id, RetrainingState::Failed, &why).await?;
    Err(Error::conflict(why).hint("raise pipeline.limit, or train less"))
}

/// Asks for a retraining and runs it here and now.
pub async fn retrain(
    ctx: &Context,
    project: &Project,
    reason: &str,
    actor: &str,
    progress: &Progress<'_>,
) -> Result<RetrainOutcome> {
    let (id, _) = ask(&ctx.db, project, reason, actor).await?;
    run_retraining(ctx, project, &id, progress).await
}

pub(crate) fn new_retraining(
    project: &Project,
    pipeline: &str,
    trigger: Option<&str>,
    reason: &str,
    actor: &str,
) -> Result<NewRetraining> {
    let spec = pipeline_of(project, pipeline)?;
    Ok(NewRetraining {
        project: project.name.clone(),
        trigger: trigger.map(str::to_owned),
        reason: reason.to_owned(),
        actor: actor.to_owned(),
        pipeline: pipeline.to_owned(),
        steps: spec.steps.iter().map(step_name).collect(),
    })
}

fn pipeline_of<'a>(project: &'a Project, name: &str) -> Result<&'a PipelineSpec> {
    project.file.pipelines.get(name).ok_or_else(|| {
        Error::not_found(format!("project {} has no pipeline {name:?}", project.name))
            .hint(format!("add [pipeline.{name}] to the project file"))
    })
}

/// A step as the file writes it.
pub(crate) fn step_name(step: &Step) -> String {
    match step {
        Step::Ingest => "ingest".to_owned(),
        Step::Expect => "expect".to_owned(),
        Step::Clean => "clean".to_owned(),
        Step::Features => "features".to_owned(),
        Step::Train => "train".to_owned(),
        Step::Evaluate => "evaluate".to_owned(),
        Step::Gate(gate) => format!("gate:{gate}"),
        Step::Deploy(endpoint) => format!("deploy:{endpoint}"),
    }
}
