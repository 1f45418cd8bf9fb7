//! Run: one execution with its params, metrics, tags, inputs and artifacts.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base::{Error, ExperimentId, Result, RunId};
use serde::{Deserialize, Serialize};
use store::Db;

use crate::check;
use crate::experiment::Lifecycle;
use crate::input::{DatasetInput, ModelInput, ModelOutput};
use crate::metric::Metric;
use crate::store::batch::{self, NAME_TAG};
use crate::store::run as rows;
use crate::tag::{Tag, tag_value};

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
                return Err(
                    Error::invalid(format!("{other:?} is not the status of a run"))
                        .hint("use RUNNING, SCHEDULED, FINISHED, FAILED or KILLED"),
                );
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
        Self {
            key: key.into(),
            value: value.into(),
        }
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
        self.metrics
            .iter()
            .find(|metric| metric.key == key)
            .map(|metric| metric.value)
    }

    /// The value of a param.
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params
            .iter()
            .find(|param| param.key == key)
            .map(|param| param.value.as_str())
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
pub async fn create_run(db: &Db, mut new: NewRun) -> Result<Run> {
    new.name = name_of(&new)?;
    if tag_value(&new.tags, NAME_TAG).is_none() {
        new.tags.push(Tag::new(NAME_TAG, new.name.as_str()));
    }
    for (at, tag) in new.tags.iter_mut().enumerate() {
        check::tag(&format!("tags[{at}]"), tag)?;
    }
    db.write(move |tx| {
        let new = new.clone();
        Box::pin(async move { rows::begin(tx, &new).await })
    })
    .await
}

fn name_of(new: &NewRun) -> Result<String> {
    match (new.name.as_str(), tag_value(&new.tags, NAME_TAG)) {
        ("", None | Some("")) => Ok(made_up_name()),
        ("", Some(tag)) => Ok(tag.to_owned()),
        (name, Some(tag)) if name != tag => Err(Error::invalid(format!(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{name}', mlflow.runName='{tag}')."
        ))),
        (name, _) => Ok(name.to_owned()),
    }
}

/// `calm-otter-417`: easier to say than an id; it need not be unique.
pub(crate) fn made_up_name() -> String {
    const HOW: [&str; 16] = [
        "able", "brisk", "calm", "deft", "eager", "fond", "glad", "handy", "keen", "lively",
        "merry", "neat", "proud", "quick", "sunny", "warm",
    ];
    const WHO: [&str; 16] = [
        "ant", "bee", "crane", "dove", "eel", "fox", "goose", "hare", "ibis", "jay", "lark",
        "mole", "newt", "otter", "seal", "wren",
    ];
    let id = RunId::fresh();
    let digits = id.as_str().bytes().fold(0_usize, |sum, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(byte))
    });
    format!(
        "{}-{}-{}",
        HOW[digits % 16],
        WHO[digits / 16 % 16],
        digits / 256 % 1000
    )
}

/// One run with everything that belongs to it, active or deleted.
pub async fn get_run(db: &Db, id: &RunId) -> Result<Run> {
    rows::load(db, &[id.as_str().to_owned()])
        .await?
        .pop()
        .ok_or_else(|| batch::none(id))
}

/// Changes the status, end or name of an active run.
pub async fn update_run(db: &Db, id: &RunId, update: RunUpdate) -> Result<Run> {
    let run = id.clone();
    db.write(move |tx| {
        let (run, update) = (run.clone(), update.clone());
        Box::pin(async move { rows::update(tx, &run, &update).await })
    })
    .await?;
    get_run(db, id).await
}

/// Ends a run now with `status`.
pub async fn end_run(db: &Db, id: &RunId, status: RunStatus) -> Result<()> {
    let update = RunUpdate {
        status: Some(status),
        end_time: Some(db.clock().now_ms()),
        name: None,
    };
    let id = id.clone();
    db.write(move |tx| {
        let (id, update) = (id.clone(), update.clone());
        Box::pin(async move { rows::update(tx, &id, &update).await })
    })
    .await
}

/// Marks a run as deleted.
pub async fn delete_run(db: &Db, id: &RunId) -> Result<()> {
    mark(db, id, Lifecycle::Deleted).await
}

/// Takes the mark off again.
pub async fn restore_run(db: &Db, id: &RunId) -> Result<()> {
    mark(db, id, Lifecycle::Active).await
}

async fn mark(db: &Db, id: &RunId, stage: Lifecycle) -> Result<()> {
    let id = id.clone();
    db.write(move |tx| {
        let id = id.clone();
        Box::pin(async move { rows::mark(tx, &id, stage).await })
    })
    .await
}

/// Writes metrics, params and tags: all of them or, where one is refused, none.
pub async fn log_batch(db: &Db, id: &RunId, mut batch: Batch) -> Result<()> {
    check::batch(&mut batch)?;
    let (id, batch) = (id.clone(), Arc::new(batch));
    db.write(move |tx| {
        let (id, batch) = (id.clone(), Arc::clone(&batch));
        Box::pin(async move { batch::write(tx, &id, &batch).await })
    })
    .await
}

/// Writes one param.
pub async fn log_param(db: &Db, id: &RunId, mut param: Param) -> Result<()> {
    check::param("", &mut param)?;
    let id = id.clone();
    db.write(move |tx| {
        let (id, param) = (id.clone(), param.clone());
        Box::pin(async move { batch::param(tx, &id, &param).await })
    })
    .await
}

/// Sets tags, replacing their values.
pub async fn set_tags(db: &Db, id: &RunId, mut tags: Vec<Tag>) -> Result<()> {
    for tag in &mut tags {
        check::tag("", tag)?;
    }
    let id = id.clone();
    db.write(move |tx| {
        let (id, tags) = (id.clone(), tags.clone());
        Box::pin(async move {
            batch::require_active(tx, &id).await?;
            batch::tags(tx, &id, &tags).await
        })
    })
    .await
}

/// Removes a tag.
pub async fn delete_tag(db: &Db, id: &RunId, key: &str) -> Result<()> {
    let (id, key) = (id.clone(), key.to_owned());
    db.write(move |tx| {
        let (id, key) = (id.clone(), key.clone());
        Box::pin(async move {
            match rows::untag(tx, &id, &key).await? {
                0 => Err(Error::not_found(format!(
                    "No tag with name: {key} in run with id {id}"
                ))),
                _ => Ok(()),
            }
        })
    })
    .await
}

/// Where a file or folder of the run's artifacts lies in `store::Blobs`.
pub fn artifact_path(run: &Run, path: &str) -> Result<String> {
    let root = blob_path(&run.artifact_uri)?;
    Ok(if path.is_empty() {
        root
    } else {
        format!("{root}/{path}")
    })
}

/// The place in `store::Blobs` of an `mlflow-artifacts:` address.
pub fn blob_path(uri: &str) -> Result<String> {
    let not_ours = || {
        Error::invalid(format!(
            "{uri:?} is not an address of artifacts that this server keeps"
        ))
        .hint("it begins with mlflow-artifacts:/")
    };
    let rest = uri.strip_prefix("mlflow-artifacts:").ok_or_else(not_ours)?;
    // `mlflow-artifacts://host:port/path` names the server too; whoever asks us means us.
    let path = match rest.strip_prefix("//") {
        Some(with_host) => with_host.split_once('/').map_or("", |(_, path)| path),
        None => rest,
    };
    let path = path.trim_matches('/');
    if path.is_empty() {
        Err(not_ours())
    } else {
        Ok(path.to_owned())
    }
}
