//! Background work without input: each reconciler looks at the state and moves it one step, on a timer.

use std::time::Duration;

use store::Backend;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Starts the reconcilers; they end when `stop` is cancelled.
pub fn start(app: &App, stop: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
    vec![tokio::spawn(lost_jobs(app.clone(), stop.clone()))]
}

/// Several servers may share PostgreSQL: each takes up what one that died has left.
async fn lost_jobs(app: App, stop: CancellationToken) {
    if app.db.backend() == Backend::Sqlite || app.clock.is_manual() {
        return;
    }
    while every(Duration::from_secs(30), &stop).await {
        match store::requeue_lost_jobs(&app.db, false).await {
            Ok(0) => {}
            Ok(jobs) => {
                tracing::warn!(
                    jobs,
                    "{jobs} jobs were left by a worker that died, and are queued again"
                );
                app.poke.now();
            }
            Err(error) => tracing::error!("lost jobs cannot be looked for: {error:?}"),
        }
    }
}

/// Waits for the next turn; false when it is time to stop.
async fn every(period: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(period) => true,
        () = stop.cancelled() => false,
    }
}
