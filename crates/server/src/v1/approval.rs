//! Approvals: a person decides about a version at a gate.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, Page};
use project::{Project, Role};
use registry::{Approval, Decision};
use serde::Deserialize;

use super::{Body, Problem};
use crate::actor::Actor;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route(
            "/projects/{project}/models/{model}/versions/{version}/approve",
            post(decide),
        )
        .route("/projects/{project}/approvals", get(open))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    role: String,
    decision: Decision,
    #[serde(default)]
    reason: String,
    /// The gate; the one that asks for the role where it is not given.
    gate: Option<String>,
}

async fn decide(
    State(app): State<App>,
    Path((name, model, version)): Path<(String, String, i64)>,
    actor: Actor,
    Body(body): Body<Decided>,
) -> Result<Json<Approval>, Problem> {
    let project = project::project(&app.db, &name).await?;
    super::model::check_name(&project, &model)?;
    let role = Role::named(&body.role)?;
    let gate = match body.gate {
        Some(gate) => gate,
        None => gate_that_asks(&project, role)?,
    };
    let signed = registry::Signature {
        role,
        decision: body.decision,
        reason: body.reason,
        actor: actor.0,
    };
    Ok(Json(
        registry::approve(&app.db, &project, &gate, version, signed).await?,
    ))
}

/// The gate that asks for `role`; of several, the one that protects the alias `champion`.
fn gate_that_asks(project: &Project, role: Role) -> Result<String, Error> {
    let mut asking = project
        .file
        .gates
        .values()
        .filter(|gate| gate.approve.iter().any(|need| need.role == role));
    let first = asking.next();
    asking
        .find(|gate| gate.name == "champion")
        .or(first)
        .map(|gate| gate.name.clone())
        .ok_or_else(|| {
            Error::invalid(format!(
                "no gate of project {:?} asks for the role {role}",
                project.name
            ))
            .hint("the roles are in [gate.…] approve of the project file")
        })
}

async fn open(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Page<Approval>>, Problem> {
    let project = project::project(&app.db, &name).await?;
    let items = registry::open_approvals(&app.db, &project.name).await?;
    Ok(Json(Page { items, next: None }))
}
