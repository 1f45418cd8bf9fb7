//! Tests and effects of tables of counts: the categories of two samples.
//!
//! Tables are two equally long lists of counts, the reference and the current sample; a category that neither has is
//! left out by the caller.

use statrs::function::erf::erfc;
use statrs::function::gamma::{checked_gamma_ur, ln_gamma};

/// A statistic and the chance of one at least that large without a change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    /// The statistic.
    pub statistic: f64,
    /// The p-value.
    pub p: f64,
}

/// Chance of a chi-squared statistic at least this large; 1 without degrees of freedom.
pub fn chi2_p(statistic: f64, dof: f64) -> f64 {
    if dof <= 0.0 || statistic <= 0.0 {
        return 1.0;
    }
    if statistic.is_infinite() {
        return 0.0;
    }
    checked_gamma_ur(dof / 2.0, statistic / 2.0).unwrap_or(f64::NAN)
}

/// Chance that a normal variable is above `z`.
pub fn normal_sf(z: f64) -> f64 {
    erfc(z / std::f64::consts::SQRT_2) / 2.0
}

/// Pearson's test of independence of a 2 × k table.
pub fn pearson(reference: &[f64], current: &[f64]) -> Test {
    contingency(reference, current, |observed, expected| {
        (observed - expected).powi(2) / expected
    })
}

/// Pearson's test with Yates' correction at two categories, scipy's and NannyML's default.
pub fn pearson_yates(reference: &[f64], current: &[f64]) -> Test {
    if reference.len() != 2 {
        return pearson(reference, current);
    }
    contingency(reference, current, |observed, expected| {
        let off = (observed - expected).abs();
        (off - off.min(0.5)).powi(2) / expected
    })
}

/// The G test (likelihood ratio) of independence of a 2 × k table.
pub fn g_test(reference: &[f64], current: &[f64]) -> Test {
    contingency(reference, current, |observed, expected| {
        if observed > 0.0 {
            2.0 * observed * (observed / expected).ln()
        } else {
            0.0
        }
    })
}

/// Σ term(observed, expected) where the expected counts follow from the margins.
fn contingency(reference: &[f64], current: &[f64], term: impl Fn(f64, f64) -> f64) -> Test {
    let (n, m): (f64, f64) = (reference.iter().sum(), current.iter().sum());
    let statistic = reference
        .iter()
        .zip(current)
        .map(|(a, b)| {
            let share = (a + b) / (n + m);
            term(*a, share * n) + term(*b, share * m)
        })
        .sum();
    Test {
        statistic,
        p: chi2_p(statistic, reference.len() as f64 - 1.0),
    }
}

/// Goodness of fit of the current counts to the reference's shares, as Evidently's `chisquare`: one row of a category
/// that the reference lacks makes the statistic infinite and p zero. NaN for a single category.
pub fn goodness_of_fit(reference: &[f64], current: &[f64]) -> Test {
    let (n, m): (f64, f64) = (reference.iter().sum(), current.iter().sum());
    let statistic = reference
        .iter()
        .zip(current)
        .map(|(a, b)| (a * m / n, b))
        .map(|(expected, observed)| (observed - expected).powi(2) / expected)
        .sum();
    one_sample(statistic, reference.len())
}

/// The G statistic of the current counts against the reference's counts as they are: only for equally large samples.
pub fn goodness_of_fit_g(reference: &[f64], current: &[f64]) -> Test {
    let statistic = reference
        .iter()
        .zip(current)
        .filter(|(_, observed)| **observed > 0.0)
        .map(|(expected, observed)| 2.0 * observed * (observed / expected).ln())
        .sum();
    one_sample(statistic, reference.len())
}

fn one_sample(statistic: f64, categories: usize) -> Test {
    let p = if categories < 2 {
        f64::NAN
    } else {
        chi2_p(statistic, categories as f64 - 1.0)
    };
    Test { statistic, p }
}

/// Cramér's V of a 2 × k table from Pearson's statistic, corrected for its bias (Bergsma 2013): 0 is no difference,
/// 1 is complete.
pub fn cramers_v(statistic: f64, categories: usize, n: f64) -> f64 {
    let dof = categories as f64 - 1.0;
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

/// [`cramers_v`] as if both samples were equally large: V shrinks with the smaller sample's share of the rows, so the
/// same shift would seem smaller in a short window than in a long one. 0 is no difference, 1 is no category in common.
pub fn balanced_v(statistic: f64, categories: usize, rows: [f64; 2]) -> f64 {
    let n = rows[0] + rows[1];
    let dof = categories as f64 - 1.0;
    let corrected = (statistic / n - dof / (n - 1.0)).max(0.0);
    let shares = 4.0 * (rows[0] / n) * (rows[1] / n);
    (corrected / shares).sqrt().min(1.0)
}

/// Counts with the rare categories in one: those of which the smaller sample should have fewer than `least` rows. The
/// chi-squared distribution holds only where all have about five.
pub fn pool_rare(reference: &[f64], current: &[f64], least: f64) -> [Vec<f64>; 2] {
    let (n, m): (f64, f64) = (reference.iter().sum(), current.iter().sum());
    let smaller = n.min(m) / (n + m);
    let (mut kept, mut rest) = ([Vec::new(), Vec::new()], [0.0, 0.0]);
    for (a, b) in reference.iter().zip(current) {
        if (a + b) * smaller < least {
            rest = [rest[0] + a, rest[1] + b];
        } else {
            kept[0].push(*a);
            kept[1].push(*b);
        }
    }
    if rest != [0.0, 0.0] {
        kept[0].push(rest[0]);
        kept[1].push(rest[1]);
    }
    kept
}

/// Two-sided Z test that two shares (`yes` of `n`) are equal, with the pooled share. 0 / 0 is NaN.
pub fn two_proportions(yes: [f64; 2], n: [f64; 2]) -> Test {
    let pooled = (yes[0] + yes[1]) / (n[0] + n[1]);
    let error = (pooled * (1.0 - pooled) * (1.0 / n[0] + 1.0 / n[1])).sqrt();
    let z = (yes[0] / n[0] - yes[1] / n[1]) / error;
    Test {
        statistic: z,
        p: 2.0 * normal_sf(z.abs()),
    }
}

/// Fisher's exact test of a 2 × 2 table `[[a, b], [c, d]]`, two-sided: the chance of every table with these margins
/// that is no more likely than this one. The statistic is the odds ratio.
pub fn fisher_exact(table: [[f64; 2]; 2]) -> Test {
    let [[a, b], [c, d]] = table;
    let statistic = if c * b > 0.0 {
        a * d / (c * b)
    } else {
        f64::INFINITY
    };
    let (row, column, n) = (a + b, a + c, a + b + c + d);
    if [row, column, n - row, n - column].contains(&0.0) {
        return Test {
            statistic: f64::NAN,
            p: 1.0,
        };
    }
    let ln_choose = |n: f64, k: f64| ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0);
    let all = ln_choose(n, column);
    let ln_chance = |x: f64| ln_choose(row, x) + ln_choose(n - row, column - x) - all;
    let low = (row + column - n).max(0.0) as u64;
    let high = row.min(column) as u64;
    // Tables that are equally likely stay so after rounding.
    let limit = ln_chance(a) + 1e-9;
    let p = (low..=high)
        .map(|x| ln_chance(x as f64))
        .filter(|chance| *chance <= limit)
        .map(f64::exp)
        .sum::<f64>();
    Test {
        statistic,
        p: p.min(1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fishers_tea_tasting_is_exact() {
        let test = fisher_exact([[3.0, 1.0], [1.0, 3.0]]);
        assert!((test.p - 34.0 / 70.0).abs() < 1e-12, "{test:?}");
        assert_eq!(test.statistic, 9.0);
        assert_eq!(fisher_exact([[0.0, 3.0], [0.0, 2.0]]).p, 1.0);
    }

    // proves S50
    #[test]
    fn the_effect_of_a_shift_does_not_depend_on_the_length_of_the_window() {
        let effect = |n: f64, m: f64| {
            let (a, b) = ([0.4 * n, 0.6 * n], [0.5 * m, 0.5 * m]);
            balanced_v(pearson(&a, &b).statistic, 2, [n, m])
        };
        let (long, short) = (effect(1e6, 1e6), effect(1e6, 1e4));
        assert!((long - short).abs() < 0.002, "{long} and {short}");
        assert!((balanced_v(2000.0, 2, [1000.0, 1000.0]) - 1.0).abs() < 1e-3);
        let pooled = pool_rare(&[900.0, 3.0, 2.0], &[90.0, 0.0, 1.0], 5.0);
        assert_eq!(pooled, [vec![900.0, 5.0], vec![90.0, 1.0]]);
    }

    #[test]
    fn a_new_category_breaks_goodness_of_fit_but_not_independence() {
        let (reference, current) = ([900.0, 0.0], [899.0, 1.0]);
        assert_eq!(goodness_of_fit(&reference, &current).p, 0.0);
        assert!(pearson(&reference, &current).p > 0.3);
        assert!(goodness_of_fit(&[3.0], &[4.0]).p.is_nan());
        assert_eq!(pearson(&[3.0], &[4.0]).p, 1.0);
    }
}
