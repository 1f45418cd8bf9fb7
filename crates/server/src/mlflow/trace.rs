//! Traces on the wire: `/traces/…` of MLflow's third API, and OpenTelemetry's `/v1/traces`.
//!
//! Deliberately absent: traces before MLflow 3, archives, metrics over traces, search by spans and assessments.

mod assessment;
mod otlp;
mod wire;

use axum::extract::{Path, State};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use base::{Error, PageRequest};
use experiments::{Tag, TraceDoom, TraceSearch};
use serde::Deserialize;
use serde_json::{Value, json};

use self::wire::{read_info, write_info};
use super::error::Answer;
use super::request::{Input, at_most, missing, required, run_id};
use super::wire::{int, text, texts};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let mut router = Router::new().merge(otlp::routes());
    for prefix in ["/api/3.0/mlflow", "/ajax-api/3.0/mlflow"] {
        for (path, methods) in [
            ("traces", post(start)),
            ("traces/get", get(whole)),
            ("traces/batchGet", get(batch).post(batch)),
            ("traces/batchGetInfos", get(batch_infos).post(batch_infos)),
            ("traces/search", post(search)),
            ("traces/delete-traces", post(delete)),
            ("traces/link-to-run", post(link)),
            ("traces/{id}", get(info)),
            ("traces/{id}/tags", patch(set_tag).delete(delete_tag)),
            ("traces/{id}/assessments", post(assessment::create)),
            (
                "traces/{id}/assessments/{assessment}",
                get(assessment::one)
                    .patch(assessment::update)
                    .delete(assessment::delete),
            ),
        ] {
            router = router.route(&format!("{prefix}/{path}"), methods);
        }
    }
    // The client still asks for these below the second API.
    for prefix in ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow"] {
        for (path, methods) in [
            ("traces/{id}/tags", patch(set_tag).delete(delete_tag)),
            ("traces/delete-traces", post(delete)),
            ("traces/link-to-run", post(link)),
        ] {
            router = router.route(&format!("{prefix}/{path}"), methods);
        }
    }
    router
}

#[derive(Deserialize)]
struct Start {
    trace: Option<Value>,
}

async fn start(State(app): State<App>, Input(input): Input<Start>) -> Answer<Json<Value>> {
    let trace = input.trace.ok_or_else(|| missing("trace"))?;
    let info = trace
        .get("trace_info")
        .and_then(Value::as_object)
        .ok_or_else(|| missing("trace.trace_info"))?;
    let made = experiments::start_trace(&app.db, read_info(info)?).await?;
    Ok(Json(
        json!({ "trace": { "trace_info": write_info(&made) } }),
    ))
}

async fn info(State(app): State<App>, Path(id): Path<String>) -> Answer<Json<Value>> {
    let trace = experiments::get_trace(&app.db, &id).await?;
    Ok(Json(
        json!({ "trace": { "trace_info": write_info(&trace) } }),
    ))
}

#[derive(Deserialize)]
struct Which {
    #[serde(default, deserialize_with = "text")]
    trace_id: Option<String>,
}

async fn whole(State(app): State<App>, Input(input): Input<Which>) -> Answer<Json<Value>> {
    let id = required(input.trace_id, "trace_id")?;
    experiments::get_trace(&app.db, &id).await?;
    let found = with_spans(&app, &[id]).await?;
    Ok(Json(json!({ "trace": found.into_iter().next() })))
}

async fn with_spans(app: &App, ids: &[String]) -> base::Result<Vec<Value>> {
    let traces = experiments::get_traces(&app.db, ids).await?;
    let mut spans: std::collections::HashMap<String, Vec<Value>> = std::collections::HashMap::new();
    for span in experiments::spans_of(&app.db, ids).await? {
        let content = serde_json::from_str(&span.content)?;
        spans.entry(span.trace_id).or_default().push(content);
    }
    let whole = |trace: experiments::Trace| {
        let spans = spans.remove(&trace.id).unwrap_or_default();
        json!({ "trace_info": write_info(&trace), "spans": spans })
    };
    Ok(traces.into_iter().map(whole).collect())
}

#[derive(Deserialize)]
struct Several {
    #[serde(default, deserialize_with = "texts")]
    trace_ids: Vec<String>,
}

/// More traces are not read at once.
const MOST_TRACES: usize = 500;

impl Several {
    fn ids(self) -> base::Result<Vec<String>> {
        if self.trace_ids.is_empty() {
            return Err(missing("trace_ids"));
        }
        if self.trace_ids.len() > MOST_TRACES {
            return Err(Error::invalid(format!(
                "At most {MOST_TRACES} traces can be read at once, got {}",
                self.trace_ids.len()
            )));
        }
        Ok(self.trace_ids)
    }
}

async fn batch(State(app): State<App>, Input(input): Input<Several>) -> Answer<Json<Value>> {
    let found = with_spans(&app, &input.ids()?).await?;
    Ok(Json(json!({ "traces": found })))
}

async fn batch_infos(State(app): State<App>, Input(input): Input<Several>) -> Answer<Json<Value>> {
    let found = experiments::get_traces(&app.db, &input.ids()?).await?;
    let infos: Vec<Value> = found.iter().map(write_info).collect();
    Ok(Json(json!({ "trace_infos": infos })))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    locations: Vec<Value>,
    #[serde(default, deserialize_with = "text")]
    filter: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    page_token: Option<String>,
}

async fn search(State(app): State<App>, Input(input): Input<Search>) -> Answer<Json<Value>> {
    if input.locations.is_empty() {
        return Err(missing("locations").into());
    }
    at_most("max_results", input.max_results, 500, Value::from)?;
    let search = TraceSearch {
        experiment_ids: input
            .locations
            .iter()
            .map(wire::experiment_of)
            .collect::<base::Result<_>>()?,
        filter: input.filter.unwrap_or_default(),
        order_by: input.order_by,
        page: PageRequest {
            limit: input
                .max_results
                .map(|most| experiments::check::max_results(most, 500))
                .transpose()?,
            token: input.page_token,
        },
    };
    let page = experiments::search_traces(&app.db, &search).await?;
    let mut answer = json!({});
    if !page.items.is_empty() {
        answer["traces"] = page.items.iter().map(write_info).collect();
    }
    if let Some(next) = page.next {
        answer["next_page_token"] = json!(next);
    }
    Ok(Json(answer))
}

#[derive(Deserialize)]
struct OneTag {
    #[serde(default, deserialize_with = "text")]
    key: Option<String>,
    #[serde(default, deserialize_with = "text")]
    value: Option<String>,
}

async fn set_tag(
    State(app): State<App>,
    Path(id): Path<String>,
    Input(input): Input<OneTag>,
) -> Answer<Json<Value>> {
    let tag = Tag::new(required(input.key, "key")?, input.value.unwrap_or_default());
    experiments::set_trace_tag(&app.db, &id, tag).await?;
    Ok(Json(json!({})))
}

async fn delete_tag(
    State(app): State<App>,
    Path(id): Path<String>,
    Input(input): Input<OneTag>,
) -> Answer<Json<Value>> {
    experiments::delete_trace_tag(&app.db, &id, &required(input.key, "key")?).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct Delete {
    #[serde(default, deserialize_with = "text")]
    experiment_id: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_timestamp_millis: Option<i64>,
    #[serde(default, deserialize_with = "int")]
    max_traces: Option<i64>,
    #[serde(default, deserialize_with = "texts")]
    request_ids: Vec<String>,
}

async fn delete(State(app): State<App>, Input(input): Input<Delete>) -> Answer<Json<Value>> {
    let experiment = super::experiment::experiment_id(input.experiment_id)?;
    let doom = TraceDoom {
        ids: input.request_ids,
        until: input.max_timestamp_millis,
        most: input.max_traces,
    };
    let gone = experiments::delete_traces(&app.db, &experiment, doom).await?;
    Ok(Json(json!({ "traces_deleted": gone })))
}

#[derive(Deserialize)]
struct Link {
    #[serde(default, deserialize_with = "texts")]
    trace_ids: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
}

async fn link(State(app): State<App>, Input(input): Input<Link>) -> Answer<Json<Value>> {
    let run = run_id(input.run_id, None)?;
    experiments::link_traces(&app.db, input.trace_ids, &run).await?;
    Ok(Json(json!({})))
}
