//! Things that come from another MLflow store with their ids: experiments, runs, logged models and versions.
//!
//! What was logged into them follows by MLflow's own calls. Each call here may be made again.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base::{LoggedModelId, RunId};
use experiments::{Imported, ImportedExperiment, ImportedLoggedModel, ImportedRun, Tag};
use registry::NewVersion;
use serde::{Deserialize, Serialize};

use super::{Body, Problem};
use crate::actor::Actor;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/import/experiment", post(experiment))
        .route("/import/run", post(run))
        .route("/import/logged-model", post(logged_model))
        .route("/import/version", post(version))
}

/// What became of a thing: its id here, and whether it is new.
#[derive(Debug, Serialize)]
struct Outcome {
    id: String,
    added: bool,
}

impl From<Imported> for Outcome {
    fn from(imported: Imported) -> Self {
        Self {
            id: imported.id,
            added: imported.added,
        }
    }
}

async fn experiment(
    State(app): State<App>,
    Body(new): Body<ImportedExperiment>,
) -> Result<Json<Outcome>, Problem> {
    let made = experiments::import_experiment(&app.db, new, &app.artifact_root).await?;
    Ok(Json(made.into()))
}

async fn run(
    State(app): State<App>,
    Body(new): Body<ImportedRun>,
) -> Result<Json<Outcome>, Problem> {
    Ok(Json(experiments::import_run(&app.db, new).await?.into()))
}

async fn logged_model(
    State(app): State<App>,
    Body(new): Body<ImportedLoggedModel>,
) -> Result<Json<Outcome>, Problem> {
    let made = experiments::import_logged_model(&app.db, new).await?;
    Ok(Json(made.into()))
}

#[derive(Debug, Deserialize)]
struct Version {
    name: String,
    version: i64,
    source: String,
    run_id: Option<RunId>,
    model_id: Option<LoggedModelId>,
    #[serde(default)]
    run_link: String,
    #[serde(default)]
    description: String,
    user: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    created_at: i64,
    #[serde(default)]
    updated_at: i64,
}

async fn version(
    State(app): State<App>,
    actor: Actor,
    Body(given): Body<Version>,
) -> Result<Json<Outcome>, Problem> {
    let new = NewVersion {
        name: given.name,
        source: given.source,
        run_id: given.run_id,
        model_id: given.model_id,
        run_link: given.run_link,
        description: given.description,
        user: given.user.unwrap_or(actor.0),
        tags: given.tags,
    };
    let added = registry::import_version(
        &app.db,
        new,
        given.version,
        given.created_at,
        given.updated_at,
    )
    .await?;
    Ok(Json(Outcome {
        id: given.version.to_string(),
        added,
    }))
}
