//! Runs on the wire: `/runs/…`.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, ExperimentId, RunId};
use experiments::{Batch, NewRun, Param, Run, RunStatus, RunUpdate, Search, Tag};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::both;
use super::error::Answer;
use super::experiment::view;
use super::input::{InputsOut, OutputsOut};
use super::metric::{MetricIn, MetricOut};
use super::request::{Input, at_most, required, run_id};
use super::wire::{KeyValue, int, list, text, texts, word};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let mut router = Router::new();
    for (path, methods) in [
        ("runs/create", post(create)),
        ("runs/get", get(one)),
        ("runs/update", post(update)),
        ("runs/delete", post(delete)),
        ("runs/restore", post(restore)),
        ("runs/search", post(search)),
        ("runs/log-parameter", post(log_param)),
        ("runs/log-batch", post(log_batch)),
        ("runs/log-model", post(log_model)),
        ("runs/set-tag", post(set_tag)),
        ("runs/delete-tag", post(delete_tag)),
    ] {
        router = both(router, path, methods);
    }
    router
}

#[derive(Serialize)]
struct RunOut {
    info: InfoOut,
    data: DataOut,
    inputs: InputsOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<OutputsOut>,
}

#[derive(Serialize)]
struct InfoOut {
    run_id: RunId,
    run_uuid: RunId,
    run_name: String,
    experiment_id: ExperimentId,
    user_id: String,
    status: &'static str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: String,
    lifecycle_stage: &'static str,
}

#[derive(Serialize)]
struct DataOut {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<MetricOut>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<KeyValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<KeyValue>,
}

impl From<Run> for RunOut {
    fn from(run: Run) -> Self {
        Self {
            data: DataOut {
                metrics: run
                    .metrics
                    .into_iter()
                    .map(|metric| MetricOut::of(metric, None))
                    .collect(),
                params: KeyValue::of_params(&run.params),
                tags: KeyValue::of_tags(&run.tags),
            },
            inputs: InputsOut::of(run.datasets, run.model_inputs),
            outputs: Some(OutputsOut::of(run.model_outputs)),
            info: InfoOut {
                run_uuid: run.id.clone(),
                run_id: run.id,
                run_name: run.name,
                experiment_id: run.experiment_id,
                user_id: run.user,
                status: run.status.as_str(),
                start_time: run.start_time,
                end_time: run.end_time,
                artifact_uri: run.artifact_uri,
                lifecycle_stage: run.lifecycle.as_str(),
            },
        }
    }
}

#[derive(Deserialize)]
struct Create {
    #[serde(default, deserialize_with = "text")]
    experiment_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    user_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    run_name: Option<String>,
    #[serde(default, deserialize_with = "int")]
    start_time: Option<i64>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<KeyValue>,
}

async fn create(State(app): State<App>, Input(input): Input<Create>) -> Answer<Json<Value>> {
    let experiment = input
        .experiment_id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| "0".to_owned());
    let new = NewRun {
        experiment_id: super::experiment::experiment_id(Some(experiment))?,
        name: input.run_name.unwrap_or_default(),
        tags: KeyValue::into_tags(input.tags),
        start_time: input.start_time,
        user: input.user_id.unwrap_or_default(),
    };
    let run = experiments::create_run(&app.db, new).await?;
    let made = RunOut {
        outputs: None,
        ..RunOut::from(run)
    };
    Ok(Json(json!({ "run": made })))
}

#[derive(Deserialize)]
struct Which {
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    run_uuid: Option<String>,
}

impl Which {
    fn id(self) -> base::Result<RunId> {
        run_id(self.run_id, self.run_uuid)
    }
}

async fn one(State(app): State<App>, Input(input): Input<Which>) -> Answer<Json<Value>> {
    let run = experiments::get_run(&app.db, &input.id()?).await?;
    Ok(Json(json!({ "run": RunOut::from(run) })))
}

#[derive(Deserialize)]
struct Update {
    #[serde(flatten)]
    which: Which,
    #[serde(default, deserialize_with = "word")]
    status: Option<String>,
    #[serde(default, deserialize_with = "int")]
    end_time: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    run_name: Option<String>,
}

async fn update(State(app): State<App>, Input(input): Input<Update>) -> Answer<Json<Value>> {
    let id = input.which.id()?;
    let status = input
        .status
        .map(|status| read_status(&status))
        .transpose()?;
    let run = experiments::update_run(
        &app.db,
        &id,
        RunUpdate {
            status,
            end_time: input.end_time,
            name: input.run_name,
        },
    )
    .await?;
    Ok(Json(json!({ "run_info": RunOut::from(run).info })))
}

/// By name, or by its number in protobuf.
fn read_status(text: &str) -> base::Result<RunStatus> {
    match text {
        "1" => Ok(RunStatus::Running),
        "2" => Ok(RunStatus::Scheduled),
        "3" => Ok(RunStatus::Finished),
        "4" => Ok(RunStatus::Failed),
        "5" => Ok(RunStatus::Killed),
        name => name.parse(),
    }
}

async fn delete(State(app): State<App>, Input(input): Input<Which>) -> Answer<Json<Value>> {
    experiments::delete_run(&app.db, &input.id()?).await?;
    Ok(Json(json!({})))
}

async fn restore(State(app): State<App>, Input(input): Input<Which>) -> Answer<Json<Value>> {
    experiments::restore_run(&app.db, &input.id()?).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct SearchIn {
    #[serde(default, deserialize_with = "texts")]
    experiment_ids: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    filter: Option<String>,
    #[serde(default, deserialize_with = "word")]
    run_view_type: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    page_token: Option<String>,
}

#[derive(Serialize)]
struct SearchOut {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<RunOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

async fn search(State(app): State<App>, Input(input): Input<SearchIn>) -> Answer<Json<SearchOut>> {
    at_most("max_results", input.max_results, 50_000, Value::from)?;
    let ids = input
        .experiment_ids
        .into_iter()
        .map(|id| super::experiment::experiment_id(Some(id)));
    let search = Search {
        experiment_ids: ids.collect::<base::Result<_>>()?,
        filter: input.filter.unwrap_or_default(),
        order_by: input.order_by,
        max_results: input.max_results,
        page_token: input.page_token,
        view: view(input.run_view_type.as_deref())?,
    };
    let page = experiments::search_runs(&app.db, &search).await?;
    Ok(Json(SearchOut {
        runs: page.items.into_iter().map(RunOut::from).collect(),
        next_page_token: page.next,
    }))
}

#[derive(Deserialize)]
struct OneValue {
    #[serde(flatten)]
    which: Which,
    #[serde(default, deserialize_with = "text")]
    key: Option<String>,
    #[serde(default, deserialize_with = "text")]
    value: Option<String>,
}

async fn log_param(State(app): State<App>, Input(input): Input<OneValue>) -> Answer<Json<Value>> {
    let id = input.which.id()?;
    let param = Param::new(required(input.key, "key")?, input.value.unwrap_or_default());
    experiments::log_param(&app.db, &id, param).await?;
    Ok(Json(json!({})))
}

async fn set_tag(State(app): State<App>, Input(input): Input<OneValue>) -> Answer<Json<Value>> {
    let id = input.which.id()?;
    let tag = Tag::new(required(input.key, "key")?, input.value.unwrap_or_default());
    experiments::set_tags(&app.db, &id, vec![tag]).await?;
    Ok(Json(json!({})))
}

async fn delete_tag(State(app): State<App>, Input(input): Input<OneValue>) -> Answer<Json<Value>> {
    let id = input.which.id()?;
    experiments::delete_tag(&app.db, &id, &required(input.key, "key")?).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct LogBatch {
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    metrics: Vec<MetricIn>,
    #[serde(default, deserialize_with = "list")]
    params: Vec<KeyValue>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<KeyValue>,
}

async fn log_batch(State(app): State<App>, Input(input): Input<LogBatch>) -> Answer<Json<Value>> {
    let id = run_id(input.run_id, None)?;
    let metrics = input
        .metrics
        .into_iter()
        .enumerate()
        .map(|(at, metric)| metric.read(&format!("metrics[{at}].")));
    KeyValue::check_keys(&input.params, "params")?;
    KeyValue::check_keys(&input.tags, "tags")?;
    let batch = Batch {
        metrics: metrics.collect::<base::Result<_>>()?,
        params: KeyValue::into_params(input.params),
        tags: KeyValue::into_tags(input.tags),
    };
    experiments::log_batch(&app.db, &id, batch).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct LogModel {
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    model_json: Option<String>,
}

/// The tag in which clients before MLflow 3 keep the models of a run.
const MODEL_HISTORY: &str = "mlflow.log-model.history";

async fn log_model(State(app): State<App>, Input(input): Input<LogModel>) -> Answer<Json<Value>> {
    let id = run_id(input.run_id, None)?;
    let text = required(input.model_json, "model_json")?;
    let model: serde_json::Map<String, Value> = serde_json::from_str(&text).map_err(|_| {
        Error::invalid(format!(
            "Malformed model info. \n {text} \n is not a valid JSON."
        ))
    })?;
    let absent: Vec<&str> = ["artifact_path", "flavors", "utc_time_created", "run_id"]
        .into_iter()
        .filter(|field| !model.contains_key(*field))
        .collect();
    if !absent.is_empty() {
        return Err(Error::invalid(format!(
            "Model json is missing mandatory fields: {absent:?}"
        ))
        .into());
    }
    let run = experiments::get_run(&app.db, &id).await?;
    let mut history: Vec<Value> = run
        .tag(MODEL_HISTORY)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    history.push(Value::Object(model));
    experiments::set_tags(
        &app.db,
        &id,
        vec![Tag::new(
            MODEL_HISTORY,
            serde_json::to_string(&history).map_err(Error::from)?,
        )],
    )
    .await?;
    Ok(Json(json!({})))
}
