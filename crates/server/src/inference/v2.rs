//! The Open Inference Protocol's REST routes.
//!
//! A model is an endpoint, and a version is one of its revisions. Health answers carry the JSON bodies that the text
//! of the protocol promises, since some clients read them.

mod answer;
mod binary;
mod infer;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, Result};
use serde_json::{Value, json};

use super::error::V2Error;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v2", get(server))
        .route("/v2/", get(server))
        .route("/v2/health/live", get(live))
        .route("/v2/health/ready", get(ready))
        .route("/v2/models/{model}", get(metadata))
        .route("/v2/models/{model}/ready", get(model_ready))
        .route("/v2/models/{model}/infer", post(infer::newest))
        .route(
            "/v2/models/{model}/versions/{version}",
            get(version_metadata),
        )
        .route(
            "/v2/models/{model}/versions/{version}/ready",
            get(version_ready),
        )
        .route(
            "/v2/models/{model}/versions/{version}/infer",
            post(infer::version),
        )
        .route("/v2/repository/index", post(index))
}

async fn server() -> Json<Value> {
    Json(json!({
        "name": "ironloop",
        "version": env!("CARGO_PKG_VERSION"),
        "extensions": ["binary_tensor_data", "model_repository"],
    }))
}

async fn live() -> Json<Value> {
    Json(json!({ "live": true }))
}

async fn ready() -> Json<Value> {
    Json(json!({ "ready": true, "live": true }))
}

/// A version is a revision's number.
fn number(version: &str) -> Result<i64> {
    version.parse().map_err(|_| {
        Error::not_found(format!(
            "version {version:?} does not exist: versions are numbers"
        ))
    })
}

async fn metadata(
    State(app): State<App>,
    Path(model): Path<String>,
) -> Result<Json<Value>, V2Error> {
    described(&app, &model, None)
}

async fn version_metadata(
    State(app): State<App>,
    Path((model, version)): Path<(String, String)>,
) -> Result<Json<Value>, V2Error> {
    described(&app, &model, Some(number(&version)?))
}

fn described(app: &App, model: &str, revision: Option<i64>) -> Result<Json<Value>, V2Error> {
    let signature = app.serving.signature(model, revision)?;
    let versions: Vec<String> = app
        .serving
        .loaded(model)?
        .iter()
        .map(ToString::to_string)
        .collect();
    let ports = |tensors: &[deployment::Tensor]| -> Vec<Value> {
        let side = |width: usize| if width == 0 { -1 } else { width as i64 };
        tensors
            .iter()
            .map(|tensor| {
                let mut port = json!({ "name": tensor.name, "datatype": tensor.datatype, "shape": [-1, side(tensor.width)] });
                if let Some(meaning) = &tensor.meaning {
                    port["parameters"] = json!({ "content_type": meaning, "nullable": tensor.nullable });
                }
                port
            })
            .collect()
    };
    Ok(Json(json!({
        "name": model,
        "versions": versions,
        "platform": format!("ironloop_{}", app.serving.engine(model, revision)?.replace([' ', '.'], "_")),
        "inputs": ports(&signature.inputs),
        "outputs": ports(&signature.outputs),
    })))
}

async fn model_ready(
    State(app): State<App>,
    Path(model): Path<String>,
) -> Result<Json<Value>, V2Error> {
    let engine = app.serving.engine(&model, None)?;
    Ok(Json(
        json!({ "name": model, "ready": true, "engine": engine }),
    ))
}

async fn version_ready(
    State(app): State<App>,
    Path((model, version)): Path<(String, String)>,
) -> Result<Json<Value>, V2Error> {
    let engine = app.serving.engine(&model, Some(number(&version)?))?;
    Ok(Json(
        json!({ "name": model, "ready": true, "engine": engine }),
    ))
}

/// What is loaded. A body may ask for ready models only; all of ours are.
async fn index(State(app): State<App>) -> Result<Json<Value>, V2Error> {
    let mut entries = Vec::new();
    for name in app.serving.names() {
        for revision in app.serving.loaded(&name)? {
            entries.push(json!({ "name": name, "version": revision.to_string(), "state": "READY", "reason": "" }));
        }
    }
    Ok(Json(Value::Array(entries)))
}
