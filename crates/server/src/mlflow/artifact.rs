//! Artifacts on the wire: the proxy that clients upload through and download from, and lists by run or model.
//!
//! Bytes are streamed both ways. Whatever comes out is a download (`attachment`, `nosniff`), never a page.

mod download;

use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base::Error;
use futures::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::download::{Part, send};
use super::both;
use super::error::Answer;
use super::place::safe_path;
use super::request::{Input, required, run_id};
use super::version::number;
use super::wire::text;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let mut router = both(Router::new(), "artifacts/list", get(list_of_run));
    router = both(
        router,
        "logged-models/{id}/artifacts/directories",
        get(list_of_model),
    );
    router = both(
        router,
        "logged-models/{id}/artifacts/files",
        get(file_of_model),
    );
    router = router.route(
        "/ajax-api/2.0/mlflow/upload-artifact",
        post(upload_from_page),
    );
    for prefix in ["/api/2.0", "/ajax-api/2.0"] {
        router = router
            .route(
                &format!("{prefix}/mlflow-artifacts/artifacts/"),
                get(list).put(upload_to_root),
            )
            .route(&format!("{prefix}/mlflow-artifacts/artifacts"), get(list))
            .route(
                &format!("{prefix}/mlflow-artifacts/artifacts/{{*path}}"),
                get(download).put(upload).delete(remove),
            );
    }
    for prefix in ["", "/ajax-api/2.0/mlflow"] {
        router = router
            .route(&format!("{prefix}/get-artifact"), get(file_of_run))
            .route(
                &format!("{prefix}/model-versions/get-artifact"),
                get(file_of_version),
            );
    }
    router
}

#[derive(Serialize)]
struct FileOut {
    path: String,
    is_dir: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
}

/// What is in `folder`, with paths relative to `root`.
async fn files(app: &App, folder: &str, root: &str) -> base::Result<Vec<FileOut>> {
    let found = app.blobs.list(folder).await?;
    let relative = |path: &str| {
        path.strip_prefix(root)
            .unwrap_or(path)
            .trim_start_matches('/')
            .to_owned()
    };
    Ok(found
        .into_iter()
        .map(|meta| FileOut {
            path: relative(&meta.path),
            is_dir: meta.is_folder,
            file_size: (!meta.is_folder).then_some(meta.size),
        })
        .collect())
}

fn join(root: &str, path: &str) -> String {
    match (root.is_empty(), path.is_empty()) {
        (true, _) => path.to_owned(),
        (_, true) => root.to_owned(),
        _ => format!("{root}/{path}"),
    }
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    run_uuid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    path: Option<String>,
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    version: Option<String>,
    #[serde(default, deserialize_with = "text")]
    artifact_file_path: Option<String>,
    #[serde(default, deserialize_with = "text")]
    artifact_directory_path: Option<String>,
}

/// The client wants names only, and puts the folder it asked for before them.
async fn list(State(app): State<App>, Input(input): Input<Fields>) -> Answer<Json<Value>> {
    let path = input.path.unwrap_or_default();
    let folder = safe_path(&path)?;
    Ok(Json(listed(files(&app, folder, folder).await?)))
}

fn listed(files: Vec<FileOut>) -> Value {
    if files.is_empty() {
        json!({})
    } else {
        json!({ "files": files })
    }
}

async fn list_of_run(State(app): State<App>, Input(input): Input<Fields>) -> Answer<Json<Value>> {
    let run = experiments::get_run(&app.db, &run_id(input.run_id, input.run_uuid)?).await?;
    list_below(&app, &run.artifact_uri, input.path).await
}

async fn list_of_model(
    State(app): State<App>,
    Path(id): Path<String>,
    Input(input): Input<Fields>,
) -> Answer<Json<Value>> {
    let model =
        experiments::get_logged_model(&app.db, &super::logged_model::model_id(&id)?).await?;
    list_below(&app, &model.artifact_uri, input.artifact_directory_path).await
}

async fn list_below(app: &App, uri: &str, path: Option<String>) -> Answer<Json<Value>> {
    let path = path.unwrap_or_default();
    let path = safe_path(&path)?;
    let root = experiments::blob_path(uri)?;
    let mut answer = listed(files(app, &join(&root, path), &root).await?);
    answer["root_uri"] = json!(uri);
    Ok(Json(answer))
}

async fn download(
    State(app): State<App>,
    part: Part,
    Path(path): Path<String>,
) -> Answer<Response> {
    send(&app, safe_path(&path)?, part).await
}

async fn file_of_run(
    State(app): State<App>,
    part: Part,
    Input(input): Input<Fields>,
) -> Answer<Response> {
    let run = experiments::get_run(&app.db, &run_id(input.run_id, input.run_uuid)?).await?;
    send_below(
        &app,
        &run.artifact_uri,
        &required(input.path, "path")?,
        part,
    )
    .await
}

async fn file_of_version(
    State(app): State<App>,
    part: Part,
    Input(input): Input<Fields>,
) -> Answer<Response> {
    let version = registry::version(
        &app.db,
        &required(input.name, "name")?,
        number(input.version)?,
    )
    .await?;
    send_below(&app, &version.storage, &required(input.path, "path")?, part).await
}

async fn file_of_model(
    State(app): State<App>,
    part: Part,
    Path(id): Path<String>,
    Input(input): Input<Fields>,
) -> Answer<Response> {
    let model =
        experiments::get_logged_model(&app.db, &super::logged_model::model_id(&id)?).await?;
    send_below(
        &app,
        &model.artifact_uri,
        &required(input.artifact_file_path, "artifact_file_path")?,
        part,
    )
    .await
}

async fn send_below(app: &App, uri: &str, path: &str, part: Part) -> Answer<Response> {
    let path = join(&experiments::blob_path(uri)?, safe_path(path)?);
    send(app, &path, part).await
}

/// MLflow's answer for a path that names no file.
fn detail(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "detail": message }))).into_response()
}

async fn upload(
    State(app): State<App>,
    Path(path): Path<String>,
    request: Request,
) -> Answer<Response> {
    if path.ends_with('/') {
        return Ok(detail(NO_NAME));
    }
    let path = safe_path(&path)?;
    let lost = |error: axum::Error| Error::invalid(format!("the upload ended early: {error}"));
    let stream = request.into_body().into_data_stream().map_err(lost).boxed();
    app.blobs.put(path, stream).await?;
    Ok(StatusCode::OK.into_response())
}

const NO_NAME: &str = "Artifact path must include a filename (cannot end with '/').";

async fn upload_to_root() -> Response {
    detail(NO_NAME)
}

async fn remove(State(app): State<App>, Path(path): Path<String>) -> Answer<Json<Value>> {
    app.blobs.delete(safe_path(&path)?).await?;
    Ok(Json(json!({})))
}

/// More than this is not uploaded from a page.
const MOST_OF_A_PAGE: usize = 10 * 1024 * 1024;

/// MLflow's pages put small files into a run this way.
async fn upload_from_page(
    State(app): State<App>,
    Query(asked): Query<Fields>,
    request: Request,
) -> Answer<Response> {
    let given = |text: Option<String>, name: &str| {
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| Error::invalid(format!("Request must specify {name}.")))
    };
    let run = given(asked.run_uuid, "run_uuid")?;
    let path = given(asked.path, "path")?;
    let path = safe_path(&path)?;
    let body = axum::body::to_bytes(request.into_body(), MOST_OF_A_PAGE)
        .await
        .map_err(|_| Error::invalid("Artifact size is too large. Max size is 10MB."))?;
    if body.is_empty() {
        return Err(Error::invalid("Request must specify data.").into());
    }
    let run = experiments::get_run(&app.db, &run_id(Some(run), None)?).await?;
    let place = join(&experiments::blob_path(&run.artifact_uri)?, path);
    let whole = futures::stream::once(async move { Ok(body) }).boxed();
    app.blobs.put(&place, whole).await?;
    Ok(StatusCode::OK.into_response())
}
