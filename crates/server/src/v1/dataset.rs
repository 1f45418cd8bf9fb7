//! Datasets: versions, what rules said of them, what they look like, and their rows.

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, Page, PageRequest, Result};
use data::{CheckResult, ColumnSchema, DatasetVersion, Profile};
use project::{DatasetSpec, Project, Sensitivity};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Job, NewJob};

use super::{Body, Problem, Query, job};
use crate::actor::Actor;
use crate::app::App;
use crate::jobs::Reporter;

/// Rows on one page, unless asked otherwise.
const ROWS: usize = 50;
/// The most rows on one page.
const MOST_ROWS: usize = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/projects/{project}/datasets", get(list))
        .route(
            "/projects/{project}/datasets/{dataset}/versions",
            get(versions).post(add),
        )
        .route(
            "/projects/{project}/datasets/{dataset}/versions/{version}",
            get(show),
        )
        .route(
            "/projects/{project}/datasets/{dataset}/versions/{version}/check",
            post(check),
        )
        .route(
            "/projects/{project}/datasets/{dataset}/versions/{version}/profile",
            get(profile),
        )
        .route(
            "/projects/{project}/datasets/{dataset}/versions/{version}/rows",
            get(rows),
        )
}

/// A dataset in a list, with its current version.
#[derive(Debug, Serialize)]
struct DatasetDocument {
    name: String,
    owner: Option<String>,
    sensitivity: Sensitivity,
    version: Option<i64>,
    rows: Option<i64>,
    columns: Option<usize>,
    state: Option<&'static str>,
    checked_at: Option<i64>,
    passed: usize,
    failed: usize,
    warned: usize,
    quarantined: i64,
    fresh_until: Option<i64>,
}

/// A version; `checks` is the list of results, `checked_at` when they were made.
#[derive(Debug, Serialize)]
struct VersionDocument {
    project: String,
    dataset: String,
    version: i64,
    state: &'static str,
    digest: String,
    rows: i64,
    hidden: i64,
    delta_version: i64,
    created_at: i64,
    until: Option<i64>,
    source: String,
    schema: Vec<ColumnSchema>,
    checked_at: i64,
    checks: Vec<CheckResult>,
}

impl From<DatasetVersion> for VersionDocument {
    fn from(version: DatasetVersion) -> Self {
        Self {
            project: version.project,
            dataset: version.dataset,
            version: version.version,
            state: version.state.as_str(),
            digest: version.digest,
            rows: version.rows,
            hidden: version.hidden,
            delta_version: version.delta_version,
            created_at: version.created_at,
            until: version.until,
            source: version.source,
            schema: version.schema,
            checked_at: version.checks.at,
            checks: version.checks.results,
        }
    }
}

async fn list(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Page<DatasetDocument>>, Problem> {
    let project = project::project(&app.db, &name).await?;
    let mut items = Vec::with_capacity(project.file.datasets.len());
    for spec in project.file.datasets.values() {
        items.push(document(&app, &project, spec).await?);
    }
    Ok(Json(Page { items, next: None }))
}

/// A dataset without a good version is in the list too.
async fn document(app: &App, project: &Project, spec: &DatasetSpec) -> Result<DatasetDocument> {
    let current = match app.data.version(&project.name, &spec.name, None).await {
        Ok(version) => Some(version),
        Err(error) if error.kind() == base::Kind::NotFound => None,
        Err(error) => return Err(error),
    };
    let (passed, failed, warned) = current
        .as_ref()
        .map(|version| version.checks.counts())
        .unwrap_or_default();
    Ok(DatasetDocument {
        name: spec.name.clone(),
        owner: spec.owner.clone(),
        sensitivity: spec.sensitivity,
        version: current.as_ref().map(|version| version.version),
        rows: current.as_ref().map(|version| version.rows),
        columns: current.as_ref().map(|version| version.schema.len()),
        state: current.as_ref().map(|version| version.state.as_str()),
        checked_at: current.as_ref().map(|version| version.checks.at),
        passed,
        failed,
        warned,
        quarantined: app.data.quarantined(&project.name, &spec.name).await?,
        fresh_until: current.and_then(|version| version.until),
    })
}

/// What is added: the dataset's source, or another file instead.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddRequest {
    path: Option<String>,
}

/// The input of a job of kind `ingest`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ingest {
    dataset: String,
    path: Option<String>,
    user: String,
}

async fn add(
    State(app): State<App>,
    Path((name, dataset)): Path<(String, String)>,
    actor: Actor,
    body: Option<Body<AddRequest>>,
) -> Result<impl IntoResponse, Problem> {
    let project = project::project(&app.db, &name).await?;
    declared(&project, &dataset)?;
    let path = body.and_then(|body| body.0.path);
    let input = serde_json::to_value(Ingest {
        dataset,
        path,
        user: actor.0,
    })
    .map_err(Error::from)?;
    let id = app
        .db
        .write(move |tx| {
            let job = NewJob {
                kind: "ingest",
                key: None,
                project: name.clone(),
                input: input.clone(),
            };
            Box::pin(async move { tx.enqueue(&job).await })
        })
        .await?;
    Ok(job::accepted(&app, &id))
}

/// Does the work of a job of kind `ingest`. Doing it twice makes one version.
pub(crate) async fn run(app: &App, job: &Job, reporter: &Reporter) -> Result<Value> {
    let input: Ingest = job.input()?;
    let project = project::project(&app.db, &job.project).await?;
    reporter.say("read", 0, 1, format!("reading {}", input.dataset));
    let path = input.path.as_deref().map(std::path::Path::new);
    let added = app
        .data
        .add(&project, &input.dataset, path, &input.user)
        .await?;
    let version = added.version;
    reporter.say(
        "read",
        1,
        1,
        format!("{} rows, {}", version.rows, version.state.as_str()),
    );
    Ok(json!({
        "dataset": version.dataset,
        "version": version.version,
        "new": added.new,
        "state": version.state.as_str(),
        "rows": version.rows,
        "hidden": version.hidden,
        "digest": version.digest,
        "stopped_by": version.checks.stopped_by(),
        "checks": version.checks.results,
    }))
}

async fn versions(
    State(app): State<App>,
    Path((name, dataset)): Path<(String, String)>,
    Query(page): Query<PageRequest>,
) -> Result<Json<Page<VersionDocument>>, Problem> {
    let project = project::project(&app.db, &name).await?;
    declared(&project, &dataset)?;
    Ok(Json(
        app.data
            .versions(&name, &dataset, &page)
            .await?
            .map(VersionDocument::from),
    ))
}

async fn show(
    State(app): State<App>,
    Path(at): Path<(String, String, String)>,
) -> Result<Json<VersionDocument>, Problem> {
    Ok(Json(find(&app, &at).await?.into()))
}

/// The results of a new look at a version.
#[derive(Debug, Serialize)]
struct CheckDocument {
    version: i64,
    passes: bool,
    checked_at: i64,
    checks: Vec<CheckResult>,
}

async fn check(
    State(app): State<App>,
    Path(at): Path<(String, String, String)>,
) -> Result<Json<CheckDocument>, Problem> {
    let version = find(&app, &at).await?;
    let project = project::project(&app.db, &version.project).await?;
    let report = app
        .data
        .check(&project, &version.dataset, Some(version.version))
        .await?;
    Ok(Json(CheckDocument {
        version: version.version,
        passes: report.passes(),
        checked_at: report.at,
        checks: report.results,
    }))
}

async fn profile(
    State(app): State<App>,
    Path(at): Path<(String, String, String)>,
) -> Result<Json<Profile>, Problem> {
    let version = find(&app, &at).await?;
    Ok(Json(app.data.profile(&version).await?))
}

/// A page of rows, in their order.
#[derive(Debug, Serialize)]
struct RowsDocument {
    columns: Vec<String>,
    items: Vec<Map<String, Value>>,
    next: Option<String>,
}

async fn rows(
    State(app): State<App>,
    Path(at): Path<(String, String, String)>,
    Query(page): Query<PageRequest>,
) -> Result<Json<RowsDocument>, Problem> {
    let version = find(&app, &at).await?;
    let begin: usize = match &page.token {
        Some(token) => token
            .parse()
            .map_err(|_| Error::invalid(format!("{token:?} is not a page token of rows")))?,
        None => 0,
    };
    let limit = page.limit.unwrap_or(ROWS).clamp(1, MOST_ROWS);
    let batch = app.data.read(&version).await?;
    let begin = begin.min(batch.num_rows());
    let end = (begin + limit).min(batch.num_rows());
    Ok(Json(RowsDocument {
        columns: version
            .schema
            .into_iter()
            .map(|column| column.name)
            .collect(),
        items: data::columns::json_rows(&batch.slice(begin, end - begin))?,
        next: (end < batch.num_rows()).then(|| end.to_string()),
    }))
}

pub(super) async fn find(
    app: &App,
    (project, dataset, version): &(String, String, String),
) -> Result<DatasetVersion> {
    let project = project::project(&app.db, project).await?;
    declared(&project, dataset)?;
    let number = match version.as_str() {
        "current" => None,
        text => Some(text.parse().map_err(|_| {
            Error::invalid(format!("{text:?} is not a version of a dataset"))
                .hint("use a number, or current")
        })?),
    };
    app.data.version(&project.name, dataset, number).await
}

fn declared(project: &Project, dataset: &str) -> Result<()> {
    if project.file.datasets.contains_key(dataset) {
        return Ok(());
    }
    let names: Vec<&str> = project.file.datasets.keys().map(String::as_str).collect();
    Err(Error::not_found(format!(
        "project {:?} has no dataset {dataset:?}",
        project.name
    ))
    .hint(format!("it declares {}", names.join(", "))))
}
