//! Models and versions: what there is, the gate report, promotion.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, Kind, Page, Result};
use http::{HeaderValue, StatusCode, header};
use project::{Project, Verdict};
use registry::{GateResult, ModelSearch, ModelVersion, Promotion};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Body, Problem};
use crate::actor::Actor;
use crate::app::App;

/// Versions shown of a model, the newest first.
const VERSIONS: usize = 200;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/projects/{project}/models", get(list))
        .route("/projects/{project}/models/{model}", get(show))
        .route(
            "/projects/{project}/models/{model}/versions/{version}",
            get(version),
        )
        .route(
            "/projects/{project}/models/{model}/versions/{version}/promote",
            post(promote),
        )
}

/// A project has one model: the one that its file names.
pub(super) fn check_name(project: &Project, model: &str) -> Result<()> {
    let own = project.file.model_name();
    if own == model {
        return Ok(());
    }
    Err(
        Error::not_found(format!("project {:?} has no model {model:?}", project.name))
            .hint(format!("its model is {own:?}")),
    )
}

#[derive(Debug, Serialize)]
struct ModelRow {
    name: String,
    latest_version: Option<i64>,
    aliases: BTreeMap<String, i64>,
}

async fn list(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Page<ModelRow>>, Problem> {
    let project = project::project(&app.db, &name).await?;
    let mut items = Vec::new();
    if let Some(model) = registered(&app, &project).await? {
        let newest = versions(&app, &model.name, 1).await?;
        items.push(ModelRow {
            latest_version: newest.first().map(|version| version.version),
            aliases: model.aliases.into_iter().collect(),
            name: model.name,
        });
    }
    Ok(Json(Page { items, next: None }))
}

async fn show(
    State(app): State<App>,
    Path((name, model)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let project = project::project(&app.db, &name).await?;
    check_name(&project, &model)?;
    let aliases: BTreeMap<String, i64> = match registered(&app, &project).await? {
        Some(model) => model.aliases.into_iter().collect(),
        None => BTreeMap::new(),
    };
    let mut rows = Vec::new();
    for version in versions(&app, &model, VERSIONS).await? {
        rows.push(version_row(&app, &project, &version).await?);
    }
    Ok(Json(
        json!({ "name": model, "aliases": aliases, "versions": rows }),
    ))
}

async fn version_row(app: &App, project: &Project, version: &ModelVersion) -> Result<Value> {
    let evaluation =
        registry::evaluation_of_version(&app.db, &project.name, &version.name, version.version)
            .await?;
    let metrics: BTreeMap<String, f64> = evaluation
        .iter()
        .flat_map(|evaluation| &evaluation.metrics)
        .filter_map(|metric| Some((metric.name.clone(), metric.measured.value?)))
        .collect();
    let verdict = evaluation
        .as_ref()
        .map(|evaluation| Verdict::all(evaluation.criteria.iter().map(|it| it.verdict)));
    Ok(json!({
        "version": version.version, "created_at": version.created_at, "run_id": version.run_id,
        "aliases": version.aliases, "verdict": verdict, "metrics": metrics,
    }))
}

async fn version(
    State(app): State<App>,
    Path((name, model, number)): Path<(String, String, i64)>,
) -> Result<Json<Value>, Problem> {
    let project = project::project(&app.db, &name).await?;
    check_name(&project, &model)?;
    let version = registry::version(&app.db, &model, number).await?;
    let evaluation = registry::evaluation_of_version(&app.db, &name, &model, number).await?;
    let gates = registry::gate_results(&app.db, &project, &model, number).await?;
    let digest = evaluation
        .as_ref()
        .map(|evaluation| evaluation.model_digest.clone());
    Ok(Json(json!({
        "name": model, "version": number, "run_id": version.run_id, "digest": digest, "created_at": version.created_at,
        "user": version.user, "description": version.description, "aliases": version.aliases,
        "signature": signature(&app, &version).await?, "evaluation": evaluation, "gates": gates,
        "live_in": live_in(&app, &project, number).await?,
    })))
}

/// The inputs of a model of ours; null for one that only its own library can read.
async fn signature(app: &App, version: &ModelVersion) -> Result<Value> {
    let folder = experiments::blob_path(&version.storage)?;
    if !training::is_ours(&app.blobs, &folder).await? {
        return Ok(Value::Null);
    }
    let model = training::load(&app.blobs, &folder).await?;
    let signature = model.signature();
    let inputs: Vec<Value> = signature
        .inputs
        .iter()
        .map(|input| json!({"name": input.name, "type": input.kind_text(), "nullable": input.nullable}))
        .collect();
    Ok(json!({ "inputs": inputs, "output": signature.output, "task": signature.task }))
}

/// Endpoints where the version answers requests now.
async fn live_in(app: &App, project: &Project, number: i64) -> Result<Vec<String>> {
    let mut live = Vec::new();
    for endpoint in project.file.deployments.keys() {
        let Ok(status) = app.serving.status(&project.name, endpoint).await else {
            continue;
        };
        if status
            .revisions
            .iter()
            .any(|revision| revision.version == number && revision.share > 0)
        {
            live.push(endpoint.clone());
        }
    }
    Ok(live)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    alias: String,
}

/// A refusal carries the gate's state beside the sentence.
async fn promote(
    State(app): State<App>,
    Path((name, model, number)): Path<(String, String, i64)>,
    actor: Actor,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let project = project::project(&app.db, &name).await?;
    check_name(&project, &model)?;
    match registry::promote(&app.db, &project, number, &wanted.alias, &actor.0).await {
        Ok(promotion) => Ok(Json::<Promotion>(promotion).into_response()),
        Err(error)
            if error.kind() == Kind::Forbidden
                && project.file.gates.contains_key(&wanted.alias) =>
        {
            let gate =
                registry::gate_result(&app.db, &project, &wanted.alias, &model, number).await?;
            Ok(refusal(&error, &gate))
        }
        Err(error) => Err(error.into()),
    }
}

fn refusal(error: &Error, gate: &GateResult) -> Response {
    let (status, name, title) = crate::error::status_of(error.kind());
    debug_assert_eq!(status, StatusCode::FORBIDDEN);
    let document = json!({
        "type": format!("urn:ironloop:problem:{name}"), "title": title, "status": status.as_u16(),
        "detail": error.message(), "hint": error.hint_text(), "gate": gate,
    });
    let mut response = (status, Json(document)).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

/// The project's model, once it has one.
async fn registered(app: &App, project: &Project) -> Result<Option<registry::Model>> {
    match registry::model(&app.db, project.file.model_name()).await {
        Ok(model) => Ok(Some(model)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn versions(app: &App, model: &str, limit: usize) -> Result<Vec<ModelVersion>> {
    let search = ModelSearch {
        filter: format!("name = '{}'", model.replace('\'', "''")),
        order_by: vec!["version_number DESC".to_owned()],
        page: base::PageRequest {
            limit: Some(limit),
            token: None,
        },
    };
    Ok(registry::search_versions(&app.db, &search).await?.items)
}
