//! Inputs and outputs of a run: the datasets it read, the logged models it read and made.

use base::{LoggedModelId, Result, RunId};
use serde::{Deserialize, Serialize};
use store::Db;

use crate::tag::Tag;

/// A dataset as MLflow describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetRef {
    /// Its name; with the digest it is unique in an experiment.
    pub name: String,
    /// At most 36 characters.
    pub digest: String,
    /// `local`, `http`, `ironloop`, …
    pub source_type: String,
    /// Where it came from, as JSON text.
    pub source: String,
    /// Its columns, as JSON text.
    pub schema: Option<String>,
    /// What it looks like, as JSON text.
    pub profile: Option<String>,
}

/// A dataset that a run read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatasetInput {
    /// Which.
    pub dataset: DatasetRef,
    /// `mlflow.data.context` says what for: `train`, `eval`, …
    pub tags: Vec<Tag>,
}

/// A logged model that a run read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInput {
    /// Which.
    pub model_id: LoggedModelId,
}

/// A logged model that a run made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelOutput {
    /// Which.
    pub model_id: LoggedModelId,
    /// At which step.
    pub step: i64,
}

/// Records that a run read `dataset` as `context` (`train`, `eval`, …).
pub async fn log_input(db: &Db, id: &RunId, dataset: DatasetRef, context: &str) -> Result<()> {
    let tags = vec![Tag::new("mlflow.data.context", context)];
    log_inputs(db, id, vec![DatasetInput { dataset, tags }], Vec::new()).await
}

/// Records datasets and logged models that a run read. What is recorded already stays as it is.
pub async fn log_inputs(_db: &Db, _id: &RunId, _datasets: Vec<DatasetInput>, _models: Vec<ModelInput>) -> Result<()> {
    todo!()
}

/// Records logged models that a run made.
pub async fn log_outputs(_db: &Db, _id: &RunId, _models: Vec<ModelOutput>) -> Result<()> {
    todo!()
}
