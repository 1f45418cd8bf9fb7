//! Reads traces: some by their ids, or a page by filter.

use std::collections::HashMap;

use base::{Page, Result};
use store::{Db, Value, dynamic_sql};

use super::PART;
use crate::check;
use crate::filter::{Attribute, Query, Shape, Side, page_of, page_start};
use crate::tag::Tag;
use crate::trace::{Assessment, Span, Trace, TraceSearch, TraceState};

const SHAPE: Shape = Shape {
    table: "trace",
    id: "trace.id",
    attributes: &[
        Attribute::text("trace_id", "trace.id"),
        Attribute::text("request_id", "trace.id"),
        Attribute::text("id", "trace.id"),
        Attribute::text("name", "trace.name"),
        Attribute::text("trace_name", "trace.name"),
        Attribute::text("status", "trace.state"),
        Attribute::text("state", "trace.state"),
        Attribute::text("run_id", "trace.run_id"),
        Attribute::text("client_request_id", "trace.client_request_id"),
        Attribute::text("request_preview", "trace.request_preview"),
        Attribute::text("response_preview", "trace.response_preview"),
        Attribute::number("timestamp", "trace.request_time"),
        Attribute::number("timestamp_ms", "trace.request_time"),
        Attribute::number("request_time", "trace.request_time"),
        Attribute::number("execution_time", "trace.duration"),
        Attribute::number("execution_time_ms", "trace.duration"),
        Attribute::number("execution_duration", "trace.duration"),
    ],
    metrics: None,
    many_values: false,
    params: Some(Side {
        table: "trace_metadata",
        owner: "trace_id",
        also: None,
    }),
    tags: Some(Side {
        table: "trace_tag",
        owner: "trace_id",
        also: None,
    }),
    datasets: false,
    absent_tag: None,
    tie: "trace.request_time desc, trace.id",
};

const COLUMNS: &str = "trace.id, trace.experiment_id, trace.request_time, trace.duration, trace.state, trace.client_request_id, trace.request_preview, trace.response_preview";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    experiment_id: i64,
    request_time: i64,
    duration: Option<i64>,
    state: String,
    client_request_id: Option<String>,
    request_preview: Option<String>,
    response_preview: Option<String>,
}

pub(crate) async fn by_ids(db: &Db, ids: &[String]) -> Result<Vec<Trace>> {
    let mut found = HashMap::new();
    for part in ids.chunks(PART) {
        let args: Vec<Value> = part.iter().map(|id| Value::from(id.as_str())).collect();
        let sql = format!(
            "select {COLUMNS} from trace where trace.id in ({})",
            store::places(1, args.len())
        );
        for trace in complete(db, db.rows(dynamic_sql(sql), &args).await?).await? {
            found.insert(trace.id.clone(), trace);
        }
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

pub(crate) async fn spans(db: &Db, ids: &[String]) -> Result<Vec<Span>> {
    let mut spans = Vec::new();
    for part in ids.chunks(PART) {
        let args: Vec<Value> = part.iter().map(|id| Value::from(id.as_str())).collect();
        let sql = format!(
            "select trace_id, id, start_ns, content from span where trace_id in ({}) order by trace_id, start_ns, id",
            store::places(1, args.len())
        );
        let rows: Vec<(String, String, i64, String)> = db.rows(dynamic_sql(sql), &args).await?;
        spans.extend(rows.into_iter().map(|(trace_id, id, start, content)| Span {
            trace_id,
            id,
            start,
            content,
        }));
    }
    Ok(spans)
}

pub(crate) async fn search(db: &Db, search: &TraceSearch) -> Result<Page<Trace>> {
    let asked = search
        .page
        .limit
        .map_or(100, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let limit = check::max_results(asked, 500)?;
    let start = page_start(search.page.token.as_deref())?;
    let mut query = Query::new(&SHAPE, db.backend());
    let numbers = search
        .experiment_ids
        .iter()
        .map(crate::store::experiment::number)
        .collect::<Result<Vec<i64>>>()?;
    let within = query.any_of("trace.experiment_id", numbers);
    query.condition(within);
    query.filter(&search.filter)?;
    query.order(&search.order_by)?;
    let (sql, args) = query.select(COLUMNS, limit + 1, start);
    let rows: Vec<Row> = db.rows(dynamic_sql(sql), &args).await?;
    let page = page_of(rows, start, limit);
    Ok(Page {
        items: complete(db, page.items).await?,
        next: page.next,
    })
}

/// Adds tags, metadata and assessments: three queries for each 500 traces.
async fn complete(db: &Db, rows: Vec<Row>) -> Result<Vec<Trace>> {
    let mut traces = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let part: Vec<Row> = rows.by_ref().take(PART).collect();
        let args: Vec<Value> = part
            .iter()
            .map(|row| Value::from(row.id.as_str()))
            .collect();
        let mut tags = pairs(db, "trace_tag", &args).await?;
        let mut metadata = pairs(db, "trace_metadata", &args).await?;
        let mut assessments = assessments(db, &args).await?;
        for row in part {
            traces.push(Trace {
                experiment_id: row.experiment_id.to_string().parse()?,
                request_time: row.request_time,
                duration: row.duration,
                state: TraceState::parse(&row.state),
                client_request_id: row.client_request_id,
                request_preview: row.request_preview,
                response_preview: row.response_preview,
                metadata: metadata.remove(&row.id).unwrap_or_default(),
                tags: tags.remove(&row.id).unwrap_or_default(),
                assessments: assessments.remove(&row.id).unwrap_or_default(),
                id: row.id,
            });
        }
    }
    Ok(traces)
}

async fn pairs(db: &Db, table: &str, ids: &[Value]) -> Result<HashMap<String, Vec<Tag>>> {
    let sql = format!(
        "select trace_id, key, value from {table} where trace_id in ({}) order by key",
        store::places(1, ids.len())
    );
    let rows: Vec<(String, String, String)> = db.rows(dynamic_sql(sql), ids).await?;
    let mut by_trace: HashMap<String, Vec<Tag>> = HashMap::new();
    for (trace, key, value) in rows {
        by_trace.entry(trace).or_default().push(Tag { key, value });
    }
    Ok(by_trace)
}

async fn assessments(db: &Db, ids: &[Value]) -> Result<HashMap<String, Vec<Assessment>>> {
    let sql = format!(
        "select trace_id, id, content from assessment where trace_id in ({}) order by created_at, id",
        store::places(1, ids.len())
    );
    let rows: Vec<(String, String, String)> = db.rows(dynamic_sql(sql), ids).await?;
    let mut by_trace: HashMap<String, Vec<Assessment>> = HashMap::new();
    for (trace_id, id, content) in rows {
        by_trace
            .entry(trace_id.clone())
            .or_default()
            .push(Assessment {
                id,
                trace_id,
                content: serde_json::from_str(&content)?,
            });
    }
    Ok(by_trace)
}
