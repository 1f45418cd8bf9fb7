//! Monitors: judge what is due, show an endpoint over time, and the alerts.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Page, PageRequest};
use improvement::Firing;
use monitoring::{Alert, Series, Shown};
use serde::Serialize;

use super::{Problem, Query};
use crate::actor::Actor;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/projects/{project}/monitors/run", post(run))
        .route("/projects/{project}/monitoring/{endpoint}", get(show))
        .route("/projects/{project}/alerts", get(alerts))
        .route(
            "/projects/{project}/alerts/{alert}/acknowledge",
            post(acknowledge),
        )
}

/// What one pass did.
#[derive(Debug, Serialize)]
struct Pass {
    /// The windows that were judged, or judged again because more outcomes are known.
    windows: Vec<Shown>,
    /// What became of events that triggers had not seen.
    triggers: Vec<Firing>,
}

/// Judges what is due and lets the triggers look at it. Doing it twice changes nothing.
async fn run(State(app): State<App>, Path(project): Path<String>) -> Result<Json<Pass>, Problem> {
    let project = project::project(&app.db, &project).await?;
    let windows = app.monitoring.run_due(&project).await?;
    let triggers = improvement::react(&super::retrain::context(&app), &project).await?;
    if triggers.iter().any(|firing| firing.job.is_some()) {
        app.poke.now();
    }
    Ok(Json(Pass { windows, triggers }))
}

async fn show(
    State(app): State<App>,
    Path((project, endpoint)): Path<(String, String)>,
) -> Result<Json<Series>, Problem> {
    let project = project::project(&app.db, &project).await?;
    Ok(Json(app.monitoring.series(&project, &endpoint).await?))
}

async fn alerts(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(page): Query<PageRequest>,
) -> Result<Json<Page<Alert>>, Problem> {
    let project = project::project(&app.db, &project).await?;
    Ok(Json(
        monitoring::alerts(&app.db, &project.name, &page).await?,
    ))
}

async fn acknowledge(
    State(app): State<App>,
    actor: Actor,
    Path((project, alert)): Path<(String, String)>,
) -> Result<Json<Alert>, Problem> {
    Ok(Json(
        monitoring::acknowledge(&app.db, &project, &alert, &actor.0).await?,
    ))
}
