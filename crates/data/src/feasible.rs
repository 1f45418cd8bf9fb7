//! Feasibility: whether the data can carry the project, before anybody trains anything.

use project::Verdict;
use serde::{Deserialize, Serialize};

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
