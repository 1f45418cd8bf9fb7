//! Our own default decision on a [`Pair`], and every method by our names.
//!
//! Single methods have the limits that the field uses (0.05 for a p-value, 0.1 for a distance); the decision does not
//! use them, see [`super::decide`].

use super::bins::{Numbers, Rule, counts, distinct, edges};
use super::contingency::{cramers_v, fisher_exact, g_test, pearson, two_proportions};
use super::decision::{ALPHA, Decision, EFFECT_CATEGORY, EFFECT_NUMBER, categories};
use super::domain::domain_auc;
use super::epps_singleton::epps_singleton_sorted;
use super::ks::ks_test_sorted;
use super::mmd::{Width, mmd};
use super::moments::deviation;
use super::pair::{Numeric, Pair, code_counts};
use super::quantile_shift;
use super::ranks::{
    Side, anderson_darling_sorted, cramer_von_mises_sorted, mann_whitney_sorted, t_test,
};
use super::shares;
use super::transport::{energy_sorted, wasserstein_sorted};
use super::verdict::{Answer, Score, above, at_least, at_most};

/// A numeric reference with more distinct values than this is binned, otherwise its values are counted.
const DISTINCT: usize = 20;
/// The quadratic and the fitted methods look at evenly spread rows, at most this many of each side.
const ROWS: usize = 1000;

/// A pair made ready for every method.
#[derive(Clone, Debug)]
pub struct Ours(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Number { numeric: Numeric, whole: bool },
    Category([Vec<f64>; 2]),
}

impl Ours {
    /// Missing and infinite values are left out. The error says which side then has nothing.
    pub fn new(pair: &Pair) -> Result<Self, String> {
        let (kind, rows) = match pair {
            Pair::Numbers { values, whole } => {
                let numeric = Numeric::new(values);
                let rows = [0, 1].map(|side: usize| numeric.sorted[side].len());
                let whole = whole[0] && whole[1];
                (Kind::Number { numeric, whole }, rows)
            }
            Pair::Codes { codes, kinds, .. } => {
                let counts = code_counts(codes, *kinds);
                let rows = [0, 1].map(|side: usize| counts[side].iter().sum::<f64>() as usize);
                (Kind::Category(counts), rows)
            }
        };
        match rows {
            [0, _] => Err("the reference has no value that can be compared".to_owned()),
            [_, 0] => Err("the current side has no value that can be compared".to_owned()),
            _ => Ok(Self(kind)),
        }
    }
}

/// Test and effect of one column, before the correction over columns (see [`super::benjamini_hochberg`]).
pub fn decide_pair(ours: &Ours) -> Option<Decision> {
    let (method, statistic, p, effect, effect_limit) = match &ours.0 {
        Kind::Number { numeric, .. } => {
            let [a, b] = &numeric.sorted;
            let (statistic, p) = ks_test_sorted(a, b)?;
            ("ks", statistic, p, quantile_shift(a, b), EFFECT_NUMBER)
        }
        Kind::Category([a, b]) => {
            let (test, effect) = categories(a, b)?;
            ("chi2", test.statistic, test.p, effect, EFFECT_CATEGORY)
        }
    };
    Some(Decision {
        method,
        statistic,
        p,
        p_adjusted: p,
        effect,
        effect_limit,
        drifted: p <= ALPHA && effect >= effect_limit,
    })
}

/// Every method that fits the column.
pub fn compare_all(ours: &Ours) -> Vec<(&'static str, Answer)> {
    let mut all = match &ours.0 {
        Kind::Number { numeric, .. } => of_numbers(numeric),
        Kind::Category(counts) => of_categories(counts),
    };
    let [p, q] = shares_of(&ours.0);
    let (full_p, full_q) = (shares::filled(p.clone()), shares::filled(q.clone()));
    let distances = [
        ("psi", shares::psi(&full_p, &full_q)),
        ("kl", shares::kl(&full_p, &full_q)),
        ("jensen_shannon", shares::jensen_shannon(&p, &q)),
        (
            "jensen_shannon_base_2",
            shares::jensen_shannon_base_2(&p, &q),
        ),
        ("hellinger", shares::hellinger(&p, &q)),
        ("total_variation", shares::total_variation(&p, &q)),
        ("l_infinity", shares::l_infinity(&p, &q)),
    ];
    all.extend(distances.map(|(name, distance)| (name, Ok(at_least(distance, 0.1)))));
    all.sort_by_key(|(name, _)| *name);
    all
}

fn shares_of(kind: &Kind) -> [Vec<f64>; 2] {
    let counted = match kind {
        Kind::Category(counts) => counts.clone(),
        Kind::Number { numeric, .. } if distinct(&numeric.sorted[0]) <= DISTINCT => {
            numeric.counts()
        }
        Kind::Number { numeric, whole } => {
            let numbers = if *whole {
                Numbers::Whole
            } else {
                Numbers::Real
            };
            let edges = edges(&numeric.pooled(), Rule::Sturges, numbers);
            [0, 1].map(|side: usize| counts(&numeric.sorted[side], &edges))
        }
    };
    counted.map(|side| shares::of_counts(&side))
}

fn of_numbers(numeric: &Numeric) -> Vec<(&'static str, Answer)> {
    let [a, b] = &numeric.sorted;
    let test = |p: Option<f64>| -> Answer {
        p.map(|p| at_most(p, ALPHA))
            .ok_or_else(|| "needs more rows or more than one value".to_owned())
    };
    let distance = |d: Option<f64>, limit: f64| -> Answer {
        d.map(|d| at_least(d, limit))
            .ok_or_else(|| "needs rows on both sides".to_owned())
    };
    let scale = deviation(&numeric.raw[0]).max(0.001);
    let [few_a, few_b] = [0, 1].map(|side: usize| spread_rows(&numeric.raw[side]));
    let far = mmd(&few_a, &few_b, Width::OfReference, 100, 0);
    vec![
        ("ks", test(ks_test_sorted(a, b).map(|(_, p)| p))),
        (
            "anderson_darling",
            test(anderson_darling_sorted(a, b).map(|test| test.p)),
        ),
        (
            "cramer_von_mises",
            test(cramer_von_mises_sorted(a, b).map(|test| test.p)),
        ),
        (
            "epps_singleton",
            test(epps_singleton_sorted(a, b).map(|test| test.p)),
        ),
        (
            "mann_whitney",
            test(mann_whitney_sorted(a, b, Side::Both).map(|test| test.p)),
        ),
        (
            "t_test",
            test(t_test(&numeric.raw[0], &numeric.raw[1]).map(|test| test.p)),
        ),
        ("mmd", test(far.map(|far| far.p))),
        ("domain_classifier", domain(&few_a, &few_b)),
        (
            "quantile_shift",
            Ok(at_least(quantile_shift(a, b), EFFECT_NUMBER)),
        ),
        (
            "wasserstein",
            distance(wasserstein_sorted(a, b), 0.1 * scale),
        ),
        (
            "wasserstein_normed",
            distance(wasserstein_sorted(a, b).map(|area| area / scale), 0.1),
        ),
        ("energy", distance(energy_sorted(a, b), 0.1)),
    ]
}

fn of_categories(counts: &[Vec<f64>; 2]) -> Vec<(&'static str, Answer)> {
    let [a, b] = counts;
    let rows = [0, 1].map(|side: usize| counts[side].iter().sum::<f64>());
    let chi2 = pearson(a, b);
    let v = cramers_v(chi2.statistic, a.len(), rows[0] + rows[1]);
    let two = |answer: fn([f64; 2], [f64; 2]) -> f64| -> Answer {
        match (a.as_slice(), b.as_slice()) {
            ([_, x], [_, y]) => Ok(at_most(answer([*x, *y], rows), ALPHA)),
            _ => Err(format!("is for two categories, there are {}", a.len())),
        }
    };
    vec![
        ("chi2", Ok(at_most(chi2.p, ALPHA))),
        ("g_test", Ok(at_most(g_test(a, b).p, ALPHA))),
        ("cramers_v", Ok(at_least(v, EFFECT_CATEGORY))),
        ("z_test", two(|yes, n| two_proportions(yes, n).p)),
        (
            "fisher_exact",
            two(|yes, n| fisher_exact([[yes[0], n[0] - yes[0]], [yes[1], n[1] - yes[1]]]).p),
        ),
    ]
}

fn domain(a: &[Vec<f64>], b: &[Vec<f64>]) -> Answer {
    let auc = domain_auc(a, b, 0);
    if auc.is_nan() {
        return Err("needs five rows on both sides".to_owned());
    }
    let score: Score = above(auc, 0.55);
    Ok(score)
}

/// At most [`ROWS`] rows, evenly spread.
fn spread_rows(values: &[f64]) -> Vec<Vec<f64>> {
    let kept = values.len().min(ROWS);
    (0..kept)
        .map(|at| vec![values[at * values.len() / kept]])
        .collect()
}
