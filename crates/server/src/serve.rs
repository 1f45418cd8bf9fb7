//! The router, and the life of a server from start to a graceful end.

use std::future::{Future, IntoFuture as _};
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Router, middleware};
use base::{Error, Result};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;

use crate::app::App;
use crate::{assets, events, guard, inference, jobs, mlflow, reconcile, telemetry, v1};

/// Bodies over this are refused, except on routes with a limit of their own (artifacts are streamed).
pub(crate) const BODY_LIMIT: usize = 64 * 1024 * 1024;
/// How long requests that are under way may take at the end.
const GRACE: Duration = Duration::from_secs(10);

/// Every address of the server, behind one guard.
pub fn router(app: App) -> Router {
    routes()
        .layer(middleware::from_fn(telemetry::observe))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(guard::guard))
        .with_state(app)
}

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/metrics", get(telemetry::scrape))
        .route("/api/v1/jobs/{id}/events", get(events::job_events))
        .nest("/api/v1", v1::routes())
        .merge(mlflow::routes())
        .merge(inference::routes())
        .fallback(assets::fallback)
}

/// Serves until `shutdown` resolves; then finishes what is under way and stops the workers.
pub async fn serve(app: App, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    telemetry::install();
    let listener = app
        .listener
        .lock()
        .ok()
        .and_then(|mut listener| listener.take());
    let listener =
        listener.ok_or_else(|| Error::conflict("this server is being served already"))?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let stop = CancellationToken::new();
    let mut tasks = jobs::start(&app, &stop);
    tasks.extend(reconcile::start(&app, &stop));

    let stopped = stop.clone();
    tokio::spawn(async move {
        shutdown.await;
        stopped.cancel();
    });
    let server = axum::serve(listener, router(app.clone()))
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    // Event streams never end by themselves, so the wait for the last requests has a limit.
    let outcome = tokio::select! {
        outcome = server => outcome,
        () = async { stop.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
    };
    stop.cancel();
    for task in tasks {
        let _ = task.await;
    }
    app.serving.drain().await?;
    outcome.map_err(Error::from)
}
