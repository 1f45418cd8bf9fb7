//! The server itself: its version, its settings, the audit log and what waits for a person.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use base::{Page, PageRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Problem, Query};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/version", get(version))
        .route("/config", get(config))
        .route("/audit", get(audit))
        .route("/audit/verify", get(verify))
}

async fn version() -> Json<Value> {
    Json(json!({ "name": "ironloop", "version": env!("CARGO_PKG_VERSION") }))
}

async fn config(State(app): State<App>) -> Json<Value> {
    Json(json!({
        "home": app.home,
        "address": app.address,
        "database": format!("{:?}", app.db.backend()).to_lowercase(),
        "artifacts": app.blobs.root(),
        "default_artifact_root": app.artifact_root,
        "tables": app.tables_root,
        "clock": if app.clock.is_manual() { "manual" } else { "system" },
        "now": app.clock.now_ms(),
    }))
}

#[derive(Debug, Deserialize)]
struct AuditFilter {
    #[serde(default)]
    project: String,
    #[serde(default)]
    object: String,
    limit: Option<usize>,
    token: Option<String>,
}

async fn audit(
    State(app): State<App>,
    Query(filter): Query<AuditFilter>,
) -> Result<Json<Page<Value>>, Problem> {
    let page = PageRequest {
        limit: filter.limit,
        token: filter.token,
    };
    let records = store::audit_page(&app.db, &filter.project, &filter.object, &page).await?;
    Ok(Json(records.map(|record| {
        let detail: Value = serde_json::from_str(&record.detail).unwrap_or_default();
        json!({
            "seq": record.seq, "at": record.at, "actor": record.actor, "action": record.action,
            "project": record.project, "object": record.object, "detail": detail, "hash": record.hash,
        })
    })))
}

async fn verify(State(app): State<App>) -> Result<Json<Value>, Problem> {
    let entries = store::verify_audit(&app.db).await?;
    Ok(Json(json!({ "verdict": "pass", "entries": entries })))
}
