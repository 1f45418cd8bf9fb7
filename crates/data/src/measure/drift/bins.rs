//! Distances between histograms, binned as Evidently bins them.

use std::collections::BTreeMap;

use super::{Column, category_counts, sorted};

/// A numeric reference with more distinct values than this is binned, otherwise its values are counted.
const DISTINCT: usize = 20;

/// Population stability index: Σ (p − q) ln(p / q), empty bins filled with a small share.
pub fn psi(reference: &Column<'_>, current: &Column<'_>) -> Option<f64> {
    let [mut p, mut q] = shares(reference, current)?;
    fill_zeros(&mut p);
    fill_zeros(&mut q);
    Some(p.iter().zip(&q).map(|(p, q)| (p - q) * (p / q).ln()).sum())
}

/// Jensen-Shannon distance (the root of the divergence, natural logarithm; at most √ln 2 ≈ 0.83).
pub fn jensen_shannon(reference: &Column<'_>, current: &Column<'_>) -> Option<f64> {
    let [p, q] = shares(reference, current)?;
    let toward_mean = |from: &[f64], other: &[f64]| -> f64 {
        from.iter()
            .zip(other)
            .filter(|(p, _)| **p > 0.0)
            .map(|(p, q)| p * (2.0 * p / (p + q)).ln())
            .sum()
    };
    Some(
        (f64::midpoint(toward_mean(&p, &q), toward_mean(&q, &p)))
            .max(0.0)
            .sqrt(),
    )
}

/// Shares of both sides in common bins.
fn shares(reference: &Column<'_>, current: &Column<'_>) -> Option<[Vec<f64>; 2]> {
    let counts: Vec<[f64; 2]> = match (reference, current) {
        (Column::Number(a), Column::Number(b)) => number_counts(&sorted(a), &sorted(b)),
        (Column::Category(a), Column::Category(b)) => {
            category_counts(a.iter().copied().flatten(), b.iter().copied().flatten())
                .into_values()
                .collect()
        }
        _ => return None,
    };
    let totals = counts
        .iter()
        .fold([0.0, 0.0], |sum, pair| [sum[0] + pair[0], sum[1] + pair[1]]);
    if totals[0] == 0.0 || totals[1] == 0.0 {
        return None;
    }
    Some([0, 1].map(|side| {
        counts
            .iter()
            .map(|pair| pair[side] / totals[side])
            .collect()
    }))
}

fn number_counts(a: &[f64], b: &[f64]) -> Vec<[f64; 2]> {
    if a.is_empty() || b.is_empty() {
        return Vec::new();
    }
    let distinct = 1 + a.windows(2).filter(|pair| pair[0] != pair[1]).count();
    if distinct <= DISTINCT {
        let mut counts: BTreeMap<u64, [f64; 2]> = BTreeMap::new();
        for (side, values) in [a, b].into_iter().enumerate() {
            for value in values {
                // + 0.0 makes -0 and 0 one value.
                counts.entry((value + 0.0).to_bits()).or_default()[side] += 1.0;
            }
        }
        return counts.into_values().collect();
    }
    let edges = sturges_edges(a, b);
    let count_below =
        |values: &[f64], edge: f64| values.partition_point(|value| *value < edge) as f64;
    let last = edges.len() - 2;
    (0..=last)
        .map(|bin| {
            [a, b].map(|values| {
                let end = if bin == last {
                    values.len() as f64
                } else {
                    count_below(values, edges[bin + 1])
                };
                end - count_below(values, edges[bin])
            })
        })
        .collect()
}

/// Equal bins over both sides, as many as Sturges' rule says; whole numbers get bins of at least 1 (numpy ≥ 2).
fn sturges_edges(a: &[f64], b: &[f64]) -> Vec<f64> {
    let first = a[0].min(b[0]);
    let last = a[a.len() - 1].max(b[b.len() - 1]);
    let n = (a.len() + b.len()) as f64;
    let mut width = (last - first) / (n.log2() + 1.0);
    if a.iter().chain(b).all(|value| value.fract() == 0.0) {
        width = width.max(1.0);
    }
    let bins = ((last - first) / width).ceil().max(1.0);
    let step = (last - first) / bins;
    let mut edges: Vec<f64> = (0..bins as usize)
        .map(|bin| first + bin as f64 * step)
        .collect();
    edges.push(last);
    edges
}

/// Replaces empty shares by 0.0001, or by a millionth of the smallest share where that is smaller still.
fn fill_zeros(shares: &mut [f64]) {
    let smallest = shares
        .iter()
        .copied()
        .filter(|share| *share > 0.0)
        .fold(f64::INFINITY, f64::min);
    let filler = if smallest <= 1e-4 {
        smallest / 1e6
    } else {
        1e-4
    };
    for share in shares.iter_mut().filter(|share| **share == 0.0) {
        *share = filler;
    }
}
