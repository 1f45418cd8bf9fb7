//! Projects: what they are for, how far they are, and their file.

mod criteria;
mod phase;

use std::path::Path as FilePath;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, Kind, Page, Result};
use data::Feasibility;
use project::{Plan, Project};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Body, Problem, evaluation};
use crate::actor::Actor;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/projects", get(list))
        .route("/projects/plan", post(plan))
        .route("/projects/apply", post(apply))
        .route("/projects/{project}", get(show))
        .route("/projects/{project}/design-check", post(design_check))
        .route(
            "/projects/{project}/criteria/{criterion}/versions",
            get(criterion_versions),
        )
}

async fn list(State(app): State<App>) -> Result<Json<Page<Value>>, Problem> {
    let mut items = Vec::new();
    for project in project::projects(&app.db).await? {
        let phases: serde_json::Map<_, _> = phase::phases(&app, &project)
            .await?
            .into_iter()
            .map(|phase| (phase.phase.to_owned(), json!(phase.state)))
            .collect();
        let champion = champion(&app, &project).await?;
        items.push(json!({
            "name": project.name, "title": project.file.project.title, "owner": project.file.project.owner, "phases": phases,
            "champion": champion.map(|version| json!({"model": project.file.model_name(), "version": version})),
            "alerts": monitoring::open_alerts(&app.db, &project.name).await?.len(),
        }));
    }
    Ok(Json(Page { items, next: None }))
}

async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    let project = project::project(&app.db, &name).await?;
    let file = &project.file;
    Ok(Json(json!({
        "name": project.name, "title": file.project.title, "owner": file.project.owner, "risk": file.project.risk,
        "version": project.version, "digest": project.digest, "applied_at": project.applied_at,
        "charter": file.charter, "goals": file.goals, "payoff": file.payoff, "people": file.people, "notes": file.notes,
        "criteria": criteria::rows(&app, &project).await?, "phases": phase::phases(&app, &project).await?,
        "model": file.model_name(), "file": project.text,
    })))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    text: String,
    /// The folder that relative paths in the file start from.
    base_dir: String,
}

impl File {
    /// Relative to nothing in particular is a trap: the server's own folder is not the caller's.
    fn base_dir(&self) -> Result<&FilePath> {
        let folder = FilePath::new(&self.base_dir);
        if folder.is_absolute() {
            return Ok(folder);
        }
        Err(Error::invalid(format!(
            "base_dir {:?} is not an absolute path",
            self.base_dir
        ))
        .hint("send the folder of the project file, from the root"))
    }
}

async fn plan(State(app): State<App>, Body(file): Body<File>) -> Result<Json<Plan>, Problem> {
    Ok(Json(
        project::plan(&app.db, &file.text, file.base_dir()?).await?,
    ))
}

/// A criterion that changed is measured on the live champion at once: nobody has to wait to see that it does not
/// meet the new goal.
async fn apply(
    State(app): State<App>,
    actor: Actor,
    Body(file): Body<File>,
) -> Result<Json<Value>, Problem> {
    let (project, plan) = project::apply(&app.db, &file.text, file.base_dir()?, &actor.0).await?;
    let moved = plan.changes.iter().any(|change| {
        change.object.starts_with("criterion.") || change.object.starts_with("gate.")
    });
    let job = match champion(&app, &project).await?.filter(|_| moved) {
        Some(version) => {
            let id = evaluation::ask_version(&app, &project.name, version, &actor.0).await?;
            app.poke.now();
            Some(id)
        }
        None => None,
    };
    Ok(Json(json!({
        "project": project.name, "version": project.version, "from_version": plan.from_version,
        "changes": plan.changes, "warnings": plan.warnings, "job": job,
    })))
}

async fn design_check(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Feasibility>, Problem> {
    let project = project::project(&app.db, &name).await?;
    Ok(Json(app.data.feasibility(&project).await))
}

async fn criterion_versions(
    State(app): State<App>,
    Path((name, criterion)): Path<(String, String)>,
) -> Result<Json<Page<project::CriterionVersion>>, Problem> {
    let project = project::project(&app.db, &name).await?;
    let items = project::criterion_versions(&app.db, &project.name, &criterion).await?;
    if items.is_empty() {
        return Err(
            Error::not_found(format!("project {name:?} has no criterion {criterion:?}")).into(),
        );
    }
    Ok(Json(Page { items, next: None }))
}

/// The version that has the alias `champion`.
async fn champion(app: &App, project: &Project) -> Result<Option<i64>> {
    match registry::alias(&app.db, project.file.model_name(), "champion").await {
        Ok(version) => Ok(Some(version.version)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
