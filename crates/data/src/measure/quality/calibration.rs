//! Whether a probability is what it says.

use crate::measure::drift::{quantile, sorted};

/// How probabilities are cut into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Equal widths between 0 and 1.
    Uniform,
    /// About equally many rows.
    Quantile,
}

/// One bin of a calibration curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Mean probability of its rows.
    pub predicted: f64,
    /// Share of yes among them.
    pub observed: f64,
    /// How many they are.
    pub rows: f64,
}

/// The bins that have rows (scikit-learn's `calibration_curve`): a probability on an edge belongs to the bin below.
pub fn curve(truth: &[f64], p: &[f64], bins: usize, cut: Cut) -> Vec<Bin> {
    let in_order = sorted(p);
    let edges: Vec<f64> = (1..bins)
        .map(|bin| bin as f64 / bins as f64)
        .map(|share| match cut {
            Cut::Uniform => share,
            Cut::Quantile => quantile(&in_order, share),
        })
        .collect();
    let mut sums = vec![[0.0; 3]; bins];
    for (&t, &p) in truth.iter().zip(p) {
        let bin = &mut sums[edges.partition_point(|edge| *edge < p)];
        bin[0] += p;
        bin[1] += t;
        bin[2] += 1.0;
    }
    sums.into_iter()
        .filter(|[_, _, rows]| *rows > 0.0)
        .map(|[predicted, observed, rows]| Bin {
            predicted: predicted / rows,
            observed: observed / rows,
            rows,
        })
        .collect()
}

/// Expected calibration error: mean of |predicted − observed|, each bin by its rows.
pub fn expected_error(bins: &[Bin]) -> f64 {
    let rows: f64 = bins.iter().map(|bin| bin.rows).sum();
    bins.iter()
        .map(|bin| bin.rows / rows * (bin.predicted - bin.observed).abs())
        .sum()
}
