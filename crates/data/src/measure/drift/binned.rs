//! Distances of two columns in bins, binned as Evidently bins them.

use super::bins::{Numbers, Rule, counts, distinct, edges, value_counts};
use super::{Column, category_counts, shares, sorted};

/// A numeric reference with more distinct values than this is binned, otherwise its values are counted.
const DISTINCT: usize = 20;

/// Population stability index, empty bins filled with a small share. `None` where a side has no values.
pub fn psi(reference: &Column<'_>, current: &Column<'_>) -> Option<f64> {
    let [p, q] = column_shares(reference, current)?;
    Some(shares::psi(&shares::filled(p), &shares::filled(q)))
}

/// Jensen-Shannon distance (the root of the divergence, natural logarithm; at most √ln 2 ≈ 0.83).
pub fn jensen_shannon(reference: &Column<'_>, current: &Column<'_>) -> Option<f64> {
    let [p, q] = column_shares(reference, current)?;
    Some(shares::jensen_shannon(&p, &q))
}

/// Shares of both sides in common bins. Values that are all whole get bins at least 1 wide.
pub fn column_shares(reference: &Column<'_>, current: &Column<'_>) -> Option<[Vec<f64>; 2]> {
    let counts: [Vec<f64>; 2] = match (reference, current) {
        (Column::Number(a), Column::Number(b)) => number_counts(&sorted(a), &sorted(b)),
        (Column::Category(a), Column::Category(b)) => {
            let counts = category_counts(a.iter().copied().flatten(), b.iter().copied().flatten());
            [0, 1].map(|side: usize| counts.values().map(|pair| pair[side]).collect())
        }
        _ => return None,
    };
    if counts.iter().any(|side| side.iter().sum::<f64>() == 0.0) {
        return None;
    }
    Some(counts.map(|side| shares::of_counts(&side)))
}

fn number_counts(a: &[f64], b: &[f64]) -> [Vec<f64>; 2] {
    if a.is_empty() || b.is_empty() {
        return [Vec::new(), Vec::new()];
    }
    if distinct(a) <= DISTINCT {
        return value_counts(a, b);
    }
    let mut all = [a, b].concat();
    all.sort_unstable_by(f64::total_cmp);
    let numbers = if all.iter().all(|value| value.fract() == 0.0) {
        Numbers::Whole
    } else {
        Numbers::Real
    };
    let edges = edges(&all, Rule::Sturges, numbers);
    [counts(a, &edges), counts(b, &edges)]
}
