//! SQL of alerts.

use ::store::{AuditEntry, Db, Tx, dynamic_sql};
use base::{Error, Page, PageRequest, Result};
use serde_json::json;
use sqlx::FromRow;

use crate::alert::{Alert, AlertState, Change, change, message};
use crate::check::Check;

const COLUMNS: &str = "id, project, endpoint, monitor, state, opened_at, acknowledged_by, resolved_at, window_end, message";

#[derive(FromRow)]
struct Row {
    id: String,
    project: String,
    endpoint: String,
    monitor: String,
    state: String,
    opened_at: i64,
    acknowledged_by: Option<String>,
    resolved_at: Option<i64>,
    window_end: i64,
    message: String,
}

impl TryFrom<Row> for Alert {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            state: AlertState::read(&row.state)?,
            id: row.id,
            project: row.project,
            endpoint: row.endpoint,
            monitor: row.monitor,
            opened_at: row.opened_at,
            acknowledged_by: row.acknowledged_by,
            resolved_at: row.resolved_at,
            window_end: row.window_end,
            message: row.message,
        })
    }
}

fn read(rows: Vec<Row>) -> Result<Vec<Alert>> {
    rows.into_iter().map(Alert::try_from).collect()
}

/// Moves the alert of the check's monitor one step, in the transaction that stores the check.
pub(crate) async fn apply(
    tx: &mut Tx<'_>,
    project: &str,
    endpoint: &str,
    check: &Check,
) -> Result<Change> {
    let standing: Option<Row> = tx
        .row(
            dynamic_sql(format!("select {COLUMNS} from alert where project = $1 and monitor = $2 and state <> 'resolved' order by opened_at desc limit 1")),
            &[project.into(), check.monitor.as_str().into()],
        )
        .await?;
    let standing = standing.map(Alert::try_from).transpose()?;
    let next = change(check.state, standing.as_ref().map(|alert| alert.state));
    match (next, standing) {
        (Change::Open, _) => open(tx, project, endpoint, check).await?,
        (Change::Resolve, Some(alert)) => resolve(tx, &alert, check).await?,
        _ => {}
    }
    Ok(next)
}

async fn open(tx: &mut Tx<'_>, project: &str, endpoint: &str, check: &Check) -> Result<()> {
    let id = format!("alert-{}", base::RunId::fresh());
    let now = tx.clock().now_ms();
    let opened = tx
        .execute(
            "insert into alert (id, project, endpoint, monitor, state, opened_at, window_end, message) values ($1, $2, $3, $4, 'open', $5, $6, $7) on conflict (project, monitor, window_end) do nothing",
            &[
                id.as_str().into(),
                project.into(),
                endpoint.into(),
                check.monitor.as_str().into(),
                now.into(),
                check.window.end.into(),
                message(check).into(),
            ],
        )
        .await?;
    if opened == 0 {
        // The same window had opened one before, which has been resolved since: it holds again.
        return reopen(tx, project, check).await;
    }
    note(
        tx,
        "ironloop",
        "monitoring.alert_opened",
        project,
        &id,
        check,
    )
    .await
}

async fn reopen(tx: &mut Tx<'_>, project: &str, check: &Check) -> Result<()> {
    let (id,): (String,) = tx
        .row(
            "update alert set state = 'open', resolved_at = null, message = $4 where project = $1 and monitor = $2 and window_end = $3 returning id",
            &[project.into(), check.monitor.as_str().into(), check.window.end.into(), message(check).into()],
        )
        .await?
        .ok_or_else(|| Error::internal("an alert vanished while it was opened again"))?;
    note(
        tx,
        "ironloop",
        "monitoring.alert_opened",
        project,
        &id,
        check,
    )
    .await
}

async fn resolve(tx: &mut Tx<'_>, alert: &Alert, check: &Check) -> Result<()> {
    let now = tx.clock().now_ms();
    tx.execute(
        "update alert set state = 'resolved', resolved_at = $2 where id = $1",
        &[alert.id.as_str().into(), now.into()],
    )
    .await?;
    note(
        tx,
        "ironloop",
        "monitoring.alert_resolved",
        &alert.project,
        &alert.id,
        check,
    )
    .await
}

async fn note(
    tx: &mut Tx<'_>,
    actor: &str,
    action: &str,
    project: &str,
    id: &str,
    check: &Check,
) -> Result<()> {
    tx.audit(&AuditEntry {
        actor: actor.to_owned(),
        action: action.to_owned(),
        project: project.to_owned(),
        object: format!("alert/{id}"),
        detail: json!({ "monitor": check.monitor, "window_end": check.window.end, "value": check.value, "target": check.target }),
    })
    .await
}

pub(crate) async fn unresolved(db: &Db, project: &str) -> Result<Vec<Alert>> {
    let rows = db
        .rows(
            dynamic_sql(format!("select {COLUMNS} from alert where ($1 = '' or project = $1) and state <> 'resolved' order by opened_at desc, id limit 500")),
            &[project.into()],
        )
        .await?;
    read(rows)
}

/// All alerts of an endpoint since `from`, oldest first.
pub(crate) async fn of_endpoint(db: &Db, project: &str, endpoint: &str) -> Result<Vec<Alert>> {
    let rows = db
        .rows(
            dynamic_sql(format!("select {COLUMNS} from alert where project = $1 and endpoint = $2 order by opened_at desc, id limit 500")),
            &[project.into(), endpoint.into()],
        )
        .await?;
    read(rows)
}

pub(crate) async fn page(db: &Db, project: &str, page: &PageRequest) -> Result<Page<Alert>> {
    let limit = page.limit.unwrap_or(50).clamp(1, 500);
    let skip: usize = match &page.token {
        Some(token) => token
            .parse()
            .map_err(|_| Error::invalid(format!("{token:?} is not a page token of alerts")))?,
        None => 0,
    };
    let rows = db
        .rows(
            dynamic_sql(format!("select {COLUMNS} from alert where ($1 = '' or project = $1) order by opened_at desc, id limit $2 offset $3")),
            &[project.into(), (limit + 1).into(), skip.into()],
        )
        .await?;
    let mut items = read(rows)?;
    let more = items.len() > limit;
    items.truncate(limit);
    Ok(Page {
        items,
        next: more.then(|| (skip + limit).to_string()),
    })
}

pub(crate) async fn acknowledge(db: &Db, project: &str, id: &str, actor: &str) -> Result<Alert> {
    let (project, id, actor) = (project.to_owned(), id.to_owned(), actor.to_owned());
    db.write(move |tx| {
        let (project, id, actor) = (project.clone(), id.clone(), actor.clone());
        Box::pin(async move {
            let alert = one(tx, &project, &id).await?;
            match alert.state {
                AlertState::Acknowledged => return Ok(alert),
                AlertState::Resolved => {
                    return Err(Error::conflict(format!("alert {id} is resolved")));
                }
                AlertState::Open => {}
            }
            tx.execute(
                "update alert set state = 'acknowledged', acknowledged_by = $2 where id = $1",
                &[id.as_str().into(), actor.as_str().into()],
            )
            .await?;
            tx.audit(&AuditEntry {
                actor,
                action: "monitoring.alert_acknowledged".to_owned(),
                project: project.clone(),
                object: format!("alert/{id}"),
                detail: json!({ "monitor": alert.monitor }),
            })
            .await?;
            one(tx, &project, &id).await
        })
    })
    .await
}

async fn one(tx: &mut Tx<'_>, project: &str, id: &str) -> Result<Alert> {
    let row: Option<Row> = tx
        .row(
            dynamic_sql(format!(
                "select {COLUMNS} from alert where id = $1 and project = $2"
            )),
            &[id.into(), project.into()],
        )
        .await?;
    row.ok_or_else(|| Error::not_found(format!("no alert {id:?} exists in project {project}")))?
        .try_into()
}
