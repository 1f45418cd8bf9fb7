//! The two-sample Kolmogorov-Smirnov test: the largest gap between two distribution functions.

use crate::measure::special::kolmogorov_sf;

use super::sorted;

/// Up to this many rows on the larger side the p-value is exact.
const EXACT_UP_TO: usize = 10_000;
/// Below this nobody needs to count the paths.
const TINY: f64 = 1e-100;

/// Statistic and p-value; `None` where a side has no values.
pub fn ks_test(reference: &[f64], current: &[f64]) -> Option<(f64, f64)> {
    ks_test_sorted(&sorted(reference), &sorted(current))
}

/// [`ks_test`] of finite values in rising order.
pub fn ks_test_sorted(a: &[f64], b: &[f64]) -> Option<(f64, f64)> {
    let d = ks_statistic(a, b)?;
    Some((d, p_of_samples(d, a.len(), b.len())))
}

/// The largest gap, of sorted values.
pub fn ks_statistic(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (mut i, mut j, mut gap) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        i += a[i..].iter().take_while(|value| **value == at).count();
        j += b[j..].iter().take_while(|value| **value == at).count();
        gap = gap.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    Some(gap)
}

/// The p-value of a gap `d` between samples of effectively `n` and `m` independent rows (need not be whole).
pub fn ks_p(d: f64, n: f64, m: f64) -> f64 {
    kolmogorov_sf(d, (n * m / (n + m)).round_ties_even().max(1.0))
}

fn p_of_samples(d: f64, n: usize, m: usize) -> f64 {
    let bound = 2.0 * (-2.0 * d * d * (n as f64 * m as f64) / (n + m) as f64).exp();
    if n.max(m) > EXACT_UP_TO || bound < TINY {
        return ks_p(d, n as f64, m as f64);
    }
    let g = gcd(n, m);
    // The gap is a multiple of 1/lcm: how many of them?
    let steps = (d * ((n / g) as f64 * m as f64)).round() as usize;
    let p = match steps {
        0 => 1.0,
        _ if n == m => paths_outside_square(n, steps),
        _ => paths_outside_band(n.max(m), n.min(m), g, steps),
    };
    p.clamp(0.0, 1.0)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Share of lattice paths through an n × n square that leave the band of half-width `h` (reflection principle,
/// summed from the far end so that terms alternate around the value).
fn paths_outside_square(n: usize, h: usize) -> f64 {
    let mut share = 0.0;
    for k in (0..=n / h).rev() {
        let mut ratio = 1.0;
        for j in 0..h {
            ratio *= (n as f64 - (k * h + j) as f64) / (n + k * h + j + 1) as f64;
        }
        share = ratio * (1.0 - share);
    }
    2.0 * share
}

/// Share of lattice paths through an m × n rectangle (m ≥ n) that leave the band |i/m − j/n| < h/lcm, column by
/// column: `outside[j]` is the share of the paths to (i, j) that left it.
fn paths_outside_band(m: usize, n: usize, g: usize, h: usize) -> f64 {
    let (mg, ng) = ((m / g) as i64, (n / g) as i64);
    let (m, n, h) = (m as i64, n as i64, h as i64);
    let ceil_div = |a: i64, b: i64| a.div_euclid(b) + i64::from(a.rem_euclid(b) != 0);
    let (mut low, mut high) = (0, ceil_div(h, mg).min(n + 1));
    let mut outside = vec![1.0_f64; (n + 1) as usize];
    outside[..high as usize].fill(0.0);
    for i in 1..=m {
        let before = low..high;
        low = (((ng * i - h).div_euclid(mg)) + 1).clamp(0, n);
        high = ceil_div(ng * i + h, mg).min(n + 1);
        if high <= low {
            return 1.0;
        }
        // What the band no longer covers counts as outside.
        for j in before.start..low.min(before.end) {
            outside[j as usize] = 1.0;
        }
        let mut below = if low == 0 { 0.0 } else { 1.0 };
        for j in low..high {
            let left = outside[j as usize];
            below = (left * i as f64 + below * j as f64) / (i + j) as f64;
            outside[j as usize] = below;
        }
    }
    outside[(high - 1) as usize]
}
