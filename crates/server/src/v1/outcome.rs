//! Outcomes: the truth about predictions, as it becomes known.

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::post;
use axum::{Json, Router};
use monitoring::{Outcome, Recorded};
use serde::Deserialize;

use super::{Body, Problem};
use crate::app::App;

/// Room for the largest batch of outcomes.
const MAX_BODY: usize = 32 * 1024 * 1024;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/projects/{project}/deployments/{endpoint}/outcomes",
            post(record),
        )
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcomes {
    outcomes: Vec<Outcome>,
}

/// Each outcome once, whatever was sent before: the answer counts what became of them.
async fn record(
    State(app): State<App>,
    Path((project, endpoint)): Path<(String, String)>,
    Body(body): Body<Outcomes>,
) -> Result<Json<Recorded>, Problem> {
    let project = project::project(&app.db, &project).await?;
    Ok(Json(
        app.monitoring
            .record(&project, &endpoint, body.outcomes)
            .await?,
    ))
}
