//! SQL of assessments: each is MLflow's message as JSON text.

use base::{Error, Result};
use serde_json::{Map, Value};
use store::{Db, Tx};

use super::require;
use crate::trace::Assessment;

fn none(trace_id: &str, id: &str) -> Error {
    let short = |text: &str| text.chars().take(100).collect::<String>();
    Error::not_found(format!(
        "Assessment with ID '{}' not found for trace '{}'",
        short(id),
        short(trace_id)
    ))
}

/// `a-` and 32 hex digits.
pub(crate) fn fresh() -> String {
    let id = base::LoggedModelId::fresh();
    format!("a-{}", id.as_str().trim_start_matches("m-"))
}

pub(crate) async fn assess(tx: &mut Tx<'_>, new: &Assessment) -> Result<()> {
    require(tx, &new.trace_id).await?;
    if let Some(overridden) = new.content.get("overrides").and_then(Value::as_str) {
        set_valid(tx, &new.trace_id, overridden, false).await?;
    }
    let mut content = new.content.clone();
    content.entry("valid").or_insert(Value::Bool(true));
    let now = tx.clock().now_ms();
    tx.execute(
        "insert into assessment (id, trace_id, created_at, content) values ($1, $2, $3, $4) on conflict (id) do update set content = excluded.content where assessment.trace_id = excluded.trace_id",
        &[
            new.id.as_str().into(),
            new.trace_id.as_str().into(),
            now.into(),
            serde_json::to_string(&content)?.into(),
        ],
    )
    .await?;
    Ok(())
}

async fn set_valid(tx: &mut Tx<'_>, trace_id: &str, id: &str, valid: bool) -> Result<()> {
    let mut content = content(tx, trace_id, id).await?;
    content.insert("valid".to_owned(), Value::Bool(valid));
    store(tx, id, &content).await
}

async fn content(tx: &mut Tx<'_>, trace_id: &str, id: &str) -> Result<Map<String, Value>> {
    let (text,): (String,) = tx
        .row(
            "select content from assessment where trace_id = $1 and id = $2",
            &[trace_id.into(), id.into()],
        )
        .await?
        .ok_or_else(|| none(trace_id, id))?;
    Ok(serde_json::from_str(&text)?)
}

async fn store(tx: &mut Tx<'_>, id: &str, content: &Map<String, Value>) -> Result<()> {
    tx.execute(
        "update assessment set content = $2 where id = $1",
        &[id.into(), serde_json::to_string(content)?.into()],
    )
    .await?;
    Ok(())
}

pub(crate) async fn reassess(
    tx: &mut Tx<'_>,
    trace_id: &str,
    id: &str,
    changes: Map<String, Value>,
) -> Result<()> {
    require(tx, trace_id).await?;
    let mut content = content(tx, trace_id, id).await?;
    for kind in ["feedback", "expectation"] {
        if changes.contains_key(kind) && !content.contains_key(kind) {
            return Err(Error::invalid(format!(
                "Cannot update {kind} value on an assessment of another kind."
            )));
        }
    }
    content.extend(changes);
    store(tx, id, &content).await
}

pub(crate) async fn unassess(tx: &mut Tx<'_>, trace_id: &str, id: &str) -> Result<()> {
    require(tx, trace_id).await?;
    // MLflow's client takes the deletion of what is not there for done.
    let Ok(content) = content(tx, trace_id, id).await else {
        return Ok(());
    };
    if let Some(overridden) = content.get("overrides").and_then(Value::as_str) {
        // It may have been deleted before.
        let _ = set_valid(tx, trace_id, overridden, true).await;
    }
    tx.execute("delete from assessment where id = $1", &[id.into()])
        .await?;
    Ok(())
}

pub(crate) async fn assessment(db: &Db, trace_id: &str, id: &str) -> Result<Assessment> {
    let (text,): (String,) = db
        .row(
            "select content from assessment where trace_id = $1 and id = $2",
            &[trace_id.into(), id.into()],
        )
        .await?
        .ok_or_else(|| none(trace_id, id))?;
    Ok(Assessment {
        id: id.to_owned(),
        trace_id: trace_id.to_owned(),
        content: serde_json::from_str(&text)?,
    })
}
