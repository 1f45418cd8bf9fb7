//! Background work without input: each reconciler looks at the state and moves it one step, on a timer.

use std::time::Duration;

use store::Backend;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// Starts the reconcilers; they end when `stop` is cancelled.
pub fn start(app: &App, stop: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
    vec![
        tokio::spawn(lost_jobs(app.clone(), stop.clone())),
        tokio::spawn(rollouts(app.clone(), stop.clone())),
        tokio::spawn(monitors(app.clone(), stop.clone())),
    ]
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

/// Rollouts take their next step when its hold is over.
async fn rollouts(app: App, stop: CancellationToken) {
    while every(Duration::from_secs(1), &stop).await {
        if let Err(error) = app.serving.advance().await {
            tracing::error!("rollouts cannot be moved on: {error:?}");
        }
    }
}

/// Windows that are due are judged, and triggers look at what came out. A replay owns its time and asks for this
/// itself (`POST …/monitors/run`), so that it goes the same way each time.
async fn monitors(app: App, stop: CancellationToken) {
    if app.clock.is_manual() {
        return;
    }
    while every(Duration::from_secs(30), &stop).await {
        let projects = match project::projects(&app.db).await {
            Ok(projects) => projects,
            Err(error) => {
                tracing::error!("projects cannot be listed: {error:?}");
                continue;
            }
        };
        for project in projects {
            if let Err(error) = judge_and_react(&app, &project).await {
                tracing::error!(
                    project = project.name,
                    "monitors of {} failed: {error:?}",
                    project.name
                );
            }
        }
    }
}

async fn judge_and_react(app: &App, project: &project::Project) -> base::Result<()> {
    app.monitoring.run_due(project).await?;
    improvement::react(&crate::v1::retrain::context(app), project).await?;
    app.poke.now();
    Ok(())
}

/// Waits for the next turn; false when it is time to stop.
async fn every(period: Duration, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = tokio::time::sleep(period) => true,
        () = stop.cancelled() => false,
    }
}
