//! The held-out rows and what each contender says about them. Pure.

use std::collections::BTreeMap;

use base::Result;
use data::Task;
use data::measure::{Context, Interval, Metric, Resampling, bootstrap, compute, paired_bootstrap};
use project::payoff::Amounts;

/// Bounds that are only shown, and not asked for by a criterion.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// What the model is compared with.
#[derive(Clone, Debug)]
pub(crate) enum Baseline {
    /// One prediction per row; NaN where it has no answer.
    Predicted(Vec<f64>),
    /// There is nothing to compare with yet.
    None,
    /// The model is compared with itself.
    Itself,
    /// Why there are no predictions.
    Unknown(String),
}

/// Held-out rows with a known truth. Every vector is as long as `truth`.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub task: Task,
    pub payoff: Option<Amounts>,
    pub seed: u64,
    pub truth: Vec<f64>,
    pub model: Vec<f64>,
    pub today: Baseline,
    pub champion: Baseline,
    pub simplest: Baseline,
    /// The day of each row: rows of one day resemble each other and are drawn together.
    pub days: Vec<i64>,
    pub slices: BTreeMap<String, Vec<String>>,
}

impl Rows {
    pub(crate) fn all(&self) -> Vec<usize> {
        (0..self.truth.len()).collect()
    }

    /// The rows of each value of a slice column, by value.
    pub(crate) fn by_value(&self, column: &str) -> Option<BTreeMap<&str, Vec<usize>>> {
        let values = self.slices.get(column)?;
        let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (row, value) in values.iter().enumerate() {
            rows.entry(value).or_default().push(row);
        }
        Some(rows)
    }

    fn context(&self, k: Option<i64>) -> Context {
        Context::new(self.task)
            .with_payoff(self.payoff)
            .with_k(k.and_then(|k| usize::try_from(k).ok()))
    }

    fn days_of(&self, rows: &[usize]) -> Vec<i64> {
        if self.days.is_empty() {
            Vec::new()
        } else {
            rows.iter().map(|row| self.days[*row]).collect()
        }
    }

    fn resampling(&self, confidence: Option<f64>) -> Resampling {
        Resampling {
            confidence: confidence.unwrap_or(CONFIDENCE),
            seed: self.seed,
            ..Resampling::default()
        }
    }

    /// The metric of `predicted` on some rows.
    pub(crate) fn value(
        &self,
        metric: Metric,
        k: Option<i64>,
        predicted: &[f64],
        rows: &[usize],
    ) -> Result<f64> {
        compute(
            metric,
            &pick(&self.truth, rows),
            &pick(predicted, rows),
            &self.context(k),
        )
    }

    /// The model's metric on some rows, with bounds.
    pub(crate) fn interval(
        &self,
        metric: Metric,
        k: Option<i64>,
        confidence: Option<f64>,
        rows: &[usize],
    ) -> Result<Interval> {
        let (truth, model) = (pick(&self.truth, rows), pick(&self.model, rows));
        bootstrap(
            metric,
            &truth,
            &model,
            &self.days_of(rows),
            &self.context(k),
            &self.resampling(confidence),
        )
    }

    /// The model's metric minus that of `other`, on the same rows, with bounds.
    pub(crate) fn difference(
        &self,
        metric: Metric,
        k: Option<i64>,
        confidence: Option<f64>,
        other: &[f64],
        rows: &[usize],
    ) -> Result<Interval> {
        let truth = pick(&self.truth, rows);
        let (model, other) = (pick(&self.model, rows), pick(other, rows));
        paired_bootstrap(
            metric,
            &truth,
            (&model, &other),
            &self.days_of(rows),
            &self.context(k),
            &self.resampling(confidence),
        )
    }
}

/// Those of `rows` on which `predicted` has an answer.
pub(crate) fn answered(predicted: &[f64], rows: &[usize]) -> Vec<usize> {
    rows.iter()
        .copied()
        .filter(|row| predicted[*row].is_finite())
        .collect()
}

pub(crate) fn pick(values: &[f64], rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|row| values[*row]).collect()
}
