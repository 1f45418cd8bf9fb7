//! SQL of retrainings and their steps.

use ::store::{AuditEntry, Db, NewJob, Tx, dynamic_sql};
use base::{Error, Page, PageRequest, Result};
use serde_json::{Value, json};
use sqlx::FromRow;

use crate::retraining::{Retraining, RetrainingState, StepRecord, StepState};
use crate::store::task;

const COLUMNS: &str = "id, project, cause, reason, actor, pipeline, state, job, challenger, promoted, why, created_at, finished_at";

#[derive(FromRow)]
struct Row {
    id: String,
    project: String,
    cause: Option<String>,
    reason: String,
    actor: String,
    pipeline: String,
    state: String,
    job: String,
    challenger: Option<i64>,
    promoted: bool,
    why: String,
    created_at: i64,
    finished_at: Option<i64>,
}

#[derive(FromRow)]
struct StepRow {
    step: String,
    state: String,
    detail: String,
    output: String,
    started_at: Option<i64>,
    finished_at: Option<i64>,
}

/// A retraining that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct NewRetraining {
    pub(crate) project: String,
    pub(crate) trigger: Option<String>,
    pub(crate) reason: String,
    pub(crate) actor: String,
    pub(crate) pipeline: String,
    pub(crate) steps: Vec<String>,
}

impl Row {
    fn with(self, steps: Vec<StepRow>) -> Result<Retraining> {
        let state = RetrainingState::read(&self.state)?;
        Ok(Retraining {
            promoted: state.ended().then_some(self.promoted),
            why: Some(self.why).filter(|why| !why.is_empty()),
            state,
            steps: steps
                .into_iter()
                .map(StepRow::read)
                .collect::<Result<_>>()?,
            id: self.id,
            project: self.project,
            trigger: self.cause,
            reason: self.reason,
            actor: self.actor,
            pipeline: self.pipeline,
            job: self.job,
            challenger: self.challenger,
            created_at: self.created_at,
            finished_at: self.finished_at,
        })
    }
}

impl StepRow {
    fn read(self) -> Result<StepRecord> {
        Ok(StepRecord {
            state: StepState::read(&self.state)?,
            output: serde_json::from_str(&self.output)?,
            step: self.step,
            detail: self.detail,
            started_at: self.started_at,
            finished_at: self.finished_at,
        })
    }
}

/// Stores the retraining with its waiting steps, and asks for the job that runs it. The answer is the ids of both.
pub(crate) async fn ask(tx: &mut Tx<'_>, new: &NewRetraining) -> Result<(String, String)> {
    let id = format!("retrain-{}", base::RunId::fresh());
    let job = NewJob {
        kind: "retrain",
        key: Some(id.clone()),
        project: new.project.clone(),
        input: json!({ "retraining": id }),
    };
    let job = tx.enqueue(&job).await?.to_string();
    let now = tx.clock().now_ms();
    tx.execute(
        "insert into retraining (id, project, cause, reason, actor, pipeline, state, job, promoted, why, created_at) values ($1, $2, $3, $4, $5, $6, 'queued', $7, $8, '', $9)",
        &[
            id.as_str().into(),
            new.project.as_str().into(),
            new.trigger.clone().into(),
            new.reason.as_str().into(),
            new.actor.as_str().into(),
            new.pipeline.as_str().into(),
            job.as_str().into(),
            false.into(),
            now.into(),
        ],
    )
    .await?;
    for (place, step) in new.steps.iter().enumerate() {
        tx.execute(
            "insert into retraining_step (retraining, step, place, state, detail, output) values ($1, $2, $3, 'waiting', '', 'null')",
            &[id.as_str().into(), step.as_str().into(), place.into()],
        )
        .await?;
    }
    tx.audit(&AuditEntry {
        actor: new.actor.clone(),
        action: "improvement.retraining_asked".to_owned(),
        project: new.project.clone(),
        object: format!("retraining/{id}"),
        detail: json!({ "trigger": new.trigger, "pipeline": new.pipeline, "job": job }),
    })
    .await?;
    Ok((id, job))
}

pub(crate) async fn one(db: &Db, id: &str) -> Result<Retraining> {
    let row: Row = db
        .row(
            dynamic_sql(format!("select {COLUMNS} from retraining where id = $1")),
            &[id.into()],
        )
        .await?
        .ok_or_else(|| Error::not_found(format!("no retraining {id:?} exists")))?;
    row.with(steps(db, id).await?)
}

async fn steps(db: &Db, id: &str) -> Result<Vec<StepRow>> {
    db.rows(
        "select step, state, detail, output, started_at, finished_at from retraining_step where retraining = $1 order by place",
        &[id.into()],
    )
    .await
}

pub(crate) async fn page(db: &Db, project: &str, page: &PageRequest) -> Result<Page<Retraining>> {
    let (limit, skip) = bounds(page)?;
    let mut rows: Vec<Row> = db
        .rows(
            dynamic_sql(format!("select {COLUMNS} from retraining where project = $1 order by created_at desc, id limit $2 offset $3")),
            &[project.into(), (limit + 1).into(), skip.into()],
        )
        .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let steps = steps(db, &row.id).await?;
        items.push(row.with(steps)?);
    }
    Ok(Page {
        items,
        next: more.then(|| (skip + limit).to_string()),
    })
}

/// Limit and offset of a page.
pub(crate) fn bounds(page: &PageRequest) -> Result<(usize, usize)> {
    let skip = match &page.token {
        Some(token) => token
            .parse()
            .map_err(|_| Error::invalid(format!("{token:?} is not a page token of this list")))?,
        None => 0,
    };
    Ok((page.limit.unwrap_or(50).clamp(1, 500), skip))
}

/// Notes that a step begins; the retraining is under way from now on.
pub(crate) async fn begin_step(db: &Db, id: &str, step: &str) -> Result<()> {
    let (id, step) = (id.to_owned(), step.to_owned());
    db.write(move |tx| {
        let (id, step) = (id.clone(), step.clone());
        Box::pin(async move {
            let now = tx.clock().now_ms();
            tx.execute("update retraining set state = 'running' where id = $1 and state = 'queued'", &[id.as_str().into()]).await?;
            tx.execute(
                "update retraining_step set state = 'running', started_at = $3 where retraining = $1 and step = $2 and state in ('waiting', 'running')",
                &[id.into(), step.into(), now.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// Notes how a step ended.
pub(crate) async fn end_step(
    db: &Db,
    id: &str,
    step: &str,
    state: StepState,
    detail: &str,
    output: &Value,
) -> Result<()> {
    let (id, step, detail, output) = (
        id.to_owned(),
        step.to_owned(),
        detail.to_owned(),
        output.to_string(),
    );
    let challenger = challenger(&output);
    db.write(move |tx| {
        let (id, step, detail, output) = (id.clone(), step.clone(), detail.clone(), output.clone());
        Box::pin(async move {
            let now = tx.clock().now_ms();
            tx.execute(
                "update retraining_step set state = $3, detail = $4, output = $5, finished_at = $6 where retraining = $1 and step = $2",
                &[id.as_str().into(), step.into(), state.as_str().into(), detail.into(), output.into(), now.into()],
            )
            .await?;
            if challenger.is_some() {
                tx.execute("update retraining set challenger = $2 where id = $1", &[id.into(), challenger.into()]).await?;
            }
            Ok(())
        })
    })
    .await
}

/// The model version in a step's output.
fn challenger(output: &str) -> Option<i64> {
    serde_json::from_str::<Value>(output)
        .ok()?
        .get("version")?
        .as_i64()
}

/// Notes how the retraining ended. One that did not fail closes an open circuit.
pub(crate) async fn end(
    db: &Db,
    project: &str,
    id: &str,
    state: RetrainingState,
    why: &str,
) -> Result<()> {
    let (project, id, why) = (project.to_owned(), id.to_owned(), why.to_owned());
    db.write(move |tx| {
        let (project, id, why) = (project.clone(), id.clone(), why.clone());
        Box::pin(async move {
            let now = tx.clock().now_ms();
            let promoted = state == RetrainingState::Promoted;
            let changed = tx
                .execute(
                    "update retraining set state = $2, promoted = $3, why = $4, finished_at = $5 where id = $1 and state in ('queued', 'running')",
                    &[id.as_str().into(), state.as_str().into(), promoted.into(), why.as_str().into(), now.into()],
                )
                .await?;
            if changed == 0 {
                return Ok(());
            }
            if state != RetrainingState::Failed {
                task::close_circuit(tx, &project, "ironloop").await?;
            }
            tx.audit(&AuditEntry {
                actor: "ironloop".to_owned(),
                action: format!("improvement.retraining_{}", state.as_str()),
                project,
                object: format!("retraining/{id}"),
                detail: json!({ "why": why }),
            })
            .await
        })
    })
    .await
}

/// Retrainings that wait or are under way.
pub(crate) async fn under_way(tx: &mut Tx<'_>, project: &str) -> Result<i64> {
    count(
        tx,
        "select count(*) from retraining where project = $1 and state in ('queued', 'running')",
        &[project.into()],
    )
    .await
}

/// Retrainings that were asked for since `from`.
pub(crate) async fn since(tx: &mut Tx<'_>, project: &str, from: i64) -> Result<i64> {
    count(
        tx,
        "select count(*) from retraining where project = $1 and created_at > $2",
        &[project.into(), from.into()],
    )
    .await
}

/// Retrainings that failed after the last one that did not, and after `from`.
pub(crate) async fn failures(tx: &mut Tx<'_>, project: &str, from: i64) -> Result<i64> {
    count(
        tx,
        "select count(*) from retraining where project = $1 and state = 'failed' and finished_at > $2
         and finished_at > coalesce((select max(finished_at) from retraining where project = $1 and state in ('promoted', 'rejected')), $2)",
        &[project.into(), from.into()],
    )
    .await
}

async fn count(tx: &mut Tx<'_>, sql: &'static str, args: &[::store::Value]) -> Result<i64> {
    let row: Option<(i64,)> = tx.row(sql, args).await?;
    Ok(row.map_or(0, |(count,)| count))
}

/// Retrainings whose job has ended without them: the worker gave up on it.
pub(crate) async fn abandoned(db: &Db, project: &str) -> Result<Vec<(String, String)>> {
    db.rows(
        "select r.id, j.error from retraining r join job j on j.id = r.job where r.project = $1 and r.state in ('queued', 'running') and j.state = 'failed'",
        &[project.into()],
    )
    .await
}

/// Whether a retraining made this version of a dataset.
pub(crate) async fn ingested(db: &Db, project: &str, dataset: &str, version: i64) -> Result<bool> {
    let outputs: Vec<(String,)> = db
        .rows(
            "select s.output from retraining_step s join retraining r on r.id = s.retraining where r.project = $1 and s.step = 'ingest' order by r.created_at desc limit 50",
            &[project.into()],
        )
        .await?;
    Ok(outputs.iter().any(|(output,)| {
        let output: Value = serde_json::from_str(output).unwrap_or_default();
        output
            .pointer("/datasets")
            .and_then(|datasets| datasets.get(dataset))
            .and_then(Value::as_i64)
            == Some(version)
    }))
}
