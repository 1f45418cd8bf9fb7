//! Experiment: a named group of runs.

use base::{Error, ExperimentId, Page, PageRequest, Result};
use serde::{Deserialize, Serialize};
use store::Db;

use crate::tag::Tag;

/// Whether a thing is in use or marked as deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lifecycle {
    /// In use.
    #[default]
    Active,
    /// Marked as deleted: hidden by default, refuses writes, can be restored.
    Deleted,
}

impl Lifecycle {
    /// As it is stored and as MLflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        if text == "deleted" { Self::Deleted } else { Self::Active }
    }
}

/// Which of them a list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ViewType {
    /// Those in use.
    #[default]
    ActiveOnly,
    /// Those marked as deleted.
    DeletedOnly,
    /// Both.
    All,
}

impl ViewType {
    /// The one stage that is shown, where it is only one.
    pub(crate) fn only(self) -> Option<Lifecycle> {
        match self {
            Self::ActiveOnly => Some(Lifecycle::Active),
            Self::DeletedOnly => Some(Lifecycle::Deleted),
            Self::All => None,
        }
    }
}

/// A named group of runs. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Experiment {
    /// Decimal digits; `0` is the one called "Default".
    pub id: ExperimentId,
    /// Unique among all experiments, the deleted ones included.
    pub name: String,
    /// Below which address the artifacts of its runs lie.
    pub artifact_location: String,
    /// Active or deleted.
    pub lifecycle: Lifecycle,
    /// When it was made.
    pub created_at: i64,
    /// When its name, stage or tags last changed.
    pub updated_at: i64,
    /// Free text.
    pub tags: Vec<Tag>,
}

/// An experiment that is to be made.
#[derive(Clone, Debug, Default)]
pub struct NewExperiment {
    /// See [`Experiment::name`].
    pub name: String,
    /// Where the server keeps its artifacts; `mlflow-artifacts:/<id>` where it is not given.
    pub artifact_location: Option<String>,
    /// Free text.
    pub tags: Vec<Tag>,
}

/// Which experiments to list.
#[derive(Clone, Debug, Default)]
pub struct ExperimentSearch {
    /// `name LIKE 'bikes%' AND tags.team = 'ops'`
    pub filter: String,
    /// `name ASC`, `last_update_time DESC`
    pub order_by: Vec<String>,
    /// In use, deleted or both.
    pub view: ViewType,
    /// Which page.
    pub page: PageRequest,
}

/// Makes an experiment.
pub async fn create_experiment(_db: &Db, _new: NewExperiment) -> Result<Experiment> {
    todo!()
}

/// The active experiment of this name; it is made where there is none.
pub async fn experiment_named(_db: &Db, _name: &str) -> Result<Experiment> {
    todo!()
}

/// One experiment, active or deleted.
pub async fn get_experiment(_db: &Db, _id: &ExperimentId) -> Result<Experiment> {
    todo!()
}

/// The experiment of this name, active or deleted.
pub async fn experiment_by_name(_db: &Db, _name: &str) -> Result<Experiment> {
    todo!()
}

/// Experiments by filter, newest change first where no order is asked for.
pub async fn search_experiments(_db: &Db, _search: &ExperimentSearch) -> Result<Page<Experiment>> {
    todo!()
}

/// Gives an active experiment another name.
pub async fn rename_experiment(_db: &Db, _id: &ExperimentId, _name: &str) -> Result<()> {
    todo!()
}

/// Marks an experiment and its runs as deleted.
pub async fn delete_experiment(_db: &Db, _id: &ExperimentId) -> Result<()> {
    todo!()
}

/// Takes the mark off again, of the experiment and of the runs that were deleted with it.
pub async fn restore_experiment(_db: &Db, _id: &ExperimentId) -> Result<()> {
    todo!()
}

/// Sets a tag, replacing its value.
pub async fn set_experiment_tag(_db: &Db, _id: &ExperimentId, _tag: Tag) -> Result<()> {
    todo!()
}

/// Removes a tag.
pub async fn delete_experiment_tag(_db: &Db, _id: &ExperimentId, key: &str) -> Result<()> {
    Err(Error::not_found(key.to_owned()))
}
