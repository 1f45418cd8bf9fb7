//! SQL of outcomes.

use std::collections::HashMap;
use std::fmt::Write as _;

use ::store::{Db, Tx, Value, dynamic_sql};
use base::Result;

use crate::outcome::{Found, Recorded, is_late};
use crate::window::Window;

/// Rows per statement: far below the 32,766 values that SQLite binds, few enough for its cache of statements.
const CHUNK: usize = 200;

/// Stores what is new and classifies what is not, in one transaction. `found` has each prediction once.
pub(crate) async fn insert(
    db: &Db,
    project: &str,
    endpoint: &str,
    found: Vec<Found>,
    now: i64,
) -> Result<Recorded> {
    let (project, endpoint) = (project.to_owned(), endpoint.to_owned());
    db.write(move |tx| {
        let (project, endpoint, found) = (project.clone(), endpoint.clone(), found.clone());
        Box::pin(async move {
            let mut recorded = Recorded::default();
            for chunk in found.chunks(CHUNK) {
                insert_chunk(tx, &project, &endpoint, chunk, now, &mut recorded).await?;
            }
            Ok(recorded)
        })
    })
    .await
}

async fn insert_chunk(
    tx: &mut Tx<'_>,
    project: &str,
    endpoint: &str,
    chunk: &[Found],
    now: i64,
    recorded: &mut Recorded,
) -> Result<()> {
    let known = known(tx, project, endpoint, chunk).await?;
    let mut fresh = Vec::with_capacity(chunk.len());
    for found in chunk {
        match known.get(&found.outcome.prediction_id) {
            Some(value) if *value == found.outcome.value => recorded.duplicate += 1,
            Some(_) => recorded.conflicting += 1,
            None => fresh.push(found),
        }
    }
    if fresh.is_empty() {
        return Ok(());
    }
    let mut sql = "insert into outcome (project, endpoint, received_at, prediction_id, value, today, at, predicted_at, state) values ".to_owned();
    let mut values: Vec<Value> = vec![project.into(), endpoint.into(), now.into()];
    for (index, found) in fresh.iter().enumerate() {
        let n = 4 + index * 6;
        let comma = if index == 0 { "" } else { ", " };
        let _ = write!(
            sql,
            "{comma}($1, $2, $3, ${n}, ${}, ${}, ${}, ${}, ${})",
            n + 1,
            n + 2,
            n + 3,
            n + 4,
            n + 5
        );
        let joined = found.predicted_at.is_some();
        recorded.stored += usize::from(joined);
        recorded.unknown += usize::from(!joined);
        values.extend([
            found.outcome.prediction_id.as_str().into(),
            found.outcome.value.into(),
            found.outcome.today.into(),
            found.outcome.at.unwrap_or(now).into(),
            found.predicted_at.into(),
            if joined { "joined" } else { "pending" }.into(),
        ]);
    }
    // A race with another process violates the key: the whole call fails and can be sent again.
    tx.execute(dynamic_sql(sql), &values).await?;
    Ok(())
}

async fn known(
    tx: &mut Tx<'_>,
    project: &str,
    endpoint: &str,
    chunk: &[Found],
) -> Result<HashMap<String, f64>> {
    let mut values: Vec<Value> = vec![project.into(), endpoint.into()];
    values.extend(
        chunk
            .iter()
            .map(|found| Value::from(&found.outcome.prediction_id)),
    );
    let sql = format!(
        "select prediction_id, value from outcome where project = $1 and endpoint = $2 and prediction_id in ({})",
        placeholders(3, chunk.len())
    );
    let rows: Vec<(String, f64)> = tx.rows(dynamic_sql(sql), &values).await?;
    Ok(rows.into_iter().collect())
}

/// Joins pending outcomes of the given predictions; those that came too late become `late` and are not used.
pub(crate) async fn join(
    db: &Db,
    project: &str,
    endpoint: &str,
    predicted_at: &HashMap<String, i64>,
    late_until_ms: Option<i64>,
) -> Result<u64> {
    let waiting = pending(db, project, endpoint).await?;
    let joins: Vec<(String, i64, &'static str)> = waiting
        .into_iter()
        .filter_map(|(id, received_at)| {
            let made = *predicted_at.get(&id)?;
            Some((
                id,
                made,
                if is_late(Some(made), received_at, late_until_ms) {
                    "late"
                } else {
                    "joined"
                },
            ))
        })
        .collect();
    if joins.is_empty() {
        return Ok(0);
    }
    let (project, endpoint) = (project.to_owned(), endpoint.to_owned());
    db.write(move |tx| {
        let (project, endpoint, joins) = (project.clone(), endpoint.clone(), joins.clone());
        Box::pin(async move {
            let mut joined = 0;
            for (id, made, state) in joins {
                let changed = tx
                    .execute(
                        "update outcome set predicted_at = $4, state = $5 where project = $1 and endpoint = $2 and prediction_id = $3 and state = 'pending'",
                        &[project.as_str().into(), endpoint.as_str().into(), id.into(), made.into(), state.into()],
                    )
                    .await?;
                joined += if state == "joined" { changed } else { 0 };
            }
            Ok(joined)
        })
    })
    .await
}

/// Outcomes that wait for their prediction: id and time of arrival, oldest first, a bounded number of them.
pub(crate) async fn pending(db: &Db, project: &str, endpoint: &str) -> Result<Vec<(String, i64)>> {
    db.rows(
        "select prediction_id, received_at from outcome where state = 'pending' and project = $1 and endpoint = $2 order by received_at, prediction_id limit 10000",
        &[project.into(), endpoint.into()],
    )
    .await
}

/// Truth and today's value, by prediction id, of predictions made in `window`.
pub(crate) async fn labels(
    db: &Db,
    project: &str,
    endpoint: &str,
    window: Window,
) -> Result<HashMap<String, (f64, Option<f64>)>> {
    let rows: Vec<(String, f64, Option<f64>)> = db
        .rows(
            "select prediction_id, value, today from outcome where project = $1 and endpoint = $2 and predicted_at >= $3 and predicted_at < $4 and state = 'joined'",
            &[project.into(), endpoint.into(), window.start.into(), window.end.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, value, today)| (id, (value, today)))
        .collect())
}

/// `$from, $from+1, …`, `count` of them.
fn placeholders(from: usize, count: usize) -> String {
    (from..from + count)
        .map(|n| format!("${n}"))
        .collect::<Vec<_>>()
        .join(", ")
}
