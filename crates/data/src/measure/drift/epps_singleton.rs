//! Epps & Singleton's test (1986): do the empirical characteristic functions agree at two points?

use nalgebra::{Matrix4, SymmetricEigen, Vector4};

use super::contingency::{Test, chi2_p};
use super::quantile;

/// The points, in units of the pooled semi-interquartile range (scipy's default).
const POINTS: [f64; 2] = [0.4, 0.8];

/// The test on finite values in rising order; `None` where a side has fewer than 5 of them or the middle half of all
/// has no width.
pub fn epps_singleton_sorted(a: &[f64], b: &[f64]) -> Option<Test> {
    if a.len() < 5 || b.len() < 5 {
        return None;
    }
    let mut all = [a, b].concat();
    all.sort_unstable_by(f64::total_cmp);
    let scale = (quantile(&all, 0.75) - quantile(&all, 0.25)) / 2.0;
    if scale == 0.0 {
        return None;
    }
    let points = POINTS.map(|point| point / scale);
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mean_a, spread_a) = waves(a, points);
    let (mean_b, spread_b) = waves(b, points);
    let covariance = spread_a * ((n + m) / n) + spread_b * ((n + m) / m);
    let gap = mean_a - mean_b;
    let (inverse, rank) = pseudo_inverse(covariance);
    if rank == 0 {
        // Two constants: the functions differ by more than any noise, or not at all.
        let differs = gap.norm() > 0.0;
        return Some(Test {
            statistic: if differs { f64::INFINITY } else { 0.0 },
            p: if differs { 0.0 } else { 1.0 },
        });
    }
    let mut statistic = (n + m) * gap.dot(&(inverse * gap));
    if n.max(m) < 25.0 {
        statistic /= 1.0 + (n + m).powf(-0.45) + 10.1 * (n.powf(-1.7) + m.powf(-1.7));
    }
    Some(Test {
        statistic,
        p: chi2_p(statistic, rank as f64),
    })
}

/// Mean and covariance of (cos, cos, sin, sin) at both points.
fn waves(values: &[f64], points: [f64; 2]) -> (Vector4<f64>, Matrix4<f64>) {
    let row = |value: f64| {
        let [x, y] = points.map(|point| point * value);
        Vector4::new(x.cos(), y.cos(), x.sin(), y.sin())
    };
    let n = values.len() as f64;
    let mean = values.iter().map(|value| row(*value)).sum::<Vector4<f64>>() / n;
    let spread = values
        .iter()
        .map(|value| row(*value) - mean)
        .map(|off| off * off.transpose())
        .sum::<Matrix4<f64>>()
        / n;
    (mean, spread)
}

/// Moore-Penrose inverse of a symmetric matrix, with its rank.
fn pseudo_inverse(matrix: Matrix4<f64>) -> (Matrix4<f64>, usize) {
    let SymmetricEigen {
        eigenvalues,
        eigenvectors,
    } = SymmetricEigen::new(matrix);
    let limit = eigenvalues.amax() * 1e-14;
    let mut inverse = Matrix4::zeros();
    let mut rank = 0;
    for (value, vector) in eigenvalues.iter().zip(eigenvectors.column_iter()) {
        if *value > limit && *value > 1e-28 {
            inverse += vector * vector.transpose() / *value;
            rank += 1;
        }
    }
    (inverse, rank)
}
