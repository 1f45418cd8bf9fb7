//! The web UI's files, and its one page for every address of the UI.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base::Error;
use http::{HeaderMap, Method, StatusCode, Uri, header};

use crate::error::Problem;

/// Answers what no route matched: a file or page of the UI, or a problem document.
pub async fn fallback(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let reads = method == Method::GET || method == Method::HEAD;
    let Some(asset) = ui_assets::asset(uri.path()).filter(|_| reads) else {
        let error = Error::not_found(format!(
            "{method} {} is not an address of this server",
            uri.path()
        ));
        return Problem(error).into_response();
    };
    let mut response = Response::new(Body::empty());
    for (name, value) in asset.headers() {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    let known = headers.get(header::IF_NONE_MATCH);
    if known.is_some() && known == response.headers().get(header::ETAG) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *response.body_mut() = Body::from(asset.bytes);
    }
    response
}
