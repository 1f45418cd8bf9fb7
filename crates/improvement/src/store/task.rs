//! SQL of tasks.

use ::store::{AuditEntry, Db, Tx, dynamic_sql};
use base::{Error, Page, PageRequest, Result};
use serde_json::json;

use crate::task::Task;

const COLUMNS: &str = "id, project, role, text, link, state, opened_at, done_by, done_at";

/// The kind of the task that stands for an open circuit.
pub(crate) const CIRCUIT: &str = "circuit";

/// Makes a task, unless one of the same kind is open in the project.
pub(crate) async fn open_once(
    tx: &mut Tx<'_>,
    project: &str,
    kind: &str,
    role: &str,
    text: &str,
    link: &str,
) -> Result<()> {
    let open: Option<(String,)> = tx
        .row(
            "select id from task where project = $1 and kind = $2 and state = 'open'",
            &[project.into(), kind.into()],
        )
        .await?;
    if open.is_some() {
        return Ok(());
    }
    let id = format!("task-{}", base::RunId::fresh());
    let now = tx.clock().now_ms();
    tx.execute(
        "insert into task (id, project, kind, role, text, link, state, opened_at) values ($1, $2, $3, $4, $5, $6, 'open', $7)",
        &[id.as_str().into(), project.into(), kind.into(), role.into(), text.into(), link.into(), now.into()],
    )
    .await?;
    tx.audit(&AuditEntry {
        actor: "ironloop".to_owned(),
        action: "improvement.task_opened".to_owned(),
        project: project.to_owned(),
        object: format!("task/{id}"),
        detail: json!({ "kind": kind, "role": role }),
    })
    .await
}

/// Closes the open circuit of a project, if there is one.
pub(crate) async fn close_circuit(tx: &mut Tx<'_>, project: &str, by: &str) -> Result<()> {
    let now = tx.clock().now_ms();
    tx.execute(
        "update task set state = 'done', done_by = $3, done_at = $4 where project = $1 and kind = $2 and state = 'open'",
        &[project.into(), CIRCUIT.into(), by.into(), now.into()],
    )
    .await?;
    Ok(())
}

/// When a person last closed the circuit of a project.
pub(crate) async fn circuit_closed_at(tx: &mut Tx<'_>, project: &str) -> Result<i64> {
    let row: Option<(Option<i64>,)> = tx
        .row(
            "select max(done_at) from task where project = $1 and kind = $2",
            &[project.into(), CIRCUIT.into()],
        )
        .await?;
    Ok(row.and_then(|(at,)| at).unwrap_or(i64::MIN))
}

pub(crate) async fn open(db: &Db, project: &str) -> Result<Vec<Task>> {
    db.rows(
        dynamic_sql(format!("select {COLUMNS} from task where ($1 = '' or project = $1) and state = 'open' order by opened_at desc, id limit 500")),
        &[project.into()],
    )
    .await
}

pub(crate) async fn page(db: &Db, project: &str, page: &PageRequest) -> Result<Page<Task>> {
    let (limit, skip) = super::retraining::bounds(page)?;
    let mut items: Vec<Task> = db
        .rows(
            dynamic_sql(format!("select {COLUMNS} from task where project = $1 order by opened_at desc, id limit $2 offset $3")),
            &[project.into(), (limit + 1).into(), skip.into()],
        )
        .await?;
    let more = items.len() > limit;
    items.truncate(limit);
    Ok(Page {
        items,
        next: more.then(|| (skip + limit).to_string()),
    })
}

pub(crate) async fn finish(db: &Db, project: &str, id: &str, actor: &str) -> Result<Task> {
    let (project, id, actor) = (project.to_owned(), id.to_owned(), actor.to_owned());
    db.write(move |tx| {
        let (project, id, actor) = (project.clone(), id.clone(), actor.clone());
        Box::pin(async move {
            let now = tx.clock().now_ms();
            let changed = tx
                .execute(
                    "update task set state = 'done', done_by = $3, done_at = $4 where id = $1 and project = $2 and state = 'open'",
                    &[id.as_str().into(), project.as_str().into(), actor.as_str().into(), now.into()],
                )
                .await?;
            let task: Option<Task> = tx
                .row(dynamic_sql(format!("select {COLUMNS} from task where id = $1 and project = $2")), &[id.as_str().into(), project.as_str().into()])
                .await?;
            let task = task.ok_or_else(|| Error::not_found(format!("no task {id:?} exists in project {project}")))?;
            if changed > 0 {
                tx.audit(&AuditEntry {
                    actor,
                    action: "improvement.task_done".to_owned(),
                    project,
                    object: format!("task/{id}"),
                    detail: json!({}),
                })
                .await?;
            }
            Ok(task)
        })
    })
    .await
}
