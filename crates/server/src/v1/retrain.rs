//! Retraining: ask for one, see how they went, and the tasks that the loop leaves to people.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, Page, PageRequest};
use http::StatusCode;
use improvement::{Retraining, Task};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Job;

use super::{Body, Problem, Query};
use crate::actor::Actor;
use crate::app::App;
use crate::jobs::Reporter;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/projects/{project}/retrain", post(ask))
        .route("/projects/{project}/retrainings", get(list))
        .route("/projects/{project}/retrainings/{retraining}", get(show))
        .route("/projects/{project}/tasks", get(tasks))
        .route("/projects/{project}/tasks/{task}/done", post(done))
}

/// What improvement works with.
pub(crate) fn context(app: &App) -> improvement::Context {
    improvement::Context {
        db: app.db.clone(),
        blobs: app.blobs.clone(),
        data: app.data.clone(),
        serving: app.serving.clone(),
        monitoring: app.monitoring.clone(),
        tracking_uri: app.address.clone(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    reason: String,
}

async fn ask(
    State(app): State<App>,
    actor: Actor,
    Path(project): Path<String>,
    body: Option<Body<Wanted>>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let project = project::project(&app.db, &project).await?;
    let reason = body
        .map(|Body(wanted)| wanted.reason)
        .filter(|reason| !reason.is_empty());
    let reason = reason.unwrap_or_else(|| format!("asked for by {}", actor.0));
    let (retraining, job) = improvement::ask(&app.db, &project, &reason, &actor.0).await?;
    app.poke.now();
    Ok((
        StatusCode::ACCEPTED,
        Json(json!({ "job": job, "retraining": retraining })),
    ))
}

async fn list(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(page): Query<PageRequest>,
) -> Result<Json<Page<Retraining>>, Problem> {
    let project = project::project(&app.db, &project).await?;
    let page = improvement::retrainings(&app.db, &project.name, &page).await?;
    Ok(Json(page))
}

async fn show(
    State(app): State<App>,
    Path((project, id)): Path<(String, String)>,
) -> Result<Json<Retraining>, Problem> {
    let retraining = improvement::retraining(&app.db, &id).await?;
    if retraining.project != project {
        return Err(Error::not_found(format!("project {project} has no retraining {id:?}")).into());
    }
    Ok(Json(retraining))
}

#[derive(Debug, Deserialize)]
struct Input {
    retraining: String,
}

/// The handler of jobs of kind `retrain`. What was done of it stays done, so it may run twice.
pub(crate) async fn run(app: &App, job: &Job, reporter: &Reporter) -> base::Result<Value> {
    let input: Input = job.input()?;
    let project = project::project(&app.db, &job.project).await?;
    let progress =
        |step: &str, done: u64, total: u64, message: &str| reporter.say(step, done, total, message);
    let outcome =
        improvement::run_retraining(&context(app), &project, &input.retraining, &progress).await?;
    Ok(serde_json::to_value(outcome)?)
}

async fn tasks(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(page): Query<PageRequest>,
) -> Result<Json<Page<Task>>, Problem> {
    let project = project::project(&app.db, &project).await?;
    Ok(Json(
        improvement::tasks(&app.db, &project.name, &page).await?,
    ))
}

async fn done(
    State(app): State<App>,
    actor: Actor,
    Path((project, task)): Path<(String, String)>,
) -> Result<Json<Task>, Problem> {
    Ok(Json(
        improvement::finish_task(&app.db, &project, &task, &actor.0).await?,
    ))
}
