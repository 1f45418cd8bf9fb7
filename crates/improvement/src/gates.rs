//! The steps that judge a challenger: the same evaluation and the same gates as for any other version.

use base::{Error, Kind, Result, RunId};
use project::{Project, Verdict};
use serde_json::{Value, json};

use crate::pipeline::{StepResult, found};
use crate::retraining::StepRecord;
use crate::service::Context;

/// Who does what the loop does by itself.
const ACTOR: &str = "ironloop";

/// Measures the best run; if it may be a model version, it becomes one: the challenger.
pub(crate) async fn evaluate(ctx: &Context, project: &Project, run: &RunId) -> Result<StepResult> {
    let with = registry::Context {
        db: ctx.db.clone(),
        blobs: ctx.blobs.clone(),
        data: ctx.data.clone(),
    };
    let registration = registry::register(&with, project, run, ACTOR).await?;
    let evaluation = json!({ "evaluation": registration.evaluation.id });
    let Some(version) = registration.version else {
        let why = registration
            .refusal
            .unwrap_or_else(|| "it does not pass the gate candidate".to_owned());
        return Ok(StepResult::stop(why, evaluation));
    };
    let said = format!(
        "version {}: {}",
        version.version,
        summary(project, &registration.evaluation)
    );
    Ok(StepResult::go_on(
        said,
        json!({ "version": version.version, "evaluation": registration.evaluation.id }),
    ))
}

/// The optimised metric of challenger, champion and today's rule, in words.
fn summary(project: &Project, evaluation: &registry::Evaluation) -> String {
    let name = project
        .file
        .train
        .as_ref()
        .map(|train| train.optimise.metric.as_str())
        .unwrap_or_default();
    let Some(metric) = evaluation.metric(name) else {
        return "measured".to_owned();
    };
    let number = |value: Option<f64>| {
        value.map_or_else(|| "unknown".to_owned(), |value| format!("{value:.4}"))
    };
    let against = |who: &str, value: Option<f64>| {
        value
            .map(|value| format!(", {who} {value:.4}"))
            .unwrap_or_default()
    };
    format!(
        "{name} {}{}{}",
        number(metric.measured.value),
        against("champion", metric.champion),
        against("today", metric.today)
    )
}

/// Lets the challenger meet a gate. One that has a rule for retrainings moves its alias; one where people decide asks
/// them, and the pipeline ends there.
pub(crate) async fn pass(
    ctx: &Context,
    project: &Project,
    gate: &str,
    past: &[StepRecord],
) -> Result<StepResult> {
    let version = found(past, "version")
        .and_then(Value::as_i64)
        .ok_or_else(|| {
            Error::conflict(format!("no challenger meets gate {gate}"))
                .hint("put the step evaluate before the gates")
        })?;
    let model = project.file.model_name();
    let spec = project.file.gates.get(gate).ok_or_else(|| {
        Error::not_found(format!("project {} has no gate {gate:?}", project.name))
    })?;
    if spec.auto.is_none() && spec.approve.is_empty() {
        let result = registry::gate_result(&ctx.db, project, gate, model, version).await?;
        return Ok(match (result.verdict, result.reason()) {
            (Verdict::Pass, _) => {
                StepResult::go_on(format!("version {version} passes"), Value::Null)
            }
            (_, reason) => StepResult::stop(
                reason.unwrap_or_else(|| format!("version {version} does not pass")),
                Value::Null,
            ),
        });
    }
    if holds(ctx, model, gate, version).await? {
        return Ok(StepResult::go_on(
            format!("version {version} is {gate} already"),
            Value::Null,
        ));
    }
    let outcome = registry::promote_automatically(&ctx.db, project, version, gate).await?;
    Ok(if outcome.promoted {
        StepResult::go_on(outcome.why, Value::Null)
    } else {
        StepResult::stop(outcome.why, Value::Null)
    })
}

/// Whether the alias names the version: the step was interrupted after it had moved it.
async fn holds(ctx: &Context, model: &str, alias: &str, version: i64) -> Result<bool> {
    match registry::alias(&ctx.db, model, alias).await {
        Ok(named) => Ok(named.version == version),
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Invalid) => Ok(false),
        Err(error) => Err(error),
    }
}
