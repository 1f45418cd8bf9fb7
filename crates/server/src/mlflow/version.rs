//! Model versions on the wire: `/model-versions/…`.

use axum::extract::State;
use axum::routing::{delete as delete_method, get, patch, post};
use axum::{Json, Router};
use base::Error;
use experiments::Tag;
use registry::{ModelVersion, NewVersion, Stage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::both;
use super::error::Answer;
use super::model::SearchIn;
use super::request::{Input, required};
use super::wire::{KeyValue, list, text, truth};
use crate::actor::Actor;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let mut router = Router::new();
    for (path, methods) in [
        ("model-versions/create", post(create)),
        ("model-versions/get", get(one)),
        ("model-versions/search", get(search).post(search)),
        ("model-versions/update", patch(describe).post(describe)),
        ("model-versions/delete", delete_method(delete)),
        ("model-versions/transition-stage", post(transition)),
        ("model-versions/get-download-uri", get(download_uri)),
        ("model-versions/set-tag", post(set_tag)),
        ("model-versions/delete-tag", delete_method(delete_tag)),
    ] {
        router = both(router, path, methods);
    }
    router
}

/// A version as it leaves.
#[derive(Serialize)]
pub(super) struct VersionOut {
    name: String,
    version: String,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    user_id: String,
    current_stage: &'static str,
    description: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<KeyValue>,
    run_link: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<String>,
}

impl From<ModelVersion> for VersionOut {
    fn from(version: ModelVersion) -> Self {
        Self {
            tags: KeyValue::of_tags(&version.tags),
            name: version.name,
            version: version.version.to_string(),
            creation_timestamp: version.created_at,
            last_updated_timestamp: version.updated_at,
            user_id: version.user,
            current_stage: version.stage.as_str(),
            description: version.description,
            source: version.source,
            run_id: version.run_id.map(String::from),
            status: "READY",
            run_link: version.run_link,
            aliases: version.aliases,
            model_id: version.model_id.map(String::from),
        }
    }
}

/// One version in an answer.
pub(super) fn answer(version: ModelVersion) -> Json<Value> {
    Json(json!({ "model_version": VersionOut::from(version) }))
}

/// The number of a version.
pub(super) fn number(text: Option<String>) -> base::Result<i64> {
    let text = required(text, "version")?;
    text.parse().map_err(|_| {
        Error::invalid(format!(
            "Parameter 'version' must be an integer, got '{text}'."
        ))
    })
}

#[derive(Deserialize)]
struct Create {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    source: Option<String>,
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    model_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    run_link: Option<String>,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<KeyValue>,
}

async fn create(
    State(app): State<App>,
    actor: Actor,
    Input(input): Input<Create>,
) -> Answer<Json<Value>> {
    let present = |text: Option<String>| text.filter(|text| !text.is_empty());
    let new = NewVersion {
        name: required(input.name, "name")?,
        source: required(input.source, "source")?,
        run_id: present(input.run_id).map(|id| id.parse()).transpose()?,
        model_id: present(input.model_id).map(|id| id.parse()).transpose()?,
        run_link: input.run_link.unwrap_or_default(),
        description: input.description.unwrap_or_default(),
        user: actor.0,
        tags: KeyValue::into_tags(input.tags),
    };
    Ok(answer(registry::create_version(&app.db, new).await?))
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    version: Option<String>,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "text")]
    key: Option<String>,
    #[serde(default, deserialize_with = "text")]
    value: Option<String>,
    #[serde(default, deserialize_with = "text")]
    stage: Option<String>,
    #[serde(default, deserialize_with = "truth")]
    archive_existing_versions: bool,
}

impl Fields {
    fn which(&mut self) -> base::Result<(String, i64)> {
        Ok((
            required(self.name.take(), "name")?,
            number(self.version.take())?,
        ))
    }
}

async fn one(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    let (name, version) = input.which()?;
    Ok(answer(registry::version(&app.db, &name, version).await?))
}

async fn search(State(app): State<App>, Input(input): Input<SearchIn>) -> Answer<Json<Value>> {
    let page = registry::search_versions(&app.db, &input.read(200_000)?).await?;
    let versions: Vec<VersionOut> = page.items.into_iter().map(VersionOut::from).collect();
    let mut answer = json!({});
    if !versions.is_empty() {
        answer["model_versions"] = json!(versions);
    }
    if let Some(next) = page.next {
        answer["next_page_token"] = json!(next);
    }
    Ok(Json(answer))
}

async fn describe(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    let (name, version) = input.which()?;
    Ok(answer(
        registry::describe_version(
            &app.db,
            &name,
            version,
            &input.description.unwrap_or_default(),
        )
        .await?,
    ))
}

async fn delete(
    State(app): State<App>,
    actor: Actor,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    let (name, version) = input.which()?;
    registry::delete_version(&app.db, &name, version, &actor.0).await?;
    Ok(Json(json!({})))
}

async fn transition(
    State(app): State<App>,
    actor: Actor,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    let (name, version) = input.which()?;
    let stage = Stage::parse(&required(input.stage, "stage")?)?;
    Ok(answer(
        registry::transition_stage(
            &app.db,
            &name,
            version,
            stage,
            input.archive_existing_versions,
            &actor.0,
        )
        .await?,
    ))
}

async fn download_uri(
    State(app): State<App>,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    let (name, version) = input.which()?;
    let found = registry::version(&app.db, &name, version).await?;
    Ok(Json(json!({ "artifact_uri": found.storage })))
}

async fn set_tag(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    let (name, version) = input.which()?;
    let tag = Tag::new(required(input.key, "key")?, input.value.unwrap_or_default());
    registry::set_version_tag(&app.db, &name, version, tag).await?;
    Ok(Json(json!({})))
}

async fn delete_tag(
    State(app): State<App>,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    let (name, version) = input.which()?;
    registry::delete_version_tag(&app.db, &name, version, &required(input.key, "key")?).await?;
    Ok(Json(json!({})))
}
