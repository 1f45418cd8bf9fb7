//! A retraining: one run of a project's pipeline, from newer data to a challenger that is rolled out or turned down.
//!
//! `queued → running → promoted | rejected | failed`. It goes step by step; what a step found is stored when it ends,
//! so one that was interrupted goes on with the step that did not end.

use ::store::Db;
use base::{Error, Page, PageRequest, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::store::retraining as rows;

/// Where a retraining stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetrainingState {
    /// Waits for a worker.
    Queued,
    /// Is under way.
    Running,
    /// Ended with a new champion.
    Promoted,
    /// Ended as it should, and what was there stays: the challenger is not better, or a person must agree first.
    Rejected,
    /// Could not be carried through.
    Failed,
}

impl RetrainingState {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Promoted => "promoted",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }

    /// Whether it will not change any more.
    pub fn ended(self) -> bool {
        matches!(self, Self::Promoted | Self::Rejected | Self::Failed)
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        [
            Self::Queued,
            Self::Running,
            Self::Promoted,
            Self::Rejected,
            Self::Failed,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| Error::internal(format!("{text:?} is not the state of a retraining")))
    }
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Has not begun.
    Waiting,
    /// Is under way.
    Running,
    /// Ended, and the next one may begin.
    Done,
    /// Ended, and no other may begin: the challenger goes no further.
    Stopped,
    /// Broke.
    Failed,
}

impl StepState {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        [
            Self::Waiting,
            Self::Running,
            Self::Done,
            Self::Stopped,
            Self::Failed,
        ]
        .into_iter()
        .find(|state| state.as_str() == text)
        .ok_or_else(|| Error::internal(format!("{text:?} is not the state of a step")))
    }
}

/// One step of a retraining. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Its name in the file: `train`, `gate:champion`.
    pub step: String,
    /// Where it stands.
    pub state: StepState,
    /// What it found, for people, with the numbers.
    pub detail: String,
    /// What the steps after it need.
    #[serde(skip)]
    pub output: Value,
    /// When it began.
    pub started_at: Option<i64>,
    /// When it ended.
    pub finished_at: Option<i64>,
}

/// One retraining. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retraining {
    /// `retrain-…`
    pub id: String,
    /// Of which project.
    pub project: String,
    /// The trigger that asked for it; absent where a person did.
    pub trigger: Option<String>,
    /// Why it was asked for.
    pub reason: String,
    /// Who asked for it.
    pub actor: String,
    /// The pipeline of the file that it runs.
    pub pipeline: String,
    /// Where it stands.
    pub state: RetrainingState,
    /// The job that runs it.
    pub job: String,
    /// The model version that it made.
    pub challenger: Option<i64>,
    /// Whether that version got the traffic; nobody knows before the end.
    pub promoted: Option<bool>,
    /// Why it ended as it did.
    pub why: Option<String>,
    /// When it was asked for.
    pub created_at: i64,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// In the order of the pipeline.
    pub steps: Vec<StepRecord>,
}

/// How a retraining ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RetrainOutcome {
    /// Which one.
    pub retraining: String,
    /// In the order of the pipeline.
    pub steps: Vec<StepRecord>,
    /// The model version that it made.
    pub challenger: Option<i64>,
    /// Whether that version got the traffic.
    pub promoted: bool,
    /// Why.
    pub why: String,
}

impl From<Retraining> for RetrainOutcome {
    fn from(retraining: Retraining) -> Self {
        Self {
            retraining: retraining.id,
            steps: retraining.steps,
            challenger: retraining.challenger,
            promoted: retraining.promoted.unwrap_or_default(),
            why: retraining.why.unwrap_or_default(),
        }
    }
}

/// One retraining with its steps.
pub async fn retraining(db: &Db, id: &str) -> Result<Retraining> {
    rows::one(db, id).await
}

/// The newest retrainings first.
pub async fn retrainings(db: &Db, project: &str, page: &PageRequest) -> Result<Page<Retraining>> {
    rows::page(db, project, page).await
}
