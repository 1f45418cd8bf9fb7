//! Logged model: a model's files with their own id, before it is registered.

use base::{Error, ExperimentId, LoggedModelId, Page, PageRequest, Result, RunId};
use store::Db;

use crate::check;
use crate::metric::Metric;
use crate::run::{Param, made_up_name};
use crate::store::logged_model as rows;
use crate::tag::Tag;

/// Whether its files are complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoggedModelStatus {
    /// Files are on their way.
    #[default]
    Pending,
    /// All files have arrived.
    Ready,
    /// They never will.
    Failed,
}

impl LoggedModelStatus {
    /// As MLflow writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "LOGGED_MODEL_PENDING",
            Self::Ready => "LOGGED_MODEL_READY",
            Self::Failed => "LOGGED_MODEL_UPLOAD_FAILED",
        }
    }

    /// Reads MLflow's word.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "LOGGED_MODEL_PENDING" => Ok(Self::Pending),
            "LOGGED_MODEL_READY" => Ok(Self::Ready),
            "LOGGED_MODEL_UPLOAD_FAILED" => Ok(Self::Failed),
            other => Err(
                Error::invalid(format!("{other:?} is not the status of a logged model")).hint(
                    "use LOGGED_MODEL_PENDING, LOGGED_MODEL_READY or LOGGED_MODEL_UPLOAD_FAILED",
                ),
            ),
        }
    }
}

/// A model's files with their own id. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedModel {
    /// `m-` and 32 hex digits.
    pub id: LoggedModelId,
    /// Its experiment.
    pub experiment_id: ExperimentId,
    /// A name that need not be unique.
    pub name: String,
    /// `mlflow-artifacts:/<experiment>/models/<id>/artifacts`
    pub artifact_uri: String,
    /// When it was made.
    pub created_at: i64,
    /// When its status or tags last changed.
    pub updated_at: i64,
    /// Whether its files are complete.
    pub status: LoggedModelStatus,
    /// Free text of the maker: `Agent`, `classifier`, …
    pub model_type: String,
    /// The run that made it.
    pub source_run_id: Option<RunId>,
    /// Settings, written once.
    pub params: Vec<Param>,
    /// Free text.
    pub tags: Vec<Tag>,
    /// What was measured on it, with the run that did.
    pub metrics: Vec<LoggedModelMetric>,
}

/// What was measured on a logged model.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedModelMetric {
    /// The point.
    pub metric: Metric,
    /// The run that measured it.
    pub run_id: RunId,
}

/// A logged model that is to be made.
#[derive(Clone, Debug)]
pub struct NewLoggedModel {
    /// In which experiment; it must be active.
    pub experiment_id: ExperimentId,
    /// Made up where it is empty.
    pub name: String,
    /// See [`LoggedModel::model_type`].
    pub model_type: String,
    /// See [`LoggedModel::source_run_id`].
    pub source_run_id: Option<RunId>,
    /// See [`LoggedModel::params`].
    pub params: Vec<Param>,
    /// See [`LoggedModel::tags`].
    pub tags: Vec<Tag>,
}

/// An order of logged models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOrder {
    /// `creation_timestamp`, `name`, `metrics.wape`, …
    pub field: String,
    /// Smallest first.
    pub ascending: bool,
    /// For a metric: of this dataset only.
    pub dataset_name: Option<String>,
    /// For a metric: of this digest only.
    pub dataset_digest: Option<String>,
}

/// Which logged models to list.
#[derive(Clone, Debug, Default)]
pub struct LoggedModelSearch {
    /// Of these experiments.
    pub experiment_ids: Vec<ExperimentId>,
    /// `name = 'bikes' AND metrics.wape < 0.3`
    pub filter: String,
    /// Metrics in the filter count only on one of these (name, digest).
    pub datasets: Vec<(String, Option<String>)>,
    /// Newest first where it is empty.
    pub order_by: Vec<ModelOrder>,
    /// Which page.
    pub page: PageRequest,
}

/// Makes a logged model in the state "pending".
pub async fn create_logged_model(db: &Db, mut new: NewLoggedModel) -> Result<LoggedModel> {
    if new.name.contains(['/', ':', '.', '%', '"', '\'']) {
        return Err(Error::invalid(format!(
            "Invalid model name ('{}') provided. Model name must be a non-empty string and cannot contain the following characters: ('/', ':', '.', '%', '\"', \"'\")",
            new.name
        )));
    }
    check::length("name", 500, &new.name)?;
    if new.name.is_empty() {
        new.name = made_up_name();
    }
    check_params(&mut new.params)?;
    check_tags(&mut new.tags)?;
    db.write(move |tx| {
        let new = new.clone();
        Box::pin(async move { rows::create(tx, &new).await })
    })
    .await
}

fn check_params(params: &mut [Param]) -> Result<()> {
    for (at, param) in params.iter_mut().enumerate() {
        check::param(&format!("params[{at}]"), param)?;
    }
    Ok(())
}

fn check_tags(tags: &mut [Tag]) -> Result<()> {
    for (at, tag) in tags.iter_mut().enumerate() {
        check::tag(&format!("tags[{at}]"), tag)?;
    }
    Ok(())
}

/// Says that its files are complete, or never will be.
pub async fn finalize_logged_model(
    db: &Db,
    id: &LoggedModelId,
    status: LoggedModelStatus,
) -> Result<LoggedModel> {
    let model = id.clone();
    db.write(move |tx| {
        let model = model.clone();
        Box::pin(async move { rows::set_status(tx, &model, status).await })
    })
    .await?;
    get_logged_model(db, id).await
}

/// One logged model that is not deleted.
pub async fn get_logged_model(db: &Db, id: &LoggedModelId) -> Result<LoggedModel> {
    rows::by_id(db, id).await
}

/// Marks it as deleted.
pub async fn delete_logged_model(db: &Db, id: &LoggedModelId) -> Result<()> {
    let id = id.clone();
    db.write(move |tx| {
        let id = id.clone();
        Box::pin(async move { rows::mark_deleted(tx, &id).await })
    })
    .await
}

/// Adds params; one that is there stays as it is.
pub async fn log_logged_model_params(
    db: &Db,
    id: &LoggedModelId,
    mut params: Vec<Param>,
) -> Result<()> {
    check_params(&mut params)?;
    let id = id.clone();
    db.write(move |tx| {
        let (id, params) = (id.clone(), params.clone());
        Box::pin(async move {
            rows::require(tx, &id).await?;
            rows::add_params(tx, &id, &params).await
        })
    })
    .await
}

/// Sets tags, replacing their values.
pub async fn set_logged_model_tags(
    db: &Db,
    id: &LoggedModelId,
    mut tags: Vec<Tag>,
) -> Result<LoggedModel> {
    check_tags(&mut tags)?;
    let model = id.clone();
    db.write(move |tx| {
        let (model, tags) = (model.clone(), tags.clone());
        Box::pin(async move {
            rows::require(tx, &model).await?;
            rows::put_tags(tx, &model, &tags).await
        })
    })
    .await?;
    get_logged_model(db, id).await
}

/// Removes a tag.
pub async fn delete_logged_model_tag(db: &Db, id: &LoggedModelId, key: &str) -> Result<()> {
    let (id, key) = (id.clone(), key.to_owned());
    db.write(move |tx| {
        let (id, key) = (id.clone(), key.clone());
        Box::pin(async move {
            match rows::untag(tx, &id, &key).await? {
                0 => Err(Error::not_found(format!(
                    "No tag with key '{key}' found for model with ID '{id}'."
                ))),
                _ => Ok(()),
            }
        })
    })
    .await
}

/// Logged models by filter.
pub async fn search_logged_models(
    db: &Db,
    search: &LoggedModelSearch,
) -> Result<Page<LoggedModel>> {
    rows::search::search(db, search).await
}
