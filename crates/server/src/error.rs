//! Errors on the wire of `/api/v1`: a problem document (RFC 9457), made from [`base::Error`] in one table.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use base::{Error, Kind};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// An error that is ready to be answered.
#[derive(Debug)]
pub struct Problem(pub Error);

/// The document as it is sent.
#[derive(Debug, Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// The HTTP status, the short name and the title of each kind.
pub fn status_of(kind: Kind) -> (StatusCode, &'static str, &'static str) {
    match kind {
        Kind::Invalid => (
            StatusCode::BAD_REQUEST,
            "invalid",
            "The request is not valid",
        ),
        Kind::NotFound => (StatusCode::NOT_FOUND, "not-found", "It does not exist"),
        Kind::AlreadyExists => (StatusCode::CONFLICT, "already-exists", "It exists already"),
        Kind::Conflict => (
            StatusCode::CONFLICT,
            "conflict",
            "The state does not allow it",
        ),
        Kind::Unauthenticated => (
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "Nobody is logged in",
        ),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "It is not permitted"),
        Kind::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "It is over a limit",
        ),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now"),
        Kind::StorageFull => (
            StatusCode::INSUFFICIENT_STORAGE,
            "storage-full",
            "No room is left",
        ),
        Kind::NotImplemented => (
            StatusCode::NOT_IMPLEMENTED,
            "not-implemented",
            "Not served here",
        ),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Our fault"),
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let kind = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
            _ => Kind::Invalid,
        };
        Self(Error::new(kind, rejection.body_text()))
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self(Error::invalid(rejection.body_text()))
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self(Error::invalid(rejection.body_text()))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, name, title) = status_of(self.0.kind());
        if self.0.kind() == Kind::Internal {
            tracing::error!("{:?}", self.0);
        }
        let document = Document {
            r#type: format!("urn:ironloop:problem:{name}"),
            title,
            status: status.as_u16(),
            detail: self.0.message(),
            hint: self.0.hint_text(),
        };
        let mut response = (status, Json(document)).into_response();
        let json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
