//! The section of MONITOR: what is watched while a model is live.

use base::SignedDuration;
use serde::Serialize;

use super::read::{Choice, Section};

/// A schedule and a condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MonitorSpec {
    /// The name that triggers refer to.
    pub id: String,
    /// The endpoint it watches.
    pub deployment: String,
    /// How often it looks.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub every: SignedDuration,
    /// How much time one look covers; for a criterion, the criterion's own window if absent, else `every`.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub window: Option<SignedDuration>,
    /// Fewer requests than this are unknown.
    pub min_rows: Option<i64>,
    /// Fewer requests with a known truth than this are unknown.
    pub min_labels: Option<i64>,
    /// The condition.
    #[serde(flatten)]
    pub check: MonitorCheck,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum MonitorCheck {
    /// Requests against the rules of a dataset.
    Expectations {
        /// The dataset.
        of: String,
        /// Share of requests that may break a rule.
        alert: Option<f64>,
    },
    /// Whether requests (or answers) still look like the reference.
    Drift {
        /// Requests or answers.
        of: DriftOf,
        /// How it is decided.
        method: DriftMethod,
        /// Against what.
        reference: Reference,
        /// Score that warns; the method's own rule if absent.
        warn: Option<f64>,
        /// Score that alerts; the method's own rule if absent.
        alert: Option<f64>,
    },
    /// Whether serving computes the same as training.
    Skew {
        /// Share of requests that may differ.
        alert: f64,
    },
    /// A criterion on live data.
    Criterion {
        /// Its id.
        criterion: String,
    },
    /// The age of the live model.
    Age {
        /// Older than this alerts.
        #[serde(serialize_with = "crate::duration::serialize")]
        alert: SignedDuration,
    },
}

/// What may drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftOf {
    /// The requests.
    Inputs,
    /// The answers.
    Prediction,
}

/// How drift is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DriftMethod {
    /// A test corrected for the number of columns, and an effect size.
    Default,
    /// Population stability index.
    Psi,
    /// Kolmogorov-Smirnov.
    Ks,
    /// Jensen-Shannon.
    Js,
    /// Earth mover's distance.
    Wasserstein,
    /// Chi squared.
    Chi2,
}

/// Against what live rows are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// The training rows.
    Training,
    /// The training rows of the same months: a season is no drift.
    SameMonths,
}

impl Choice for DriftOf {
    const WORDS: &'static [(&'static str, Self)] =
        &[("inputs", Self::Inputs), ("prediction", Self::Prediction)];
}

impl Choice for DriftMethod {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("default", Self::Default),
        ("psi", Self::Psi),
        ("ks", Self::Ks),
        ("js", Self::Js),
        ("wasserstein", Self::Wasserstein),
        ("chi2", Self::Chi2),
    ];
}

impl Choice for Reference {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("training", Self::Training),
        ("same_months", Self::SameMonths),
    ];
}

/// The kinds of checks, only to read the word.
#[derive(Clone, Copy)]
enum CheckKind {
    Expectations,
    Drift,
    Skew,
    Criterion,
    Age,
}

impl Choice for CheckKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("drift", Self::Drift),
        ("criterion", Self::Criterion),
        ("expectations", Self::Expectations),
        ("skew", Self::Skew),
        ("age", Self::Age),
    ];
}

impl MonitorSpec {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        if !s.has("every") {
            s.problem(
                "",
                "does not say how often; write for example every = \"1d\"",
            );
        }
        let every = s.duration("every").unwrap_or_default();
        if every.is_zero() && s.has("every") {
            s.problem(
                "every",
                "must be longer than zero; write for example every = \"1d\"",
            );
        }
        Self {
            id: s.need_name("id", "still-right"),
            deployment: s.need_text("deployment", "bikes-api"),
            every,
            window: s.duration("window"),
            min_rows: s.integer("min_rows", 1),
            min_labels: s.integer("min_labels", 1),
            check: MonitorCheck::read(s),
        }
    }
}

impl MonitorCheck {
    fn read(s: &Section<'_>) -> Self {
        match s.need_choice("check") {
            CheckKind::Expectations => Self::Expectations {
                of: s.need_text("of", "trips"),
                alert: s.number_within("alert", 0.0, 1.0),
            },
            CheckKind::Drift => Self::Drift {
                of: s.choice("of").unwrap_or(DriftOf::Inputs),
                method: s.choice("method").unwrap_or(DriftMethod::Default),
                reference: s.choice("reference").unwrap_or(Reference::Training),
                warn: s.number("warn"),
                alert: s.number("alert"),
            },
            CheckKind::Skew => Self::Skew {
                alert: s.number_within("alert", 0.0, 1.0).unwrap_or_default(),
            },
            CheckKind::Criterion => {
                let on: Option<crate::criterion::On> = s.choice("on");
                if on == Some(crate::criterion::On::Holdout) {
                    s.problem(
                        "on",
                        "a monitor looks at live data; write on = \"live\" or remove the line",
                    );
                }
                Self::Criterion {
                    criterion: s.need_text("criterion", "accurate"),
                }
            }
            CheckKind::Age => {
                if !s.has("alert") {
                    s.problem("", "age has no alert; write for example alert = \"120d\"");
                }
                Self::Age {
                    alert: s.duration("alert").unwrap_or_default(),
                }
            }
        }
    }
}
