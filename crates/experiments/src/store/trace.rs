//! SQL of traces, their spans and what is thought of them.

mod assessment;
mod read;

pub(crate) use assessment::{assess, assessment, fresh as fresh_assessment, reassess, unassess};
pub(crate) use read::{by_ids, search, spans};

use std::fmt::Write as _;

use base::{Error, Result, RunId};
use store::{Tx, Value, dynamic_sql};

use super::experiment;
use crate::experiment::Lifecycle;
use crate::tag::Tag;
use crate::trace::{SpanBatch, TRACE_NAME, Trace, TraceDoom, none};

pub(crate) const TABLES: &str = "
create table trace (
  id TEXT primary key,
  experiment_id BIGINT not null,
  request_time BIGINT not null,
  duration BIGINT,
  state TEXT not null,
  name TEXT,
  run_id TEXT,
  client_request_id TEXT,
  request_preview TEXT,
  response_preview TEXT,
  finished BOOLEAN not null
);
create index trace_by_time on trace (experiment_id, request_time desc, id);
create index trace_by_run on trace (run_id);
create table trace_tag (trace_id TEXT not null, key TEXT not null, value TEXT not null, primary key (trace_id, key));
create table trace_metadata (trace_id TEXT not null, key TEXT not null, value TEXT not null, primary key (trace_id, key));
create table span (
  trace_id TEXT not null,
  id TEXT not null,
  start_ns BIGINT not null,
  content TEXT not null,
  primary key (trace_id, id)
);
create table assessment (
  id TEXT primary key,
  trace_id TEXT not null,
  created_at BIGINT not null,
  content TEXT not null
);
create index assessment_by_trace on assessment (trace_id, created_at);
";

/// How many things are named in one statement.
const PART: usize = 500;

async fn known(tx: &mut Tx<'_>, id: &str) -> Result<Option<(i64, bool)>> {
    tx.row(
        "select experiment_id, finished from trace where id = $1",
        &[id.into()],
    )
    .await
}

/// Writes a trace's facts as its client tells them.
pub(crate) async fn put(tx: &mut Tx<'_>, trace: Trace) -> Result<()> {
    write(tx, trace, true).await
}

async fn write(tx: &mut Tx<'_>, mut trace: Trace, finished: bool) -> Result<()> {
    let number = experiment::number(&trace.experiment_id)?;
    if experiment::lifecycle(tx, number).await? != Lifecycle::Active {
        return Err(Error::conflict(format!(
            "The experiment {number} must be in the 'active' state. Current state is deleted."
        )));
    }
    match known(tx, &trace.id).await? {
        Some((other, _)) if other != number => {
            return Err(Error::already_exists(format!(
                "Trace with ID '{}' exists in another experiment.",
                trace.id
            )));
        }
        Some(_) => trace.drop_places(),
        None => {
            let (location,): (String,) = tx
                .row(
                    "select artifact_location from experiment where id = $1",
                    &[number.into()],
                )
                .await?
                .unwrap_or_default();
            trace.tell_places(&location);
        }
    }
    tx.execute(
        "insert into trace (id, experiment_id, request_time, duration, state, name, run_id, client_request_id, request_preview, response_preview, finished) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict (id) do update set request_time = excluded.request_time, duration = excluded.duration, state = excluded.state, name = coalesce(excluded.name, trace.name), run_id = coalesce(excluded.run_id, trace.run_id), client_request_id = coalesce(excluded.client_request_id, trace.client_request_id), request_preview = coalesce(excluded.request_preview, trace.request_preview), response_preview = coalesce(excluded.response_preview, trace.response_preview), finished = excluded.finished",
        &[
            trace.id.as_str().into(),
            number.into(),
            trace.request_time.into(),
            trace.duration.into(),
            trace.state.as_str().into(),
            trace.name().map(str::to_owned).into(),
            trace.run().map(str::to_owned).into(),
            trace.client_request_id.clone().into(),
            trace.request_preview.clone().into(),
            trace.response_preview.clone().into(),
            finished.into(),
        ],
    )
    .await?;
    for tag in &trace.tags {
        put_pair(tx, "trace_tag", &trace.id, tag).await?;
    }
    for tag in &trace.metadata {
        put_pair(tx, "trace_metadata", &trace.id, tag).await?;
    }
    for assessment in &trace.assessments {
        assess(tx, assessment).await?;
    }
    Ok(())
}

async fn put_pair(tx: &mut Tx<'_>, table: &str, id: &str, tag: &Tag) -> Result<()> {
    tx.execute(
        dynamic_sql(format!("insert into {table} (trace_id, key, value) values ($1, $2, $3) on conflict (trace_id, key) do update set value = excluded.value")),
        &[id.into(), tag.key.as_str().into(), tag.value.as_str().into()],
    )
    .await?;
    Ok(())
}

/// Writes spans; the trace is made where it is missing, and told its facts where its client has not told them.
pub(crate) async fn put_spans(tx: &mut Tx<'_>, batch: SpanBatch) -> Result<()> {
    let found = known(tx, &batch.trace.id).await?;
    let tell = match found {
        None => true,
        Some((_, finished)) => !finished && batch.with_root,
    };
    if let Some((number, _)) = found
        && number != experiment::number(&batch.trace.experiment_id)?
    {
        return Err(Error::already_exists(format!(
            "Trace with ID '{}' exists in another experiment.",
            batch.trace.id
        )));
    }
    if tell {
        write(tx, batch.trace, false).await?;
    }
    for span in batch.spans {
        tx.execute(
            "insert into span (trace_id, id, start_ns, content) values ($1, $2, $3, $4) on conflict (trace_id, id) do update set start_ns = excluded.start_ns, content = excluded.content",
            &[span.trace_id.into(), span.id.into(), span.start.into(), span.content.into()],
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn require(tx: &mut Tx<'_>, id: &str) -> Result<()> {
    known(tx, id).await?.map(|_| ()).ok_or_else(|| none(id))
}

pub(crate) async fn tag(tx: &mut Tx<'_>, id: &str, tag: &Tag) -> Result<()> {
    require(tx, id).await?;
    put_pair(tx, "trace_tag", id, tag).await?;
    if tag.key == TRACE_NAME {
        tx.execute(
            "update trace set name = $2 where id = $1",
            &[id.into(), tag.value.as_str().into()],
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn untag(tx: &mut Tx<'_>, id: &str, key: &str) -> Result<()> {
    let gone = tx
        .execute(
            "delete from trace_tag where trace_id = $1 and key = $2",
            &[id.into(), key.into()],
        )
        .await?;
    if gone == 0 {
        return Err(Error::not_found(format!(
            "No trace tag with key '{key}' for trace with ID '{id}'"
        )));
    }
    if key == TRACE_NAME {
        tx.execute("update trace set name = null where id = $1", &[id.into()])
            .await?;
    }
    Ok(())
}

pub(crate) async fn link(tx: &mut Tx<'_>, ids: &[String], run: &RunId) -> Result<()> {
    let there: Option<(String,)> = tx
        .row("select id from run where id = $1", &[run.into()])
        .await?;
    if there.is_none() {
        return Err(Error::not_found(format!("Run with id={run} not found")));
    }
    for id in ids {
        tx.execute(
            "update trace set run_id = $2 where id = $1",
            &[id.as_str().into(), run.into()],
        )
        .await?;
    }
    Ok(())
}

pub(crate) async fn remove(tx: &mut Tx<'_>, experiment: i64, doom: &TraceDoom) -> Result<u64> {
    let mut args: Vec<Value> = vec![experiment.into()];
    let mut sql = "select id from trace where experiment_id = $1".to_owned();
    if !doom.ids.is_empty() {
        let places: Vec<String> = (2..doom.ids.len() + 2)
            .map(|place| format!("${place}"))
            .collect();
        let _ = write!(sql, " and id in ({})", places.join(", "));
        args.extend(doom.ids.iter().map(|id| Value::from(id.as_str())));
    }
    if let Some(until) = doom.until {
        args.push(until.into());
        let _ = write!(sql, " and request_time <= ${}", args.len());
    }
    args.push(doom.most.unwrap_or(100_000).into());
    let _ = write!(sql, " order by request_time, id limit ${}", args.len());
    let ids: Vec<(String,)> = tx.rows(dynamic_sql(sql), &args).await?;
    for part in ids.chunks(PART) {
        let args: Vec<Value> = part.iter().map(|(id,)| Value::from(id.as_str())).collect();
        let list = store::places(1, args.len());
        for table in ["trace_tag", "trace_metadata", "span", "assessment"] {
            tx.execute(
                dynamic_sql(format!("delete from {table} where trace_id in ({list})")),
                &args,
            )
            .await?;
        }
        tx.execute(
            dynamic_sql(format!("delete from trace where id in ({list})")),
            &args,
        )
        .await?;
    }
    Ok(ids.len() as u64)
}
