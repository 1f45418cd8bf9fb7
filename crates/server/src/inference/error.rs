//! Errors in the shapes of the two protocols.

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::response::{IntoResponse, Response};
use base::{Error, Kind};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::error::status_of;

/// An error as the Open Inference Protocol writes it: `{"error": "…"}`.
#[derive(Debug)]
pub struct V2Error(pub Error);

/// An error as MLflow's scoring server writes it: `{"error_code": "…", "message": "…"}`.
#[derive(Debug)]
pub struct ScoringError(pub Error);

impl From<Error> for V2Error {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<Error> for ScoringError {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

/// A body that could not be read.
pub fn unreadable(rejection: &BytesRejection) -> Error {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Error::too_large(format!("the body is larger than {} bytes", super::MAX_BODY))
            .hint("send fewer rows at once")
    } else {
        Error::invalid(format!(
            "the body cannot be read: {}",
            rejection.body_text()
        ))
    }
}

fn text(error: &Error) -> String {
    match error.hint_text() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    }
}

fn finish(error: &Error, mut response: Response) -> Response {
    if error.kind() == Kind::Internal {
        tracing::error!("{error:?}");
    }
    if error.kind() == Kind::Unavailable {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

impl IntoResponse for V2Error {
    fn into_response(self) -> Response {
        let (status, _, _) = status_of(self.0.kind());
        finish(
            &self.0,
            (status, Json(json!({ "error": text(&self.0) }))).into_response(),
        )
    }
}

impl IntoResponse for ScoringError {
    fn into_response(self) -> Response {
        let (status, _, _) = status_of(self.0.kind());
        let code = match self.0.kind() {
            Kind::Invalid | Kind::TooLarge => "BAD_REQUEST",
            Kind::NotFound => "RESOURCE_DOES_NOT_EXIST",
            Kind::Unavailable => "TEMPORARILY_UNAVAILABLE",
            Kind::Forbidden => "PERMISSION_DENIED",
            _ => "INTERNAL_ERROR",
        };
        finish(
            &self.0,
            (
                status,
                Json(json!({ "error_code": code, "message": text(&self.0) })),
            )
                .into_response(),
        )
    }
}
