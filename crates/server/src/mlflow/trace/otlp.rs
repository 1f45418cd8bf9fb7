//! Spans as OpenTelemetry sends them: `POST /v1/traces`, protobuf over HTTP.
//!
//! Deliberately absent: OTLP's JSON form, compression, and metrics and logs.

mod message;

use std::collections::HashMap;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base::{Error, ExperimentId, RunId};
use experiments::{SpanBatch, Tag, Trace, TraceState};
use http::{HeaderMap, StatusCode, header};
use prost::Message as _;
use serde_json::{Value, json};

use self::message::{ExportRequest, SpanMessage};
use crate::app::App;
use crate::mlflow::error::{Answer, Failure};

pub(in crate::mlflow) fn routes() -> Router<App> {
    Router::new().route("/v1/traces", post(export))
}

/// A larger request is refused.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// What MLflow's client calls the request in a span, when it made the trace.
const REQUEST_ID: &str = "mlflow.traceRequestId";
/// More characters of an input or output are not shown in a list.
const PREVIEW: usize = 1000;

async fn export(State(app): State<App>, request: Request) -> Answer<Response> {
    let headers = request.headers().clone();
    let Some(experiment) = text(&headers, "x-mlflow-experiment-id") else {
        return Ok(refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The header x-mlflow-experiment-id is missing: it names the experiment of the traces",
        ));
    };
    let kind = text(&headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/x-protobuf") {
        return Ok(refused(
            StatusCode::BAD_REQUEST,
            &format!("Invalid Content-Type: {kind}. Expected: application/x-protobuf"),
        ));
    }
    if let Some(encoding) = text(&headers, header::CONTENT_ENCODING.as_str())
        && encoding != "identity"
    {
        return Ok(refused(
            StatusCode::BAD_REQUEST,
            &format!(
                "Unsupported Content-Encoding: {encoding}. Send the spans without compression"
            ),
        ));
    }
    let experiment = super::super::experiment::experiment_id(Some(experiment))?;
    let run = text(&headers, "x-mlflow-run-id")
        .map(|run| crate::mlflow::request::run_id(Some(run), None))
        .transpose()?;
    let body = axum::body::to_bytes(request.into_body(), MOST_BYTES)
        .await
        .map_err(|error| {
            Error::too_large(format!(
                "the spans could not be read or have more than {MOST_BYTES} bytes: {error}"
            ))
        })?;
    let Ok(export) = ExportRequest::decode(body) else {
        return Ok(refused(
            StatusCode::BAD_REQUEST,
            "Invalid OpenTelemetry format",
        ));
    };
    if export.resource_spans.is_empty() {
        return Ok(refused(
            StatusCode::BAD_REQUEST,
            "Invalid OpenTelemetry format - no spans found",
        ));
    }
    store(&app, &experiment, run, export).await?;
    // The empty message of success.
    Ok(([(header::CONTENT_TYPE, "application/x-protobuf")], "").into_response())
}

async fn store(
    app: &App,
    experiment: &ExperimentId,
    run: Option<RunId>,
    export: ExportRequest,
) -> Result<(), Failure> {
    let spans = export
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans);
    let mut batches: Vec<SpanBatch> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for span in spans {
        let id = trace_id(&span)?;
        let at = *places.entry(id).or_insert_with_key(|id| {
            batches.push(SpanBatch {
                trace: begun(id.clone(), experiment, &span),
                with_root: false,
                spans: Vec::new(),
            });
            batches.len() - 1
        });
        add(&mut batches[at], &span)?;
    }
    let ids: Vec<String> = batches.iter().map(|batch| batch.trace.id.clone()).collect();
    experiments::log_spans(&app.db, batches).await?;
    if let Some(run) = run {
        experiments::link_traces(&app.db, ids, &run).await?;
    }
    Ok(())
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    (!text.is_empty()).then(|| text.to_owned())
}

fn refused(status: StatusCode, detail: &str) -> Response {
    (status, Json(json!({ "detail": detail }))).into_response()
}

/// The client's own id of the trace, else one made of OpenTelemetry's.
fn trace_id(span: &SpanMessage) -> base::Result<String> {
    if span.trace_id.len() != 16 || span.span_id.len() != 8 {
        return Err(Error::invalid(
            "Cannot convert OpenTelemetry span to MLflow span: a trace's id has 16 bytes and a span's 8",
        ));
    }
    let own = span.text(REQUEST_ID).filter(|id| !id.is_empty());
    Ok(own.unwrap_or_else(|| format!("tr-{}", hex::encode(&span.trace_id))))
}

/// What is known of a trace from one of its spans.
fn begun(id: String, experiment: &ExperimentId, span: &SpanMessage) -> Trace {
    Trace {
        id,
        experiment_id: experiment.clone(),
        request_time: milliseconds(span.start_time_unix_nano),
        duration: None,
        state: TraceState::InProgress,
        client_request_id: None,
        request_preview: None,
        response_preview: None,
        metadata: vec![Tag::new("mlflow.trace_schema.version", "3")],
        tags: Vec::new(),
        assessments: Vec::new(),
    }
}

fn milliseconds(nanoseconds: u64) -> i64 {
    i64::try_from(nanoseconds / 1_000_000).unwrap_or(i64::MAX)
}

fn add(batch: &mut SpanBatch, span: &SpanMessage) -> base::Result<()> {
    let trace = &mut batch.trace;
    if span.parent_span_id.is_empty() {
        batch.with_root = true;
        trace.request_time = milliseconds(span.start_time_unix_nano);
        let took = span
            .end_time_unix_nano
            .saturating_sub(span.start_time_unix_nano);
        trace.duration = Some(milliseconds(took));
        trace.state = match span.status.as_ref().map(|status| status.code) {
            Some(2) => TraceState::Error,
            _ => TraceState::Ok,
        };
        trace
            .tags
            .push(Tag::new(experiments::TRACE_NAME, span.name.as_str()));
        trace.request_preview = preview(span.value("mlflow.spanInputs"));
        trace.response_preview = preview(span.value("mlflow.spanOutputs"));
    } else if !batch.with_root {
        trace.request_time = trace
            .request_time
            .min(milliseconds(span.start_time_unix_nano));
    }
    batch.spans.push(experiments::Span {
        trace_id: trace.id.clone(),
        id: hex::encode(&span.span_id),
        start: i64::try_from(span.start_time_unix_nano).unwrap_or(i64::MAX),
        content: serde_json::to_string(&span.to_json())?,
    });
    Ok(())
}

fn preview(value: Option<Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Some(text.chars().take(PREVIEW).collect())
}
