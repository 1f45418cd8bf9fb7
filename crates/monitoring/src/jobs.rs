//! The reconciler: whatever is due and not judged yet is judged, in order of time.
//!
//! It takes no input but the clock and the state, and can be stopped and repeated at any point: a window and its
//! checks are stored together, keyed by monitor and end of window.

use std::collections::{BTreeSet, HashMap};

use base::Result;
use project::{MonitorCheck, MonitorSpec, Project};

use crate::judge::judge_window;
use crate::rows::Rows;
use crate::series::{Shown, show};
use crate::service::{Monitoring, late_until, monitors_of};
use crate::store::{outcome, window};
use crate::window::{Schedule, Window};

/// After a long pause a pass catches up with so many windows of an endpoint; the next pass goes on.
const MAX_WINDOWS: usize = 2000;

impl Monitoring {
    /// Judges every window of the project that has ended and was not judged, and those for which more outcomes have
    /// arrived since. The answer is those windows as they are now, each with the checks that were made.
    pub async fn run_due(&self, project: &Project) -> Result<Vec<Shown>> {
        let _turn = self.0.turn.lock().await;
        self.0.serving.flush().await?;
        let mut made = Vec::new();
        for endpoint in project.file.deployments.keys() {
            made.extend(self.run_endpoint(project, endpoint).await?);
        }
        Ok(made)
    }

    async fn run_endpoint(&self, project: &Project, endpoint: &str) -> Result<Vec<Shown>> {
        let monitors = monitors_of(project, endpoint);
        if monitors.is_empty() {
            return Ok(Vec::new());
        }
        let Some(first) = self.origin(project, endpoint).await? else {
            return Ok(Vec::new());
        };
        self.join_waiting(project, endpoint).await?;
        let schedules: Vec<(&MonitorSpec, Schedule)> = monitors
            .iter()
            .map(|&monitor| (monitor, schedule(project, monitor, first)))
            .collect();
        let mut made = Vec::new();
        let grown = window::grown(&self.0.db, &project.name, endpoint).await?;
        let due = self
            .due(project, &schedules)
            .await?
            .into_iter()
            .map(|(end, start)| Window { start, end });
        for window in grown.into_iter().chain(due) {
            // Every monitor of the window, so that what is stored for it is whole whoever was late.
            let monitors: Vec<&MonitorSpec> = schedules
                .iter()
                .filter(|(_, schedule)| schedule.has(window))
                .map(|(monitor, _)| *monitor)
                .collect();
            made.push(
                self.run_window(project, endpoint, window, &monitors)
                    .await?,
            );
        }
        Ok(made)
    }

    /// When the first prediction was made. It is kept, so that windows stay where they are when old predictions go.
    async fn origin(&self, project: &Project, endpoint: &str) -> Result<Option<i64>> {
        if let Some(first) = window::origin(&self.0.db, &project.name, endpoint).await? {
            return Ok(Some(first));
        }
        let first = self
            .0
            .serving
            .first_prediction_at(&project.name, endpoint)
            .await?;
        if let Some(first) = first {
            window::keep_origin(&self.0.db, &project.name, endpoint, first).await?;
        }
        Ok(first)
    }

    /// Joins outcomes that came before their prediction was in the log.
    async fn join_waiting(&self, project: &Project, endpoint: &str) -> Result<()> {
        let waiting = outcome::pending(&self.0.db, &project.name, endpoint).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = waiting.into_iter().map(|(id, _)| id).collect();
        let made = self
            .0
            .serving
            .predicted_at(&project.name, endpoint, &ids)
            .await?;
        let found: HashMap<String, i64> = ids
            .into_iter()
            .zip(made)
            .filter_map(|(id, at)| Some((id, at?)))
            .collect();
        outcome::join(
            &self.0.db,
            &project.name,
            endpoint,
            &found,
            late_until(project, endpoint),
        )
        .await?;
        Ok(())
    }

    /// Windows that wait for a verdict, oldest end first.
    async fn due(
        &self,
        project: &Project,
        schedules: &[(&MonitorSpec, Schedule)],
    ) -> Result<BTreeSet<(i64, i64)>> {
        let judged: HashMap<String, i64> = window::judged_until(&self.0.db, &project.name)
            .await?
            .into_iter()
            .collect();
        let now = self.0.db.clock().now_ms();
        let due = |(monitor, schedule): &(&MonitorSpec, Schedule)| {
            schedule
                .due(judged.get(&monitor.id).copied(), now)
                .take(MAX_WINDOWS)
        };
        Ok(schedules
            .iter()
            .flat_map(due)
            .map(|window| (window.end, window.start))
            .collect())
    }

    async fn run_window(
        &self,
        project: &Project,
        endpoint: &str,
        span: Window,
        monitors: &[&MonitorSpec],
    ) -> Result<Shown> {
        let labels = outcome::labels(&self.0.db, &project.name, endpoint, span).await?;
        let log = self
            .0
            .serving
            .predictions(&project.name, endpoint, span.start, span.end)
            .await?;
        let rows = Rows::join(log, &labels, today_column(project))?;
        let (row, checks) = judge_window(self, project, span, monitors, rows).await?;
        window::save(
            &self.0.db,
            &project.name,
            endpoint,
            row.clone(),
            checks.clone(),
        )
        .await?;
        show(row, checks)
    }
}

/// The windows of one monitor. A criterion has a window of its own.
fn schedule(project: &Project, monitor: &MonitorSpec, first: i64) -> Schedule {
    let of_criterion = match &monitor.check {
        MonitorCheck::Criterion { criterion } => project
            .file
            .criterion(criterion)
            .and_then(|criterion| criterion.window),
        _ => None,
    };
    let length = monitor.window.or(of_criterion).unwrap_or(monitor.every);
    let ms = |duration: base::SignedDuration| {
        i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
    };
    Schedule::new(ms(length), ms(monitor.every), first)
}

/// The column that holds today's value, where the rule of today is simply a column.
fn today_column(project: &Project) -> Option<&str> {
    let rule = project.file.charter.as_ref()?.today_sql.as_deref()?.trim();
    let plain = rule.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    Some(rule).filter(|rule| plain && !rule.is_empty())
}
