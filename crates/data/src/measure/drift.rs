//! How far the values of a column now lie from those of a reference.
//!
//! Single methods ([`ks_test`], [`chi2`], [`psi`], [`jensen_shannon`], [`wasserstein`]) give a number; [`decide`]
//! gives the default verdict, which needs both a test that is corrected over the columns and an effect that matters.
//! A test alone flags the immaterial in large samples, a distance alone flags noise in small ones.
//!
//! NaN and infinity are left out on both sides. A side without values cannot be compared: the answer is `None`.

mod bins;
mod decision;
mod ks;

use std::collections::BTreeMap;

pub use bins::{jensen_shannon, psi};
pub use decision::{
    ALPHA, Column, Decision, EFFECT_CATEGORY, EFFECT_NUMBER, benjamini_hochberg, decide,
    effect_and_p,
};
pub use ks::{ks_p, ks_statistic, ks_test};
use statrs::function::gamma::checked_gamma_ur;

/// The values that can be compared, sorted.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut kept: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .collect();
    kept.sort_unstable_by(f64::total_cmp);
    kept
}

/// The quantile of sorted values, linear between neighbours (numpy's default). NaN without values.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

/// Area between the two distribution functions, in units of the values (first Wasserstein distance).
pub fn wasserstein(reference: &[f64], current: &[f64]) -> Option<f64> {
    let (a, b) = (sorted(reference), sorted(current));
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (mut i, mut j, mut area, mut at) = (0, 0, 0.0, a[0].min(b[0]));
    while i < a.len() || j < b.len() {
        let next = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => break,
        };
        area += (next - at) * (i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs();
        at = next;
        i += a[i..].iter().take_while(|value| **value == at).count();
        j += b[j..].iter().take_while(|value| **value == at).count();
    }
    Some(area)
}

/// [`wasserstein`] in standard deviations of the reference (at least 0.001, so that constants can be compared).
pub fn wasserstein_normed(reference: &[f64], current: &[f64]) -> Option<f64> {
    Some(wasserstein(reference, current)? / deviation(&sorted(reference)).max(0.001))
}

/// Pearson's chi-squared test that two samples come from one distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chi2 {
    /// Σ (observed − expected)² / expected over the 2 × k table.
    pub statistic: f64,
    /// k − 1.
    pub dof: f64,
    /// Chance of a statistic that large without a change.
    pub p: f64,
    /// Cramér's V, corrected for its bias in small tables: 0 is no difference, 1 is complete.
    pub v: f64,
}

/// How often each category was seen, in the reference and now.
pub fn category_counts<'a>(
    reference: impl IntoIterator<Item = &'a str>,
    current: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<&'a str, [f64; 2]> {
    let mut counts: BTreeMap<&str, [f64; 2]> = BTreeMap::new();
    for value in reference {
        counts.entry(value).or_default()[0] += 1.0;
    }
    for value in current {
        counts.entry(value).or_default()[1] += 1.0;
    }
    counts
}

/// The test over the categories of both sides, a new category included.
pub fn chi2(counts: &BTreeMap<&str, [f64; 2]>) -> Option<Chi2> {
    let totals = counts
        .values()
        .fold([0.0, 0.0], |sum, pair| [sum[0] + pair[0], sum[1] + pair[1]]);
    let all = totals[0] + totals[1];
    if totals[0] == 0.0 || totals[1] == 0.0 {
        return None;
    }
    let statistic: f64 = counts
        .values()
        .flat_map(|pair| [0, 1].map(|side| (pair[side], (pair[0] + pair[1]) * totals[side] / all)))
        .map(|(observed, expected)| (observed - expected).powi(2) / expected)
        .sum();
    let dof = counts.len() as f64 - 1.0;
    Some(Chi2 {
        statistic,
        dof,
        p: chi2_p(statistic, dof),
        v: cramers_v(statistic, dof, all),
    })
}

/// Chance of a chi-squared statistic at least this large.
pub fn chi2_p(statistic: f64, dof: f64) -> f64 {
    if dof <= 0.0 || statistic <= 0.0 {
        return 1.0;
    }
    checked_gamma_ur(dof / 2.0, statistic / 2.0).unwrap_or(f64::NAN)
}

/// Cramér's V of a 2 × (dof + 1) table with `n` rows, corrected for bias (Bergsma 2013).
fn cramers_v(statistic: f64, dof: f64, n: f64) -> f64 {
    let corrected = (statistic / n - dof / (n - 1.0)).max(0.0);
    let columns = dof - dof * dof / (n - 1.0);
    let rows = 1.0 - 1.0 / (n - 1.0);
    let limit = columns.min(rows);
    if limit <= 0.0 {
        0.0
    } else {
        (corrected / limit).sqrt()
    }
}

/// Mean distance of the percentiles 1 to 99, in robust standard deviations of the reference (IQR / 1.349).
pub fn quantile_shift(reference_sorted: &[f64], current_sorted: &[f64]) -> f64 {
    let spread = (quantile(reference_sorted, 0.75) - quantile(reference_sorted, 0.25)) / 1.349;
    let distance = (1..100)
        .map(|percent| f64::from(percent) / 100.0)
        .map(|q| (quantile(reference_sorted, q) - quantile(current_sorted, q)).abs())
        .sum::<f64>()
        / 99.0;
    match (distance, spread) {
        (0.0, _) => 0.0,
        // More than half of the reference is one value: any unit is arbitrary, so take the plain deviation.
        (_, 0.0) => distance / deviation(reference_sorted).max(f64::MIN_POSITIVE),
        _ => distance / spread,
    }
}

/// Standard deviation of the population. Values are taken relative to the first, so that a large offset does not
/// swallow them.
fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let first = values.first().copied().unwrap_or_default();
    let mean = values.iter().map(|value| value - first).sum::<f64>() / n;
    (values
        .iter()
        .map(|value| (value - first - mean).powi(2))
        .sum::<f64>()
        / n)
        .sqrt()
}
