//! The pipeline: one step after the other, each stored when it ends.
//!
//! A retraining that was interrupted, by `kill -9` too, begins again with the step that had not ended. A step may be
//! started twice for that reason, so each looks first at what is there. What a step does is handed in, so that the
//! order, the stops and the resumption can be told without training anything.

use ::store::{BoxFuture, Db};
use base::{Error, Result};
use serde_json::Value;

use crate::retraining::{RetrainOutcome, Retraining, RetrainingState, StepRecord, StepState};
use crate::store::retraining as rows;

/// What the pipeline does after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next step begins.
    GoOn,
    /// The challenger goes no further; what was there stays.
    Stop,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq)]
pub struct StepResult {
    /// Whether others follow.
    pub next: Next,
    /// What it found, for people, with the numbers.
    pub detail: String,
    /// What the steps after it need. `version` names the challenger; `promoted` says that it has the traffic.
    pub output: Value,
}

impl StepResult {
    /// A step after which the next one begins.
    pub fn go_on(detail: impl Into<String>, output: Value) -> Self {
        Self {
            next: Next::GoOn,
            detail: detail.into(),
            output,
        }
    }

    /// A step that ends the pipeline without an error.
    pub fn stop(detail: impl Into<String>, output: Value) -> Self {
        Self {
            next: Next::Stop,
            detail: detail.into(),
            output,
        }
    }
}

/// How far a retraining is: the step, which one it is, how many there are, and what it says.
pub type Progress<'a> = dyn Fn(&str, u64, u64, &str) + Send + Sync + 'a;

/// What does one step, given its name and the steps that have ended.
pub type Execute<'a> =
    dyn Fn(String, Vec<StepRecord>) -> BoxFuture<'a, Result<StepResult>> + Send + Sync + 'a;

/// Runs what is left of a retraining to its end.
pub async fn run(
    db: &Db,
    retraining: Retraining,
    progress: &Progress<'_>,
    execute: &Execute<'_>,
) -> Result<RetrainOutcome> {
    if retraining.state.ended() {
        return ended(retraining);
    }
    let (id, project) = (retraining.id.clone(), retraining.project.clone());
    let total = retraining.steps.len() as u64;
    let mut past: Vec<StepRecord> = Vec::with_capacity(retraining.steps.len());
    for (place, record) in retraining.steps.into_iter().enumerate() {
        let record = match record.state {
            StepState::Done | StepState::Stopped => record,
            _ => {
                progress(&record.step, place as u64, total, "");
                step(db, &id, &project, record, &past, execute).await?
            }
        };
        let stopped = record.state == StepState::Stopped;
        past.push(record);
        if stopped {
            break;
        }
    }
    let (state, why) = verdict(&past);
    rows::end(db, &project, &id, state, &why).await?;
    progress("end", total, total, &why);
    ended(rows::one(db, &id).await?)
}

/// One that failed keeps its error for whoever asks again.
fn ended(retraining: Retraining) -> Result<RetrainOutcome> {
    match retraining.state {
        RetrainingState::Failed => Err(Error::conflict(retraining.why.unwrap_or_default())),
        _ => Ok(retraining.into()),
    }
}

async fn step(
    db: &Db,
    id: &str,
    project: &str,
    record: StepRecord,
    past: &[StepRecord],
    execute: &Execute<'_>,
) -> Result<StepRecord> {
    rows::begin_step(db, id, &record.step).await?;
    match execute(record.step.clone(), past.to_vec()).await {
        Ok(result) => {
            let state = if result.next == Next::GoOn {
                StepState::Done
            } else {
                StepState::Stopped
            };
            rows::end_step(db, id, &record.step, state, &result.detail, &result.output).await?;
            Ok(StepRecord {
                state,
                detail: result.detail,
                output: result.output,
                ..record
            })
        }
        Err(error) => {
            let hint = error
                .hint_text()
                .map(|hint| format!(" ({hint})"))
                .unwrap_or_default();
            let why = format!("{}: {error}{hint}", record.step);
            rows::end_step(db, id, &record.step, StepState::Failed, &why, &Value::Null).await?;
            rows::end(db, project, id, RetrainingState::Failed, &why).await?;
            Err(error.at(&record.step))
        }
    }
}

/// How a retraining ended, by its steps.
fn verdict(steps: &[StepRecord]) -> (RetrainingState, String) {
    let Some(last) = steps.last() else {
        return (
            RetrainingState::Rejected,
            "the pipeline has no steps".to_owned(),
        );
    };
    let promoted = steps
        .iter()
        .any(|step| step.output.get("promoted").and_then(Value::as_bool) == Some(true));
    if last.state == StepState::Stopped {
        return (
            RetrainingState::Rejected,
            format!("{}: {}", last.step, last.detail),
        );
    }
    if promoted {
        return (RetrainingState::Promoted, last.detail.clone());
    }
    (
        RetrainingState::Rejected,
        "no step of the pipeline puts the challenger in place".to_owned(),
    )
}

/// The newest output of the steps before that has `key`.
pub(crate) fn found<'a>(past: &'a [StepRecord], key: &str) -> Option<&'a Value> {
    past.iter()
        .rev()
        .find_map(|step| step.output.get(key))
        .filter(|value| !value.is_null())
}
