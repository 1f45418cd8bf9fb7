//! One window, judged by every monitor that looks at it. The log is read once for all of them.

use std::collections::BTreeMap;

use base::Result;
use data::Task;
use project::{
    DriftMethod, DriftOf, LabelType, MonitorCheck, MonitorSpec, Project, Reference as Rule,
};

use crate::check::{Check, judge_limits};
use crate::drift::{ColumnDrift, Limits, compare, overall, summary};
use crate::live::{self, Finding, MIN_LABELS, number};
use crate::reference::ANSWER;
use crate::rows::{InForce, Rows};
use crate::sample::{Sample, Values};
use crate::service::Monitoring;
use crate::store::window::WindowRow;
use crate::window::{DAY_MS, Window};

/// Fewer requests than this have no distribution, unless the monitor names another number.
const MIN_ROWS: i64 = 50;

type Columns = BTreeMap<String, ColumnDrift>;

/// What a window looked like and what its monitors say.
pub(crate) async fn judge_window(
    monitoring: &Monitoring,
    project: &Project,
    window: Window,
    monitors: &[&MonitorSpec],
    rows: Rows,
) -> Result<(WindowRow, Vec<Check>)> {
    let in_force = rows.in_force()?;
    let task = task(project);
    let (live, today) = live::metrics(&project.file, task, &rows);
    let mut drift = Columns::new();
    let mut checks = Vec::with_capacity(monitors.len());
    for monitor in monitors {
        let finding = match &monitor.check {
            MonitorCheck::Criterion { criterion } => {
                by_criterion(project, monitor, criterion, task, &rows)?
            }
            MonitorCheck::Drift {
                of,
                method,
                reference,
                warn,
                alert,
            } => {
                let limits = Limits {
                    warn: *warn,
                    alert: *alert,
                };
                let (finding, columns) = by_drift(
                    monitoring,
                    project,
                    window,
                    monitor,
                    (*of, *method, *reference),
                    limits,
                    &rows,
                    in_force.as_ref(),
                )
                .await?;
                drift.extend(columns);
                finding
            }
            MonitorCheck::Age { alert } => {
                by_age(
                    monitoring,
                    window,
                    alert.as_millis() as f64,
                    in_force.as_ref(),
                )
                .await?
            }
            MonitorCheck::Expectations { .. } => {
                Finding::unknown("rules on requests are not measured by this version")
            }
            MonitorCheck::Skew { .. } => Finding::unknown(
                "the skew between training and serving is not measured by this version",
            ),
        };
        checks.push(Check {
            monitor: monitor.id.clone(),
            window,
            state: finding.state,
            value: finding.value,
            target: target(project, monitor),
            reason: finding.reason,
        });
    }
    let row = WindowRow {
        start_at: window.start,
        end_at: window.end,
        requests: i64::try_from(rows.len()).unwrap_or(i64::MAX),
        labels: i64::try_from(rows.labels()).unwrap_or(i64::MAX),
        model: in_force.as_ref().map(|who| who.model.clone()),
        version: in_force.as_ref().map(|who| who.version),
        revision: in_force.as_ref().map(|who| who.revision),
        live: serde_json::to_string(&live)?,
        today: serde_json::to_string(&today)?,
        drift: serde_json::to_string(&drift)?,
    };
    Ok((row, checks))
}

/// What the label is; a label without a declared type is a number.
fn task(project: &Project) -> Task {
    match project.file.label.as_ref().and_then(|label| label.kind) {
        Some(LabelType::Bool) => Task::Binary,
        _ => Task::Regression,
    }
}

fn by_criterion(
    project: &Project,
    monitor: &MonitorSpec,
    id: &str,
    task: Task,
    rows: &Rows,
) -> Result<Finding> {
    let Some(criterion) = project.file.criterion(id) else {
        return Ok(Finding::unknown(format!(
            "the project has no criterion {id:?}"
        )));
    };
    let min_labels = monitor.min_labels.unwrap_or(MIN_LABELS);
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) < monitor.min_rows.unwrap_or(1) {
        return Ok(too_few_rows(rows.len(), monitor.min_rows.unwrap_or(1)));
    }
    live::criterion(&project.file, criterion, min_labels, task, rows)
}

fn too_few_rows(rows: usize, needed: i64) -> Finding {
    Finding::unknown(format!(
        "{rows} requests in this window, {needed} are needed"
    ))
}

#[expect(
    clippy::too_many_arguments,
    reason = "the facts of one check; a struct would only rename them"
)]
async fn by_drift(
    monitoring: &Monitoring,
    project: &Project,
    window: Window,
    monitor: &MonitorSpec,
    (of, method, rule): (DriftOf, DriftMethod, Rule),
    limits: Limits,
    rows: &Rows,
    in_force: Option<&InForce>,
) -> Result<(Finding, Columns)> {
    let needed = monitor.min_rows.unwrap_or(MIN_ROWS);
    if i64::try_from(rows.len()).unwrap_or(i64::MAX) < needed {
        return Ok((too_few_rows(rows.len(), needed), Columns::new()));
    }
    let reference = match of {
        DriftOf::Inputs => {
            monitoring
                .0
                .references
                .inputs(&monitoring.0.data, project)
                .await?
        }
        DriftOf::Prediction => {
            let Some(who) = in_force else {
                return Ok((
                    Finding::unknown("no model answered in this window"),
                    Columns::new(),
                ));
            };
            monitoring
                .0
                .references
                .answers(monitoring, project, &who.model, who.version)
                .await?
        }
    };
    let before = match reference.rows(rule, window) {
        Ok(before) => before,
        Err(why) => return Ok((Finding::unknown(why), Columns::new())),
    };
    let now = match of {
        DriftOf::Inputs => {
            let samples = reference.features.iter().filter_map(|feature| {
                Some((
                    feature.name.clone(),
                    rows.sample(&feature.name, feature.kind)?,
                ))
            });
            samples.collect()
        }
        DriftOf::Prediction => {
            let answers = Sample {
                values: Values::Number(rows.output.clone()),
                at: rows.at.clone(),
            };
            BTreeMap::from([(ANSWER.to_owned(), answers)])
        }
    };
    let columns = compare(&before, &now, method, limits);
    let largest = columns
        .values()
        .filter_map(|column| column.score)
        .fold(None, |most: Option<f64>, score| {
            Some(most.map_or(score, |most| most.max(score)))
        });
    Ok((
        Finding {
            state: overall(&columns),
            value: largest,
            reason: summary(&columns),
        },
        columns,
    ))
}

async fn by_age(
    monitoring: &Monitoring,
    window: Window,
    limit_ms: f64,
    in_force: Option<&InForce>,
) -> Result<Finding> {
    let Some(who) = in_force else {
        return Ok(Finding::unknown("no model answered in this window"));
    };
    let version = registry::version(&monitoring.0.db, &who.model, who.version).await?;
    let age = (window.end - version.created_at).max(0) as f64;
    let days = age / DAY_MS as f64;
    Ok(Finding {
        state: judge_limits(age, None, Some(limit_ms)),
        value: Some(days),
        reason: format!("version {} is {} days old", who.version, number(days)),
    })
}

/// What a monitor demands, for people.
fn target(project: &Project, monitor: &MonitorSpec) -> String {
    match &monitor.check {
        MonitorCheck::Criterion { criterion } => project
            .file
            .criterion(criterion)
            .map_or_else(|| criterion.clone(), project::Criterion::target_text),
        MonitorCheck::Drift {
            of,
            method,
            reference,
            alert,
            ..
        } => {
            let what = if *of == DriftOf::Inputs {
                "requests"
            } else {
                "answers"
            };
            let against = if *reference == Rule::Training {
                "training rows"
            } else {
                "training rows of the same months"
            };
            let limit = alert
                .map(|limit| format!(", alert above {}", number(limit)))
                .unwrap_or_default();
            format!(
                "{what} like the {against} ({}{limit})",
                format!("{method:?}").to_lowercase()
            )
        }
        MonitorCheck::Age { alert } => {
            format!("model at most {} old", project::duration::text(*alert))
        }
        MonitorCheck::Expectations { of, .. } => format!("requests keep the rules of {of}"),
        MonitorCheck::Skew { .. } => "serving computes what training computed".to_owned(),
    }
}
