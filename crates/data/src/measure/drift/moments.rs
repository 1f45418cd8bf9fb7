//! Sums, means and spreads as numpy computes them, so that distances equal other tools' to the last digits.
//!
//! Values far from zero with a small spread (timestamps, identifiers) lose most of their digits in a sum; which of
//! them are lost depends on the order of additions. Numpy adds in blocks of 128 with eight running sums.

/// Σ values, added pairwise like `numpy.sum`: the error grows with log n instead of n.
pub fn sum(values: &[f64]) -> f64 {
    match values.len() {
        0..8 => values.iter().sum(),
        8..=128 => {
            let (blocks, rest) = values.as_chunks::<8>();
            let mut lanes = blocks[0];
            for block in &blocks[1..] {
                for (lane, value) in lanes.iter_mut().zip(block) {
                    *lane += value;
                }
            }
            let [a, b, c, d, e, f, g, h] = lanes;
            let whole = ((a + b) + (c + d)) + ((e + f) + (g + h));
            rest.iter().fold(whole, |sum, value| sum + value)
        }
        n => {
            let (left, right) = values.split_at(n / 2 - (n / 2) % 8);
            sum(left) + sum(right)
        }
    }
}

/// The mean; NaN without values.
pub fn mean(values: &[f64]) -> f64 {
    sum(values) / values.len() as f64
}

/// Σ (value − mean)² / (n − ddof).
pub fn variance(values: &[f64], ddof: f64) -> f64 {
    let middle = mean(values);
    let squares: Vec<f64> = values
        .iter()
        .map(|value| (value - middle).powi(2))
        .collect();
    sum(&squares) / (values.len() as f64 - ddof)
}

/// Standard deviation of the population. Values are taken relative to the first, so that a large offset does not
/// swallow them.
pub fn deviation(values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or_default();
    let moved: Vec<f64> = values.iter().map(|value| value - first).collect();
    variance(&moved, 0.0).sqrt()
}

/// Third central moment over the cube of the deviation; 0 for a constant.
pub fn skewness(values: &[f64]) -> f64 {
    let middle = mean(values);
    let spread = variance(values, 0.0).sqrt();
    if spread == 0.0 {
        return 0.0;
    }
    let cubes: Vec<f64> = values
        .iter()
        .map(|value| ((value - middle) / spread).powi(3))
        .collect();
    mean(&cubes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_many_equal_fractions_keeps_its_digits() {
        let tenths = vec![0.1; 1_000_000];
        assert!((sum(&tenths) - 100_000.0).abs() < 1e-9);
        assert_eq!(sum(&[]), 0.0);
        assert_eq!(mean(&[1.0, 2.0, 6.0]), 3.0);
        assert_eq!(variance(&[1.0, 3.0], 1.0), 2.0);
        assert!(deviation(&[1e15, 1e15 + 2.0]) == 1.0);
        assert!(skewness(&[1.0, 1.0, 4.0]) > 0.7);
    }
}
