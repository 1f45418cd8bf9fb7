//! The series: one endpoint over time, as pages and tools show it.

use std::collections::{BTreeMap, HashMap};

use ::store::Db;
use base::{Kind, Result};
use deployment::EndpointStatus;
use project::{MonitorCheck, Project, Verdict};
use serde::Serialize;
use serde_json::Value;

use crate::alert::Alert;
use crate::check::{Check, State};
use crate::live::main_metric;
use crate::service::{Monitoring, known_endpoint};
use crate::store::alert;
use crate::store::window::{WindowRow, checks, newest_with_labels, windows};

/// More windows than this are not shown at once: the newest are.
const MAX_SHOWN: usize = 1000;

/// One endpoint over time. Times are milliseconds since the epoch.
#[derive(Clone, Debug, Serialize)]
pub struct Series {
    /// The metric to look at first.
    pub metric: Option<String>,
    /// Oldest first.
    pub windows: Vec<Shown>,
    /// Changes of the version that answers, oldest first.
    pub rollouts: Vec<RolloutMark>,
    /// Newest first.
    pub alerts: Vec<Alert>,
}

/// One window.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The first moment inside.
    pub start: i64,
    /// The first moment after.
    pub end: i64,
    /// Predictions made.
    pub requests: i64,
    /// Of which so many have an outcome so far.
    pub labels: i64,
    /// `{metric: {value, lower, upper}}`
    pub live: Value,
    /// `{metric: value}` of today's rule.
    pub today: Value,
    /// `{column: {score, drifted, method, p, rows, state}}`
    pub drift: Value,
    /// One per monitor that looks at this window.
    pub checks: Vec<CheckMark>,
    /// The version that made most of the predictions.
    pub version: Option<i64>,
    /// Its revision.
    pub revision: Option<i64>,
}

/// One check of a window.
#[derive(Clone, Debug, Serialize)]
pub struct CheckMark {
    /// Whose.
    pub monitor: String,
    /// What was found.
    pub state: State,
    /// The number that was judged.
    pub value: Option<f64>,
    /// What it was held against.
    pub target: String,
    /// Why, with the numbers.
    pub reason: String,
}

/// One change of the version that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RolloutMark {
    /// When it began.
    pub at: i64,
    /// To which version.
    pub version: Option<i64>,
    /// Whether the version got the traffic.
    pub promoted: bool,
    /// `planned`, `running`, `done` or `rolled_back`.
    pub state: String,
    /// Why it is in that state.
    pub reason: String,
}

impl Monitoring {
    /// One endpoint over time: windows with metrics, drift and checks, rollouts and alerts.
    pub async fn series(&self, project: &Project, endpoint: &str) -> Result<Series> {
        known_endpoint(project, endpoint)?;
        let db = &self.0.db;
        let rows = windows(db, &project.name, endpoint, MAX_SHOWN).await?;
        let from = rows.first().map_or(0, |row| row.end_at);
        let mut by_window: HashMap<(i64, i64), Vec<Check>> = HashMap::new();
        for check in checks(db, &project.name, endpoint, from).await? {
            by_window
                .entry((check.window.start, check.window.end))
                .or_default()
                .push(check);
        }
        let with_checks = |row: WindowRow| {
            let checks = by_window
                .remove(&(row.start_at, row.end_at))
                .unwrap_or_default();
            show(row, checks)
        };
        let windows = rows.into_iter().map(with_checks).collect::<Result<_>>()?;
        // An endpoint of the file that was never deployed has no rollouts.
        let rollouts = match self.0.serving.status(&project.name, endpoint).await {
            Ok(status) => rollouts(&status),
            Err(error) if error.kind() == Kind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(Series {
            metric: main_metric(&project.file),
            windows,
            rollouts,
            alerts: alert::of_endpoint(db, &project.name, endpoint).await?,
        })
    }

    /// The newest check of a monitor, if it was ever judged.
    pub async fn newest(&self, project: &str, monitor: &str) -> Result<Option<Check>> {
        Ok(newest_with_labels(&self.0.db, project, monitor)
            .await?
            .map(|(check, _)| check))
    }
}

fn mark(check: Check) -> CheckMark {
    CheckMark {
        monitor: check.monitor,
        state: check.state,
        value: check.value,
        target: check.target,
        reason: check.reason,
    }
}

pub(crate) fn show(row: WindowRow, checks: Vec<Check>) -> Result<Shown> {
    Ok(Shown {
        start: row.start_at,
        end: row.end_at,
        requests: row.requests,
        labels: row.labels,
        live: serde_json::from_str(&row.live)?,
        today: serde_json::from_str(&row.today)?,
        drift: serde_json::from_str(&row.drift)?,
        checks: checks.into_iter().map(mark).collect(),
        version: row.version,
        revision: row.revision,
    })
}

fn rollouts(status: &EndpointStatus) -> Vec<RolloutMark> {
    let version = |revision: i64| {
        status
            .revisions
            .iter()
            .find(|known| known.revision == revision)
            .map(|known| known.version)
    };
    let mut marks: Vec<RolloutMark> = status
        .rollouts
        .iter()
        .map(|rollout| RolloutMark {
            at: rollout.at,
            version: version(rollout.to_revision),
            promoted: rollout.state == "done",
            state: rollout.state.clone(),
            reason: rollout.reason.clone(),
        })
        .collect();
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// A criterion on live data, as its monitor last judged it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveCriterion {
    /// The number that was judged.
    pub value: Option<f64>,
    /// On so many outcomes.
    pub labels: i64,
    /// The first moment of the window.
    pub window_start: i64,
    /// The first moment after it.
    pub window_end: i64,
    /// A warning is no verdict: the value fails, and chance may be the reason.
    pub verdict: Verdict,
}

/// What the newest checks say about each criterion that a monitor watches, by the criterion's id.
pub async fn live_criteria(db: &Db, project: &Project) -> Result<BTreeMap<String, LiveCriterion>> {
    let mut found = BTreeMap::new();
    for monitor in &project.file.monitors {
        let MonitorCheck::Criterion { criterion } = &monitor.check else {
            continue;
        };
        let Some((check, labels)) = newest_with_labels(db, &project.name, &monitor.id).await?
        else {
            continue;
        };
        let verdict = match check.state {
            State::Ok => Verdict::Pass,
            State::Alert => Verdict::Fail,
            State::Warn | State::Unknown => Verdict::Unknown,
        };
        let window = check.window;
        let live = LiveCriterion {
            value: check.value,
            labels,
            window_start: window.start,
            window_end: window.end,
            verdict,
        };
        found.insert(criterion.clone(), live);
    }
    Ok(found)
}
