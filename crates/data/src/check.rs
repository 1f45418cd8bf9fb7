//! Data rules: what a version must satisfy, and which rows did not.

mod evaluate;
mod text;

use project::{Severity, Verdict};
use serde::{Deserialize, Serialize};

pub(crate) use evaluate::evaluate;

/// At most this many failing rows are shown.
pub const EXAMPLES: usize = 20;

/// What all rules of a dataset said about one version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckReport {
    /// When it was looked at, in milliseconds since the epoch.
    pub at: i64,
    /// One result per rule, in the order of the project file.
    pub results: Vec<CheckResult>,
}

/// What one rule said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The rule's name.
    pub id: String,
    /// Its kind: `between`, `unique`, …
    pub check: String,
    /// `error` stops the version, `warn` is only shown.
    pub severity: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was seen: a share, a number, an age.
    pub observed: String,
    /// What was asked for.
    pub limit: String,
    /// Rows that break it.
    pub failing_rows: i64,
    /// Some of them: row number, key and value.
    pub examples: Vec<String>,
}

impl CheckReport {
    /// The names of the broken rules of severity `error`.
    pub fn stopped_by(&self) -> Vec<&str> {
        self.broken("error")
    }

    /// Whether no rule of severity `error` is broken.
    pub fn passes(&self) -> bool {
        self.stopped_by().is_empty()
    }

    /// How many rules hold, are broken with severity `error`, and are broken with severity `warn`.
    pub fn counts(&self) -> (usize, usize, usize) {
        let passed = self
            .results
            .iter()
            .filter(|result| result.verdict == Verdict::Pass)
            .count();
        (
            passed,
            self.broken("error").len(),
            self.broken("warn").len(),
        )
    }

    /// Unknown breaks a rule too: a rule that cannot be evaluated has not been satisfied.
    fn broken(&self, severity: &str) -> Vec<&str> {
        let broken = self
            .results
            .iter()
            .filter(|result| result.verdict != Verdict::Pass && result.severity == severity);
        broken.map(|result| result.id.as_str()).collect()
    }
}

pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warn => "warn",
    }
}
