//! The distribution of Kolmogorov's statistic for finite samples.
//!
//! Sources: Marsaglia, Tsang & Wang 2003 (matrix power, small n), Pelz & Good 1976 (expansion, larger n),
//! Smirnov's exact one-sided sum (upper tail); where each is accurate is from Simard & L'Ecuyer 2011.

use std::f64::consts::PI;

use statrs::function::gamma::ln_gamma;

/// Chance that the statistic of `n` rows is at least `d`.
pub(super) fn kolmogorov_sf(d: f64, n: f64) -> f64 {
    let nd2 = n * d * d;
    if d <= 0.0 || n * d <= 0.5 {
        return 1.0;
    }
    if d >= 1.0 {
        return 0.0;
    }
    let tail_from = if n <= 140.0 { 4.0 } else { 2.2 };
    let p = if d >= 0.5 || nd2 >= tail_from {
        2.0 * smirnov_sf(d, n)
    } else if n <= 140.0 {
        1.0 - matrix_power_cdf(d, n as usize)
    } else {
        1.0 - pelz_good_cdf(d, n)
    };
    p.clamp(0.0, 1.0)
}

/// One-sided, exact: d Σ_j C(n,j) (d + j/n)^(j−1) (1 − d − j/n)^(n−j).
fn smirnov_sf(d: f64, n: f64) -> f64 {
    let last = (n * (1.0 - d)).floor() as u64;
    let ln_factorial = ln_gamma(n + 1.0);
    (0..=last)
        .map(|j| {
            let j = j as f64;
            let (up, down) = (d + j / n, 1.0 - d - j / n);
            if down <= 0.0 && n > j {
                return 0.0;
            }
            let ln_choose = ln_factorial - ln_gamma(j + 1.0) - ln_gamma(n - j + 1.0);
            (ln_choose + (j - 1.0) * up.ln() + if n > j { (n - j) * down.ln() } else { 0.0 }).exp()
        })
        .sum::<f64>()
        * d
}

/// The probability is the middle entry of the n-th power of a matrix of size 2k − 1, times n!/n^n.
fn matrix_power_cdf(d: f64, n: usize) -> f64 {
    let k = (n as f64 * d).floor() as usize + 1;
    let size = 2 * k - 1;
    let h = k as f64 - n as f64 * d;
    let mut matrix = vec![vec![0.0; size]; size];
    for (i, row) in matrix.iter_mut().enumerate() {
        for (j, entry) in row.iter_mut().enumerate() {
            if i + 1 >= j {
                *entry = 1.0;
            }
        }
    }
    for (i, row) in matrix.iter_mut().enumerate() {
        row[0] -= h.powi(i as i32 + 1);
    }
    for (i, entry) in matrix[size - 1].iter_mut().enumerate() {
        *entry -= h.powi((size - i) as i32);
    }
    matrix[size - 1][0] += (2.0 * h - 1.0).max(0.0).powi(size as i32);
    for (i, row) in matrix.iter_mut().enumerate() {
        for (j, entry) in row.iter_mut().enumerate().take(i + 2) {
            if i + 1 > j {
                *entry /= ln_gamma((i + 2 - j) as f64).exp();
            }
        }
    }
    // n!/n^n is multiplied in step by step, so that nothing overflows.
    let mut vector = vec![0.0; size];
    vector[k - 1] = 1.0;
    for step in 1..=n {
        let scale = step as f64 / n as f64;
        vector = (0..size)
            .map(|j| scale * (0..size).map(|i| vector[i] * matrix[i][j]).sum::<f64>())
            .collect();
    }
    vector[k - 1]
}

/// Kolmogorov's limit with three correction terms in powers of 1/√n.
fn pelz_good_cdf(d: f64, n: f64) -> f64 {
    let z = n.sqrt() * d;
    let (z2, pi2) = (z * z, PI * PI);
    let (z4, z6, z8) = (z2 * z2, z2.powi(3), z2.powi(4));
    let terms = (16.0 * z / PI).ceil() as i32 + 1;
    let mut k = [0.0_f64; 4];
    for half in (1..=terms).map(|i| f64::from(2 * i - 1) / 2.0) {
        let x2 = pi2 * half * half;
        let weight = (-x2 / (2.0 * z2)).exp();
        k[0] += weight;
        k[1] += weight * (x2 - z2);
        k[2] += weight
            * (6.0 * z6 + 2.0 * z4 + x2 * (2.0 * z4 - 5.0 * z2) + x2 * x2 * (1.0 - 2.0 * z2));
        k[3] += weight
            * (-30.0 * z6 - 90.0 * z8
                + x2 * (135.0 * z4 - 96.0 * z6)
                + x2 * x2 * (212.0 * z4 - 60.0 * z2)
                + x2.powi(3) * (5.0 - 30.0 * z2));
    }
    let (mut second, mut third) = (0.0, 0.0);
    for x2 in (1..=terms).map(|i| pi2 * f64::from(i * i)) {
        let weight = (-x2 / (2.0 * z2)).exp();
        second += weight * x2;
        third += weight * x2 * (3.0 * z2 - x2);
    }
    let root = (2.0 * PI).sqrt();
    let corrections = [
        root / z * k[0],
        root / (6.0 * z4) * k[1],
        root / (72.0 * z.powi(7)) * k[2] - root / (36.0 * z.powi(3)) * second,
        root / (6480.0 * z.powi(10)) * k[3] + root / (216.0 * z6) * third,
    ];
    corrections
        .iter()
        .enumerate()
        .map(|(power, term)| term / n.powf(power as f64 / 2.0))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_ways_agree_where_they_meet() {
        // Marsaglia, Tsang & Wang print P(D_10 < 0.274) = 0.6284796154565…
        assert!((matrix_power_cdf(0.274, 10) - 0.628_479_615_456_5).abs() < 1e-9);
        let (d, n) = (0.11, 140.0);
        assert!((matrix_power_cdf(d, 140) - pelz_good_cdf(d, n)).abs() < 1e-5);
        let d = (2.2_f64 / 5000.0).sqrt();
        assert!((1.0 - pelz_good_cdf(d, 5000.0) - 2.0 * smirnov_sf(d, 5000.0)).abs() < 1e-6);
    }
}
