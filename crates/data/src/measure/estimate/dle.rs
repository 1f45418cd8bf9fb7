//! Direct loss estimation (NannyML's DLE): a second model learns the loss of each row of a reference from its
//! features and prediction; the mean of what it predicts for new rows estimates the metric without labels.
//!
//! Which learner that is, is the caller's choice (NannyML: LightGBM with defaults). Losses below zero count as zero.

use super::Estimate;
use crate::measure::drift::moments::{mean, variance};

/// A metric of numbers that is a mean of losses, or the root of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Mean of |true − predicted|.
    Mae,
    /// Mean of |true − predicted| / |true|.
    Mape,
    /// Mean of (true − predicted)².
    Mse,
    /// Mean of (ln(1 + true) − ln(1 + predicted))².
    Msle,
    /// √ of [`Target::Mse`].
    Rmse,
    /// √ of [`Target::Msle`].
    Rmsle,
}

impl Target {
    /// The loss of each row, which the second model learns.
    pub fn losses(self, truth: &[f64], predicted: &[f64]) -> Vec<f64> {
        truth
            .iter()
            .zip(predicted)
            .map(|(t, p)| match self {
                Self::Mae => (t - p).abs(),
                Self::Mape => (t - p).abs() / t.abs().max(f64::EPSILON),
                Self::Mse | Self::Rmse => (t - p).powi(2),
                Self::Msle | Self::Rmsle => (t.ln_1p() - p.ln_1p()).powi(2),
            })
            .collect()
    }

    fn is_root(self) -> bool {
        matches!(self, Self::Rmse | Self::Rmsle)
    }

    /// The metric where the truth is known.
    pub fn realized(self, truth: &[f64], predicted: &[f64]) -> f64 {
        self.of_mean(mean(&self.losses(truth, predicted)))
    }

    fn of_mean(self, loss: f64) -> f64 {
        if self.is_root() { loss.sqrt() } else { loss }
    }
}

/// The estimate of a chunk from the losses that the second model predicts for its rows; `reference` holds the true
/// losses of the reference, from which the sampling error follows.
pub fn estimate(target: Target, predicted_losses: &[f64], reference: &[f64]) -> Estimate {
    let clipped: Vec<f64> = predicted_losses.iter().map(|loss| loss.max(0.0)).collect();
    let rows = clipped.len() as f64;
    let spread = variance(reference, 0.0).sqrt();
    let error = if target.is_root() {
        // The root of a mean moves by half as much, relative to it (delta method).
        spread / (2.0 * (rows * mean(reference)).sqrt())
    } else {
        spread / rows.sqrt()
    };
    Estimate::within(target.of_mean(mean(&clipped)), error, 0.0, f64::INFINITY)
}
