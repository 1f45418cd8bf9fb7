//! Maximum mean discrepancy: the distance between two samples of rows in the space of a Gaussian kernel.
//!
//! Quadratic in the rows: callers draw a few thousand of each side.

use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// MMD² and how often a random split of the pooled rows has a larger one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mmd {
    /// Unbiased MMD²; about zero, and possibly below it, without a change.
    pub statistic: f64,
    /// Width σ of the kernel exp(−d² / 2σ²).
    pub sigma: f64,
    /// Share of permutations that reach the statistic.
    pub p: f64,
}

/// How σ is chosen, and so with which tool the statistic agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// √(½ median d²) over all pairs of the reference, with themselves too; 2σ² = 1 where that is zero (Evidently).
    OfReference,
    /// √(½ median d²) over all pairs of different rows of the reference, the lower median (alibi-detect).
    OfReferencePairs,
}

/// Compares rows of equally many columns. `permutations` may be 0, then p is NaN. `None` where a side has fewer than
/// two rows.
pub fn mmd(
    reference: &[Vec<f64>],
    current: &[Vec<f64>],
    width: Width,
    permutations: u32,
    seed: u64,
) -> Option<Mmd> {
    let (n, m) = (reference.len(), current.len());
    if n < 2 || m < 2 {
        return None;
    }
    let rows: Vec<&[f64]> = reference.iter().chain(current).map(Vec::as_slice).collect();
    let mut kernel: Vec<f64> = rows
        .iter()
        .flat_map(|a| rows.iter().map(|b| squared_distance(a, b)))
        .collect();
    let mut within: Vec<f64> = (0..n)
        .flat_map(|row| &kernel[row * rows.len()..row * rows.len() + n])
        .copied()
        .collect();
    let median = match width {
        Width::OfReference => median(within),
        // Distances of rows to themselves are the smallest: step over them.
        Width::OfReferencePairs => {
            let middle = n + (n * n - n) / 2 - 1;
            *within.select_nth_unstable_by(middle, f64::total_cmp).1
        }
    };
    let two_sigma_squared = if median > 0.0 { median } else { 1.0 };
    for entry in &mut kernel {
        *entry = (-*entry / two_sigma_squared).exp();
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    let statistic = statistic(&kernel, &order, n);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let reached = (0..permutations)
        .filter(|_| {
            order.shuffle(&mut rng);
            self::statistic(&kernel, &order, n) >= statistic
        })
        .count();
    Some(Mmd {
        statistic,
        sigma: (two_sigma_squared / 2.0).sqrt(),
        p: reached as f64 / f64::from(permutations),
    })
}

/// Σ k over pairs within each side (a row with itself left out) and across, as means.
fn statistic(kernel: &[f64], order: &[usize], n: usize) -> f64 {
    let all = order.len();
    let (mut within, mut across) = ([0.0; 2], 0.0);
    for (place, &row) in order.iter().enumerate() {
        let entries = &kernel[row * all..(row + 1) * all];
        let left: f64 = order[..n].iter().map(|&other| entries[other]).sum();
        let right: f64 = order[n..].iter().map(|&other| entries[other]).sum();
        if place < n {
            within[0] += left - entries[row];
            across += right;
        } else {
            within[1] += right - entries[row];
        }
    }
    let (n, m) = (n as f64, (all - n) as f64);
    within[0] / (n * (n - 1.0)) + within[1] / (m * (m - 1.0)) - 2.0 * across / (n * m)
}

fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum()
}

fn median(mut values: Vec<f64>) -> f64 {
    let (even, middle) = (values.len().is_multiple_of(2), values.len() / 2);
    let (below, at, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if even {
        let before = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        f64::midpoint(before, *at)
    } else {
        *at
    }
}

/// A permutation p-value of the total variation of two lists of codes below `kinds`: the share of random splits of the
/// pooled rows that reach it.
pub fn total_variation_p(
    reference: &[u32],
    current: &[u32],
    kinds: usize,
    permutations: u32,
    rng: &mut impl Rng,
) -> f64 {
    let distance = |a: &[u32], b: &[u32]| {
        let mut gap = vec![0.0_f64; kinds];
        for code in a {
            gap[*code as usize] += 1.0 / a.len() as f64;
        }
        for code in b {
            gap[*code as usize] -= 1.0 / b.len() as f64;
        }
        gap.iter().map(|gap| gap.abs()).sum::<f64>() / 2.0
    };
    let seen = distance(reference, current);
    let mut pooled = [reference, current].concat();
    let reached = (0..permutations)
        .filter(|_| {
            let (a, b) = pooled.partial_shuffle(rng, reference.len());
            distance(a, b) >= seen
        })
        .count();
    reached as f64 / f64::from(permutations)
}
