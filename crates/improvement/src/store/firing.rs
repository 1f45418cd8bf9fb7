//! SQL of events that triggers have seen.

use ::store::{Db, Tx};
use base::Result;

use crate::trigger::Decision;

/// Notes what became of an event. False where it was noted before.
pub(crate) async fn note(
    tx: &mut Tx<'_>,
    project: &str,
    trigger: &str,
    event: &str,
    decision: Decision,
    reason: &str,
    retraining: Option<&str>,
) -> Result<bool> {
    let now = tx.clock().now_ms();
    let noted = tx
        .execute(
            "insert into trigger_firing (project, trigger_id, event, at, decision, reason, retraining) values ($1, $2, $3, $4, $5, $6, $7) on conflict (project, trigger_id, event) do nothing",
            &[
                project.into(),
                trigger.into(),
                event.into(),
                now.into(),
                decision.as_str().into(),
                reason.into(),
                retraining.map(str::to_owned).into(),
            ],
        )
        .await?;
    Ok(noted > 0)
}

/// Whether a trigger has seen an event.
pub(crate) async fn seen(
    tx: &mut Tx<'_>,
    project: &str,
    trigger: &str,
    event: &str,
) -> Result<bool> {
    let row: Option<(i64,)> = tx
        .row(
            "select at from trigger_firing where project = $1 and trigger_id = $2 and event = $3",
            &[project.into(), trigger.into(), event.into()],
        )
        .await?;
    Ok(row.is_some())
}

/// Whether a trigger has seen any event.
pub(crate) async fn begun(db: &Db, project: &str, trigger: &str) -> Result<bool> {
    let row: Option<(i64,)> = db
        .row(
            "select at from trigger_firing where project = $1 and trigger_id = $2 limit 1",
            &[project.into(), trigger.into()],
        )
        .await?;
    Ok(row.is_some())
}

/// When a trigger last fired.
pub(crate) async fn last_fired(
    tx: &mut Tx<'_>,
    project: &str,
    trigger: &str,
) -> Result<Option<i64>> {
    let row: Option<(Option<i64>,)> = tx
        .row(
            "select max(at) from trigger_firing where project = $1 and trigger_id = $2 and decision = 'fired'",
            &[project.into(), trigger.into()],
        )
        .await?;
    Ok(row.and_then(|(at,)| at))
}
