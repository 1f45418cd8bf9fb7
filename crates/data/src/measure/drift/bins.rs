//! Edges and counts of histograms as numpy makes them.
//!
//! All functions take finite values in rising order. A range without width becomes one of width 1 around its value.

use super::moments::{deviation, skewness};
use super::quantile;

/// How the width of bins is chosen, by numpy's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// range / (log2 n + 1).
    Sturges,
    /// Sturges with a term for skewness.
    Doane,
    /// Freedman & Diaconis: 2 · IQR / ∛n.
    FreedmanDiaconis,
    /// The narrower of Sturges and Freedman & Diaconis, but with no more than 2 √n bins (numpy ≥ 2).
    Auto,
}

/// What numpy does for whole numbers: bins are at least 1 wide (numpy ≥ 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// An integer column.
    Whole,
    /// Anything else.
    Real,
}

/// Edges of equal bins over the values; one more edge than bins. Empty without values.
pub fn edges(sorted: &[f64], rule: Rule, numbers: Numbers) -> Vec<f64> {
    let (Some(&first), Some(&last)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    let mut width = width(sorted, rule);
    if numbers == Numbers::Whole {
        width = width.max(1.0);
    }
    let (first, last) = if first == last {
        (first - 0.5, last + 0.5)
    } else {
        (first, last)
    };
    let bins = if width > 0.0 {
        ((last - first) / width).ceil().max(1.0)
    } else {
        1.0
    };
    linear(first, last, bins as usize)
}

/// `bins` equal bins between two bounds, which numpy calls `linspace`.
pub fn linear(first: f64, last: f64, bins: usize) -> Vec<f64> {
    let step = (last - first) / bins as f64;
    let mut edges: Vec<f64> = (0..bins).map(|bin| bin as f64 * step + first).collect();
    edges.push(last);
    edges
}

fn width(sorted: &[f64], rule: Rule) -> f64 {
    let n = sorted.len() as f64;
    let range = sorted[sorted.len() - 1] - sorted[0];
    let sturges = range / (n.log2() + 1.0);
    let freedman = || 2.0 * (quantile(sorted, 0.75) - quantile(sorted, 0.25)) * n.powf(-1.0 / 3.0);
    match rule {
        Rule::Sturges => sturges,
        Rule::FreedmanDiaconis => freedman(),
        Rule::Auto => freedman().max(range / n.sqrt() / 2.0).min(sturges),
        Rule::Doane if sorted.len() < 3 || deviation(sorted) == 0.0 => 0.0,
        Rule::Doane => {
            let spread = (6.0 * (n - 2.0) / ((n + 1.0) * (n + 3.0))).sqrt();
            range / (1.0 + n.log2() + (1.0 + skewness(sorted).abs() / spread).log2())
        }
    }
}

/// How many values lie in each bin `[e, next e)`; the last bin is closed. Values outside are not counted.
pub fn counts(sorted: &[f64], edges: &[f64]) -> Vec<f64> {
    let Some((last, starts)) = edges.split_last() else {
        return Vec::new();
    };
    let mut below: Vec<usize> = Vec::with_capacity(edges.len());
    let mut from = 0;
    for edge in starts {
        from += sorted[from..].partition_point(|value| value < edge);
        below.push(from);
    }
    below.push(sorted.partition_point(|value| value <= last));
    below
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f64)
        .collect()
}

/// How many different values there are.
pub fn distinct(sorted: &[f64]) -> usize {
    usize::from(!sorted.is_empty()) + sorted.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

/// Counts of each value that occurs on either side, in rising order.
pub fn value_counts(a: &[f64], b: &[f64]) -> [Vec<f64>; 2] {
    let (mut i, mut j) = (0, 0);
    let mut counts = [Vec::new(), Vec::new()];
    while i < a.len() || j < b.len() {
        let value = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => break,
        };
        for (side, (values, at)) in [(a, &mut i), (b, &mut j)].into_iter().enumerate() {
            let same = values[*at..]
                .iter()
                .take_while(|other| **other == value)
                .count();
            counts[side].push(same as f64);
            *at += same;
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_of_whole_numbers_are_at_least_one_wide_and_a_constant_has_one() {
        let values: Vec<f64> = (0..100).map(|value| f64::from(value % 5)).collect();
        let mut values = values;
        values.sort_by(f64::total_cmp);
        assert_eq!(edges(&values, Rule::Sturges, Numbers::Whole).len(), 5);
        assert_eq!(edges(&values, Rule::Sturges, Numbers::Real).len(), 9);
        assert_eq!(edges(&[3.5; 4], Rule::Doane, Numbers::Real), [3.0, 4.0]);
        assert_eq!(counts(&[3.5; 4], &[3.0, 4.0]), [4.0]);
        assert_eq!(counts(&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0]), [1.0, 2.0]);
        assert_eq!(
            value_counts(&[1.0, 1.0], &[1.0, 3.0]),
            [vec![2.0, 0.0], vec![1.0, 1.0]]
        );
        assert_eq!(distinct(&values), 5);
    }
}
