//! Run: one execution with its params, metrics, tags, inputs and artifacts.

use std::fmt;
use std::str::FromStr;

use base::{Error, ExperimentId, Result, RunId};
use serde::{Deserialize, Serialize};
use store::Db;

use crate::experiment::Lifecycle;
use crate::input::{DatasetInput, ModelInput, ModelOutput};
use crate::metric::Metric;
use crate::tag::Tag;

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RunStatus {
    /// It was begun and has not said that it ended.
    #[default]
    Running,
    /// It waits to be run.
    Scheduled,
    /// It ended well.
    Finished,
    /// It ended with an error.
    Failed,
    /// Somebody ended it.
    Killed,
}

impl RunStatus {
    /// As MLflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "RUNNING" => Self::Running,
            "SCHEDULED" => Self::Scheduled,
            "FINISHED" => Self::Finished,
            "FAILED" => Self::Failed,
            "KILLED" => Self::Killed,
            other => {
                return Err(Error::invalid(format!("{other:?} is not the status of a run"))
                    .hint("use RUNNING, SCHEDULED, FINISHED, FAILED or KILLED"));
            }
        })
    }
}

/// A setting of a run, written once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// At most 250 characters.
    pub key: String,
    /// At most 6,000 characters.
    pub value: String,
}

impl Param {
    /// A param of `key` and `value`.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

/// One execution. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// 32 hex digits.
    pub id: RunId,
    /// A name that need not be unique.
    pub name: String,
    /// Its experiment.
    pub experiment_id: ExperimentId,
    /// Who began it, as the client said.
    pub user: String,
    /// How far it is.
    pub status: RunStatus,
    /// When it began.
    pub start_time: i64,
    /// When it ended.
    pub end_time: Option<i64>,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
    /// `mlflow-artifacts:/<experiment>/<run>/artifacts`
    pub artifact_uri: String,
    /// The latest point of each metric, by key.
    pub metrics: Vec<Metric>,
    /// By key.
    pub params: Vec<Param>,
    /// By key.
    pub tags: Vec<Tag>,
    /// Datasets it read.
    pub datasets: Vec<DatasetInput>,
    /// Logged models it read.
    pub model_inputs: Vec<ModelInput>,
    /// Logged models it made.
    pub model_outputs: Vec<ModelOutput>,
}

impl Run {
    /// The latest value of a metric.
    pub fn metric(&self, key: &str) -> Option<f64> {
        self.metrics.iter().find(|metric| metric.key == key).map(|metric| metric.value)
    }

    /// The value of a param.
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params.iter().find(|param| param.key == key).map(|param| param.value.as_str())
    }

    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        crate::tag_value(&self.tags, key)
    }
}

/// A run that is to begin.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// In which experiment; it must be active.
    pub experiment_id: ExperimentId,
    /// Made up where it is empty.
    pub name: String,
    /// Free text; `mlflow.parentRunId` nests the run below another.
    pub tags: Vec<Tag>,
    /// Now, where it is not given.
    pub start_time: Option<i64>,
    /// Who begins it.
    pub user: String,
}

/// What to change of a run; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct RunUpdate {
    /// See [`Run::status`].
    pub status: Option<RunStatus>,
    /// See [`Run::end_time`].
    pub end_time: Option<i64>,
    /// See [`Run::name`].
    pub name: Option<String>,
}

/// What is written to a run at once.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// At most 1,000.
    pub metrics: Vec<Metric>,
    /// At most 100.
    pub params: Vec<Param>,
    /// At most 100.
    pub tags: Vec<Tag>,
}

/// Begins a run.
pub async fn create_run(_db: &Db, _new: NewRun) -> Result<Run> {
    todo!()
}

/// One run with everything that belongs to it, active or deleted.
pub async fn get_run(_db: &Db, _id: &RunId) -> Result<Run> {
    todo!()
}

/// Changes the status, end or name of an active run.
pub async fn update_run(_db: &Db, _id: &RunId, _update: RunUpdate) -> Result<Run> {
    todo!()
}

/// Ends a run now with `status`.
pub async fn end_run(_db: &Db, _id: &RunId, _status: RunStatus) -> Result<()> {
    todo!()
}

/// Marks a run as deleted.
pub async fn delete_run(_db: &Db, _id: &RunId) -> Result<()> {
    todo!()
}

/// Takes the mark off again.
pub async fn restore_run(_db: &Db, _id: &RunId) -> Result<()> {
    todo!()
}

/// Writes metrics, params and tags: all of them or, where one is refused, none.
pub async fn log_batch(_db: &Db, _id: &RunId, _batch: Batch) -> Result<()> {
    todo!()
}

/// Writes one param.
pub async fn log_param(_db: &Db, _id: &RunId, _param: Param) -> Result<()> {
    todo!()
}

/// Sets tags, replacing their values.
pub async fn set_tags(_db: &Db, _id: &RunId, _tags: Vec<Tag>) -> Result<()> {
    todo!()
}

/// Removes a tag.
pub async fn delete_tag(_db: &Db, _id: &RunId, _key: &str) -> Result<()> {
    todo!()
}

/// Where a file or folder of the run's artifacts lies in `store::Blobs`.
pub fn artifact_path(run: &Run, path: &str) -> Result<String> {
    let root = blob_path(&run.artifact_uri)?;
    Ok(if path.is_empty() { root } else { format!("{root}/{path}") })
}

/// The place in `store::Blobs` of an `mlflow-artifacts:` address.
pub fn blob_path(uri: &str) -> Result<String> {
    let not_ours = || Error::invalid(format!("{uri:?} is not an address of artifacts that this server keeps")).hint("it begins with mlflow-artifacts:/");
    let rest = uri.strip_prefix("mlflow-artifacts:").ok_or_else(not_ours)?;
    // `mlflow-artifacts://host:port/path` names the server too; whoever asks us means us.
    let path = match rest.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/').map_or("", |(_, path)| path),
        None => rest,
    };
    let path = path.trim_matches('/');
    if path.is_empty() { Err(not_ours()) } else { Ok(path.to_owned()) }
}
