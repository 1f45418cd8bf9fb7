//! Experiments on the wire: `/experiments/…`.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{ExperimentId, PageRequest};
use experiments::{Experiment, ExperimentSearch, NewExperiment, Tag, ViewType};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::Answer;
use super::request::{Input, required};
use super::wire::{KeyValue, int, list, text, texts, word};
use super::{both, place};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let mut router = Router::new();
    for (path, methods) in [
        ("experiments/create", post(create)),
        ("experiments/get", get(one)),
        ("experiments/get-by-name", get(by_name)),
        ("experiments/search", get(search).post(search)),
        ("experiments/update", post(rename)),
        ("experiments/delete", post(delete)),
        ("experiments/restore", post(restore)),
        ("experiments/set-experiment-tag", post(set_tag)),
        ("experiments/delete-experiment-tag", post(delete_tag)),
    ] {
        router = both(router, path, methods);
    }
    // The second address is a slip of MLflow's own that its clients know.
    router
        .route(
            "/ajax-api/2.0/mlflow/experiments/search-datasets",
            post(search_datasets),
        )
        .route(
            "/api/2.0mlflow/experiments/search-datasets",
            post(search_datasets),
        )
}

#[derive(Serialize)]
struct Wire {
    experiment_id: String,
    name: String,
    artifact_location: String,
    lifecycle_stage: &'static str,
    last_update_time: i64,
    creation_time: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<KeyValue>,
}

impl From<Experiment> for Wire {
    fn from(experiment: Experiment) -> Self {
        Self {
            tags: KeyValue::of_tags(&experiment.tags),
            experiment_id: experiment.id.into(),
            name: experiment.name,
            artifact_location: experiment.artifact_location,
            lifecycle_stage: experiment.lifecycle.as_str(),
            last_update_time: experiment.updated_at,
            creation_time: experiment.created_at,
        }
    }
}

#[derive(Deserialize)]
struct Create {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    artifact_location: Option<String>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<KeyValue>,
}

async fn create(State(app): State<App>, Input(input): Input<Create>) -> Answer<Json<Value>> {
    let asked = input
        .artifact_location
        .filter(|location| !location.is_empty());
    let artifact_location = asked
        .map(|location| place::artifact_location(&location, &app.artifact_root))
        .transpose()?;
    let new = NewExperiment {
        name: required(input.name, "name")?,
        artifact_location,
        artifact_root: Some(app.artifact_root.clone()),
        tags: KeyValue::into_tags(input.tags),
    };
    let made = experiments::create_experiment(&app.db, new).await?;
    Ok(Json(json!({ "experiment_id": made.id })))
}

#[derive(Deserialize)]
struct Which {
    #[serde(default, deserialize_with = "text")]
    experiment_id: Option<String>,
}

pub(super) fn experiment_id(id: Option<String>) -> base::Result<ExperimentId> {
    let text = required(id, "experiment_id")?;
    text.parse().map_err(|_| {
        base::Error::invalid(format!(
            "Invalid experiment ID '{text}'. Experiment ID must be a valid integer."
        ))
    })
}

async fn one(State(app): State<App>, Input(input): Input<Which>) -> Answer<Json<Value>> {
    let found = experiments::get_experiment(&app.db, &experiment_id(input.experiment_id)?).await?;
    Ok(Json(json!({ "experiment": Wire::from(found) })))
}

#[derive(Deserialize)]
struct ByName {
    #[serde(default, deserialize_with = "text")]
    experiment_name: Option<String>,
}

async fn by_name(State(app): State<App>, Input(input): Input<ByName>) -> Answer<Json<Value>> {
    let name = required(input.experiment_name, "experiment_name")?;
    let found = experiments::experiment_by_name(&app.db, &name).await?;
    Ok(Json(json!({ "experiment": Wire::from(found) })))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    page_token: Option<String>,
    #[serde(default, deserialize_with = "text")]
    filter: Option<String>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    #[serde(default, deserialize_with = "word")]
    view_type: Option<String>,
}

/// MLflow's word for which stages a list shows.
pub(super) fn view(word: Option<&str>) -> base::Result<ViewType> {
    Ok(match word {
        None | Some("" | "ACTIVE_ONLY" | "1") => ViewType::ActiveOnly,
        Some("DELETED_ONLY" | "2") => ViewType::DeletedOnly,
        Some("ALL" | "3") => ViewType::All,
        Some(other) => {
            return Err(base::Error::invalid(format!(
                "Invalid value \"{other}\" for parameter 'view_type' supplied."
            )));
        }
    })
}

async fn search(State(app): State<App>, Input(input): Input<Search>) -> Answer<Json<Value>> {
    let limit = experiments::check::max_results(input.max_results.unwrap_or(1000), 50_000)?;
    let search = ExperimentSearch {
        filter: input.filter.unwrap_or_default(),
        order_by: input.order_by,
        view: view(input.view_type.as_deref())?,
        page: PageRequest {
            limit: Some(limit),
            token: input.page_token,
        },
    };
    let page = experiments::search_experiments(&app.db, &search).await?;
    let found: Vec<Wire> = page.items.into_iter().map(Wire::from).collect();
    let mut answer = json!({});
    if !found.is_empty() {
        answer["experiments"] = json!(found);
    }
    if let Some(next) = page.next {
        answer["next_page_token"] = json!(next);
    }
    Ok(Json(answer))
}

#[derive(Deserialize)]
struct Rename {
    #[serde(default, deserialize_with = "text")]
    experiment_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    new_name: Option<String>,
}

async fn rename(State(app): State<App>, Input(input): Input<Rename>) -> Answer<Json<Value>> {
    let id = experiment_id(input.experiment_id)?;
    experiments::rename_experiment(&app.db, &id, &required(input.new_name, "new_name")?).await?;
    Ok(Json(json!({})))
}

async fn delete(State(app): State<App>, Input(input): Input<Which>) -> Answer<Json<Value>> {
    experiments::delete_experiment(&app.db, &experiment_id(input.experiment_id)?).await?;
    Ok(Json(json!({})))
}

async fn restore(State(app): State<App>, Input(input): Input<Which>) -> Answer<Json<Value>> {
    experiments::restore_experiment(&app.db, &experiment_id(input.experiment_id)?).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct OneTag {
    #[serde(default, deserialize_with = "text")]
    experiment_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    key: Option<String>,
    #[serde(default, deserialize_with = "text")]
    value: Option<String>,
}

async fn set_tag(State(app): State<App>, Input(input): Input<OneTag>) -> Answer<Json<Value>> {
    let id = experiment_id(input.experiment_id)?;
    let tag = Tag::new(required(input.key, "key")?, input.value.unwrap_or_default());
    experiments::set_experiment_tag(&app.db, &id, tag).await?;
    Ok(Json(json!({})))
}

async fn delete_tag(State(app): State<App>, Input(input): Input<OneTag>) -> Answer<Json<Value>> {
    let id = experiment_id(input.experiment_id)?;
    experiments::delete_experiment_tag(&app.db, &id, &required(input.key, "key")?).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct OfExperiments {
    #[serde(default, deserialize_with = "texts")]
    experiment_ids: Vec<String>,
}

#[derive(Serialize)]
struct DatasetOut {
    experiment_id: String,
    name: String,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
}

/// More experiments are not looked through at once.
const MOST_EXPERIMENTS: usize = 20;

async fn search_datasets(
    State(app): State<App>,
    Input(input): Input<OfExperiments>,
) -> Answer<Json<Value>> {
    let asked = input.experiment_ids.len();
    if asked == 0 {
        return Err(base::Error::invalid(
            "SearchDatasets request must specify at least one experiment_id.",
        )
        .into());
    }
    if asked > MOST_EXPERIMENTS {
        return Err(base::Error::invalid(format!(
            "SearchDatasets request cannot specify more than {MOST_EXPERIMENTS} experiment_ids. Received {asked} experiment_ids."
        ))
        .into());
    }
    let ids = input
        .experiment_ids
        .into_iter()
        .map(|id| experiment_id(Some(id)))
        .collect::<base::Result<Vec<_>>>()?;
    let found = experiments::search_datasets(&app.db, &ids).await?;
    let found: Vec<DatasetOut> = found
        .into_iter()
        .map(|dataset| DatasetOut {
            experiment_id: dataset.experiment_id.into(),
            name: dataset.name,
            digest: dataset.digest,
            context: dataset.context,
        })
        .collect();
    Ok(Json(if found.is_empty() {
        json!({})
    } else {
        json!({ "dataset_summaries": found })
    }))
}
