//! A profile: what the columns of a version look like, computed once and stored with it.

use serde::{Deserialize, Serialize};

/// What a version looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// How many rows.
    pub rows: i64,
    /// One entry per column.
    pub columns: Vec<ColumnProfile>,
}

/// What one column looks like. The numbers are absent for words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// Its type, as in [`crate::ColumnSchema`].
    #[serde(rename = "type")]
    pub kind: String,
    /// Rows without a value.
    pub missing: i64,
    /// Different values.
    pub distinct: i64,
    /// Smallest value; of moments in milliseconds since the epoch.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// Mean.
    pub mean: Option<f64>,
    /// Standard deviation (of the sample).
    pub std: Option<f64>,
    /// The 5th, 25th, 50th, 75th and 95th percentile.
    pub quantiles: Vec<f64>,
    /// Where the values lie.
    pub histogram: Option<Histogram>,
    /// The most frequent values.
    pub top: Vec<TopValue>,
}

/// Equal bins between minimum and maximum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// One more than there are bins.
    pub edges: Vec<f64>,
    /// Rows per bin; the last bin includes its upper edge.
    pub counts: Vec<i64>,
}

/// A value and how often it is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopValue {
    /// As text.
    pub value: String,
    /// Rows.
    pub count: i64,
}
