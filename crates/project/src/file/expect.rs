//! `[[expect]]`: rules that rows must keep.

use base::SignedDuration;
use serde::Serialize;

use super::read::{Choice, Section};

/// A rule on a dataset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpectationSpec {
    /// The name in reports.
    pub id: String,
    /// The dataset it is about.
    pub dataset: String,
    /// What happens when it does not hold.
    pub severity: Severity,
    /// The rule.
    #[serde(flatten)]
    pub check: Check,
}

/// What happens when a rule does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The version is quarantined and the last good one stays.
    Error,
    /// It is only shown.
    Warn,
}

/// What a rule says. `at_least` is the share of rows that must satisfy it, 1 if absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Check {
    /// These columns exist.
    Columns {
        /// Names; others may exist too.
        columns: Vec<String>,
    },
    /// No two rows agree in all of these columns.
    Unique {
        /// Names.
        columns: Vec<String>,
    },
    /// The value is there.
    NotNull {
        /// Name.
        column: String,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The value is within limits, both included; a missing value passes.
    Between {
        /// Name.
        column: String,
        /// Lower limit.
        min: Option<f64>,
        /// Upper limit.
        max: Option<f64>,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The value is one of these; a missing value passes.
    InSet {
        /// Name.
        column: String,
        /// Texts, numbers or truth values.
        values: Vec<serde_json::Value>,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The text matches a regular expression; a missing value passes.
    Regex {
        /// Name.
        column: String,
        /// The expression, anchored nowhere by itself.
        pattern: String,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The text has so many characters; a missing value passes.
    Length {
        /// Name.
        column: String,
        /// Lower limit.
        min: Option<i64>,
        /// Upper limit.
        max: Option<i64>,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The number of rows is within limits.
    RowCount {
        /// Lower limit.
        min: Option<i64>,
        /// Upper limit.
        max: Option<i64>,
    },
    /// The newest event is not older than this.
    MaxAge {
        /// Age.
        #[serde(serialize_with = "crate::duration::serialize")]
        value: SignedDuration,
    },
}

impl Choice for Severity {
    const WORDS: &'static [(&'static str, Self)] = &[("error", Self::Error), ("warn", Self::Warn)];
}

/// The kinds of checks, only to read the word.
#[derive(Clone, Copy)]
enum CheckKind {
    Columns,
    Unique,
    NotNull,
    Between,
    InSet,
    Regex,
    Length,
    RowCount,
    MaxAge,
}

impl Choice for CheckKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("columns", Self::Columns),
        ("unique", Self::Unique),
        ("not_null", Self::NotNull),
        ("between", Self::Between),
        ("in_set", Self::InSet),
        ("regex", Self::Regex),
        ("length", Self::Length),
        ("row_count", Self::RowCount),
        ("max_age", Self::MaxAge),
    ];
}

impl ExpectationSpec {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        Self {
            id: s.need_name("id", "age-plausible"),
            dataset: s.need_text("dataset", "trips"),
            severity: s.choice("severity").unwrap_or(Severity::Error),
            check: Check::read(s),
        }
    }
}

impl Check {
    fn read(s: &Section<'_>) -> Self {
        let column = || s.need_text("column", "age");
        let columns = || s.need_texts("columns", "[\"age\"]");
        let at_least = || s.number_within("at_least", 0.0, 1.0);
        match s.need_choice("check") {
            CheckKind::Columns => Self::Columns { columns: columns() },
            CheckKind::Unique => Self::Unique { columns: columns() },
            CheckKind::NotNull => Self::NotNull {
                column: column(),
                at_least: at_least(),
            },
            CheckKind::Between => Self::Between {
                column: column(),
                min: s.limit("min", "max"),
                max: s.limit("max", "min"),
                at_least: at_least(),
            },
            CheckKind::InSet => Self::InSet {
                column: column(),
                values: s.values("values"),
                at_least: at_least(),
            },
            CheckKind::Regex => Self::Regex {
                column: column(),
                pattern: Self::pattern(s),
                at_least: at_least(),
            },
            CheckKind::Length => Self::Length {
                column: column(),
                min: s.integer("min", 0),
                max: s.integer("max", 0),
                at_least: at_least(),
            },
            CheckKind::RowCount => Self::RowCount {
                min: s.integer("min", 0),
                max: s.integer("max", 0),
            },
            CheckKind::MaxAge => {
                if !s.has("value") {
                    s.problem("", "max_age has no value; write for example value = \"2d\"");
                }
                Self::MaxAge {
                    value: s.duration("value").unwrap_or_default(),
                }
            }
        }
    }
}

impl Check {
    fn pattern(s: &Section<'_>) -> String {
        let pattern = s.need_text("pattern", "^[A-Z]{2}$");
        if let Err(error) = regex::Regex::new(&pattern) {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim();
            s.problem(
                "pattern",
                format!("{pattern:?} is not a regular expression: {reason}"),
            );
        }
        pattern
    }
}

impl Section<'_> {
    /// One of two limits, at least one of which is needed.
    fn limit(&self, key: &'static str, other: &str) -> Option<f64> {
        if key == "min" && !self.has(key) && !self.has(other) {
            self.problem("", "has neither min nor max; write at least one of them");
        }
        self.number(key)
    }
}
