//! Deployments: the endpoints of a project, what serves there, and how a new version takes over.

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, Page};
use deployment::{EndpointStatus, Revision, Signature};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Job, NewJob};

use super::Problem;
use crate::actor::Actor;
use crate::app::App;
use crate::jobs::Reporter;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/projects/{project}/deployments", get(list))
        .route("/projects/{project}/deployments/{endpoint}", get(show))
        .route(
            "/projects/{project}/deployments/{endpoint}/deploy",
            post(deploy),
        )
        .route(
            "/projects/{project}/deployments/{endpoint}/rollback",
            post(rollback),
        )
}

/// An endpoint with what a caller needs to use it.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    status: EndpointStatus,
    example: Option<Example>,
}

/// Lines to copy.
#[derive(Debug, Serialize)]
struct Example {
    curl: String,
    python: String,
}

/// All deployments of the project's file, those that were never deployed too.
async fn list(
    State(app): State<App>,
    Path(project): Path<String>,
) -> Result<Json<Page<Shown>>, Problem> {
    let known = project::project(&app.db, &project).await?;
    let mut items = app.serving.endpoints(&project).await?;
    for (name, spec) in &known.file.deployments {
        if !items.iter().any(|item| item.name == *name) {
            items.push(never_deployed(&project, name, spec));
        }
    }
    items.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(Page {
        items: items
            .into_iter()
            .map(|status| shown(&app, status))
            .collect(),
        next: None,
    }))
}

async fn show(
    State(app): State<App>,
    Path((project, endpoint)): Path<(String, String)>,
) -> Result<Json<Shown>, Problem> {
    match app.serving.status(&project, &endpoint).await {
        Ok(status) => Ok(Json(shown(&app, status))),
        Err(error) => {
            let known = project::project(&app.db, &project).await?;
            let spec = known.file.deployments.get(&endpoint).ok_or(error)?;
            Ok(Json(shown(&app, never_deployed(&project, &endpoint, spec))))
        }
    }
}

fn never_deployed(project: &str, name: &str, spec: &project::DeploymentSpec) -> EndpointStatus {
    let model = match (&spec.model.alias, spec.model.version) {
        (Some(alias), _) => format!("{}@{alias}", spec.model.name),
        (None, Some(version)) => format!("{}/{version}", spec.model.name),
        (None, None) => spec.model.name.clone(),
    };
    EndpointStatus {
        name: name.to_owned(),
        project: project.to_owned(),
        model,
        state: "empty".to_owned(),
        revisions: Vec::new(),
        signature: None,
        rollouts: Vec::new(),
        unlogged: 0,
    }
}

fn shown(app: &App, status: EndpointStatus) -> Shown {
    let example = status
        .signature
        .as_ref()
        .map(|signature| example(&app.address, &status.name, signature));
    Shown { status, example }
}

/// A request with one made-up row in the endpoint's own columns.
fn example(address: &str, endpoint: &str, signature: &Signature) -> Example {
    let value =
        |input: &deployment::Tensor| match (input.meaning.as_deref(), input.datatype.as_str()) {
            (Some("datetime"), _) => json!("2012-01-31T08:00:00Z"),
            (_, "BYTES") => json!("…"),
            (_, "BOOL") => json!(true),
            _ if input.width > 1 => json!(vec![0.0; input.width]),
            _ => json!(0.0),
        };
    let row: Map<String, Value> = signature
        .inputs
        .iter()
        .map(|input| (input.name.clone(), value(input)))
        .collect();
    let body = json!({ "dataframe_records": [row] });
    let url = format!("{address}/endpoints/{endpoint}/invocations");
    Example {
        curl: format!("curl {url} -H 'content-type: application/json' -d '{body}'"),
        python: format!(
            "import requests\nrequests.post({url:?}, json={}).json()[\"predictions\"]",
            python(&body)
        ),
    }
}

/// JSON as a literal of Python.
fn python(value: &Value) -> String {
    value
        .to_string()
        .replace(":true", ": True")
        .replace(":false", ": False")
        .replace(":null", ": None")
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    version: Option<i64>,
}

/// What a deploy job is told.
#[derive(Debug, Serialize, Deserialize)]
struct Input {
    endpoint: String,
    version: Option<i64>,
    actor: String,
}

async fn deploy(
    State(app): State<App>,
    actor: Actor,
    Path((project, endpoint)): Path<(String, String)>,
    body: Option<Json<Wanted>>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let known = project::project(&app.db, &project).await?;
    if !known.file.deployments.contains_key(&endpoint) {
        let error = Error::not_found(format!(
            "project {project:?} has no deployment {endpoint:?}"
        ));
        return Err(error
            .hint(format!(
                "add [deployment.{endpoint}] to the project file and apply it"
            ))
            .into());
    }
    let version = body.and_then(|Json(wanted)| wanted.version);
    let input = serde_json::to_value(Input {
        endpoint,
        version,
        actor: actor.0,
    })
    .map_err(Error::from)?;
    let job = NewJob {
        kind: "deploy",
        key: None,
        project,
        input,
    };
    let id = app
        .db
        .write(move |tx| {
            let job = job.clone();
            Box::pin(async move { tx.enqueue(&job).await })
        })
        .await?;
    Ok(super::job::accepted(&app, &id))
}

/// The handler of jobs of kind `deploy`. Deploying what serves already changes nothing, so it may run twice.
pub(crate) async fn run(app: &App, job: &Job, reporter: &Reporter) -> base::Result<Value> {
    let input: Input = job.input()?;
    let project = project::project(&app.db, &job.project).await?;
    reporter.say(
        "deploy",
        0,
        1,
        format!("loading and testing the model of {}", input.endpoint),
    );
    let revision = app
        .serving
        .deploy(&project, &input.endpoint, input.version, &input.actor)
        .await?;
    reporter.say(
        "deploy",
        1,
        1,
        format!(
            "revision {} has {} % of the traffic",
            revision.revision, revision.share
        ),
    );
    Ok(document(&revision))
}

async fn rollback(
    State(app): State<App>,
    actor: Actor,
    Path((project, endpoint)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let revision = app.serving.rollback(&project, &endpoint, &actor.0).await?;
    Ok(Json(document(&revision)))
}

fn document(revision: &Revision) -> Value {
    json!({
        "endpoint": revision.endpoint,
        "revision": revision.revision,
        "model": revision.model,
        "version": revision.version,
        "digest": revision.digest,
        "share": revision.share,
        "state": revision.state,
    })
}
