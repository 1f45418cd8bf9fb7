//! Model version: an immutable, numbered version of a model.

use base::{Error, LoggedModelId, Page, Result, RunId};
use experiments::Tag;
use store::Db;

use crate::model::ModelSearch;

/// MLflow's older way to say what a version is for; aliases replace it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// None was given.
    #[default]
    None,
    /// On trial.
    Staging,
    /// In use.
    Production,
    /// Out of use.
    Archived,
}

impl Stage {
    /// As MLflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    /// Reads MLflow's word, in any case.
    pub fn parse(text: &str) -> Result<Self> {
        [Self::None, Self::Staging, Self::Production, Self::Archived]
            .into_iter()
            .find(|stage| stage.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| {
                Error::invalid(format!("Invalid Model Version stage: {text}. Value must be one of None, Staging, Production, Archived."))
            })
    }
}

/// A numbered version. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelVersion {
    /// Of which model.
    pub name: String,
    /// From 1, never reused within a model.
    pub version: i64,
    /// Free text.
    pub description: String,
    /// Who made it.
    pub user: String,
    /// What was registered: `models:/m-…`, `runs:/…/model` or `mlflow-artifacts:/…`.
    pub source: String,
    /// Where its files lie: `mlflow-artifacts:/…`.
    pub storage: String,
    /// The run it came from.
    pub run_id: Option<RunId>,
    /// The logged model it came from.
    pub model_id: Option<LoggedModelId>,
    /// An address of the run in another system.
    pub run_link: String,
    /// See [`Stage`].
    pub stage: Stage,
    /// When it was made.
    pub created_at: i64,
    /// When its words, tags or stage last changed.
    pub updated_at: i64,
    /// Free text, by key.
    pub tags: Vec<Tag>,
    /// Aliases that name it.
    pub aliases: Vec<String>,
}

/// A version that is to be made.
#[derive(Clone, Debug, Default)]
pub struct NewVersion {
    /// Of which model; it must exist.
    pub name: String,
    /// See [`ModelVersion::source`].
    pub source: String,
    /// See [`ModelVersion::run_id`].
    pub run_id: Option<RunId>,
    /// See [`ModelVersion::model_id`].
    pub model_id: Option<LoggedModelId>,
    /// See [`ModelVersion::run_link`].
    pub run_link: String,
    /// See [`ModelVersion::description`].
    pub description: String,
    /// See [`ModelVersion::user`].
    pub user: String,
    /// See [`ModelVersion::tags`].
    pub tags: Vec<Tag>,
}

/// Makes the next version of a model.
pub async fn create_version(_db: &Db, _new: NewVersion) -> Result<ModelVersion> {
    todo!()
}

/// One version.
pub async fn version(_db: &Db, _name: &str, _version: i64) -> Result<ModelVersion> {
    todo!()
}

/// Versions by filter, newest change first where no order is asked for.
pub async fn search_versions(_db: &Db, _search: &ModelSearch) -> Result<Page<ModelVersion>> {
    todo!()
}

/// Replaces the description.
pub async fn describe_version(_db: &Db, _name: &str, _version: i64, _description: &str) -> Result<ModelVersion> {
    todo!()
}

/// Moves a version to a stage; where `archive_others`, versions that are there go to `Archived`.
pub async fn transition_stage(
    _db: &Db,
    _name: &str,
    _version: i64,
    _stage: Stage,
    _archive_others: bool,
    _actor: &str,
) -> Result<ModelVersion> {
    todo!()
}

/// Removes a version; its number is not given again.
pub async fn delete_version(_db: &Db, _name: &str, _version: i64, _actor: &str) -> Result<()> {
    todo!()
}

/// Sets a tag, replacing its value.
pub async fn set_version_tag(_db: &Db, _name: &str, _version: i64, _tag: Tag) -> Result<()> {
    todo!()
}

/// Removes a tag.
pub async fn delete_version_tag(_db: &Db, _name: &str, _version: i64, _key: &str) -> Result<()> {
    todo!()
}
