//! Two-sample tests that look at ranks or at means: Mann-Whitney, Student, Welch, Cramér-von Mises, Anderson-Darling.
//!
//! All equal scipy 1.17; each takes finite values (in rising order where the name says so).

use std::collections::BTreeMap;
use std::f64::consts::PI;

use statrs::function::beta::checked_beta_reg;

use super::contingency::{Test, normal_sf};
use super::moments::{mean, variance};

/// Which way a rank test looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The reference tends to lie below the current values.
    Less,
    /// Either way.
    Both,
}

/// For each value of the pooled samples in rising order: (value, how many in a, how many in b).
fn pooled(a: &[f64], b: &[f64]) -> Vec<(f64, f64, f64)> {
    let [of_a, of_b] = super::bins::value_counts(a, b);
    let (mut i, mut j) = (0, 0);
    of_a.into_iter()
        .zip(of_b)
        .map(|(x, y)| {
            let value = if x > 0.0 { a[i] } else { b[j] };
            i += x as usize;
            j += y as usize;
            (value, x, y)
        })
        .collect()
}

/// Mann-Whitney's U of the reference with tie and continuity correction; counted exactly where a side has at most 8
/// values and nothing is tied.
pub fn mann_whitney_sorted(a: &[f64], b: &[f64], side: Side) -> Option<Test> {
    let (n, m) = (a.len() as f64, b.len() as f64);
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (mut below, mut ranks, mut ties) = (0.0, 0.0, 0.0);
    for (_, x, y) in pooled(a, b) {
        let t = x + y;
        ranks += x * (below + f64::midpoint(t, 1.0));
        ties += t * t * t - t;
        below += t;
    }
    let u1 = ranks - n * (n + 1.0) / 2.0;
    let u2 = n * m - u1;
    let (u, sides) = match side {
        Side::Less => (u2, 1.0),
        Side::Both => (u1.max(u2), 2.0),
    };
    let p = if n.min(m) <= 8.0 && ties == 0.0 {
        u_sf(u as usize, a.len(), b.len())
    } else {
        let all = n + m;
        let error = (n * m / 12.0 * ((all + 1.0) - ties / (all * (all - 1.0)))).sqrt();
        normal_sf((u - n * m / 2.0 - 0.5) / error)
    };
    Some(Test {
        statistic: u1,
        p: (sides * p).clamp(0.0, 1.0),
    })
}

/// Chance that U is at least `u` where every order is equally likely, by the recursion over partitions.
fn u_sf(u: usize, n: usize, m: usize) -> f64 {
    let mut ways = vec![0.0_f64; n * m + 1];
    ways[0] = 1.0;
    // The generating function is Π (1 − q^(m+i)) / (1 − q^i).
    for i in 1..=n {
        for at in (m + i..ways.len()).rev() {
            ways[at] -= ways[at - m - i];
        }
        for at in i..ways.len() {
            ways[at] += ways[at - i];
        }
    }
    let all: f64 = ways.iter().sum();
    ways.iter().skip(u).sum::<f64>() / all
}

/// Student's t test with a common variance, two-sided.
pub fn t_test(a: &[f64], b: &[f64]) -> Option<Test> {
    let (n, m) = (a.len() as f64, b.len() as f64);
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let dof = n + m - 2.0;
    let pooled = (n * variance(a, 0.0) + m * variance(b, 0.0)) / dof;
    let statistic = (mean(a) - mean(b)) / (pooled * (1.0 / n + 1.0 / m)).sqrt();
    Some(Test {
        statistic,
        p: student_p(statistic, dof),
    })
}

/// Welch's t test, two-sided, without the common variance.
pub fn welch_test(a: &[f64], b: &[f64]) -> Option<Test> {
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (va, vb) = (variance(a, 1.0) / n, variance(b, 1.0) / m);
    let dof = (va + vb).powi(2) / (va * va / (n - 1.0) + vb * vb / (m - 1.0));
    let dof = if dof.is_nan() { 1.0 } else { dof };
    let statistic = (mean(a) - mean(b)) / (va + vb).sqrt();
    Some(Test {
        statistic,
        p: student_p(statistic, dof),
    })
}

/// Chance of a Student t at least this far from 0.
fn student_p(t: f64, dof: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    checked_beta_reg(dof / 2.0, 0.5, dof / (dof + t * t)).unwrap_or(f64::NAN)
}

/// The two-sample Cramér-von Mises criterion of Anderson (1962). Exact where neither side has more than 20 values.
pub fn cramer_von_mises_sorted(a: &[f64], b: &[f64]) -> Option<Test> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut below, mut i, mut j) = (0.0, 0.0, 0.0);
    let (mut of_a, mut of_b) = (0.0, 0.0);
    let off = |rank: f64, from: f64, count: f64| -> f64 {
        (1..=count as usize)
            .map(|step| (rank - (from + step as f64)).powi(2))
            .sum()
    };
    for (_, x, y) in pooled(a, b) {
        let rank = below + (x + y + 1.0) / 2.0;
        of_a += off(rank, i, x);
        of_b += off(rank, j, y);
        i += x;
        j += y;
        below += x + y;
    }
    let u = n * of_a + m * of_b;
    let (k, all) = (n * m, n + m);
    let statistic = u / (k * all) - (4.0 * k - 1.0) / (6.0 * all);
    let p = if a.len().max(b.len()) <= 20 {
        cramer_von_mises_exact(u, a.len(), b.len())
    } else {
        let expected = (1.0 + 1.0 / all) / 6.0;
        let variance = (all + 1.0) * (4.0 * k * all - 3.0 * (n * n + m * m) - 2.0 * k)
            / (45.0 * all * all * 4.0 * k);
        let normed = 1.0 / 6.0 + (statistic - expected) / (45.0 * variance).sqrt();
        if normed < 0.003 {
            1.0
        } else {
            (1.0 - cramer_von_mises_cdf(normed)).max(0.0)
        }
    };
    Some(Test { statistic, p })
}

/// Share of all orders whose statistic is at least `u`, by counting orders per value of the statistic (Xiao, Gordon
/// & Yakovlev 2006).
fn cramer_von_mises_exact(u: f64, n: usize, m: usize) -> f64 {
    let (n, m) = (n as i64, m as i64);
    let lcm = n / gcd(n, m) * m;
    let (a, b) = (lcm / n, lcm / m);
    let mn = (n * m) as f64;
    let zeta = ((lcm * lcm * (n + m)) as f64 * (6.0 * u - mn * (4.0 * mn - 1.0)) / (6.0 * mn * mn))
        .floor();
    let mut tables: Vec<BTreeMap<i64, f64>> = vec![BTreeMap::default(); n as usize + 1];
    tables[0].insert(0, 1.0);
    for y in 0..=m {
        let mut beside: BTreeMap<i64, f64> = BTreeMap::default();
        for x in 0..=n {
            let mut here = std::mem::take(&mut tables[x as usize]);
            for (value, ways) in &beside {
                *here.entry(*value).or_default() += ways;
            }
            let step = (a * x - b * y).pow(2);
            let moved: BTreeMap<i64, f64> = here
                .into_iter()
                .map(|(value, ways)| (value + step, ways))
                .collect();
            beside.clone_from(&moved);
            tables[x as usize] = moved;
        }
    }
    let last = &tables[n as usize];
    let all: f64 = last.values().sum();
    last.iter()
        .filter(|(value, _)| **value as f64 >= zeta)
        .map(|(_, ways)| ways)
        .sum::<f64>()
        / all
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The limiting distribution (Csörgő & Faraway 1996, 1.3). The series ends, as scipy's, at a term below 1e-7.
fn cramer_von_mises_cdf(x: f64) -> f64 {
    let mut total = 0.0;
    // Γ(k + ½) / Γ(k + 1), from √π by recurrence: through logarithms it would lose the last digits, which are all that
    // remains of a small p-value.
    let mut gammas = PI.sqrt();
    for k in 0..1000 {
        let k = f64::from(k);
        if k > 0.0 {
            gammas *= (k - 0.5) / k;
        }
        let scale = gammas / (PI.powf(1.5) * x.sqrt());
        let y = 4.0 * k + 1.0;
        let q = y * y / (16.0 * x);
        let term = scale * y.sqrt() * (-2.0 * q).exp() * bessel_k_quarter_scaled(q);
        total += term;
        if term.abs() < 1e-7 {
            break;
        }
    }
    total
}

/// e^x K_¼(x), from ∫ exp(−x (cosh t − 1)) cosh(t/4) dt; the trapezoidal rule converges exponentially here.
fn bessel_k_quarter_scaled(x: f64) -> f64 {
    let step = 0.25;
    let terms = (1..4096)
        .map(|i| f64::from(i) * step)
        .map(|t| (-x * 2.0 * (t / 2.0).sinh().powi(2)).exp() * (t / 4.0).cosh())
        .take_while(|term| *term > 1e-20);
    // Small terms first.
    let mut terms: Vec<f64> = terms.collect();
    terms.reverse();
    (terms.iter().sum::<f64>() + 0.5) * step
}

/// Scholz & Stephens' k-sample Anderson-Darling statistic with midranks for two samples, normed. The p-value is
/// interpolated between their significance levels, so it stays within 0.001 and 0.25. `None` without two different
/// values.
pub fn anderson_darling_sorted(a: &[f64], b: &[f64]) -> Option<Test> {
    let (n, m) = (a.len() as f64, b.len() as f64);
    let all = n + m;
    let values = pooled(a, b);
    if a.is_empty() || b.is_empty() || values.len() < 2 || all < 4.0 {
        return None;
    }
    let (mut below, mut i, mut j) = (0.0, 0.0, 0.0);
    let (mut of_a, mut of_b) = (0.0, 0.0);
    for (_, x, y) in values {
        let ties = x + y;
        let middle = below + ties / 2.0;
        let weight = ties / all / (middle * (all - middle) - all * ties / 4.0);
        of_a += weight * (all * (i + x / 2.0) - middle * n).powi(2);
        of_b += weight * (all * (j + y / 2.0) - middle * m).powi(2);
        below += ties;
        i += x;
        j += y;
    }
    let raw = (of_a / n + of_b / m) * (all - 1.0) / all;
    let statistic = (raw - 1.0) / anderson_darling_variance(n, m).sqrt();
    Some(Test {
        statistic,
        p: anderson_darling_p(statistic),
    })
}

/// The variance of the statistic for k = 2 (Scholz & Stephens 1987, eq. 4).
fn anderson_darling_variance(n: f64, m: f64) -> f64 {
    let (all, k) = (n + m, 2.0);
    let big_h = 1.0 / n + 1.0 / m;
    let (mut harmonic, mut g, last) = (0.0, 0.0, all as usize - 1);
    for i in (2..=last).rev() {
        harmonic += 1.0 / i as f64;
        g += harmonic / (all - i as f64 + 1.0);
    }
    let h = harmonic + 1.0;
    let a = (4.0 * g - 6.0) * (k - 1.0) + (10.0 - 6.0 * g) * big_h;
    let b = (2.0 * g - 4.0) * k * k + 8.0 * h * k + (2.0 * g - 14.0 * h - 4.0) * big_h - 8.0 * h
        + 4.0 * g
        - 6.0;
    let c = (6.0 * h + 2.0 * g - 2.0) * k * k
        + (4.0 * h - 4.0 * g + 6.0) * k
        + (2.0 * h - 6.0) * big_h
        + 4.0 * h;
    let d = (2.0 * h + 6.0) * k * k - 4.0 * h * k;
    (a * all.powi(3) + b * all * all + c * all + d) / ((all - 1.0) * (all - 2.0) * (all - 3.0))
}

/// The seven critical values of two samples, with their levels; between them ln p is a parabola fitted to all.
fn anderson_darling_p(statistic: f64) -> f64 {
    #[expect(clippy::approx_constant, reason = "2.718 is a critical value, not e")]
    const CRITICAL: [f64; 7] = [0.325, 1.226, 1.961, 2.718, 3.752, 4.592, 6.546];
    const LEVEL: [f64; 7] = [0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001];
    if statistic < CRITICAL[0] {
        return LEVEL[0];
    }
    if statistic > CRITICAL[6] {
        return LEVEL[6];
    }
    let mut normal = nalgebra::Matrix3::<f64>::zeros();
    let mut right = nalgebra::Vector3::<f64>::zeros();
    for (x, level) in CRITICAL.iter().zip(LEVEL) {
        let row = nalgebra::Vector3::new(1.0, *x, x * x);
        normal += row * row.transpose();
        right += row * level.ln();
    }
    normal.lu().solve(&right).map_or(f64::NAN, |fit| {
        (fit[0] + fit[1] * statistic + fit[2] * statistic * statistic).exp()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_cramer_von_mises_test_equals_counting_all_orders() {
        let (a, b) = ([0.1, 0.5, 0.7], [0.2, 0.3, 0.4, 0.9]);
        let own = cramer_von_mises_sorted(&a, &b).unwrap();
        let all: Vec<f64> = (0..1_u32 << 7)
            .filter(|mask| mask.count_ones() == 3)
            .map(|mask| {
                let (a, b): (Vec<usize>, Vec<usize>) =
                    (0..7).partition(|place| mask & (1 << place) != 0);
                let values = |places: Vec<usize>| -> Vec<f64> {
                    places.into_iter().map(|place| place as f64).collect()
                };
                cramer_von_mises_sorted(&values(a), &values(b))
                    .unwrap()
                    .statistic
            })
            .collect();
        let reached = all
            .iter()
            .filter(|other| **other >= own.statistic - 1e-12)
            .count();
        assert_eq!(all.len(), 35);
        assert!((own.p - reached as f64 / 35.0).abs() < 1e-12, "{own:?}");
    }

    #[test]
    fn exact_counts_equal_those_by_hand() {
        // Of the 6 orders of two and two values one has all of a above b.
        let test = mann_whitney_sorted(&[3.0, 4.0], &[1.0, 2.0], Side::Both).unwrap();
        assert!((test.p - 2.0 / 6.0).abs() < 1e-12, "{test:?}");
        assert!((u_sf(0, 3, 5) - 1.0).abs() < 1e-12);
        assert!(anderson_darling_sorted(&[1.0, 1.0], &[1.0, 1.0]).is_none());
        // K_¼(1) = 0.43073977444858…
        assert!(
            (bessel_k_quarter_scaled(1.0) * (-1.0_f64).exp() - 0.430_739_774_448_6).abs() < 1e-12
        );
    }
}
