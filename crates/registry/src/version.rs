//! Model version: an immutable, numbered version of a model.

use base::{Error, LoggedModelId, Page, Result, RunId};
use experiments::{Tag, check};
use serde_json::json;
use store::Db;

use crate::gate::guard_alias;
use crate::model::{By, ModelSearch, check_tag};
use crate::source;
use crate::store::version as rows;

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
pub async fn create_version(db: &Db, mut new: NewVersion) -> Result<ModelVersion> {
    for tag in &new.tags {
        check_tag(tag)?;
    }
    check::length("source", 500, &new.source)?;
    let storage = source::storage_of(db, &new).await?;
    source::complete(db, &mut new).await?;
    let (name, logged) = (new.name.clone(), new.model_id.clone());
    let number = db
        .write(move |tx| {
            let (new, storage) = (new.clone(), storage.clone());
            Box::pin(async move { rows::insert(tx, &new, &storage).await })
        })
        .await?;
    if let Some(logged) = logged {
        source::tell_logged_model(db, &logged, &name, number).await?;
    }
    version(db, &name, number).await
}

/// One version.
pub async fn version(db: &Db, name: &str, version: i64) -> Result<ModelVersion> {
    rows::by_number(db, name, version).await
}

/// Versions by filter, newest change first where no order is asked for.
pub async fn search_versions(db: &Db, search: &ModelSearch) -> Result<Page<ModelVersion>> {
    rows::search(db, search).await
}

/// Replaces the description.
pub async fn describe_version(
    db: &Db,
    name: &str,
    number: i64,
    description: &str,
) -> Result<ModelVersion> {
    let (changed, text) = (name.to_owned(), description.to_owned());
    db.write(move |tx| {
        let (changed, text) = (changed.clone(), text.clone());
        Box::pin(async move {
            rows::touch(tx, &changed, number).await?;
            tx.execute(
                "update model_version set description = $3 where name = $1 and version = $2",
                &[changed.into(), number.into(), text.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await?;
    version(db, name, number).await
}

/// Aliases that stand for the stage "Production": whoever may not set one may not move a version there either.
const PRODUCTION: [&str; 2] = ["champion", "production"];

/// Moves a version to a stage; where `archive_others`, versions that are there go to `Archived`.
pub async fn transition_stage(
    db: &Db,
    name: &str,
    number: i64,
    stage: Stage,
    archive_others: bool,
    actor: &str,
) -> Result<ModelVersion> {
    if archive_others && !matches!(stage, Stage::Staging | Stage::Production) {
        return Err(Error::invalid(format!(
            "Model version transition cannot archive existing model versions because '{}' is not an Active stage. Valid stages are Staging, Production",
            stage.as_str()
        )));
    }
    version(db, name, number).await?;
    if stage == Stage::Production {
        for alias in PRODUCTION {
            guard_alias(db, name, alias, number).await?;
        }
    }
    let by = By::of(db, name, actor).await?;
    let model = name.to_owned();
    db.write(move |tx| {
        let (model, by) = (model.clone(), by.clone());
        Box::pin(async move {
            rows::set_stage(tx, &model, number, stage, archive_others).await?;
            tx.audit(&by.entry(
                "registry.stage-set",
                &format!("{model}/{number}"),
                json!({ "stage": stage.as_str() }),
            ))
            .await
        })
    })
    .await?;
    version(db, name, number).await
}

/// Removes a version; its number is not given again. An alias on it that is protected must pass its gate.
pub async fn delete_version(db: &Db, name: &str, number: i64, actor: &str) -> Result<()> {
    for alias in version(db, name, number).await?.aliases {
        guard_alias(db, name, &alias, number).await?;
    }
    let by = By::of(db, name, actor).await?;
    let model = name.to_owned();
    db.write(move |tx| {
        let (model, by) = (model.clone(), by.clone());
        Box::pin(async move {
            rows::remove(tx, &model, number).await?;
            tx.audit(&by.entry(
                "registry.version-deleted",
                &format!("{model}/{number}"),
                json!({}),
            ))
            .await
        })
    })
    .await
}

/// Sets a tag, replacing its value.
pub async fn set_version_tag(db: &Db, name: &str, number: i64, tag: Tag) -> Result<()> {
    check_tag(&tag)?;
    let name = name.to_owned();
    db.write(move |tx| {
        let (name, tag) = (name.clone(), tag.clone());
        Box::pin(async move {
            rows::touch(tx, &name, number).await?;
            rows::put_tag(tx, &name, number, &tag).await
        })
    })
    .await
}

/// Removes a tag; removing what is not there is not an error.
pub async fn delete_version_tag(db: &Db, name: &str, number: i64, key: &str) -> Result<()> {
    let (name, key) = (name.to_owned(), key.to_owned());
    db.write(move |tx| {
        let (name, key) = (name.clone(), key.clone());
        Box::pin(async move {
            rows::touch(tx, &name, number).await?;
            tx.execute(
                "delete from model_version_tag where name = $1 and version = $2 and key = $3",
                &[name.into(), number.into(), key.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await
}
