//! Experiment: a named group of runs.

use base::{Error, ExperimentId, Kind, Page, PageRequest, Result};
use serde::{Deserialize, Serialize};
use store::Db;

use crate::check;
use crate::store::experiment as rows;
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
        if text == "deleted" {
            Self::Deleted
        } else {
            Self::Active
        }
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
    /// Where its artifacts lie; chosen by the server where it is not given.
    pub artifact_location: Option<String>,
    /// Where the server keeps artifacts of experiments without a place of their own: they get `<root>/<id>`.
    pub artifact_root: Option<String>,
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
pub async fn create_experiment(db: &Db, new: NewExperiment) -> Result<Experiment> {
    check::experiment_name(&new.name)?;
    for tag in &new.tags {
        check::experiment_tag(tag)?;
    }
    db.write(move |tx| {
        let new = new.clone();
        Box::pin(async move { rows::insert(tx, &new).await })
    })
    .await
}

/// The active experiment of this name; it is made where there is none.
pub async fn experiment_named(db: &Db, name: &str) -> Result<Experiment> {
    match rows::by_name(db, name).await? {
        Some(found) if found.lifecycle == Lifecycle::Active => Ok(found),
        Some(_) => Err(
            Error::conflict(format!("the experiment {name:?} is deleted"))
                .hint("restore it, or use another name"),
        ),
        None => match create_experiment(
            db,
            NewExperiment {
                name: name.to_owned(),
                ..NewExperiment::default()
            },
        )
        .await
        {
            // Another caller was faster.
            Err(error) if error.kind() == Kind::AlreadyExists => experiment_by_name(db, name).await,
            other => other,
        },
    }
}

/// One experiment, active or deleted.
pub async fn get_experiment(db: &Db, id: &ExperimentId) -> Result<Experiment> {
    rows::by_id(db, rows::number(id)?).await
}

/// The experiment of this name, active or deleted.
pub async fn experiment_by_name(db: &Db, name: &str) -> Result<Experiment> {
    rows::by_name(db, name)
        .await?
        .ok_or_else(|| Error::not_found(format!("Could not find experiment with name '{name}'")))
}

/// Experiments by filter, newest first where no order is asked for.
pub async fn search_experiments(db: &Db, search: &ExperimentSearch) -> Result<Page<Experiment>> {
    rows::search(db, search).await
}

/// Gives an active experiment another name.
pub async fn rename_experiment(db: &Db, id: &ExperimentId, name: &str) -> Result<()> {
    check::experiment_name(name)?;
    let (id, name) = (rows::number(id)?, name.to_owned());
    db.write(move |tx| {
        let name = name.clone();
        Box::pin(async move {
            if rows::lifecycle(tx, id).await? != Lifecycle::Active {
                return Err(Error::conflict("Cannot rename a non-active experiment."));
            }
            let now = tx.clock().now_ms();
            let renamed = tx
                .execute(
                    "update experiment set name = $2, updated_at = $3 where id = $1",
                    &[id.into(), name.as_str().into(), now.into()],
                )
                .await;
            match renamed {
                Err(error) if error.kind() == Kind::AlreadyExists => Err(Error::already_exists(
                    format!("Experiment(name={name}) already exists."),
                )),
                other => other.map(|_| ()),
            }
        })
    })
    .await
}

/// Marks an active experiment and its runs as deleted.
pub async fn delete_experiment(db: &Db, id: &ExperimentId) -> Result<()> {
    mark(db, rows::number(id)?, Lifecycle::Active, Lifecycle::Deleted).await
}

/// Takes the mark off a deleted experiment and its runs.
pub async fn restore_experiment(db: &Db, id: &ExperimentId) -> Result<()> {
    mark(db, rows::number(id)?, Lifecycle::Deleted, Lifecycle::Active).await
}

async fn mark(db: &Db, id: i64, from: Lifecycle, to: Lifecycle) -> Result<()> {
    db.write(move |tx| {
        Box::pin(async move {
            let now = tx.clock().now_ms();
            let changed = tx
                .execute(
                    "update experiment set lifecycle = $3, updated_at = $4 where id = $1 and lifecycle = $2",
                    &[id.into(), from.as_str().into(), to.as_str().into(), now.into()],
                )
                .await?;
            if changed == 0 {
                return Err(rows::none(id));
            }
            tx.execute("update run set lifecycle = $2 where experiment_id = $1", &[id.into(), to.as_str().into()]).await?;
            Ok(())
        })
    })
    .await
}

/// Sets a tag of an active experiment, replacing its value.
pub async fn set_experiment_tag(db: &Db, id: &ExperimentId, tag: Tag) -> Result<()> {
    check::experiment_tag(&tag)?;
    let id = rows::number(id)?;
    db.write(move |tx| {
        let tag = tag.clone();
        Box::pin(async move {
            rows::require_active(tx, id).await?;
            rows::put_tag(tx, id, &tag).await
        })
    })
    .await
}

/// Removes a tag of an active experiment.
pub async fn delete_experiment_tag(db: &Db, id: &ExperimentId, key: &str) -> Result<()> {
    let (id, key) = (rows::number(id)?, key.to_owned());
    db.write(move |tx| {
        let key = key.clone();
        Box::pin(async move {
            rows::require_active(tx, id).await?;
            let gone = tx
                .execute(
                    "delete from experiment_tag where experiment_id = $1 and key = $2",
                    &[id.into(), key.as_str().into()],
                )
                .await?;
            if gone == 0 {
                return Err(Error::not_found(format!(
                    "No tag with name: {key} in experiment with id {id}"
                )));
            }
            Ok(())
        })
    })
    .await
}
