//! Metrics that follow from sums over rows: the sums of a block of rows are computed once and added up again for
//! every bootstrap sample.

use project::payoff::Amounts;

use super::compute::Context;
use super::metric::Metric;
use crate::prepare::Task;

/// Bins of probability for the calibration error.
const BINS: usize = 10;

/// What is summed over rows. Fields that a metric does not need stay zero.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    rows: f64,
    error: f64,
    abs_error: f64,
    squared_error: f64,
    relative_error: f64,
    truth: f64,
    abs_truth: f64,
    squared_truth: f64,
    payoff: f64,
    log_loss: f64,
    cells: [f64; 4],
    bins: [[f64; 3]; BINS],
    max_error: f64,
    shift: f64,
}

impl Sums {
    /// The sums of all rows.
    pub(super) fn over(metric: Metric, truth: &[f64], predicted: &[f64], ctx: &Context) -> Self {
        let mut sums = Self::shifted(shift_of(truth));
        for (&t, &p) in truth.iter().zip(predicted) {
            sums.add_row(metric, t, p, ctx);
        }
        sums
    }

    /// No rows yet. `shift` (near the mean of the truth) keeps the variance from cancelling.
    pub(super) fn shifted(shift: f64) -> Self {
        Self {
            shift,
            ..Self::default()
        }
    }

    pub(super) fn add_row(&mut self, metric: Metric, truth: f64, predicted: f64, ctx: &Context) {
        self.rows += 1.0;
        let error = predicted - truth;
        match metric {
            Metric::PayoffPer1000 => self.payoff += payoff(truth, predicted, ctx),
            Metric::LogLoss => {
                let p = predicted.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
                self.log_loss -= if truth > 0.5 { p.ln() } else { (1.0 - p).ln() };
            }
            Metric::Ece => {
                let bin = ((predicted * BINS as f64) as usize).min(BINS - 1);
                self.bins[bin][0] += 1.0;
                self.bins[bin][1] += predicted;
                self.bins[bin][2] += truth;
            }
            _ => {
                self.error += error;
                self.abs_error += error.abs();
                self.squared_error += error * error;
                self.relative_error += error.abs() / truth.abs().max(f64::EPSILON);
                let centred = truth - self.shift;
                self.truth += centred;
                self.abs_truth += truth.abs();
                self.squared_truth += centred * centred;
                self.max_error = self.max_error.max(error.abs());
                let cell = usize::from(truth > 0.5) * 2 + usize::from(predicted >= ctx.threshold);
                self.cells[cell] += 1.0;
            }
        }
    }

    /// Adds `times` copies of another block of rows with the same shift.
    pub(super) fn add(&mut self, other: &Self, times: f64) {
        self.rows += times * other.rows;
        self.error += times * other.error;
        self.abs_error += times * other.abs_error;
        self.squared_error += times * other.squared_error;
        self.relative_error += times * other.relative_error;
        self.truth += times * other.truth;
        self.abs_truth += times * other.abs_truth;
        self.squared_truth += times * other.squared_truth;
        self.payoff += times * other.payoff;
        self.log_loss += times * other.log_loss;
        for (mine, theirs) in self.cells.iter_mut().zip(other.cells) {
            *mine += times * theirs;
        }
        for (mine, theirs) in self
            .bins
            .iter_mut()
            .flatten()
            .zip(other.bins.iter().flatten())
        {
            *mine += times * theirs;
        }
        if times > 0.0 {
            self.max_error = self.max_error.max(other.max_error);
        }
    }

    /// The metric; NaN where it is not defined.
    pub(super) fn value(&self, metric: Metric, ctx: &Context) -> f64 {
        let n = self.rows;
        if n == 0.0 {
            return f64::NAN;
        }
        let [tn, fp, fneg, tp] = self.cells;
        match metric {
            Metric::Mae => self.abs_error / n,
            Metric::Rmse => (self.squared_error / n).sqrt(),
            Metric::R2 => self.r2(),
            Metric::Wape => ratio(self.abs_error, self.abs_truth),
            Metric::Mape => self.relative_error / n,
            Metric::Bias => self.error / n,
            Metric::MaxError => self.max_error,
            Metric::PayoffPer1000 => 1000.0 * self.payoff / n,
            Metric::LogLoss => self.log_loss / n,
            Metric::Brier => self.squared_error / n,
            Metric::Accuracy => (tp + tn) / n,
            Metric::BalancedAccuracy => f64::midpoint(ratio(tp, tp + fneg), ratio(tn, tn + fp)),
            Metric::Precision if tp + fp == 0.0 => 0.0,
            Metric::Precision => tp / (tp + fp),
            Metric::Recall => ratio(tp, tp + fneg),
            Metric::F1 => ratio(2.0 * tp, 2.0 * tp + fp + fneg),
            Metric::Specificity => ratio(tn, tn + fp),
            Metric::Mcc => mcc(self.cells),
            Metric::Ece => self.bins.iter().map(|[_, p, y]| (p - y).abs() / n).sum(),
            Metric::RocAuc | Metric::PrAuc | Metric::PrecisionAtK => {
                debug_assert!(ctx.task == Task::Binary);
                f64::NAN
            }
        }
    }

    fn r2(&self) -> f64 {
        let spread = self.squared_truth - self.truth * self.truth / self.rows;
        if self.rows < 2.0 || spread <= 0.0 {
            f64::NAN
        } else {
            1.0 - self.squared_error / spread
        }
    }
}

/// A number near the mean, so that sums of squares do not cancel.
pub(super) fn shift_of(truth: &[f64]) -> f64 {
    if truth.is_empty() {
        0.0
    } else {
        truth.iter().sum::<f64>() / truth.len() as f64
    }
}

fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { f64::NAN } else { part / whole }
}

fn mcc([tn, fp, fneg, tp]: [f64; 4]) -> f64 {
    let margins = (tp + fp) * (tp + fneg) * (tn + fp) * (tn + fneg);
    if margins == 0.0 {
        0.0
    } else {
        (tp * tn - fp * fneg) / margins.sqrt()
    }
}

fn payoff(truth: f64, predicted: f64, ctx: &Context) -> f64 {
    let Some(amounts) = &ctx.payoff else {
        return f64::NAN;
    };
    match amounts {
        Amounts::Units { .. } => amounts.of_number(truth, predicted),
        Amounts::Cells { .. } => amounts.of_decision(truth > 0.5, predicted >= ctx.threshold),
    }
    .unwrap_or(f64::NAN)
}
