//! Training: asked for here, done by a worker.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::{Value, json};
use store::{AuditEntry, Job, NewJob};
use training::{TrainContext, TrainRequest};

use super::{Problem, job};
use crate::actor::Actor;
use crate::app::App;
use crate::jobs::Reporter;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/projects/{project}/train", post(start))
}

/// Refuses at once what could never work: an unknown project or candidate, a project that does not say what to train.
async fn start(
    State(app): State<App>,
    Path(name): Path<String>,
    actor: Actor,
    body: Bytes,
) -> Result<impl IntoResponse, Problem> {
    let project = project::project(&app.db, &name).await?;
    let request = TrainRequest {
        user: actor.0,
        ..asked(&body)?
    };
    training::train::check(&project, &request)?;
    let input = serde_json::to_value(&request).map_err(base::Error::from)?;
    let id = app
        .db
        .write(move |tx| {
            let job = NewJob {
                kind: "train",
                key: None,
                project: project.name.clone(),
                input: input.clone(),
            };
            let entry = AuditEntry {
                actor: request.user.clone(),
                action: "training.asked".to_owned(),
                project: project.name.clone(),
                object: format!("project/{}", project.name),
                detail: json!({"candidates": request.candidates, "trials": request.trials}),
            };
            Box::pin(async move {
                let id = tx.enqueue(&job).await?;
                tx.audit(&entry).await?;
                Ok(id)
            })
        })
        .await?;
    Ok(job::accepted(&app, &id))
}

/// A training needs no further words: an empty body asks for what the project file says.
fn asked(body: &[u8]) -> base::Result<TrainRequest> {
    if body.is_empty() {
        return Ok(TrainRequest::default());
    }
    Ok(serde_json::from_slice(body)?)
}

/// Does the work of a job of kind `train`.
pub(crate) async fn run(app: &App, job: &Job, reporter: &Reporter) -> base::Result<Value> {
    let project = project::project(&app.db, &job.project).await?;
    let mut ctx = TrainContext::new(
        app.db.clone(),
        app.blobs.clone(),
        app.data.clone(),
        app.address.clone(),
    );
    ctx.request = job.input()?;
    let outcome = training::train(&ctx, &project, &|progress| {
        reporter.say(
            &progress.step,
            progress.done,
            progress.total,
            progress.message,
        );
    })
    .await?;
    Ok(serde_json::to_value(&outcome)?)
}
