//! Drift: do requests still look like the rows that the model learned from?
//!
//! The default method flags a column when a test (Kolmogorov-Smirnov for numbers, chi-squared for words) says so,
//! corrected over the columns and for rows that depend on each other ([`Sample::effective_rows`]), and when the shift
//! is large enough to matter. At one chance in twenty it warns, at one in a thousand it alerts. `ks` and `chi2` are
//! that test without the second condition; `psi`, `js` and `wasserstein` are plain distances with limits.

use std::collections::BTreeMap;

use data::measure::drift::{
    ALPHA, Column, EFFECT_CATEGORY, EFFECT_NUMBER, benjamini_hochberg, category_counts, chi2,
    jensen_shannon, ks_p, ks_statistic, psi, quantile_shift, sorted, wasserstein_normed,
};
use project::DriftMethod;
use serde::{Deserialize, Serialize};

use crate::check::{State, judge_limits};
use crate::sample::{Sample, Values};

/// How unlikely the difference must be, after the correction, before it is an alert.
pub const ALERT_ALPHA: f64 = 0.001;

/// What one column did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnDrift {
    /// How far it moved, in the method's own unit; `None` where it cannot be compared.
    pub score: Option<f64>,
    /// Whether that is drift (a warning or an alert).
    pub drifted: bool,
    /// How the score was computed.
    pub method: String,
    /// The chance of such a difference without a change, corrected over the columns; for tests.
    pub p: Option<f64>,
    /// How many independent rows the window's values are worth; for tests.
    pub rows: Option<f64>,
    /// What it means for the check.
    pub state: State,
}

/// The limits of one monitor; the method's own where absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// From this score on it is a warning.
    pub warn: Option<f64>,
    /// From this score on it is an alert.
    pub alert: Option<f64>,
}

/// Compares each column of `current` with the one of the same name in `reference`.
pub fn compare(
    reference: &BTreeMap<String, Sample>,
    current: &BTreeMap<String, Sample>,
    method: DriftMethod,
    limits: Limits,
) -> BTreeMap<String, ColumnDrift> {
    let mut raw: Vec<(&String, Option<Raw>)> = reference
        .iter()
        .map(|(name, before)| {
            (
                name,
                current
                    .get(name)
                    .and_then(|now| measure(before, now, method)),
            )
        })
        .collect();
    let p: Vec<f64> = raw.iter().filter_map(|(_, raw)| raw.as_ref()?.p).collect();
    let adjusted = benjamini_hochberg(&p);
    for (slot, p) in raw
        .iter_mut()
        .filter_map(|(_, raw)| raw.as_mut()?.p.as_mut())
        .zip(adjusted)
    {
        *slot = p;
    }
    raw.into_iter()
        .map(|(name, raw)| (name.clone(), column(raw, method, limits)))
        .collect()
}

/// The state of the whole check: the worst of its columns; unknown where no column could be compared.
pub fn overall(columns: &BTreeMap<String, ColumnDrift>) -> State {
    let any = |state| columns.values().any(|column| column.state == state);
    if any(State::Alert) {
        State::Alert
    } else if any(State::Warn) {
        State::Warn
    } else if any(State::Ok) {
        State::Ok
    } else {
        State::Unknown
    }
}

/// `tmax 1.04 (p 0.033), pn 0.2`: the columns that moved, or the one that moved most.
pub fn summary(columns: &BTreeMap<String, ColumnDrift>) -> String {
    let text = |(name, column): (&String, &ColumnDrift)| {
        let p = column.p.map(|p| format!(" (p {p:.4})")).unwrap_or_default();
        column.score.map_or_else(
            || format!("{name} cannot be compared"),
            |score| format!("{name} moved by {score:.3}{p}"),
        )
    };
    let drifted: Vec<String> = columns
        .iter()
        .filter(|(_, column)| column.drifted)
        .map(text)
        .collect();
    if !drifted.is_empty() {
        return drifted.join(", ");
    }
    let score = |column: &ColumnDrift| column.score.unwrap_or(f64::NEG_INFINITY);
    let most = columns
        .iter()
        .max_by(|a, b| score(a.1).total_cmp(&score(b.1)));
    most.map_or_else(
        || "no column can be compared".to_owned(),
        |most| format!("no drift; {}", text(most)),
    )
}

/// Distance, and chance where the method is a test.
struct Raw {
    method: &'static str,
    score: f64,
    p: Option<f64>,
    rows: Option<f64>,
    /// The score from which it matters; for tests.
    matters: f64,
}

fn measure(before: &Sample, now: &Sample, method: DriftMethod) -> Option<Raw> {
    if before.known() == 0 || now.known() == 0 {
        return None;
    }
    let distance = |method, score: Option<f64>| {
        Some(Raw {
            method,
            score: score?,
            p: None,
            rows: None,
            matters: 0.0,
        })
    };
    match (&before.values, &now.values) {
        (Values::Number(a), Values::Number(b)) => {
            let (a, b) = (a.as_slice(), b.as_slice());
            match method {
                DriftMethod::Psi => distance("psi", psi(&Column::Number(a), &Column::Number(b))),
                DriftMethod::Js => {
                    distance("js", jensen_shannon(&Column::Number(a), &Column::Number(b)))
                }
                DriftMethod::Wasserstein => distance("wasserstein", wasserstein_normed(a, b)),
                DriftMethod::Default | DriftMethod::Ks | DriftMethod::Chi2 => {
                    number_test(before, now, a, b, method)
                }
            }
        }
        (Values::Category(a), Values::Category(b)) => {
            let (a, b) = (words(a), words(b));
            match method {
                DriftMethod::Psi => {
                    distance("psi", psi(&Column::Category(&a), &Column::Category(&b)))
                }
                // Words have no distance on a line.
                DriftMethod::Js | DriftMethod::Wasserstein => distance(
                    "js",
                    jensen_shannon(&Column::Category(&a), &Column::Category(&b)),
                ),
                DriftMethod::Default | DriftMethod::Ks | DriftMethod::Chi2 => {
                    word_test(before, now, &a, &b, method)
                }
            }
        }
        _ => None,
    }
}

fn number_test(
    before: &Sample,
    now: &Sample,
    a: &[f64],
    b: &[f64],
    method: DriftMethod,
) -> Option<Raw> {
    let (a, b) = (sorted(a), sorted(b));
    let gap = ks_statistic(&a, &b)?;
    let rows = now.effective_rows();
    let p = ks_p(gap, before.effective_rows(), rows);
    let (name, score, matters) = match method {
        DriftMethod::Default => ("default (ks)", quantile_shift(&a, &b), EFFECT_NUMBER),
        _ => ("ks", gap, 0.0),
    };
    Some(Raw {
        method: name,
        score,
        p: Some(p),
        rows: Some(rows),
        matters,
    })
}

fn word_test(
    before: &Sample,
    now: &Sample,
    a: &[Option<&str>],
    b: &[Option<&str>],
    method: DriftMethod,
) -> Option<Raw> {
    let mut counts = category_counts(a.iter().copied().flatten(), b.iter().copied().flatten());
    let rows = now.effective_rows();
    let scale = [
        before.effective_rows() / before.known() as f64,
        rows / now.known() as f64,
    ];
    for pair in counts.values_mut() {
        *pair = [pair[0] * scale[0], pair[1] * scale[1]];
    }
    let test = chi2(&counts)?;
    let (name, score, matters) = match method {
        DriftMethod::Default => ("default (chi2)", test.v, EFFECT_CATEGORY),
        _ => ("chi2", test.statistic, 0.0),
    };
    Some(Raw {
        method: name,
        score,
        p: Some(test.p),
        rows: Some(rows),
        matters,
    })
}

fn words(values: &[Option<String>]) -> Vec<Option<&str>> {
    values.iter().map(Option::as_deref).collect()
}

fn column(raw: Option<Raw>, method: DriftMethod, limits: Limits) -> ColumnDrift {
    let Some(raw) = raw else {
        let method = format!("{method:?}").to_lowercase();
        return ColumnDrift {
            score: None,
            drifted: false,
            method,
            p: None,
            rows: None,
            state: State::Unknown,
        };
    };
    let state = if let Some(p) = raw.p {
        let beyond = |alpha: f64, limit: Option<f64>| {
            p <= alpha && raw.score >= limit.unwrap_or(raw.matters)
        };
        if beyond(ALERT_ALPHA, limits.alert) {
            State::Alert
        } else if beyond(ALPHA, limits.warn) {
            State::Warn
        } else {
            State::Ok
        }
    } else {
        let own = if raw.method == "psi" {
            (0.1, 0.25)
        } else {
            (0.1, 0.2)
        };
        judge_limits(
            raw.score,
            limits.warn.or(Some(own.0)),
            limits.alert.or(Some(own.1)),
        )
    };
    ColumnDrift {
        score: Some(raw.score).filter(|score| score.is_finite()),
        drifted: matches!(state, State::Warn | State::Alert),
        method: raw.method.to_owned(),
        p: raw.p.filter(|p| p.is_finite()),
        rows: raw.rows,
        state,
    }
}

#[cfg(test)]
mod tests;
