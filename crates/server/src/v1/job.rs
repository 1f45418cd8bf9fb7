//! Jobs: what runs in the background, how far it is and how it ended.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use base::{Page, PageRequest};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Job;

use super::{Problem, Query};
use crate::app::App;

/// A job as callers see it; its input stays inside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobDocument {
    /// `job-…`
    pub id: String,
    /// `train`, `evaluate`, …
    pub kind: String,
    /// For which project.
    pub project: String,
    /// `queued`, `running`, `done` or `failed`.
    pub state: String,
    /// `{step, done, total, message}`; empty before the first word.
    pub progress: Value,
    /// What came out; null until it is done.
    pub result: Value,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: i64,
    /// When a worker last began.
    pub started_at: Option<i64>,
    /// When it ended.
    pub finished_at: Option<i64>,
}

impl From<Job> for JobDocument {
    fn from(job: Job) -> Self {
        let done = job.state == "done";
        Self {
            id: job.id,
            kind: job.kind,
            project: job.project,
            state: job.state,
            progress: serde_json::from_str(&job.progress).unwrap_or_default(),
            result: if done {
                serde_json::from_str(&job.result).unwrap_or_default()
            } else {
                Value::Null
            },
            error: Some(job.error).filter(|error| !error.is_empty()),
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

/// The answer to a request whose work goes on in the background; wakes the workers.
pub fn accepted(app: &App, id: &base::JobId) -> (StatusCode, Json<Value>) {
    app.poke.now();
    (StatusCode::ACCEPTED, Json(json!({ "job": id })))
}

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/jobs", get(list))
        .route("/jobs/{id}", get(show))
}

#[derive(Debug, Deserialize)]
struct Filter {
    #[serde(default)]
    project: String,
    limit: Option<usize>,
    token: Option<String>,
}

async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<JobDocument>>, Problem> {
    let page = PageRequest {
        limit: filter.limit,
        token: filter.token,
    };
    Ok(Json(
        store::jobs(&app.db, &filter.project, &page)
            .await?
            .map(JobDocument::from),
    ))
}

async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<JobDocument>, Problem> {
    Ok(Json(store::job(&app.db, &id).await?.into()))
}
