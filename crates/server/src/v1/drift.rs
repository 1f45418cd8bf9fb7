//! Drift of one version of a dataset against another.

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use base::{Error, Result};
use data::drift::{Rule, Table, compare};
use data::measure::drift::Extent;
use serde::Deserialize;
use serde_json::Value;

use super::dataset::find;
use super::{Problem, Query};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route(
        "/projects/{project}/datasets/{dataset}/versions/{version}/drift",
        get(drift),
    )
}

/// What it is compared with, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DriftQuery {
    /// The dataset of the reference; the same where it is left out.
    dataset: Option<String>,
    /// A number, or `current`.
    reference: String,
    compat: Option<String>,
    #[serde(default)]
    all: bool,
}

async fn drift(
    State(app): State<App>,
    Path(at): Path<(String, String, String)>,
    Query(query): Query<DriftQuery>,
) -> Result<Json<Value>, Problem> {
    let rule = Rule::named(query.compat.as_deref())?;
    let extent = if query.all {
        Extent::All
    } else {
        Extent::Chosen
    };
    let of_reference = (
        at.0.clone(),
        query.dataset.unwrap_or_else(|| at.1.clone()),
        query.reference,
    );
    let (before, now) = (find(&app, &of_reference).await?, find(&app, &at).await?);
    let (old, new) = (app.data.read(&before).await?, app.data.read(&now).await?);
    let named = |version: &data::DatasetVersion| format!("{}@{}", version.dataset, version.version);
    let (old_name, new_name) = (named(&before), named(&now));
    let report = tokio::task::spawn_blocking(move || {
        let reference = Table::of_batch(old_name, &old)?;
        let current = Table::of_batch(new_name, &new)?;
        compare(&reference, &current, rule, extent)
    })
    .await
    .map_err(|error| Error::internal(format!("the comparison broke off: {error}")))??;
    Ok(Json(report.to_json()))
}
