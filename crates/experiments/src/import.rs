//! What comes from another MLflow store keeps its ids and times: runs and logged models are named in each other's
//! tags and in model versions.
//!
//! Invariants: importing twice is importing once; what is there already stays as it is.

use base::{ExperimentId, LoggedModelId, Result, RunId};
use serde::Deserialize;
use store::Db;

use crate::check;
use crate::store::import as rows;
use crate::tag::Tag;

/// An experiment of another store.
#[derive(Clone, Debug, Deserialize)]
pub struct ImportedExperiment {
    /// By which it is found here.
    pub name: String,
    /// When it was made.
    #[serde(default)]
    pub created_at: i64,
    /// When it last changed.
    #[serde(default)]
    pub updated_at: i64,
    /// Free text.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// A run of another store, without what was logged into it.
#[derive(Clone, Debug, Deserialize)]
pub struct ImportedRun {
    /// Kept.
    pub id: RunId,
    /// The experiment here.
    pub experiment_id: ExperimentId,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Who began it.
    #[serde(default)]
    pub user: String,
    /// `FINISHED`, …
    pub status: String,
    /// When it began.
    #[serde(default)]
    pub start_time: i64,
    /// When it ended.
    pub end_time: Option<i64>,
}

/// A logged model of another store.
#[derive(Clone, Debug, Deserialize)]
pub struct ImportedLoggedModel {
    /// Kept.
    pub id: LoggedModelId,
    /// The experiment here.
    pub experiment_id: ExperimentId,
    /// Its name.
    pub name: String,
    /// `LOGGED_MODEL_READY`, …
    pub status: String,
    /// Free text of the maker.
    #[serde(default)]
    pub model_type: String,
    /// The run that made it.
    pub source_run_id: Option<RunId>,
    /// When it was made.
    #[serde(default)]
    pub created_at: i64,
    /// When it last changed.
    #[serde(default)]
    pub updated_at: i64,
    /// Settings.
    #[serde(default)]
    pub params: Vec<Tag>,
    /// Free text.
    #[serde(default)]
    pub tags: Vec<Tag>,
}

/// What became of something that was to be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its id here.
    pub id: String,
    /// Whether it is new.
    pub added: bool,
}

/// Brings an experiment in, where none has its name.
pub async fn import_experiment(db: &Db, new: ImportedExperiment, root: &str) -> Result<Imported> {
    check::experiment_name(&new.name)?;
    for tag in &new.tags {
        check::experiment_tag(tag)?;
    }
    let root = root.to_owned();
    db.write(move |tx| {
        let (new, root) = (new.clone(), root.clone());
        Box::pin(async move { rows::experiment(tx, &new, &root).await })
    })
    .await
}

/// Brings a run in, where none has its id.
pub async fn import_run(db: &Db, new: ImportedRun) -> Result<Imported> {
    let status: crate::RunStatus = new.status.parse()?;
    check::length("name", 250, &new.name)?;
    db.write(move |tx| {
        let new = new.clone();
        Box::pin(async move { rows::run(tx, &new, status).await })
    })
    .await
}

/// Brings a logged model in, where none has its id.
pub async fn import_logged_model(db: &Db, new: ImportedLoggedModel) -> Result<Imported> {
    let status = crate::LoggedModelStatus::parse(&new.status)?;
    check::length("name", 500, &new.name)?;
    // MLflow lets any key in here, and what was kept there is kept.
    for tag in new.tags.iter().chain(&new.params) {
        check::length("key", 250, &tag.key)?;
        check::length("value", 20_000, &tag.value)?;
    }
    db.write(move |tx| {
        let new = new.clone();
        Box::pin(async move { rows::logged_model(tx, &new, status).await })
    })
    .await
}
