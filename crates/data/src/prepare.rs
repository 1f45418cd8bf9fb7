//! What training sees: a view's rows with their features, label, baseline, slices and split.

mod plan;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use serde::{Deserialize, Serialize};

pub(crate) use self::plan::Plan;
use crate::dataset::DatasetRef;

/// What a model does with a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureKind {
    /// A number.
    Numeric,
    /// A word from a list that training learns.
    Category,
    /// A moment.
    Datetime,
    /// Yes or no.
    Bool,
}

/// One input of the model; `name` is also the column of [`Prepared::batch`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureColumn {
    /// The name callers send.
    pub name: String,
    /// What it is.
    pub kind: FeatureKind,
}

/// What is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A number.
    Regression,
    /// Yes or no.
    Binary,
}

/// Rows ready to learn from, oldest first. Every vector is as long as `batch` has rows; indices point into it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// All columns of the view.
    pub batch: RecordBatch,
    /// The inputs, in the order of the model's signature.
    pub features: Vec<FeatureColumn>,
    /// The label's name.
    pub label_name: String,
    /// The truth; NaN where it is not known (yet). Yes is 1 and no is 0.
    pub label: Vec<f64>,
    /// What is predicted.
    pub task: Task,
    /// The event's time in milliseconds since the epoch.
    pub time_ms: Option<Vec<i64>>,
    /// What the rule of today would have predicted; NaN where it has no answer.
    pub today: Option<Vec<f64>>,
    /// Values of the columns by which results are shown apart.
    pub slices: BTreeMap<String, Vec<String>>,
    /// Rows to learn from.
    pub train: Vec<u32>,
    /// Rows that no model ever learns from.
    pub holdout: Vec<u32>,
    /// Time-ordered folds (learn, validate) inside `train`.
    pub folds: Vec<(Vec<u32>, Vec<u32>)>,
    /// The dataset that the view is counted against.
    pub dataset: DatasetRef,
    /// Every dataset version that was read.
    pub datasets: Vec<DatasetRef>,
}
