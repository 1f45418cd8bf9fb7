//! How far the values of a column now lie from those of a reference.
//!
//! Single methods ([`ks_test`], [`chi2`], [`psi`], [`jensen_shannon`], [`wasserstein`]) give a number; [`decide`]
//! gives the default verdict, which needs both a test that is corrected over the columns and an effect that matters.
//! A test alone flags the immaterial in large samples, a distance alone flags noise in small ones.
//!
//! NaN and infinity are left out on both sides. A side without values cannot be compared: the answer is `None`.

mod binned;
pub mod bins;
pub mod contingency;
mod decision;
mod domain;
mod epps_singleton;
pub mod evidently;
mod ks;
mod mmd;
pub mod moments;
pub mod nannyml;
mod ours;
mod pair;
pub mod ranks;
mod reconstruction;
pub mod shares;
mod transport;
mod verdict;

use std::collections::BTreeMap;

pub use binned::{column_shares, jensen_shannon, psi};
pub use contingency::{balanced_v, chi2_p, cramers_v};
pub use decision::{
    ALPHA, Column, Decision, EFFECT_CATEGORY, EFFECT_NUMBER, benjamini_hochberg, decide,
    effect_and_p,
};
pub use domain::domain_auc;
pub use epps_singleton::epps_singleton_sorted;
pub use ks::{ks_p, ks_statistic, ks_test, ks_test_sorted};
pub use mmd::{Mmd, Width, mmd, total_variation_p};
use moments::deviation;
pub use ours::{Ours, compare_all, decide_pair};
pub use pair::{MISSING, Pair, code_counts};
pub use reconstruction::{Reconstruction, frequencies};
pub use transport::{energy, energy_sorted, wasserstein, wasserstein_normed, wasserstein_sorted};
pub use verdict::{Answer, Comparison, Extent, Score};

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

/// Pearson's chi-squared test that two samples come from one distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chi2 {
    /// Σ (observed − expected)² / expected over the 2 × k table.
    pub statistic: f64,
    /// k − 1.
    pub dof: f64,
    /// Chance of a statistic that large without a change.
    pub p: f64,
    /// Cramér's V, corrected for its bias in small tables and taken as if both sides were equally large: 0 is no
    /// difference, 1 is complete.
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
    if totals[0] == 0.0 || totals[1] == 0.0 {
        return None;
    }
    let [a, b] =
        [0, 1].map(|side: usize| counts.values().map(|pair| pair[side]).collect::<Vec<_>>());
    let test = contingency::pearson(&a, &b);
    Some(Chi2 {
        statistic: test.statistic,
        dof: counts.len() as f64 - 1.0,
        p: test.p,
        v: balanced_v(test.statistic, counts.len(), totals),
    })
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
