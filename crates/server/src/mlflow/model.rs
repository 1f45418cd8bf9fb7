//! Registered models on the wire: `/registered-models/…`.

use axum::extract::State;
use axum::routing::{delete as delete_method, get, patch, post};
use axum::{Json, Router};
use base::PageRequest;
use experiments::Tag;
use registry::{Model, ModelSearch, Stage};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::both;
use super::error::Answer;
use super::request::{Input, at_most, required};
use super::version::VersionOut;
use super::wire::{KeyValue, int, list, text, texts};
use crate::actor::Actor;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let mut router = Router::new();
    for (path, methods) in [
        ("registered-models/create", post(create)),
        ("registered-models/get", get(one)),
        ("registered-models/search", get(search).post(search)),
        ("registered-models/update", patch(describe).post(describe)),
        ("registered-models/rename", post(rename)),
        ("registered-models/delete", delete_method(delete)),
        (
            "registered-models/get-latest-versions",
            get(latest).post(latest),
        ),
        ("registered-models/set-tag", post(set_tag)),
        ("registered-models/delete-tag", delete_method(delete_tag)),
    ] {
        router = both(router, path, methods);
    }
    router
}

#[derive(Serialize)]
struct Wire {
    name: String,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    latest_versions: Vec<VersionOut>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<KeyValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<AliasOut>,
}

#[derive(Serialize)]
struct AliasOut {
    alias: String,
    version: String,
}

impl From<Model> for Wire {
    fn from(model: Model) -> Self {
        Self {
            tags: KeyValue::of_tags(&model.tags),
            name: model.name,
            creation_timestamp: model.created_at,
            last_updated_timestamp: model.updated_at,
            description: model.description,
            latest_versions: model.latest.into_iter().map(VersionOut::from).collect(),
            aliases: model
                .aliases
                .into_iter()
                .map(|(alias, version)| AliasOut {
                    alias,
                    version: version.to_string(),
                })
                .collect(),
        }
    }
}

fn answer(model: Model) -> Json<Value> {
    Json(json!({ "registered_model": Wire::from(model) }))
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    new_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    description: Option<String>,
    #[serde(default, deserialize_with = "list")]
    tags: Vec<KeyValue>,
    #[serde(default, deserialize_with = "text")]
    key: Option<String>,
    #[serde(default, deserialize_with = "text")]
    value: Option<String>,
    #[serde(default, deserialize_with = "texts")]
    stages: Vec<String>,
}

impl Fields {
    fn name(&mut self) -> base::Result<String> {
        required(self.name.take(), "name")
    }
}

async fn create(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    let tags = KeyValue::into_tags(std::mem::take(&mut input.tags));
    let description = input.description.take().unwrap_or_default();
    Ok(answer(
        registry::create_model(&app.db, &input.name()?, &description, tags).await?,
    ))
}

async fn one(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    Ok(answer(registry::model(&app.db, &input.name()?).await?))
}

async fn describe(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    let description = input.description.take().unwrap_or_default();
    Ok(answer(
        registry::describe_model(&app.db, &input.name()?, &description).await?,
    ))
}

async fn rename(
    State(app): State<App>,
    actor: Actor,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    let new_name = required(input.new_name.take(), "new_name")?;
    Ok(answer(
        registry::rename_model(&app.db, &input.name()?, &new_name, &actor.0).await?,
    ))
}

async fn delete(
    State(app): State<App>,
    actor: Actor,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    registry::delete_model(&app.db, &input.name()?, &actor.0).await?;
    Ok(Json(json!({})))
}

async fn latest(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    let stages = input
        .stages
        .iter()
        .map(|stage| Stage::parse(stage))
        .collect::<base::Result<Vec<_>>>()?;
    let versions = registry::latest_versions(&app.db, &input.name()?, &stages).await?;
    let versions: Vec<VersionOut> = versions.into_iter().map(VersionOut::from).collect();
    Ok(Json(if versions.is_empty() {
        json!({})
    } else {
        json!({ "model_versions": versions })
    }))
}

async fn set_tag(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    let tag = Tag::new(
        required(input.key.take(), "key")?,
        input.value.take().unwrap_or_default(),
    );
    registry::set_model_tag(&app.db, &input.name()?, tag).await?;
    Ok(Json(json!({})))
}

async fn delete_tag(
    State(app): State<App>,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    let key = required(input.key.take(), "key")?;
    registry::delete_model_tag(&app.db, &input.name()?, &key).await?;
    Ok(Json(json!({})))
}

/// Which models or versions a list shows.
#[derive(Deserialize)]
pub(super) struct SearchIn {
    #[serde(default, deserialize_with = "text")]
    filter: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "texts")]
    order_by: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    page_token: Option<String>,
}

impl SearchIn {
    /// `most`: how many of a list may be asked for at once.
    pub fn read(self, most: i64) -> base::Result<ModelSearch> {
        // It comes from a query, so it was text.
        at_most("max_results", self.max_results, most, |asked| {
            Value::from(asked.to_string())
        })?;
        let limit = self
            .max_results
            .map(|most| experiments::check::max_results(most, i64::MAX))
            .transpose()?;
        Ok(ModelSearch {
            filter: self.filter.unwrap_or_default(),
            order_by: self.order_by,
            page: PageRequest {
                limit,
                token: self.page_token,
            },
        })
    }
}

async fn search(State(app): State<App>, Input(input): Input<SearchIn>) -> Answer<Json<Value>> {
    let page = registry::search_models(&app.db, &input.read(1000)?).await?;
    let models: Vec<Wire> = page.items.into_iter().map(Wire::from).collect();
    let mut answer = json!({});
    if !models.is_empty() {
        answer["registered_models"] = json!(models);
    }
    if let Some(next) = page.next {
        answer["next_page_token"] = json!(next);
    }
    Ok(Json(answer))
}
