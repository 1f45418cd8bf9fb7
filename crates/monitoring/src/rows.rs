//! Rows: the predictions of one window as the log has them, with the truth where it is known.

use std::collections::HashMap;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use base::{Error, Result};

use crate::sample::{Sample, Values};

/// The logged inputs carry this before their name.
const INPUT: &str = "in_";

/// Predictions of one endpoint, oldest first. Every vector is as long as the batch has rows.
pub(crate) struct Rows {
    batch: RecordBatch,
    /// When each was made, in milliseconds.
    pub(crate) at: Vec<i64>,
    /// What was answered.
    pub(crate) output: Vec<f64>,
    /// How long it took, in milliseconds.
    pub(crate) latency_ms: Vec<f64>,
    /// What turned out to be true; NaN where nobody knows.
    pub(crate) truth: Vec<f64>,
    /// What today's rule says; NaN where nobody knows.
    pub(crate) today: Vec<f64>,
}

/// Who made most of the predictions.
pub(crate) struct InForce {
    pub(crate) model: String,
    pub(crate) version: i64,
    pub(crate) revision: i64,
}

impl Rows {
    /// Joins the log with `labels` (truth and today's value by prediction id). Where the caller sends the column that
    /// `today_column` names, that is today's value.
    pub(crate) fn join(
        batch: RecordBatch,
        labels: &HashMap<String, (f64, Option<f64>)>,
        today_column: Option<&str>,
    ) -> Result<Self> {
        if batch.num_rows() == 0 {
            return Ok(Self {
                batch,
                at: Vec::new(),
                output: Vec::new(),
                latency_ms: Vec::new(),
                truth: Vec::new(),
                today: Vec::new(),
            });
        }
        let ids = words(&batch, "prediction_id")?;
        let label = |row: &Option<String>| row.as_ref().and_then(|id| labels.get(id));
        let truth = ids
            .iter()
            .map(|id| label(id).map_or(f64::NAN, |(value, _)| *value))
            .collect();
        let sent =
            today_column.and_then(|column| numbers(&batch, &format!("{INPUT}{column}")).ok());
        let today = ids
            .iter()
            .enumerate()
            .map(|(row, id)| {
                let sent = sent.as_ref().map_or(f64::NAN, |sent| sent[row]);
                let told = label(id).and_then(|(_, today)| *today).unwrap_or(f64::NAN);
                if sent.is_finite() { sent } else { told }
            })
            .collect();
        Ok(Self {
            at: integers(&batch, "at")?
                .into_iter()
                .map(|us| us.div_euclid(1000))
                .collect(),
            output: numbers(&batch, "output")?,
            latency_ms: numbers(&batch, "latency_us")?
                .into_iter()
                .map(|us| us / 1000.0)
                .collect(),
            truth,
            today,
            batch,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.at.len()
    }

    /// How many have a known truth.
    pub(crate) fn labels(&self) -> usize {
        self.truth.iter().filter(|truth| truth.is_finite()).count()
    }

    /// The places of rows with a known truth.
    pub(crate) fn labelled(&self) -> Vec<usize> {
        (0..self.len())
            .filter(|&row| self.truth[row].is_finite() && self.output[row].is_finite())
            .collect()
    }

    /// The model version that made most of them.
    pub(crate) fn in_force(&self) -> Result<Option<InForce>> {
        if self.len() == 0 {
            return Ok(None);
        }
        let (models, versions, revisions) = (
            words(&self.batch, "model")?,
            integers(&self.batch, "version")?,
            integers(&self.batch, "revision")?,
        );
        let mut counts: HashMap<i64, (usize, usize)> = HashMap::new();
        for (row, revision) in revisions.iter().enumerate() {
            let entry = counts.entry(*revision).or_insert((0, row));
            *entry = (entry.0 + 1, row);
        }
        let most = counts
            .into_iter()
            .max_by_key(|(revision, (count, _))| (*count, *revision));
        Ok(most.map(|(revision, (_, row))| InForce {
            model: models[row].clone().unwrap_or_default(),
            version: versions[row],
            revision,
        }))
    }

    /// The values of an input that callers sent; `None` where no request had it.
    pub(crate) fn input(&self, name: &str) -> Option<Vec<Option<String>>> {
        words(&self.batch, &format!("{INPUT}{name}")).ok()
    }

    /// An input as a sample of the given kind; `None` where no request had it, or not as this kind.
    pub(crate) fn sample(&self, name: &str, kind: data::FeatureKind) -> Option<Sample> {
        let values = values(&self.batch, &format!("{INPUT}{name}"), kind)?;
        Some(Sample {
            values,
            at: self.at.clone(),
        })
    }
}

/// A column as the values that drift is measured on; moments have no distribution to compare.
pub(crate) fn values(batch: &RecordBatch, column: &str, kind: data::FeatureKind) -> Option<Values> {
    use data::FeatureKind::{Bool, Category, Datetime, Numeric};
    match kind {
        Numeric => numbers(batch, column).ok().map(Values::Number),
        // 1, true and "true" are the same answer.
        Bool => numbers(batch, column)
            .ok()
            .map(|values| Values::Category(values.into_iter().map(yes_or_no).collect())),
        Category => words(batch, column).ok().map(Values::Category),
        Datetime => None,
    }
}

fn yes_or_no(value: f64) -> Option<String> {
    value
        .is_finite()
        .then(|| if value == 0.0 { "no" } else { "yes" }.to_owned())
}

fn column(batch: &RecordBatch, name: &str, to: &DataType) -> Result<arrow::array::ArrayRef> {
    let array = batch
        .column_by_name(name)
        .ok_or_else(|| Error::invalid(format!("the prediction log has no column {name:?}")))?;
    cast(array, to).map_err(|error| {
        Error::invalid(format!(
            "column {name:?} of the prediction log is {}: {error}",
            array.data_type()
        ))
    })
}

fn numbers(batch: &RecordBatch, name: &str) -> Result<Vec<f64>> {
    let array = column(batch, name, &DataType::Float64)?;
    Ok(array
        .as_primitive::<Float64Type>()
        .iter()
        .map(|value| value.unwrap_or(f64::NAN))
        .collect())
}

fn integers(batch: &RecordBatch, name: &str) -> Result<Vec<i64>> {
    let array = column(batch, name, &DataType::Int64)?;
    Ok(array
        .as_primitive::<Int64Type>()
        .iter()
        .map(Option::unwrap_or_default)
        .collect())
}

fn words(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>> {
    let array = column(batch, name, &DataType::Utf8)?;
    let array = array.as_string::<i32>();
    Ok((0..array.len())
        .map(|row| (!array.is_null(row)).then(|| array.value(row).to_owned()))
        .collect())
}
