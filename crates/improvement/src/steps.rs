//! What each step of a pipeline does. A step may be started twice after a crash, so it makes nothing that is there.

use base::{Error, Result, RunId};
use data::State;
use project::{Project, Step};
use serde_json::{Map, Value, json};

use crate::gates;
use crate::pipeline::{Progress, StepResult, found};
use crate::retraining::StepRecord;
use crate::service::Context;

/// Who does what the loop does by itself.
const ACTOR: &str = "ironloop";

/// Does one step; `past` are the steps that have ended.
pub(crate) async fn execute(
    ctx: &Context,
    project: &Project,
    step: &Step,
    past: &[StepRecord],
    progress: &Progress<'_>,
) -> Result<StepResult> {
    match step {
        Step::Ingest => ingest(ctx, project).await,
        Step::Expect => expect(ctx, project, past).await,
        Step::Clean => clean(ctx, project).await,
        Step::Features => features(ctx, project).await,
        Step::Train => train(ctx, project, past, progress).await,
        Step::Evaluate => evaluate(ctx, project, past).await,
        Step::Gate(gate) => gates::pass(ctx, project, gate, past).await,
        Step::Deploy(endpoint) => deploy(ctx, project, endpoint, past).await,
    }
}

/// Everything that there is up to now becomes dataset versions; what is there already makes none.
async fn ingest(ctx: &Context, project: &Project) -> Result<StepResult> {
    let (mut datasets, mut said) = (Map::new(), Vec::new());
    for dataset in project.file.datasets.keys() {
        let added = ctx.data.add(project, dataset, None, ACTOR).await?;
        let version = added.version;
        let news = if added.new { "" } else { ", nothing new" };
        said.push(format!(
            "{dataset} version {} with {} rows ({}{news})",
            version.version,
            version.rows,
            version.state.as_str()
        ));
        datasets.insert(dataset.clone(), json!(version.version));
    }
    Ok(StepResult::go_on(
        said.join(", "),
        json!({ "datasets": datasets }),
    ))
}

/// A dataset that broke its rules ends the retraining: what was learned from good data stays in place.
async fn expect(ctx: &Context, project: &Project, past: &[StepRecord]) -> Result<StepResult> {
    let ingested = found(past, "datasets");
    let mut said = Vec::new();
    for dataset in project.file.datasets.keys() {
        let number = ingested
            .and_then(|versions| versions.get(dataset))
            .and_then(Value::as_i64);
        let version = ctx.data.version(&project.name, dataset, number).await?;
        let (passed, failed, warned) = version.checks.counts();
        if version.state == State::Quarantined {
            let broken = version.checks.stopped_by().join(", ");
            return Err(Error::conflict(format!(
                "{dataset} version {} is quarantined: it breaks {broken}",
                version.version
            ))
            .hint("mend the source; the last good version stays current"));
        }
        said.push(format!(
            "{dataset}: {passed} rules hold, {failed} broken, {warned} warn"
        ));
    }
    Ok(StepResult::go_on(said.join(", "), Value::Null))
}

async fn clean(ctx: &Context, project: &Project) -> Result<StepResult> {
    let mut said = Vec::new();
    for view in project.file.views.keys() {
        let result = ctx.data.view(project, view).await?;
        said.push(format!(
            "{view}: {} rows in, {} rows out",
            result.rows_in, result.rows_out
        ));
    }
    Ok(StepResult::go_on(said.join(", "), Value::Null))
}

async fn features(ctx: &Context, project: &Project) -> Result<StepResult> {
    let prepared = ctx.data.prepare(project).await?;
    let said = format!(
        "{} features, {} training rows, {} held out",
        prepared.features.len(),
        prepared.train.len(),
        prepared.holdout.len()
    );
    Ok(StepResult::go_on(said, Value::Null))
}

/// A training that was cut off goes on in its own runs; that is training's own affair.
async fn train(
    ctx: &Context,
    project: &Project,
    past: &[StepRecord],
    progress: &Progress<'_>,
) -> Result<StepResult> {
    let place = past.len() as u64;
    let mut with = training::TrainContext::new(
        ctx.db.clone(),
        ctx.blobs.clone(),
        ctx.data.clone(),
        ctx.tracking_uri.clone(),
    );
    ACTOR.clone_into(&mut with.request.user);
    let say = |at: training::Progress| {
        let said = format!("{} {} of {}: {}", at.step, at.done, at.total, at.message);
        progress("train", place, 0, &said);
    };
    let outcome = training::train(&with, project, &say).await?;
    let best = outcome
        .leaderboard
        .iter()
        .find(|entry| entry.run_id == outcome.best_run)
        .or(outcome.leaderboard.first());
    let said = best.map_or_else(String::new, |entry| {
        format!(
            "{} with {} {:.4} over the folds",
            entry.candidate, entry.metric, entry.mean
        )
    });
    Ok(StepResult::go_on(
        said,
        json!({ "run_id": outcome.best_run, "parent_run": outcome.parent_run }),
    ))
}

/// The best run is measured; if it may be a model version, it becomes one.
async fn evaluate(ctx: &Context, project: &Project, past: &[StepRecord]) -> Result<StepResult> {
    let run: RunId = found(past, "run_id")
        .and_then(Value::as_str)
        .ok_or_else(|| {
            Error::conflict("no step before has trained a model")
                .hint("put the step train before evaluate")
        })?
        .parse()?;
    gates::evaluate(ctx, project, &run).await
}

/// Traffic moves to the challenger step by step; where it does not stand the test, traffic stays where it was.
async fn deploy(
    ctx: &Context,
    project: &Project,
    endpoint: &str,
    past: &[StepRecord],
) -> Result<StepResult> {
    let version = found(past, "version").and_then(Value::as_i64);
    let revision = ctx
        .serving
        .deploy(project, endpoint, version, ACTOR)
        .await?;
    let said = format!(
        "revision {} with version {} is {} with {} % of the traffic",
        revision.revision, revision.version, revision.state, revision.share
    );
    let serves = matches!(revision.state.as_str(), "serving" | "ready")
        && version.is_none_or(|version| version == revision.version);
    if serves {
        return Ok(StepResult::go_on(
            said,
            json!({ "promoted": true, "revision": revision.revision }),
        ));
    }
    Ok(StepResult::stop(
        said,
        json!({ "promoted": false, "revision": revision.revision }),
    ))
}
