//! The reconciler: whatever is due and not judged yet is judged, in order of time.
//!
//! It takes no input but the clock and the state, and can be stopped and repeated at any point: a window and its
//! checks are stored together, keyed by monitor and end of window.

use std::collections::{BTreeMap, HashMap};

use base::Result;
use project::{MonitorCheck, MonitorSpec, Project};

use crate::check::Check;
use crate::judge::judge_window;
use crate::rows::Rows;
use crate::service::{Monitoring, late_until, monitors_of};
use crate::store::{outcome, window};
use crate::window::{Schedule, Window};

/// After a long pause a pass catches up with so many windows of an endpoint; the next pass goes on.
const MAX_WINDOWS: usize = 2000;

impl Monitoring {
    /// Judges every window of the project that has ended and was not judged, and those for which more outcomes have
    /// arrived since. The answer is every check that was made, in the order of time.
    pub async fn run_due(&self, project: &Project) -> Result<Vec<Check>> {
        let _turn = self.0.turn.lock().await;
        self.0.serving.flush().await?;
        let mut made = Vec::new();
        for endpoint in project.file.deployments.keys() {
            made.extend(self.run_endpoint(project, endpoint).await?);
        }
        Ok(made)
    }

    async fn run_endpoint(&self, project: &Project, endpoint: &str) -> Result<Vec<Check>> {
        let monitors = monitors_of(project, endpoint);
        if monitors.is_empty() {
            return Ok(Vec::new());
        }
        let Some(first) = self.0.serving.first_prediction_at(&project.name, endpoint).await? else {
            return Ok(Vec::new());
        };
        self.join_waiting(project, endpoint).await?;
        let schedules: Vec<(&MonitorSpec, Schedule)> = monitors.iter().map(|&monitor| (monitor, schedule(project, monitor, first))).collect();
        let mut made = Vec::new();
        for grown in window::grown(&self.0.db, &project.name, endpoint).await? {
            let again = schedules.iter().filter(|(_, schedule)| schedule.has(grown)).map(|(monitor, _)| *monitor).collect();
            made.extend(self.run_window(project, endpoint, grown, again).await?);
        }
        for (due, monitors) in self.due(project, &schedules).await? {
            made.extend(self.run_window(project, endpoint, due, monitors).await?);
        }
        Ok(made)
    }

    /// Joins outcomes that came before their prediction was in the log.
    async fn join_waiting(&self, project: &Project, endpoint: &str) -> Result<()> {
        let waiting = outcome::pending(&self.0.db, &project.name, endpoint).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = waiting.into_iter().map(|(id, _)| id).collect();
        let made = self.0.serving.predicted_at(&project.name, endpoint, &ids).await?;
        let found: HashMap<String, i64> = ids.into_iter().zip(made).filter_map(|(id, at)| Some((id, at?))).collect();
        outcome::join(&self.0.db, &project.name, endpoint, &found, late_until(project, endpoint)).await?;
        Ok(())
    }

    /// Windows that wait for a verdict, each with its monitors, oldest end first.
    async fn due<'a>(&self, project: &Project, schedules: &[(&'a MonitorSpec, Schedule)]) -> Result<Vec<(Window, Vec<&'a MonitorSpec>)>> {
        let judged: HashMap<String, i64> = window::judged_until(&self.0.db, &project.name).await?.into_iter().collect();
        let now = self.0.db.clock().now_ms();
        let mut due: BTreeMap<(i64, i64), Vec<&MonitorSpec>> = BTreeMap::new();
        for (monitor, schedule) in schedules {
            for window in schedule.due(judged.get(&monitor.id).copied(), now).take(MAX_WINDOWS) {
                due.entry((window.end, window.start)).or_default().push(monitor);
            }
        }
        Ok(due.into_iter().map(|((end, start), monitors)| (Window { start, end }, monitors)).collect())
    }

    async fn run_window(&self, project: &Project, endpoint: &str, span: Window, monitors: Vec<&MonitorSpec>) -> Result<Vec<Check>> {
        let labels = outcome::labels(&self.0.db, &project.name, endpoint, span).await?;
        let log = self.0.serving.predictions(&project.name, endpoint, span.start, span.end).await?;
        let rows = Rows::join(log, &labels, today_column(project))?;
        let (row, checks) = judge_window(self, project, span, &monitors, rows).await?;
        window::save(&self.0.db, &project.name, endpoint, row, checks.clone()).await?;
        Ok(checks)
    }
}

/// The windows of one monitor. A criterion has a window of its own.
fn schedule(project: &Project, monitor: &MonitorSpec, first: i64) -> Schedule {
    let of_criterion = match &monitor.check {
        MonitorCheck::Criterion { criterion } => project.file.criterion(criterion).and_then(|criterion| criterion.window),
        _ => None,
    };
    let length = monitor.window.or(of_criterion).unwrap_or(monitor.every);
    let ms = |duration: base::SignedDuration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4);
    Schedule::new(ms(length), ms(monitor.every), first)
}

/// The column that holds today's value, where the rule of today is simply a column.
fn today_column(project: &Project) -> Option<&str> {
    let rule = project.file.charter.as_ref()?.today_sql.as_deref()?.trim();
    let plain = rule.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    Some(rule).filter(|rule| plain && !rule.is_empty())
}
