//! What the server says about itself: `/metrics` in Prometheus' text format, and one line of log per request.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the latency histogram, in seconds.
const BUCKETS: [f64; 12] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
];

/// The process has one recorder, however many servers a test opens in it.
fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("duration_seconds".to_owned()), &BUCKETS)
            .map_or_else(
                |_| PrometheusBuilder::new().build_recorder(),
                PrometheusBuilder::build_recorder,
            );
        let handle = recorder.handle();
        // A program that embeds the server may have installed its own recorder; then ours stays empty.
        let _ = metrics::set_global_recorder(recorder);
        handle
    })
}

/// Installs the recorder, so that what is counted before the first scrape is not lost.
pub fn install() {
    recorder();
}

/// `GET /metrics`
pub async fn scrape() -> String {
    let handle = recorder();
    handle.run_upkeep();
    handle.render()
}

/// Counts and times a request under the template of its route, so that ids do not make new series.
pub async fn observe(request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().to_string();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let duration = start.elapsed();
    tracing::debug!(
        method,
        route,
        status,
        duration_ms = duration.as_secs_f64() * 1e3,
        "{method} {route} {status}"
    );
    let labels = [
        ("method", method),
        ("route", route),
        ("status", status.to_string()),
    ];
    metrics::counter!("ironloop_http_requests_total", &labels).increment(1);
    metrics::histogram!("ironloop_http_request_duration_seconds", &labels[..2])
        .record(duration.as_secs_f64());
    response
}
