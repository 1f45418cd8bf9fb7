//! Errors as MLflow's clients read them: `{"error_code": …, "message": …}`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use base::{Error, Kind};
use http::{HeaderValue, StatusCode, Uri, header};
use serde_json::json;

/// An error that is ready to be answered.
#[derive(Debug)]
pub(super) struct Failure(pub Error);

/// What a handler answers.
pub(super) type Answer<T> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// MLflow's code and the status that goes with it. Clients try again on 429 and 5xx, so what will not change by itself
/// gets none of them where MLflow's own code leaves the choice.
fn code(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Invalid => (StatusCode::BAD_REQUEST, "INVALID_PARAMETER_VALUE"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "RESOURCE_DOES_NOT_EXIST"),
        Kind::AlreadyExists => (StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS"),
        Kind::Conflict => (StatusCode::CONFLICT, "INVALID_STATE"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHENTICATED"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "PERMISSION_DENIED"),
        Kind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "INVALID_PARAMETER_VALUE"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "TEMPORARILY_UNAVAILABLE"),
        Kind::StorageFull => (StatusCode::INSUFFICIENT_STORAGE, "RESOURCE_EXHAUSTED"),
        Kind::NotImplemented => (StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR"),
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, code) = code(self.0.kind());
        if self.0.kind() == Kind::Internal {
            tracing::error!("{:?}", self.0);
        }
        // The client shows the message only, so the hint goes with it where MLflow's own words do not fix it.
        let message = match self.0.hint_text() {
            Some(hint) => format!("{}\nhint: {hint}", self.0.message()),
            None => self.0.message().to_owned(),
        };
        let mut response = (
            status,
            Json(json!({ "error_code": code, "message": message })),
        )
            .into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// An address that we do not serve.
pub(super) async fn no_such_endpoint(uri: Uri) -> Response {
    let message = match feature(uri.path()) {
        Some(feature) => format!(
            "No API found for '{}': Ironloop does not serve {feature}",
            uri.path()
        ),
        None => format!("No API found for '{}'", uri.path()),
    };
    (
        StatusCode::NOT_FOUND,
        Json(json!({ "error_code": "ENDPOINT_NOT_FOUND", "message": message })),
    )
        .into_response()
}

/// MLflow's answer where workspaces are not enabled; its status is 500, which clients would try again.
pub(super) fn no_workspaces() -> Response {
    let message = "Workspace APIs are not available: workspaces are not enabled on this server";
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "error_code": "FEATURE_DISABLED", "message": message })),
    )
        .into_response()
}

/// The feature of MLflow that an address below its API belongs to, where we leave it to others.
fn feature(path: &str) -> Option<&'static str> {
    let words = path.split('/').skip_while(|word| *word != "mlflow");
    words.skip(1).find_map(|word| {
        Some(match word {
            "gateway" | "gateway-proxy" | "endpoints" | "model-definitions" | "secrets" => {
                "MLflow's AI gateway"
            }
            "scorers" | "scorer" => "MLflow's registered scorers",
            "datasets" => "MLflow's evaluation datasets for generative AI",
            "label-schemas" | "review-queues" => "MLflow's review of traces by people",
            "issues" => "MLflow's detection of issues in traces",
            "prompt-optimization" => "MLflow's optimization of prompts",
            "genai" => "MLflow's evaluation jobs for generative AI",
            "jobs" => "MLflow's job runner",
            "webhooks" => "MLflow's webhooks",
            "assistant" => "MLflow's assistant",
            "mcp-servers" => "MLflow's registry of MCP servers",
            "users" | "permissions" | "roles" | "signup" => "MLflow's users and permissions",
            "workspaces" => "MLflow's workspaces",
            "presigned-upload-url" | "presigned-download-url" | "mpu" => {
                "uploads and downloads past the server"
            }
            "create-promptlab-run" => "MLflow's prompt lab",
            "traces" | "unified-traces" => "this call of MLflow's traces",
            _ => return None,
        })
    })
}
