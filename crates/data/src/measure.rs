//! How good predictions are, and how far two columns lie apart. Pure: numbers in, numbers out.
//!
//! Metrics equal scikit-learn's and drift methods equal scipy's and Evidently's (see `tests/golden.rs`). Nothing here
//! knows where the numbers come from.

mod bootstrap;
mod compute;
pub mod drift;
pub mod estimate;
mod metric;
pub mod quality;
mod ranked;
mod special;
mod sums;

pub use bootstrap::{Interval, Resampling, bootstrap, days, paired_bootstrap};
pub use compute::{Context, compute};
pub use metric::Metric;
