//! The web UI's files, and its one page for every address that is not an API's.

use axum::response::{IntoResponse, Response};
use base::Error;
use http::{Method, StatusCode, Uri, header};

use crate::error::Problem;

/// Addresses of the APIs: what is missing there is an error and not the UI's page.
const APIS: [&str; 6] = [
    "/api/",
    "/ajax-api/",
    "/v2/",
    "/endpoints/",
    "/invocations",
    "/graphql",
];

/// Answers what no route matched.
pub async fn fallback(method: Method, uri: Uri) -> Response {
    let path = uri.path();
    if APIS.iter().any(|api| path.starts_with(api)) || path == "/v2" {
        return Problem(Error::not_found(format!(
            "{path} is not an address of this server"
        )))
        .into_response();
    }
    if method != Method::GET && method != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    page(path)
}

fn page(_path: &str) -> Response {
    (
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8")],
        "Ironloop",
    )
        .into_response()
}
