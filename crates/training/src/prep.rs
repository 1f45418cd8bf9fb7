//! The preprocessing graph: what is made of raw columns before the learner sees them, learnt from the training rows
//! and stored inside the model.
//!
//! A [`Prep`] is a list of steps over named columns. The raw inputs are the first columns; each step reads one and
//! adds one or more; `features` names those that the learner takes, in its order. The same compiled [`Plan`] runs in
//! training and in serving, so the two cannot differ.
//!
//! Invariants: a missing value is NaN and passes through every step that does not say otherwise; a category that was
//! not seen in training is all zeros in [`Step::OneHot`] and missing in [`Step::TargetMean`].
//! Deliberately absent: windows and joins over other rows (those belong to the view), hashing.

use serde::{Deserialize, Serialize};

mod calendar;
mod fit;
mod plan;

pub use calendar::DatePart;
pub(crate) use calendar::{EPOCH, ERA, MS_PER_DAY, MS_PER_HOUR, THURSDAY};
pub(crate) use fit::{Style, fit};
pub(crate) use plan::{Plan, turn};

/// The version of the graph's JSON.
pub const PREP_VERSION: u32 = 1;

/// The preprocessing graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prep {
    /// The version of this document, [`PREP_VERSION`] when we write it.
    pub version: u32,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// The columns that the learner takes, in its order.
    pub features: Vec<String>,
}

/// One step. `in` names the column that it reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Step {
    /// A whole number out of a moment.
    DatePart {
        #[serde(rename = "in")]
        from: String,
        part: DatePart,
        out: String,
    },
    /// Sine and cosine of 2π · harmonic · value / period: the end of a period is close to its beginning.
    Cycle {
        #[serde(rename = "in")]
        from: String,
        period: f64,
        harmonic: u32,
        sin: String,
        cos: String,
    },
    /// 1 where the value is missing, 0 elsewhere.
    IsMissing {
        #[serde(rename = "in")]
        from: String,
        out: String,
    },
    /// The value, or `value` where it is missing.
    Impute {
        #[serde(rename = "in")]
        from: String,
        value: f64,
        out: String,
    },
    /// (value − mean) / std, with the population's deviation; 1 where that is zero.
    Standardise {
        #[serde(rename = "in")]
        from: String,
        mean: f64,
        std: f64,
        out: String,
    },
    /// A column per category, 1 where the value is that category. Rare, unknown and missing: zeros.
    OneHot {
        #[serde(rename = "in")]
        from: String,
        categories: Vec<String>,
        out: Vec<String>,
    },
    /// The label's mean among the training rows of the category, drawn towards the overall mean where rows are few.
    /// Unknown and missing: missing.
    TargetMean {
        #[serde(rename = "in")]
        from: String,
        categories: Vec<String>,
        values: Vec<f32>,
        out: String,
    },
}

impl Step {
    /// The column that the step reads.
    pub fn from(&self) -> &str {
        match self {
            Self::DatePart { from, .. }
            | Self::Cycle { from, .. }
            | Self::IsMissing { from, .. }
            | Self::Impute { from, .. }
            | Self::Standardise { from, .. }
            | Self::OneHot { from, .. }
            | Self::TargetMean { from, .. } => from,
        }
    }

    /// The columns that the step adds.
    pub fn adds(&self) -> Vec<&str> {
        match self {
            Self::DatePart { out, .. }
            | Self::IsMissing { out, .. }
            | Self::Impute { out, .. }
            | Self::Standardise { out, .. }
            | Self::TargetMean { out, .. } => vec![out],
            Self::Cycle { sin, cos, .. } => vec![sin, cos],
            Self::OneHot { out, .. } => out.iter().map(String::as_str).collect(),
        }
    }
}
