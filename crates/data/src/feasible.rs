//! Feasibility: whether the data can carry the project, before anybody trains anything.

use arrow::array::Array as _;
use base::SignedDuration;
use project::charter::Feasible;
use project::{Verdict, duration};
use serde::{Deserialize, Serialize};

use crate::prepare::{Prepared, Task};

/// The answer with its reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Feasibility {
    /// `feasible`, `not_feasible` or `unknown`.
    pub verdict: String,
    /// One entry per question.
    pub checks: Vec<FeasibilityCheck>,
}

/// One question to the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeasibilityCheck {
    /// The key in `[charter.feasible]`.
    pub id: String,
    /// Whether the data satisfies it.
    pub verdict: Verdict,
    /// What was measured.
    pub value: Option<f64>,
    /// What was asked for.
    pub limit: Option<f64>,
    /// In words.
    pub reason: String,
}

impl Feasibility {
    /// All questions answered yes is feasible; one no is not; otherwise nobody knows.
    fn of(checks: Vec<FeasibilityCheck>) -> Self {
        let verdict = match Verdict::all(checks.iter().map(|check| check.verdict)) {
            Verdict::Fail => "not_feasible",
            Verdict::Pass if !checks.is_empty() => "feasible",
            _ => "unknown",
        };
        Self {
            verdict: verdict.to_owned(),
            checks,
        }
    }

    /// Nobody can tell, for this reason.
    pub(crate) fn unknown(id: &str, reason: String) -> Self {
        Self::of(vec![FeasibilityCheck {
            id: id.to_owned(),
            verdict: Verdict::Unknown,
            value: None,
            limit: None,
            reason,
        }])
    }

    /// Holds prepared rows against the limits of the charter.
    pub(crate) fn judge(limits: &Feasible, rows: &Prepared, horizon: SignedDuration) -> Self {
        let known = rows.label.iter().filter(|label| !label.is_nan());
        let labelled = known.clone().count() as f64;
        let mut checks = vec![varies(rows)];
        if let Some(min) = limits.min_rows {
            let reason = format!("{labelled} rows have a known label, {min} are needed");
            checks.push(at_least("min_rows", labelled, min as f64, reason));
        }
        if let Some(min) = limits.min_positives {
            checks.push(match rows.task {
                Task::Binary => {
                    let positives = known.filter(|label| **label > 0.5).count() as f64;
                    at_least(
                        "min_positives",
                        positives,
                        min as f64,
                        format!("{positives} rows are a yes, {min} are needed"),
                    )
                }
                Task::Regression => FeasibilityCheck {
                    id: "min_positives".to_owned(),
                    verdict: Verdict::Unknown,
                    value: None,
                    limit: Some(min as f64),
                    reason: "the label is a number: there is no yes to count".to_owned(),
                },
            });
        }
        if let Some(max) = limits.max_missing {
            checks.push(missing(rows, max));
        }
        if let Some(max) = limits.max_label_delay {
            let (value, limit) = (
                horizon.as_secs_f64() / 86_400.0,
                max.as_secs_f64() / 86_400.0,
            );
            let reason = format!(
                "the truth is known after {}, {} is the limit",
                duration::text(horizon),
                duration::text(max)
            );
            checks.push(at_most("max_label_delay", value, limit, reason));
        }
        Self::of(checks)
    }
}

fn varies(rows: &Prepared) -> FeasibilityCheck {
    let mut known = rows.label.iter().filter(|label| !label.is_nan());
    let first = known.next();
    let verdict = if known.any(|label| Some(label) != first) {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    let reason = match verdict {
        Verdict::Pass => "the label differs between rows",
        _ => "every label is the same: there is nothing to learn",
    };
    FeasibilityCheck {
        id: "label_varies".to_owned(),
        verdict,
        value: None,
        limit: None,
        reason: reason.to_owned(),
    }
}

fn missing(rows: &Prepared, max: f64) -> FeasibilityCheck {
    let total = rows.batch.num_rows().max(1) as f64;
    let share = |name: &str| {
        rows.batch
            .column_by_name(name)
            .map_or(1.0, |column| column.null_count() as f64 / total)
    };
    let worst = rows
        .features
        .iter()
        .map(|feature| (share(&feature.name), feature.name.as_str()))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let (value, name) = worst.unwrap_or((1.0, "(none)"));
    let reason = format!(
        "at most {:.2} % of a feature is missing ({name}), {:.2} % is the limit",
        value * 100.0,
        max * 100.0
    );
    at_most("max_missing", value, max, reason)
}

fn at_least(id: &str, value: f64, limit: f64, reason: String) -> FeasibilityCheck {
    answer(id, value >= limit, value, limit, reason)
}

fn at_most(id: &str, value: f64, limit: f64, reason: String) -> FeasibilityCheck {
    answer(id, value <= limit, value, limit, reason)
}

fn answer(id: &str, holds: bool, value: f64, limit: f64, reason: String) -> FeasibilityCheck {
    let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
    FeasibilityCheck {
        id: id.to_owned(),
        verdict,
        value: Some(value),
        limit: Some(limit),
        reason,
    }
}
