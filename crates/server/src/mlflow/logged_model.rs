//! Logged models on the wire: `/logged-models/…`.

use axum::extract::{Path, State};
use axum::routing::{delete as delete_method, get, patch, post};
use axum::{Json, Router};
use base::{LoggedModelId, PageRequest};
use experiments::{LoggedModel, LoggedModelSearch, LoggedModelStatus, ModelOrder, NewLoggedModel};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::both;
use super::error::Answer;
use super::metric::MetricOut;
use super::request::{Input, required};
use super::wire::{KeyValue, int, list, text, texts, truth, word};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let mut router = Router::new();
    for (path, methods) in [
        ("logged-models", post(create)),
        ("logged-models/search", post(search)),
        (
            "logged-models/{id}",
            get(one).patch(finalize).delete(delete),
        ),
        ("logged-models/{id}/params", post(log_params)),
        ("logged-models/{id}/tags", patch(set_tags)),
        ("logged-models/{id}/tags/{key}", delete_method(delete_tag)),
    ] {
        router = both(router, path, methods);
    }
    router
}

#[derive(Serialize)]
struct Wire {
    info: Info,
    data: Data,
}

#[derive(Serialize)]
struct Info {
    model_id: String,
    experiment_id: String,
    name: String,
    creation_timestamp_ms: i64,
    last_updated_timestamp_ms: i64,
    artifact_uri: String,
    status: &'static str,
    model_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_run_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<KeyValue>,
}

#[derive(Serialize)]
struct Data {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<KeyValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<MetricOut>,
}

impl From<LoggedModel> for Wire {
    fn from(model: LoggedModel) -> Self {
        Self {
            data: Data {
                params: KeyValue::of_params(&model.params),
                metrics: model
                    .metrics
                    .into_iter()
                    .map(|metric| MetricOut::of(metric.metric, Some(metric.run_id)))
                    .collect(),
            },
            info: Info {
                tags: KeyValue::of_tags(&model.tags),
                model_id: model.id.into(),
                experiment_id: model.experiment_id.into(),
                name: model.name,
                creation_timestamp_ms: model.created_at,
                last_updated_timestamp_ms: model.updated_at,
                artifact_uri: model.artifact_uri,
                status: model.status.as_str(),
                model_type: model.model_type,
                source_run_id: model.source_run_id.map(String::from),
            },
        }
    }
}

fn answer(model: LoggedModel) -> Json<Value> {
    Json(json!({ "model": Wire::from(model) }))
}

/// What cannot be an id names no logged model.
pub(super) fn model_id(text: &str) -> base::Result<LoggedModelId> {
    text.parse().map_err(|_| {
        base::Error::not_found(format!(
            "Logged model with ID '{}' not found.",
            text.chars().take(80).collect::<String>()
        ))
    })
}

#[derive(Deserialize)]
struct Create {
    #[serde(default, deserialize_with = "text")]
    experiment_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    model_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    source_run_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    params: Vec<KeyValue>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<KeyValue>,
}

async fn create(State(app): State<App>, Input(input): Input<Create>) -> Answer<Json<Value>> {
    let source_run = input.source_run_id.filter(|id| !id.is_empty());
    let new = NewLoggedModel {
        experiment_id: super::experiment::experiment_id(input.experiment_id)?,
        name: input.name.unwrap_or_default(),
        model_type: input.model_type.unwrap_or_default(),
        source_run_id: source_run.map(|id| id.parse()).transpose()?,
        params: KeyValue::into_params(input.params),
        tags: KeyValue::into_tags(input.tags),
    };
    Ok(answer(
        experiments::create_logged_model(&app.db, new).await?,
    ))
}

async fn one(State(app): State<App>, Path(id): Path<String>) -> Answer<Json<Value>> {
    Ok(answer(
        experiments::get_logged_model(&app.db, &model_id(&id)?).await?,
    ))
}

#[derive(Deserialize)]
struct Finalize {
    #[serde(default, deserialize_with = "word")]
    status: Option<String>,
}

async fn finalize(
    State(app): State<App>,
    Path(id): Path<String>,
    Input(input): Input<Finalize>,
) -> Answer<Json<Value>> {
    let status = match required(input.status, "status")?.as_str() {
        "1" => LoggedModelStatus::Pending,
        "2" => LoggedModelStatus::Ready,
        "3" => LoggedModelStatus::Failed,
        name => LoggedModelStatus::parse(name)?,
    };
    Ok(answer(
        experiments::finalize_logged_model(&app.db, &model_id(&id)?, status).await?,
    ))
}

async fn delete(State(app): State<App>, Path(id): Path<String>) -> Answer<Json<Value>> {
    experiments::delete_logged_model(&app.db, &model_id(&id)?).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Values {
    #[serde(default, deserialize_with = "list")]
    params: Vec<KeyValue>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<KeyValue>,
}

async fn log_params(
    State(app): State<App>,
    Path(id): Path<String>,
    Input(input): Input<Values>,
) -> Answer<Json<Value>> {
    experiments::log_logged_model_params(
        &app.db,
        &model_id(&id)?,
        KeyValue::into_params(input.params),
    )
    .await?;
    Ok(Json(json!({})))
}

async fn set_tags(
    State(app): State<App>,
    Path(id): Path<String>,
    Input(input): Input<Values>,
) -> Answer<Json<Value>> {
    let tags = KeyValue::into_tags(input.tags);
    experiments::set_logged_model_tags(&app.db, &model_id(&id)?, tags).await?;
    Ok(Json(json!({})))
}

async fn delete_tag(
    State(app): State<App>,
    Path((id, key)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    experiments::delete_logged_model_tag(&app.db, &model_id(&id)?, &key).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default, deserialize_with = "texts")]
    experiment_ids: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    filter: Option<String>,
    #[serde(default, deserialize_with = "list")]
    datasets: Vec<DatasetFilter>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "list")]
    order_by: Vec<OrderBy>,
    #[serde(default, deserialize_with = "text")]
    page_token: Option<String>,
}

#[derive(Deserialize)]
struct DatasetFilter {
    #[serde(default, deserialize_with = "text")]
    dataset_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    dataset_digest: Option<String>,
}

#[derive(Deserialize)]
struct OrderBy {
    #[serde(default, deserialize_with = "text")]
    field_name: Option<String>,
    #[serde(default = "yes", deserialize_with = "truth")]
    ascending: bool,
    #[serde(default, deserialize_with = "text")]
    dataset_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    dataset_digest: Option<String>,
}

fn yes() -> bool {
    true
}

async fn search(State(app): State<App>, Input(input): Input<Search>) -> Answer<Json<Value>> {
    if input.experiment_ids.is_empty() {
        return Ok(Json(json!({})));
    }
    let ids = input
        .experiment_ids
        .into_iter()
        .map(|id| super::experiment::experiment_id(Some(id)));
    let dataset = |filter: DatasetFilter| {
        let name = filter.dataset_name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| {
            base::Error::invalid("`dataset_name` in the `datasets` clause must be specified.")
        })?;
        Ok((name, filter.dataset_digest))
    };
    let order = |order: OrderBy| {
        let OrderBy {
            field_name,
            ascending,
            dataset_name,
            dataset_digest,
        } = order;
        Ok(ModelOrder {
            field: field_name
                .filter(|name| !name.is_empty())
                .ok_or_else(|| base::Error::invalid("Invalid order by field name: "))?,
            ascending,
            dataset_name,
            dataset_digest,
        })
    };
    let search = LoggedModelSearch {
        experiment_ids: ids.collect::<base::Result<_>>()?,
        filter: input.filter.unwrap_or_default(),
        datasets: input
            .datasets
            .into_iter()
            .map(dataset)
            .collect::<base::Result<_>>()?,
        order_by: input
            .order_by
            .into_iter()
            .map(order)
            .collect::<base::Result<_>>()?,
        page: PageRequest {
            limit: input
                .max_results
                .map(|most| experiments::check::max_results(most, 50_000))
                .transpose()?,
            token: input.page_token,
        },
    };
    let page = experiments::search_logged_models(&app.db, &search).await?;
    let models: Vec<Wire> = page.items.into_iter().map(Wire::from).collect();
    let mut answer = json!({});
    if !models.is_empty() {
        answer["models"] = json!(models);
    }
    if let Some(next) = page.next {
        answer["next_page_token"] = json!(next);
    }
    Ok(Json(answer))
}
