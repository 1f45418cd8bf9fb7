//! How good predictions probably are while the truth is not known yet.
//!
//! For yes-or-no decisions from calibrated probabilities ([`cbpe`]), for numbers from a model of the loss ([`dle`]).
//! Both answer with a band: three standard deviations of what a chunk of that size shows by chance.

pub mod cbpe;
pub mod dle;
mod isotonic;

pub use isotonic::Isotonic;

/// How many sampling errors a band is wide on each side, and how many deviations of the reference's chunks a limit.
pub const WIDTH: f64 = 3.0;

/// An estimate for one chunk of rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The metric, as it probably is.
    pub value: f64,
    /// Standard deviation of the metric between chunks of this size where nothing changes.
    pub sampling_error: f64,
    /// Lower end of the band.
    pub lower: f64,
    /// Upper end of the band.
    pub upper: f64,
}

impl Estimate {
    /// With a band that stays within what the metric can be.
    fn within(value: f64, sampling_error: f64, lowest: f64, highest: f64) -> Self {
        Self {
            value,
            sampling_error,
            lower: (value - WIDTH * sampling_error).max(lowest),
            upper: (value + WIDTH * sampling_error).min(highest),
        }
    }
}

/// The range in which the metric of a chunk is normal: mean ± 3 deviations of the chunks of a reference, clipped.
pub fn limits(realized: &[f64], lowest: f64, highest: f64) -> (f64, f64) {
    use super::drift::moments::{mean, variance};
    let kept: Vec<f64> = realized
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    let (middle, spread) = (mean(&kept), variance(&kept, 0.0).sqrt());
    (
        (middle - WIDTH * spread).max(lowest),
        (middle + WIDTH * spread).min(highest),
    )
}
