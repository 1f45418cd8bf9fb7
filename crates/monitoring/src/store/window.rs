//! SQL of windows and checks.

use std::str::FromStr as _;

use ::store::{Db, Tx};
use base::Result;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::check::{Check, State};
use crate::store::alert;
use crate::window::Window;

/// What one endpoint did in one window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, FromRow)]
pub(crate) struct WindowRow {
    pub(crate) start_at: i64,
    pub(crate) end_at: i64,
    /// Predictions made.
    pub(crate) requests: i64,
    /// Of which so many have an outcome.
    pub(crate) labels: i64,
    /// The model and version that made most of them.
    pub(crate) model: Option<String>,
    pub(crate) version: Option<i64>,
    pub(crate) revision: Option<i64>,
    /// JSON: `{metric: {value, lower, upper}}`.
    pub(crate) live: String,
    /// JSON: `{metric: value}` of today's rule.
    pub(crate) today: String,
    /// JSON: `{column: {score, drifted, method, …}}`.
    pub(crate) drift: String,
}

#[derive(FromRow)]
struct CheckRow {
    monitor: String,
    window_start: i64,
    window_end: i64,
    state: String,
    value: Option<f64>,
    target: String,
    reason: String,
    labels: i64,
}

impl CheckRow {
    fn read(self) -> Result<Check> {
        Ok(Check {
            monitor: self.monitor,
            window: Window {
                start: self.window_start,
                end: self.window_end,
            },
            state: State::from_str(&self.state)?,
            value: self.value,
            target: self.target,
            reason: self.reason,
        })
    }
}

/// Stores a window with its checks and moves the alerts of monitors for which it is the newest window, all in one
/// transaction. Storing the same window again replaces it.
pub(crate) async fn save(
    db: &Db,
    project: &str,
    endpoint: &str,
    window: WindowRow,
    checks: Vec<Check>,
) -> Result<()> {
    let (project, endpoint) = (project.to_owned(), endpoint.to_owned());
    db.write(move |tx| {
        let (project, endpoint, window, checks) = (
            project.clone(),
            endpoint.clone(),
            window.clone(),
            checks.clone(),
        );
        Box::pin(async move {
            save_window(tx, &project, &endpoint, &window).await?;
            for check in &checks {
                let newest = newest_end(tx, &project, &check.monitor).await?;
                save_check(tx, &project, &endpoint, check, window.labels).await?;
                if newest.is_none_or(|end| check.window.end >= end) {
                    alert::apply(tx, &project, &endpoint, check).await?;
                }
            }
            Ok(())
        })
    })
    .await
}

async fn newest_end(tx: &mut Tx<'_>, project: &str, monitor: &str) -> Result<Option<i64>> {
    let row: Option<(Option<i64>,)> = tx
        .row(
            "select max(window_end) from monitor_check where project = $1 and monitor = $2",
            &[project.into(), monitor.into()],
        )
        .await?;
    Ok(row.and_then(|(end,)| end))
}

async fn save_window(
    tx: &mut Tx<'_>,
    project: &str,
    endpoint: &str,
    window: &WindowRow,
) -> Result<()> {
    let now = tx.clock().now_ms();
    tx.execute(
        "insert into monitor_window (project, endpoint, start_at, end_at, requests, labels, model, version, revision, live, today, drift, computed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (project, endpoint, end_at, start_at) do update set requests = excluded.requests, labels = excluded.labels, model = excluded.model, version = excluded.version, revision = excluded.revision, live = excluded.live, today = excluded.today, drift = excluded.drift, computed_at = excluded.computed_at",
        &[
            project.into(),
            endpoint.into(),
            window.start_at.into(),
            window.end_at.into(),
            window.requests.into(),
            window.labels.into(),
            window.model.clone().into(),
            window.version.into(),
            window.revision.into(),
            window.live.as_str().into(),
            window.today.as_str().into(),
            window.drift.as_str().into(),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

async fn save_check(
    tx: &mut Tx<'_>,
    project: &str,
    endpoint: &str,
    check: &Check,
    labels: i64,
) -> Result<()> {
    let now = tx.clock().now_ms();
    tx.execute(
        "insert into monitor_check (project, endpoint, monitor, window_start, window_end, state, value, target, reason, labels, computed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (project, monitor, window_end) do update set endpoint = excluded.endpoint, window_start = excluded.window_start, state = excluded.state, value = excluded.value, target = excluded.target, reason = excluded.reason, labels = excluded.labels, computed_at = excluded.computed_at",
        &[
            project.into(),
            endpoint.into(),
            check.monitor.as_str().into(),
            check.window.start.into(),
            check.window.end.into(),
            check.state.as_str().into(),
            check.value.filter(|value| value.is_finite()).into(),
            check.target.as_str().into(),
            check.reason.as_str().into(),
            labels.into(),
            now.into(),
        ],
    )
    .await?;
    Ok(())
}

/// When the first prediction of an endpoint was made, as it was first noted.
pub(crate) async fn origin(db: &Db, project: &str, endpoint: &str) -> Result<Option<i64>> {
    let row: Option<(i64,)> = db
        .row(
            "select first_at from monitor_origin where project = $1 and endpoint = $2",
            &[project.into(), endpoint.into()],
        )
        .await?;
    Ok(row.map(|(first,)| first))
}

/// Notes when the first prediction of an endpoint was made, once.
pub(crate) async fn keep_origin(db: &Db, project: &str, endpoint: &str, first: i64) -> Result<()> {
    let (project, endpoint) = (project.to_owned(), endpoint.to_owned());
    db.write(move |tx| {
        let (project, endpoint) = (project.clone(), endpoint.clone());
        Box::pin(async move {
            tx.execute(
                "insert into monitor_origin (project, endpoint, first_at) values ($1, $2, $3) on conflict (project, endpoint) do nothing",
                &[project.into(), endpoint.into(), first.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// Until where each monitor of the project has been judged.
pub(crate) async fn judged_until(db: &Db, project: &str) -> Result<Vec<(String, i64)>> {
    db.rows(
        "select monitor, max(window_end) from monitor_check where project = $1 group by monitor",
        &[project.into()],
    )
    .await
}

/// Windows for which more outcomes are known now than when they were computed, oldest first.
pub(crate) async fn grown(db: &Db, project: &str, endpoint: &str) -> Result<Vec<Window>> {
    let rows: Vec<(i64, i64)> = db
        .rows(
            "select w.start_at, w.end_at from monitor_window w where w.project = $1 and w.endpoint = $2 and w.labels < w.requests
             and w.labels < (select count(*) from outcome o where o.project = w.project and o.endpoint = w.endpoint and o.state = 'joined' and o.predicted_at >= w.start_at and o.predicted_at < w.end_at)
             order by w.end_at, w.start_at",
            &[project.into(), endpoint.into()],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(start, end)| Window { start, end })
        .collect())
}

/// The newest `limit` windows of an endpoint, oldest first.
pub(crate) async fn windows(
    db: &Db,
    project: &str,
    endpoint: &str,
    limit: usize,
) -> Result<Vec<WindowRow>> {
    let mut rows: Vec<WindowRow> = db
        .rows(
            "select start_at, end_at, requests, labels, model, version, revision, live, today, drift from monitor_window where project = $1 and endpoint = $2 order by end_at desc, start_at desc limit $3",
            &[project.into(), endpoint.into(), limit.into()],
        )
        .await?;
    rows.reverse();
    Ok(rows)
}

/// All checks of an endpoint whose window ends at `from` or later, oldest first.
pub(crate) async fn checks(
    db: &Db,
    project: &str,
    endpoint: &str,
    from: i64,
) -> Result<Vec<Check>> {
    let rows: Vec<CheckRow> = db
        .rows(
            "select monitor, window_start, window_end, state, value, target, reason, labels from monitor_check where project = $1 and endpoint = $2 and window_end >= $3 order by window_end, monitor",
            &[project.into(), endpoint.into(), from.into()],
        )
        .await?;
    rows.into_iter().map(CheckRow::read).collect()
}

/// The newest check of a monitor, and on how many outcomes it rests.
pub(crate) async fn newest_with_labels(
    db: &Db,
    project: &str,
    monitor: &str,
) -> Result<Option<(Check, i64)>> {
    let row: Option<CheckRow> = db
        .row(
            "select monitor, window_start, window_end, state, value, target, reason, labels from monitor_check where project = $1 and monitor = $2 order by window_end desc limit 1",
            &[project.into(), monitor.into()],
        )
        .await?;
    row.map(|row| {
        let labels = row.labels;
        Ok((row.read()?, labels))
    })
    .transpose()
}
