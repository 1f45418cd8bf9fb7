//! MLflow's scoring protocol: `/invocations` and `/ping`, for one endpoint or, where only one serves, without naming it.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, Result};
use deployment::{Answer, Output, Request, Values};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::{ScoringError, unreadable};
use super::table::{self, Format};
use super::{column, request_kind};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/invocations", post(only))
        .route("/ping", get(ping))
        .route("/endpoints/{endpoint}/invocations", post(named))
        .route("/endpoints/{endpoint}/ping", get(ping_named))
}

#[derive(Deserialize)]
struct Which {
    endpoint: Option<String>,
}

async fn only(
    State(app): State<App>,
    Query(which): Query<Which>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let endpoint = match which.endpoint {
        Some(endpoint) => Ok(endpoint),
        None => the_only_one(&app),
    };
    match endpoint {
        Ok(endpoint) => score(&app, &endpoint, &headers, body).await,
        Err(error) => ScoringError(error).into_response(),
    }
}

fn the_only_one(app: &App) -> Result<String> {
    let names = app.serving.names();
    match names.as_slice() {
        [name] => Ok(name.clone()),
        [] => Err(Error::not_found("no endpoint serves here")
            .hint("deploy a model first: ironloop deploy <endpoint>")),
        _ => Err(
            Error::invalid(format!("{} endpoints serve here", names.len())).hint(format!(
                "name one: /endpoints/{}/invocations; there are {}",
                names[0],
                names.join(", ")
            )),
        ),
    }
}

async fn named(
    State(app): State<App>,
    Path(endpoint): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    score(&app, &endpoint, &headers, body).await
}

/// As MLflow's server answers: a line feed, and 404 while nothing serves.
async fn ping(State(app): State<App>) -> Response {
    let status = if app.serving.names().is_empty() {
        StatusCode::NOT_FOUND
    } else {
        StatusCode::OK
    };
    (status, [(header::CONTENT_TYPE, "application/json")], "\n").into_response()
}

async fn ping_named(State(app): State<App>, Path(endpoint): Path<String>) -> Response {
    let status = if app.serving.engine(&endpoint, None).is_ok() {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    (status, [(header::CONTENT_TYPE, "application/json")], "\n").into_response()
}

async fn score(
    app: &App,
    endpoint: &str,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let format = match content_type(headers) {
        Ok(format) => format,
        Err(refused) => return (StatusCode::UNSUPPORTED_MEDIA_TYPE, refused).into_response(),
    };
    let answered = match body {
        Ok(body) => answer(app, endpoint, format, headers, &body).await,
        Err(rejection) => Err(unreadable(&rejection)),
    };
    answered.unwrap_or_else(|error| ScoringError(error).into_response())
}

/// JSON or CSV in UTF-8; anything else is told in plain text, as MLflow's server does it.
fn content_type(headers: &HeaderMap) -> Result<Format, String> {
    let text = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let format = match parts
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "application/json" => Format::Json,
        "text/csv" => Format::Csv,
        _ => {
            return Err(format!(
                "This predictor only supports the following content types: Types: ['text/csv', 'application/json']. Got '{text}'."
            ));
        }
    };
    for parameter in parts {
        match parameter.to_ascii_lowercase().replace('"', "").as_str() {
            "charset=utf-8" => {}
            other if other.starts_with("charset=") => {
                return Err("The scoring server only supports UTF-8".to_owned());
            }
            other => return Err(format!("Unrecognized content type parameters: {other}.")),
        }
    }
    Ok(format)
}

async fn answer(
    app: &App,
    endpoint: &str,
    format: Format,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response> {
    let signature = app.serving.signature(endpoint, None)?;
    let (columns, rows) = table::read(format, body, &signature)?;
    if rows == 0 {
        return Err(Error::invalid("the batch is empty").hint("send at least one row"));
    }
    let (batch, ids) = column::batch(&signature, columns, rows)?;
    let answer = app
        .serving
        .predict(
            endpoint,
            Request {
                batch,
                ids,
                revision: None,
                kind: request_kind(headers),
            },
        )
        .await?;
    let document = json!({ "predictions": predictions(&answer), "prediction_ids": answer.ids });
    let mut response = Json(document).into_response();
    if let [id] = answer.ids.as_slice()
        && let Ok(value) = HeaderValue::from_str(id)
    {
        response
            .headers_mut()
            .insert("ironloop-prediction-id", value);
    }
    Ok(response)
}

/// One value per row where the model has one output; a record per row where it has several.
fn predictions(answer: &Answer) -> Vec<Value> {
    let rows = answer.ids.len();
    match answer.outputs.as_slice() {
        [output] => (0..rows).map(|row| value(output, row)).collect(),
        outputs => (0..rows)
            .map(|row| {
                Value::Object(
                    outputs
                        .iter()
                        .map(|output| (output.name.clone(), value(output, row)))
                        .collect::<Map<_, _>>(),
                )
            })
            .collect(),
    }
}

fn value(output: &Output, row: usize) -> Value {
    let range = row * output.width..(row + 1) * output.width;
    let mut values: Vec<Value> = match &output.values {
        Values::F64(v) => v[range].iter().map(|&x| x.into()).collect(),
        Values::F32(v) => v[range].iter().map(|&x| x.into()).collect(),
        Values::I64(v) => v[range].iter().map(|&x| x.into()).collect(),
        Values::Text(v) => v[range].iter().map(|x| x.clone().into()).collect(),
    };
    if output.width == 1 {
        values.swap_remove(0)
    } else {
        Value::Array(values)
    }
}
