//! What the server says about itself.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;

/// The version of MLflow's API that we speak; clients read it to decide what they may ask.
const API: &str = "3.17.2";

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/health", get(health))
        .route("/version", get(version))
        .route("/api/3.0/mlflow/server-info", get(server_info))
        .route("/ajax-api/3.0/mlflow/server-info", get(server_info))
}

async fn health() -> &'static str {
    "OK"
}

async fn version() -> &'static str {
    API
}

/// Uploads and downloads in parts are not offered, so clients stay with plain PUT and GET.
async fn server_info() -> Json<Value> {
    Json(json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "features_enabled": { "gateway": false },
    }))
}
