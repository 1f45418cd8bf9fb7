//! The stat tests of Evidently's registry, by their names there.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use crate::measure::drift::bins::{Numbers, Rule, counts, edges};
use crate::measure::drift::contingency::{
    fisher_exact, goodness_of_fit, goodness_of_fit_g, two_proportions,
};
use crate::measure::drift::mmd::{Width, mmd, total_variation_p};
use crate::measure::drift::moments::deviation;
use crate::measure::drift::pair::Numeric;
use crate::measure::drift::ranks::{
    Side, anderson_darling_sorted, cramer_von_mises_sorted, mann_whitney_sorted, t_test,
};
use crate::measure::drift::shares;
use crate::measure::drift::transport::{energy_sorted, wasserstein_sorted};
use crate::measure::drift::verdict::{Answer, Score, above, at_least, at_most, below};
use crate::measure::drift::{epps_singleton::epps_singleton_sorted, ks::ks_test_sorted};

/// A numeric reference with more different values than this is binned, otherwise its values are counted.
const BINNED_ABOVE: usize = 20;
/// Rows of a side up to which the quadratic `empirical_mmd` is computed.
const MMD_ROWS: usize = 1000;

/// Both sides of a column, cleaned, as what Evidently takes it for.
pub(super) enum Inputs {
    /// `num`; `whole` if both sides are of an integer type.
    Number { numeric: Numeric, whole: bool },
    /// `cat`: counts per category in the order of the categories.
    Category([Vec<f64>; 2]),
}

impl Inputs {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Number { .. } => "num",
            Self::Category(_) => "cat",
        }
    }

    /// Rows of a side.
    pub(super) fn rows(&self, side: usize) -> usize {
        match self {
            Self::Number { numeric, .. } => numeric.sorted[side].len(),
            Self::Category(counts) => counts[side].iter().sum::<f64>() as usize,
        }
    }

    /// Different values on both sides together.
    pub(super) fn different(&self) -> usize {
        self.value_counts()[0].len()
    }

    fn value_counts(&self) -> [Vec<f64>; 2] {
        match self {
            Self::Number { numeric, .. } => numeric.counts(),
            Self::Category(counts) => counts.clone(),
        }
    }

    /// Shares in the bins that `psi`, `kl_div` and `jensenshannon` use.
    fn shares(&self) -> [Vec<f64>; 2] {
        let counted = match self {
            Self::Number { numeric, whole } if numeric.distinct(0) > BINNED_ABOVE => {
                let edges = edges(&numeric.pooled(), Rule::Sturges, numbers(*whole));
                [0, 1].map(|side: usize| counts(&numeric.sorted[side], &edges))
            }
            _ => self.value_counts(),
        };
        [0, 1].map(|side: usize| {
            let rows = self.rows(side) as f64;
            counted[side].iter().map(|count| count / rows).collect()
        })
    }

    /// The methods that Evidently allows for this kind of column.
    pub(super) fn fitting(&self) -> Vec<Method> {
        match self {
            Self::Number { .. } => vec![
                Method::Anderson,
                Method::CramerVonMises,
                Method::Energy,
                Method::Mmd,
                Method::EppsSingleton,
                Method::Hellinger,
                Method::JensenShannon,
                Method::KlDiv,
                Method::Ks,
                Method::MannWhitney,
                Method::Psi,
                Method::TTest,
                Method::Wasserstein,
            ],
            Self::Category(_) => vec![
                Method::ChiSquare,
                Method::FisherExact,
                Method::GTest,
                Method::Hellinger,
                Method::JensenShannon,
                Method::KlDiv,
                Method::Psi,
                Method::Tvd,
                Method::Z,
            ],
        }
    }
}

fn numbers(whole: bool) -> Numbers {
    if whole { Numbers::Whole } else { Numbers::Real }
}

/// A stat test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Anderson,
    ChiSquare,
    CramerVonMises,
    Energy,
    EppsSingleton,
    FisherExact,
    GTest,
    Hellinger,
    JensenShannon,
    KlDiv,
    Ks,
    MannWhitney,
    Mmd,
    Psi,
    TTest,
    Tvd,
    Wasserstein,
    Z,
}

impl Method {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Anderson => "anderson",
            Self::ChiSquare => "chisquare",
            Self::CramerVonMises => "cramer_von_mises",
            Self::Energy => "ed",
            Self::EppsSingleton => "es",
            Self::FisherExact => "fisher_exact",
            Self::GTest => "g_test",
            Self::Hellinger => "hellinger",
            Self::JensenShannon => "jensenshannon",
            Self::KlDiv => "kl_div",
            Self::Ks => "ks",
            Self::MannWhitney => "mannw",
            Self::Mmd => "empirical_mmd",
            Self::Psi => "psi",
            Self::TTest => "t_test",
            Self::Tvd => "TVD",
            Self::Wasserstein => "wasserstein",
            Self::Z => "z",
        }
    }

    /// The score, with the default threshold of each.
    pub(super) fn answer(self, inputs: &Inputs) -> Answer {
        let [p, q] = match self {
            Self::Psi | Self::KlDiv | Self::JensenShannon => inputs.shares(),
            _ => [Vec::new(), Vec::new()],
        };
        match self {
            Self::Psi => {
                let score = shares::psi(&shares::filled(p), &shares::filled(q));
                Ok(at_least(score, 0.1))
            }
            Self::KlDiv => {
                let score = shares::kl(&shares::filled(p), &shares::filled(q));
                Ok(at_least(score, 0.1))
            }
            Self::JensenShannon => Ok(at_least(shares::jensen_shannon(&p, &q), 0.1)),
            Self::Hellinger => Ok(at_least(hellinger(inputs), 0.1)),
            Self::ChiSquare => {
                let [a, b] = inputs.value_counts();
                Ok(below(goodness_of_fit(&a, &b).p, 0.05))
            }
            Self::Z => Ok(z(&inputs.value_counts())),
            Self::GTest => g_test(&inputs.value_counts()),
            Self::FisherExact => fisher(&inputs.value_counts()),
            Self::Tvd => Ok(total_variation(&inputs.value_counts())),
            _ => match inputs {
                Inputs::Number { numeric, .. } => self.of_numbers(numeric),
                Inputs::Category(_) => Err("is for numbers".to_owned()),
            },
        }
    }

    fn of_numbers(self, numeric: &Numeric) -> Answer {
        let [a, b] = [&numeric.sorted[0], &numeric.sorted[1]];
        let [raw_a, raw_b] = [&numeric.raw[0], &numeric.raw[1]];
        let too_few = || "has too few values".to_owned();
        Ok(match self {
            Self::Wasserstein => {
                let distance = wasserstein_sorted(a, b).ok_or_else(too_few)?;
                at_least(distance / deviation(raw_a).max(0.001), 0.1)
            }
            Self::Energy => above(energy_sorted(a, b).ok_or_else(too_few)?, 0.1),
            Self::Ks => at_most(ks_test_sorted(a, b).ok_or_else(too_few)?.1, 0.05),
            Self::TTest => below(t_test(raw_a, raw_b).ok_or_else(too_few)?.p, 0.05),
            Self::MannWhitney => {
                let test = mann_whitney_sorted(a, b, Side::Less).ok_or_else(too_few)?;
                below(test.p, 0.05)
            }
            Self::Anderson => {
                let test = anderson_darling_sorted(a, b)
                    .ok_or("needs more than one different value and at least four rows")?;
                below(test.p, 0.1)
            }
            Self::CramerVonMises => {
                let test = cramer_von_mises_sorted(a, b).ok_or_else(too_few)?;
                at_most(as_stored(test.p, a.len(), b.len()), 0.1)
            }
            Self::EppsSingleton => {
                if a.len() < 5 || b.len() < 5 {
                    return Ok(below(f64::NAN, 0.05));
                }
                let test =
                    epps_singleton_sorted(a, b).ok_or("needs an interquartile range above zero")?;
                below(test.p, 0.05)
            }
            Self::Mmd => {
                if raw_a.len().max(raw_b.len()) > MMD_ROWS {
                    return Err(format!(
                        "is quadratic in the rows and computed up to {MMD_ROWS} a side"
                    ));
                }
                let rows = |side: &[f64]| side.iter().map(|value| vec![*value]).collect::<Vec<_>>();
                let test = mmd(&rows(raw_a), &rows(raw_b), Width::OfReference, 100, 0)
                    .ok_or_else(too_few)?;
                below(test.p, 0.1)
            }
            _ => return Err("is for categories".to_owned()),
        })
    }
}

/// √(1 − Σ √(p q)); numbers in Sturges' bins over the *different* values, by densities, whose widths cancel badly far
/// from zero.
fn hellinger(inputs: &Inputs) -> f64 {
    let overlap: f64 = match inputs {
        Inputs::Category(counts) => {
            let [p, q] = [0, 1].map(|side: usize| shares::of_counts(&counts[side]));
            p.iter().zip(&q).map(|(p, q)| (p * q).sqrt()).sum()
        }
        Inputs::Number { numeric, whole } => {
            let mut keys = numeric.pooled();
            keys.dedup();
            let edges = edges(&keys, Rule::Sturges, numbers(*whole));
            let mean_width = (edges[edges.len() - 1] - edges[0]) / (edges.len() - 1) as f64;
            let density = |side: usize| -> Vec<f64> {
                let rows = numeric.sorted[side].len() as f64;
                counts(&numeric.sorted[side], &edges)
                    .iter()
                    .zip(edges.windows(2))
                    .map(|(count, pair)| count / (pair[1] - pair[0]) / rows)
                    .collect()
            };
            density(0)
                .iter()
                .zip(density(1))
                .map(|(p, q)| (p * q).sqrt() * mean_width)
                .sum()
        }
    };
    (1.0 - overlap).max(0.0).sqrt()
}

/// Shares of what is not the smallest category; two equal constants have p = 1.
fn z(counts: &[Vec<f64>; 2]) -> Score {
    if counts[0].len() == 1 {
        return below(1.0, 0.05);
    }
    let rows = [0, 1].map(|side: usize| counts[side].iter().sum::<f64>());
    let others = [0, 1].map(|side: usize| rows[side] - counts[side][0]);
    below(two_proportions(others, rows).p, 0.05)
}

fn g_test(counts: &[Vec<f64>; 2]) -> Answer {
    let rows = [0, 1].map(|side: usize| counts[side].iter().sum::<f64>());
    if (rows[0] - rows[1]).abs() > 1.5e-8 * rows[1] {
        return Err(unequal(rows));
    }
    Ok(below(goodness_of_fit_g(&counts[0], &counts[1]).p, 0.1))
}

fn fisher(counts: &[Vec<f64>; 2]) -> Answer {
    let different = |side: usize| counts[side].iter().filter(|count| **count > 0.0).count();
    if different(0) > 2 || different(1) > 2 {
        return Err("is for two categories".to_owned());
    }
    let rows = [0, 1].map(|side: usize| counts[side].iter().sum::<f64>());
    if rows[0] != rows[1] {
        return Err(unequal(rows));
    }
    let cells = |side: usize| [rows[side] - counts[side][0], counts[side][0]];
    Ok(below(fisher_exact([cells(1), cells(0)]).p, 0.1))
}

fn unequal(rows: [f64; 2]) -> String {
    format!(
        "needs as many rows now as in the reference, there are {} and {}",
        rows[1], rows[0]
    )
}

/// A permutation test with 1000 permutations; the random numbers are ours.
fn total_variation(counts: &[Vec<f64>; 2]) -> Score {
    let codes = |side: usize| -> Vec<u32> {
        counts[side]
            .iter()
            .zip(0..)
            .flat_map(|(count, code)| std::iter::repeat_n(code, *count as usize))
            .collect()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let p = total_variation_p(&codes(0), &codes(1), counts[0].len(), 1000, &mut rng);
    below(p, 0.1)
}

/// Evidently's own copy of scipy's exact count keeps it in the smallest float that holds the number of orders, where
/// that is more than the largest statistic: half precision up to 65504 orders, single precision above.
fn as_stored(p: f64, n: usize, m: usize) -> f64 {
    if n.max(m) > 20 {
        return p;
    }
    let (n, m) = (n as u64, m as u64);
    let orders: f64 = (1..=n)
        .map(|i| (m + i) as f64 / i as f64)
        .product::<f64>()
        .round();
    let gcd = (1..=n.min(m))
        .rev()
        .find(|d| n % d == 0 && m % d == 0)
        .unwrap_or(1);
    let lcm = n / gcd * m;
    if orders <= (lcm * lcm * (n + m)) as f64 || p == 0.0 {
        return p;
    }
    if orders > 65504.0 {
        return f64::from(p as f32);
    }
    let unit = 2.0_f64.powi(p.log2().floor() as i32 - 10);
    (p / unit).round_ties_even() * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_rounded_as_numpy_rounds_it() {
        assert_eq!(as_stored(220.0 / 252.0, 5, 5), 0.873_046_875);
        assert_eq!(as_stored(0.25, 30, 5), 0.25);
    }
}
