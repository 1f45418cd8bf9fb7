//! Errors of predicted numbers beyond mean absolute and squared ones.

use crate::measure::drift::moments::{mean, variance};
use crate::measure::drift::{quantile, sorted};

fn errors(truth: &[f64], predicted: &[f64]) -> Vec<f64> {
    predicted.iter().zip(truth).map(|(p, t)| p - t).collect()
}

/// The median of |predicted − true|.
pub fn median_absolute_error(truth: &[f64], predicted: &[f64]) -> f64 {
    let sizes: Vec<f64> = errors(truth, predicted)
        .iter()
        .map(|error| error.abs())
        .collect();
    quantile(&sorted(&sizes), 0.5)
}

/// Mean of (predicted − true)².
pub fn mean_squared_error(truth: &[f64], predicted: &[f64]) -> f64 {
    let squares: Vec<f64> = errors(truth, predicted)
        .iter()
        .map(|error| error * error)
        .collect();
    mean(&squares)
}

/// Mean of (ln(1 + predicted) − ln(1 + true))²; NaN where a value is −1 or less.
pub fn mean_squared_log_error(truth: &[f64], predicted: &[f64]) -> f64 {
    if truth.iter().chain(predicted).any(|value| *value <= -1.0) {
        return f64::NAN;
    }
    let squares: Vec<f64> = truth
        .iter()
        .zip(predicted)
        .map(|(t, p)| (p.ln_1p() - t.ln_1p()).powi(2))
        .collect();
    mean(&squares)
}

/// 1 − Var(true − predicted) / Var(true): R² that forgives a constant offset.
pub fn explained_variance(truth: &[f64], predicted: &[f64]) -> f64 {
    1.0 - variance(&errors(truth, predicted), 0.0) / variance(truth, 0.0)
}

/// Mean pinball loss: being under costs `alpha` per unit, being over 1 − `alpha`.
pub fn pinball(truth: &[f64], predicted: &[f64], alpha: f64) -> f64 {
    let losses: Vec<f64> = errors(truth, predicted)
        .iter()
        .map(|over| {
            if *over >= 0.0 {
                (1.0 - alpha) * over
            } else {
                -alpha * over
            }
        })
        .collect();
    mean(&losses)
}

/// Mean of |predicted − true| / |true|, as a fraction. Where the truth is 0 the smallest positive normal step stands
/// for it, as in scikit-learn; the sign of the truth does not matter, unlike in Evidently.
pub fn mean_relative_error(truth: &[f64], predicted: &[f64]) -> f64 {
    let parts: Vec<f64> = errors(truth, predicted)
        .iter()
        .zip(truth)
        .map(|(error, t)| error.abs() / t.abs().max(f64::EPSILON))
        .collect();
    mean(&parts)
}

/// Where the errors lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Residuals {
    /// Mean of predicted − true.
    pub mean: f64,
    /// Deviation of a sample.
    pub deviation: f64,
    /// Quantiles 0.05, 0.5 and 0.95: below the first the model is "under", above the last "over".
    pub quantiles: [f64; 3],
}

/// Mean, spread and quantiles of predicted − true.
pub fn residuals(truth: &[f64], predicted: &[f64]) -> Residuals {
    let errors = errors(truth, predicted);
    let in_order = sorted(&errors);
    Residuals {
        mean: mean(&errors),
        deviation: variance(&errors, 1.0).sqrt(),
        quantiles: [0.05, 0.5, 0.95].map(|q| quantile(&in_order, q)),
    }
}
