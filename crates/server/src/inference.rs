//! Inference: the Open Inference Protocol (V2, REST, with binary tensors) and MLflow's scoring protocol, over the
//! endpoints of [`deployment::Serving`].
//!
//! A request is parsed straight into columns; what the columns mean is the signature's business. Errors have each
//! protocol's own shape and name the input, the row and the value that was wrong.
//!
//! Deliberately absent: gRPC (a later slice), loading and unloading by callers (`deploy` does that, past the gate).

mod column;
mod error;
mod flat;
mod scoring;
mod table;
mod v2;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tower::ServiceBuilder;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::decompression::RequestDecompressionLayer;

use crate::app::App;
use deployment::RequestKind;

/// The largest body of a request, after decompression.
const MAX_BODY: usize = 32 * 1024 * 1024;
/// Answers below this size are sent as they are: compressing them costs more than it saves.
const COMPRESS_FROM: u64 = 4096;

/// `x-ironloop-log: off` makes a request a probe: answered, and neither logged nor counted as a prediction.
fn request_kind(headers: &http::HeaderMap) -> RequestKind {
    match headers.get("x-ironloop-log") {
        Some(value) if value.as_bytes().eq_ignore_ascii_case(b"off") => RequestKind::Probe,
        _ => RequestKind::Prediction,
    }
}

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(v2::routes())
        .merge(scoring::routes())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(
            ServiceBuilder::new()
                .layer(CompressionLayer::new().compress_when(SizeAbove::new(COMPRESS_FROM)))
                .layer(RequestDecompressionLayer::new().pass_through_unaccepted(false)),
        )
}
