//! A profile: what the columns of a version look like, computed once and stored with it.

use std::collections::HashMap;

use arrow::array::{Array as _, ArrayRef, RecordBatch};
use arrow::datatypes::DataType;
use base::Result;
use serde::{Deserialize, Serialize};

use crate::columns::{numbers, word, words};
use crate::measure::drift::quantile;

/// Bins of a histogram.
const BINS: usize = 20;
/// Values in a list of the most frequent.
const TOP: usize = 10;
/// A number with at most this many different values gets a list of the most frequent too.
const FEW: usize = 20;

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

impl Profile {
    /// Looks at every column of a batch of the six types.
    pub fn of(batch: &RecordBatch) -> Result<Self> {
        let schema = batch.schema();
        let columns = schema.fields().iter().zip(batch.columns());
        let columns = columns
            .map(|(field, column)| ColumnProfile::of(field.name(), column))
            .collect::<Result<_>>()?;
        Ok(Self {
            rows: batch.num_rows() as i64,
            columns,
        })
    }
}

impl ColumnProfile {
    fn of(name: &str, column: &ArrayRef) -> Result<Self> {
        let kind = word(column.data_type()).unwrap_or("text").to_owned();
        let profile = match column.data_type() {
            DataType::Utf8 | DataType::Boolean => Self::of_words(&words(column)?),
            _ => Self::of_numbers(numbers(column)?, column)?,
        };
        Ok(Self {
            name: name.to_owned(),
            kind,
            ..profile
        })
    }

    fn empty() -> Self {
        Self {
            name: String::new(),
            kind: String::new(),
            missing: 0,
            distinct: 0,
            min: None,
            max: None,
            mean: None,
            std: None,
            quantiles: Vec::new(),
            histogram: None,
            top: Vec::new(),
        }
    }

    fn of_words(words: &[Option<String>]) -> Self {
        let mut counts: HashMap<&str, i64> = HashMap::new();
        for word in words.iter().flatten() {
            *counts.entry(word).or_default() += 1;
        }
        let missing = words.iter().filter(|word| word.is_none()).count() as i64;
        Self {
            missing,
            distinct: counts.len() as i64,
            top: most_frequent(counts),
            ..Self::empty()
        }
    }

    fn of_numbers(values: Vec<f64>, column: &ArrayRef) -> Result<Self> {
        let rows = values.len();
        let mut sorted: Vec<f64> = values
            .into_iter()
            .filter(|value| value.is_finite())
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (Some(&min), Some(&max)) = (sorted.first(), sorted.last()) else {
            return Ok(Self {
                missing: rows as i64,
                ..Self::empty()
            });
        };
        let n = sorted.len() as f64;
        let mean = sorted.iter().sum::<f64>() / n;
        let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
        let distinct = 1 + sorted.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let top = if distinct <= FEW {
            Self::of_words(&words(column)?).top
        } else {
            Vec::new()
        };
        Ok(Self {
            missing: (rows - sorted.len()) as i64,
            distinct: distinct as i64,
            min: Some(min),
            max: Some(max),
            mean: Some(mean),
            std: (n > 1.0).then(|| (squares / (n - 1.0)).sqrt()),
            quantiles: [0.05, 0.25, 0.5, 0.75, 0.95]
                .map(|q| quantile(&sorted, q))
                .to_vec(),
            histogram: Some(Histogram::of(&sorted)),
            top,
            ..Self::empty()
        })
    }
}

impl Histogram {
    /// Of sorted values, of which there is at least one. A constant gets one bin.
    fn of(sorted: &[f64]) -> Self {
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        if min == max {
            return Self {
                edges: vec![min, max],
                counts: vec![sorted.len() as i64],
            };
        }
        let mut edges: Vec<f64> = (0..BINS)
            .map(|bin| min + (max - min) * bin as f64 / BINS as f64)
            .collect();
        edges.push(max);
        let mut below: Vec<usize> = edges
            .iter()
            .map(|edge| sorted.partition_point(|value| value < edge))
            .collect();
        below[BINS] = sorted.len();
        Self {
            edges,
            counts: below
                .windows(2)
                .map(|pair| (pair[1] - pair[0]) as i64)
                .collect(),
        }
    }
}

/// By falling count, then by value.
fn most_frequent(counts: HashMap<&str, i64>) -> Vec<TopValue> {
    let mut counts: Vec<(&str, i64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts.truncate(TOP);
    counts
        .into_iter()
        .map(|(value, count)| TopValue {
            value: value.to_owned(),
            count,
        })
        .collect()
}
