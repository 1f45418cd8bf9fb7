//! Inputs and outputs of a run: the datasets it read, the logged models it read and made.

use base::{Error, ExperimentId, LoggedModelId, Result, RunId};
use serde::{Deserialize, Serialize};
use store::Db;

use crate::check;
use crate::store::input as rows;
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

/// A dataset that runs of an experiment read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetSummary {
    /// Of which experiment.
    pub experiment_id: ExperimentId,
    /// See [`DatasetRef::name`].
    pub name: String,
    /// See [`DatasetRef::digest`].
    pub digest: String,
    /// What for: `train`, `eval`, …
    pub context: Option<String>,
}

/// The datasets that active runs of `experiments` read, each once for each context; at most 1,000.
pub async fn search_datasets(db: &Db, experiments: &[ExperimentId]) -> Result<Vec<DatasetSummary>> {
    let numbers = experiments
        .iter()
        .map(crate::store::experiment::number)
        .collect::<Result<Vec<_>>>()?;
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    rows::summaries(db, &numbers, 1000).await
}

/// Records that a run read `dataset` as `context` (`train`, `eval`, …).
pub async fn log_input(db: &Db, id: &RunId, dataset: DatasetRef, context: &str) -> Result<()> {
    let tags = vec![Tag::new("mlflow.data.context", context)];
    log_inputs(db, id, vec![DatasetInput { dataset, tags }], Vec::new()).await
}

/// Records datasets and logged models that a run read. What is recorded already stays as it is.
pub async fn log_inputs(
    db: &Db,
    id: &RunId,
    datasets: Vec<DatasetInput>,
    models: Vec<ModelInput>,
) -> Result<()> {
    if datasets.len() > 1000 {
        return Err(Error::invalid(format!(
            "a run can log at most 1000 datasets at once, got {}",
            datasets.len()
        )));
    }
    for (at, input) in datasets.iter().enumerate() {
        check_dataset(at, input)?;
    }
    let id = id.clone();
    db.write(move |tx| {
        let (id, datasets, models) = (id.clone(), datasets.clone(), models.clone());
        Box::pin(async move { rows::add(tx, &id, &datasets, &models).await })
    })
    .await
}

fn check_dataset(at: usize, input: &DatasetInput) -> Result<()> {
    let DatasetRef {
        name,
        digest,
        source_type,
        source,
        schema,
        profile,
    } = &input.dataset;
    for (field, value) in [
        ("name", name),
        ("digest", digest),
        ("source_type", source_type),
        ("source", source),
    ] {
        if value.is_empty() {
            return Err(check::missing(&format!("datasets[{at}].dataset.{field}")));
        }
    }
    check::length("name", 500, name)?;
    check::length("digest", 36, digest)?;
    check::length("source", 65_535, source)?;
    check::length("schema", 1_048_575, schema.as_deref().unwrap_or_default())?;
    check::length(
        "profile",
        16_777_215,
        profile.as_deref().unwrap_or_default(),
    )?;
    for tag in &input.tags {
        check::length("key", 255, &tag.key)?;
        check::length("value", 500, &tag.value)?;
    }
    Ok(())
}

/// Records logged models that a run made.
pub async fn log_outputs(db: &Db, id: &RunId, models: Vec<ModelOutput>) -> Result<()> {
    let id = id.clone();
    db.write(move |tx| {
        let (id, models) = (id.clone(), models.clone());
        Box::pin(async move { rows::add_outputs(tx, &id, &models).await })
    })
    .await
}
