//! Aliases on the wire: `/registered-models/alias`.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use base::{Error, Kind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::both;
use super::error::Answer;
use super::request::{Input, required};
use super::version::{answer, number};
use super::wire::text;
use crate::actor::Actor;
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    both(
        Router::new(),
        "registered-models/alias",
        get(one).post(set).delete(delete),
    )
}

#[derive(Deserialize)]
struct Fields {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    alias: Option<String>,
    #[serde(default, deserialize_with = "text")]
    version: Option<String>,
}

impl Fields {
    fn which(&mut self) -> base::Result<(String, String)> {
        Ok((
            required(self.name.take(), "name")?,
            required(self.alias.take(), "alias")?,
        ))
    }
}

/// `latest` is the newest version, as MLflow has it.
async fn one(State(app): State<App>, Input(mut input): Input<Fields>) -> Answer<Json<Value>> {
    let (name, alias) = input.which()?;
    if alias.eq_ignore_ascii_case("latest") {
        let versions = registry::latest_versions(&app.db, &name, &[]).await?;
        let newest = versions.into_iter().max_by_key(|version| version.version);
        return Ok(answer(newest.ok_or_else(|| {
            Error::invalid(format!("Registered model alias {alias} not found."))
        })?));
    }
    match registry::alias(&app.db, &name, &alias).await {
        // MLflow's code for an alias that is not there, whereas a missing model is a missing resource.
        Err(error) if error.kind() == Kind::NotFound && error.message().contains("alias") => {
            Err(Error::invalid(error.message().to_owned()).into())
        }
        found => Ok(answer(found?)),
    }
}

async fn set(
    State(app): State<App>,
    actor: Actor,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    let (name, alias) = input.which()?;
    registry::set_alias(&app.db, &name, &alias, number(input.version)?, &actor.0).await?;
    Ok(Json(json!({})))
}

async fn delete(
    State(app): State<App>,
    actor: Actor,
    Input(mut input): Input<Fields>,
) -> Answer<Json<Value>> {
    let (name, alias) = input.which()?;
    registry::delete_alias(&app.db, &name, &alias, &actor.0).await?;
    Ok(Json(json!({})))
}
