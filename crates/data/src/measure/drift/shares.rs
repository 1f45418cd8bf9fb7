//! Distances between two discrete distributions, given as equally long lists of shares (or of counts: every function
//! divides by the total, except where it says that it does not).

/// Counts as shares of their total.
pub fn of_counts(counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    counts.iter().map(|count| count / total).collect()
}

/// Replaces empty shares by 0.0001, or by a millionth of the smallest share where that is smaller still (Evidently).
#[must_use]
pub fn filled(mut shares: Vec<f64>) -> Vec<f64> {
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
    shares
}

/// Population stability index: Σ (p − q) ln(p / q). Shares must be above zero (see [`filled`]) and are taken as given.
pub fn psi(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).map(|(p, q)| (p - q) * (p / q).ln()).sum()
}

/// Kullback-Leibler divergence Σ p ln(p / q), natural logarithm; infinite where only q is zero.
pub fn kl(p: &[f64], q: &[f64]) -> f64 {
    pairs(p, q)
        .filter(|(p, _)| *p > 0.0)
        .map(|(p, q)| p * (p / q).ln())
        .sum()
}

/// Jensen-Shannon distance, the root of the divergence, natural logarithm: from 0 to √ln 2 ≈ 0.83.
pub fn jensen_shannon(p: &[f64], q: &[f64]) -> f64 {
    let toward_mean = |p: f64, q: f64| {
        if p > 0.0 {
            p * (2.0 * p / (p + q)).ln()
        } else {
            0.0
        }
    };
    let divergence: f64 = pairs(p, q)
        .map(|(p, q)| toward_mean(p, q) + toward_mean(q, p))
        .sum::<f64>()
        / 2.0;
    divergence.max(0.0).sqrt()
}

/// [`jensen_shannon`] with the logarithm to base 2: from 0 to 1.
pub fn jensen_shannon_base_2(p: &[f64], q: &[f64]) -> f64 {
    jensen_shannon(p, q) / std::f64::consts::LN_2.sqrt()
}

/// Hellinger distance √(1 − Σ √(p q)), written as √(½ Σ (√p − √q)²): from 0 to 1.
pub fn hellinger(p: &[f64], q: &[f64]) -> f64 {
    let sum: f64 = pairs(p, q)
        .map(|(p, q)| (p.sqrt() - q.sqrt()).powi(2))
        .sum();
    (sum / 2.0).sqrt()
}

/// Total variation distance ½ Σ |p − q|: the share of rows that would have to change.
pub fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    pairs(p, q).map(|(p, q)| (p - q).abs()).sum::<f64>() / 2.0
}

/// The largest |p − q|.
pub fn l_infinity(p: &[f64], q: &[f64]) -> f64 {
    pairs(p, q).map(|(p, q)| (p - q).abs()).fold(0.0, f64::max)
}

fn pairs<'a>(p: &'a [f64], q: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    let (all_p, all_q): (f64, f64) = (p.iter().sum(), q.iter().sum());
    p.iter().zip(q).map(move |(p, q)| (p / all_p, q / all_q))
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves S50
    #[test]
    fn every_distance_is_zero_for_equal_shares_and_largest_for_disjoint_ones() {
        let (p, q) = ([3.0, 1.0, 0.0], [6.0, 2.0, 0.0]);
        for distance in [kl, jensen_shannon, hellinger, total_variation, l_infinity] {
            assert!(distance(&p, &q).abs() < 1e-12);
        }
        let (p, q) = ([1.0, 0.0], [0.0, 1.0]);
        assert!((jensen_shannon_base_2(&p, &q) - 1.0).abs() < 1e-12);
        assert!((hellinger(&p, &q) - 1.0).abs() < 1e-12);
        assert_eq!(total_variation(&p, &q), 1.0);
        assert_eq!(l_infinity(&p, &q), 1.0);
        assert!(kl(&p, &q).is_infinite());
        assert!(psi(&filled(p.to_vec()), &filled(q.to_vec())) > 9.0);
    }
}
