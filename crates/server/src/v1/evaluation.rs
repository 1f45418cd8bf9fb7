//! Evaluations: asked for here, done by a worker.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::post;
use base::{Error, RunId};
use project::Verdict;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{AuditEntry, Job, NewJob};

use super::{Body, Problem, job};
use crate::actor::Actor;
use crate::app::App;
use crate::jobs::Reporter;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/projects/{project}/evaluate", post(start))
}

/// A run, or a version of the project's model.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    run_id: Option<RunId>,
    version: Option<i64>,
    #[serde(default)]
    user: String,
}

/// Refuses at once what could never work.
async fn start(
    State(app): State<App>,
    Path(name): Path<String>,
    actor: Actor,
    Body(body): Body<Request>,
) -> Result<impl IntoResponse, Problem> {
    let project = project::project(&app.db, &name).await?;
    match (&body.run_id, body.version) {
        (Some(run), None) => {
            experiments::get_run(&app.db, run).await?;
        }
        (None, Some(version)) => {
            registry::version(&app.db, project.file.model_name(), version).await?;
        }
        _ => {
            return Err(Error::invalid("say what to evaluate")
                .hint("send either run_id or version")
                .into());
        }
    }
    let id = ask(
        &app,
        &project.name,
        Request {
            user: actor.0,
            ..body
        },
    )
    .await?;
    Ok(job::accepted(&app, &id))
}

/// Asks for the evaluation of a version.
pub(crate) async fn ask_version(
    app: &App,
    project: &str,
    version: i64,
    user: &str,
) -> Result<base::JobId, Error> {
    ask(
        app,
        project,
        Request {
            run_id: None,
            version: Some(version),
            user: user.to_owned(),
        },
    )
    .await
}

async fn ask(app: &App, project: &str, request: Request) -> Result<base::JobId, Error> {
    let project = project.to_owned();
    app.db
        .write(move |tx| {
            let (project, request) = (project.clone(), request.clone());
            Box::pin(async move {
                let input = serde_json::to_value(&request)?;
                let new = NewJob {
                    kind: "evaluate",
                    key: None,
                    project: project.clone(),
                    input: input.clone(),
                };
                let id = tx.enqueue(&new).await?;
                tx.audit(&AuditEntry {
                    actor: request.user,
                    action: "registry.evaluation_asked".to_owned(),
                    object: format!("project/{project}"),
                    project,
                    detail: input,
                })
                .await?;
                Ok(id)
            })
        })
        .await
}

/// Does the work of a job of kind `evaluate`. A run that does not pass the gate `candidate` is a result, not an
/// error: `version` is null and `refusal` names the criterion.
pub(crate) async fn run(app: &App, job: &Job, reporter: &Reporter) -> base::Result<Value> {
    let project = project::project(&app.db, &job.project).await?;
    let request: Request = job.input()?;
    let ctx = registry::Context {
        db: app.db.clone(),
        blobs: app.blobs.clone(),
        data: app.data.clone(),
    };
    reporter.say(
        "evaluate",
        0,
        1,
        "measures the held-out rows, with bounds and slices",
    );
    let (version, evaluation, refusal) = match (&request.run_id, request.version) {
        (Some(run), _) => {
            let made = registry::register(&ctx, &project, run, &request.user).await?;
            (
                made.version.map(|version| version.version),
                made.evaluation,
                made.refusal,
            )
        }
        (None, Some(version)) => (
            Some(version),
            registry::evaluate_version(&ctx, &project, version, &request.user).await?,
            None,
        ),
        (None, None) => return Err(Error::invalid("the job names neither a run nor a version")),
    };
    let verdict = match (&refusal, version) {
        (Some(_), _) | (None, None) => Verdict::Fail,
        (None, Some(_)) => Verdict::all(
            evaluation
                .criteria
                .iter()
                .map(|criterion| criterion.verdict),
        ),
    };
    reporter.say(
        "evaluate",
        1,
        1,
        format!("{verdict} on {} rows", evaluation.rows),
    );
    Ok(json!({
        "version": version, "model": evaluation.model, "evaluation_id": evaluation.id, "verdict": verdict,
        "refusal": refusal, "dataset": evaluation.dataset, "rows": evaluation.rows, "criteria": evaluation.criteria,
    }))
}
