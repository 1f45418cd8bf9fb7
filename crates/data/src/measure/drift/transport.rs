//! Distances between two distribution functions F and G: how far, and how much, mass must be moved.

use super::moments::deviation;
use super::sorted;

/// ∫ |F − G|, in units of the values (first Wasserstein distance). `None` where a side has no values.
pub fn wasserstein(reference: &[f64], current: &[f64]) -> Option<f64> {
    wasserstein_sorted(&sorted(reference), &sorted(current))
}

/// [`wasserstein`] in standard deviations of the reference (at least 0.001, so that constants can be compared).
pub fn wasserstein_normed(reference: &[f64], current: &[f64]) -> Option<f64> {
    let reference = sorted(reference);
    Some(wasserstein_sorted(&reference, &sorted(current))? / deviation(&reference).max(0.001))
}

/// [`wasserstein`] of finite values in rising order.
pub fn wasserstein_sorted(a: &[f64], b: &[f64]) -> Option<f64> {
    integrate(a, b, f64::abs)
}

/// √(2 ∫ (F − G)²), the energy distance as scipy has it (Székely & Rizzo). `None` where a side has no values.
pub fn energy(reference: &[f64], current: &[f64]) -> Option<f64> {
    energy_sorted(&sorted(reference), &sorted(current))
}

/// [`energy`] of finite values in rising order.
pub fn energy_sorted(a: &[f64], b: &[f64]) -> Option<f64> {
    Some((2.0 * integrate(a, b, |gap| gap * gap)?).sqrt())
}

/// ∫ f(F − G) over the range of both samples.
fn integrate(a: &[f64], b: &[f64], f: impl Fn(f64) -> f64) -> Option<f64> {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut i, mut j, mut area) = (0, 0, 0.0);
    let mut at = a.first()?.min(*b.first()?);
    while i < a.len() || j < b.len() {
        let next = match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) => x.min(*y),
            (Some(x), None) | (None, Some(x)) => *x,
            (None, None) => break,
        };
        area += (next - at) * f(i as f64 / n - j as f64 / m);
        at = next;
        while a.get(i).is_some_and(|value| *value == at) {
            i += 1;
        }
        while b.get(j).is_some_and(|value| *value == at) {
            j += 1;
        }
    }
    Some(area)
}
