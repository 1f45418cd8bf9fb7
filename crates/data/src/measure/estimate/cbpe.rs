//! Confidence-based performance estimation (NannyML's CBPE): a calibrated probability says how often the decision on
//! a row is right, so the expected table of hits and misses follows without a label.
//!
//! Probabilities are calibrated by isotonic regression on the reference, but only where that lowers the calibration
//! error on rows left out (ten splits; ours are our own, not scikit-learn's random ones). It holds as long as the
//! relation of inputs to labels does: concept drift is invisible to it.

use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

use super::{Estimate, Isotonic};
use crate::measure::drift::moments::variance;
use crate::measure::quality::calibration::{Cut, curve, expected_error};

/// Rows of which the truth is known: 0 or 1 each.
#[derive(Clone, Debug, Default)]
pub struct Labelled {
    /// What happened.
    pub truth: Vec<f64>,
    /// The raw probability of yes.
    pub score: Vec<f64>,
    /// What was decided.
    pub decided: Vec<f64>,
}

/// A metric that can be estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Chance that a yes is ranked above a no.
    RocAuc,
    /// Σ (recall step × precision).
    AveragePrecision,
    /// Share of right decisions.
    Accuracy,
    /// TP / (TP + FP).
    Precision,
    /// TP / (TP + FN).
    Recall,
    /// TN / (TN + FP).
    Specificity,
    /// 2TP / (2TP + FP + FN).
    F1,
    /// Rows decided yes that are.
    TruePositive,
    /// Rows decided yes that are not.
    FalsePositive,
    /// Rows decided no that are yes.
    FalseNegative,
    /// Rows decided no that are.
    TrueNegative,
}

/// What was learned from a reference.
#[derive(Clone, Debug)]
pub struct Cbpe {
    calibration: Option<Isotonic>,
    reference: Labelled,
}

/// Expected numbers of (TP, FP, FN, TN).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cells {
    tp: f64,
    fp: f64,
    fn_: f64,
    tn: f64,
}

impl Cells {
    fn expected(p: &[f64], decided: &[f64]) -> Self {
        let mut cells = Self::default();
        for (&p, &yes) in p.iter().zip(decided) {
            if yes > 0.5 {
                cells.tp += p;
                cells.fp += 1.0 - p;
            } else {
                cells.fn_ += p;
                cells.tn += 1.0 - p;
            }
        }
        cells
    }

    fn value(&self, target: Target) -> f64 {
        let Self { tp, fp, fn_, tn } = *self;
        match target {
            Target::Accuracy => (tp + tn) / (tp + fp + fn_ + tn),
            Target::Precision => tp / (tp + fp),
            Target::Recall => tp / (tp + fn_),
            Target::Specificity => tn / (tn + fp),
            Target::F1 => 2.0 * tp / (2.0 * tp + fp + fn_),
            Target::TruePositive => tp,
            Target::FalsePositive => fp,
            Target::FalseNegative => fn_,
            Target::TrueNegative => tn,
            Target::RocAuc | Target::AveragePrecision => f64::NAN,
        }
    }
}

impl Cbpe {
    /// Learns from a reference. `None` without rows, or where only one class occurs.
    pub fn fit(reference: Labelled) -> Option<Self> {
        let yes = reference.truth.iter().filter(|t| **t > 0.5).count();
        if yes == 0 || yes == reference.truth.len() {
            return None;
        }
        let calibration = if helps(&reference) {
            Isotonic::fit(&reference.score, &reference.truth)
        } else {
            None
        };
        Some(Self {
            calibration,
            reference,
        })
    }

    /// The calibration, if it helps.
    pub fn calibration(&self) -> Option<&Isotonic> {
        self.calibration.as_ref()
    }

    /// The metric of rows without labels, with its band.
    pub fn estimate(&self, target: Target, score: &[f64], decided: &[f64]) -> Estimate {
        let p: Vec<f64> = match &self.calibration {
            Some(known) => score.iter().map(|score| known.at(*score)).collect(),
            None => score.to_vec(),
        };
        let value = match target {
            Target::RocAuc => roc_auc(&p, score),
            Target::AveragePrecision => average_precision(&p, score),
            _ => Cells::expected(&p, decided).value(target),
        };
        let highest = match target {
            Target::TruePositive
            | Target::FalsePositive
            | Target::FalseNegative
            | Target::TrueNegative => f64::INFINITY,
            _ => 1.0,
        };
        Estimate::within(
            value,
            self.sampling_error(target, score.len() as f64),
            0.0,
            highest,
        )
    }

    /// Deviation of the metric between chunks of `rows` rows, from how much single rows of the reference differ.
    fn sampling_error(&self, target: Target, rows: f64) -> f64 {
        let Labelled { truth, decided, .. } = &self.reference;
        let n = truth.len() as f64;
        let cells: Vec<(bool, bool)> = truth
            .iter()
            .zip(decided)
            .map(|(t, d)| (*t > 0.5, *d > 0.5))
            .collect();
        let of = |relevant: fn(&(bool, bool)) -> bool, hit: fn(&(bool, bool)) -> bool| {
            let hits: Vec<f64> = cells
                .iter()
                .filter(|cell| relevant(cell))
                .map(|cell| f64::from(hit(cell)))
                .collect();
            (hits.len() as f64 / n, variance(&hits, 0.0).sqrt())
        };
        let rate = |(share, spread): (f64, f64)| spread / (rows * share).sqrt();
        let count = |(_, spread): (f64, f64)| spread * rows.sqrt();
        match target {
            Target::Accuracy => rate(of(|_| true, |(t, d)| t == d)),
            Target::Precision => rate(of(|(_, d)| *d, |(t, _)| *t)),
            Target::Recall => rate(of(|(t, _)| *t, |(_, d)| *d)),
            Target::Specificity => rate(of(|(t, _)| !*t, |(_, d)| !*d)),
            Target::F1 => {
                let (share, spread) = of(|(t, d)| *t || *d, |(t, d)| *t && *d);
                let hits = cells.iter().filter(|(t, d)| *t && *d).count() as f64;
                let relevant = share * n;
                rate((share, spread * relevant / ((relevant - hits) / 2.0 + hits)))
            }
            Target::TruePositive => count(of(|_| true, |(t, d)| *t && *d)),
            Target::FalsePositive => count(of(|_| true, |(t, d)| !*t && *d)),
            Target::FalseNegative => count(of(|_| true, |(t, d)| *t && !*d)),
            Target::TrueNegative => count(of(|_| true, |(t, d)| !*t && !*d)),
            Target::RocAuc => self.auc_error(rows),
            Target::AveragePrecision => self.average_precision_error(rows),
        }
    }

    /// Over the positives (the rarer class): the share of negatives that lie below each; ties count half.
    fn auc_error(&self, rows: f64) -> f64 {
        let Labelled { truth, score, .. } = &self.reference;
        let n = truth.len() as f64;
        let yes = truth.iter().filter(|t| **t > 0.5).count() as f64;
        let flip = yes / n > 0.5;
        let mut order: Vec<(f64, bool)> = score
            .iter()
            .zip(truth)
            .map(|(s, t)| (if flip { -s } else { *s }, (*t > 0.5) != flip))
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        let positives = order.iter().filter(|row| row.1).count() as f64;
        let negatives = n - positives;
        let mut below = 0.0;
        let mut shares = Vec::with_capacity(positives as usize);
        for tied in order.chunk_by(|a, b| a.0 == b.0) {
            let yes = tied.iter().filter(|row| row.1).count();
            let no = (tied.len() - yes) as f64;
            shares.extend(std::iter::repeat_n((below + no / 2.0) / negatives, yes));
            below += no;
        }
        variance(&shares, 0.0).sqrt() / (rows * positives / n).sqrt()
    }

    /// From 50 random samples of the reference, of the size of a chunk.
    fn average_precision_error(&self, rows: f64) -> f64 {
        let Labelled { truth, score, .. } = &self.reference;
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut places: Vec<usize> = (0..truth.len()).collect();
        let values: Vec<f64> = (0..50)
            .map(|_| {
                let (drawn, _) = places.partial_shuffle(&mut rng, (rows as usize).min(truth.len()));
                let t: Vec<f64> = drawn.iter().map(|at| truth[*at]).collect();
                let s: Vec<f64> = drawn.iter().map(|at| score[*at]).collect();
                average_precision(&t, &s)
            })
            .collect();
        variance(&values, 0.0).sqrt()
    }
}

/// Whether isotonic calibration lowers the calibration error on rows left out, on average over ten splits.
fn helps(reference: &Labelled) -> bool {
    const SPLITS: usize = 10;
    let mut rng = ChaCha8Rng::seed_from_u64(42);
    let (mut yes, mut no): (Vec<usize>, Vec<usize>) =
        (0..reference.truth.len()).partition(|at| reference.truth[*at] > 0.5);
    let pick = |places: &[usize], values: &[f64]| places.iter().map(|at| values[*at]).collect();
    let error = |truth: &[f64], p: &[f64]| expected_error(&curve(truth, p, 10, Cut::Quantile));
    let (mut before, mut after) = (0.0, 0.0);
    for _ in 0..SPLITS {
        let (mut test, mut train) = (Vec::new(), Vec::new());
        for side in [&mut yes, &mut no] {
            let held_out = (side.len() / SPLITS).max(1);
            let (out, kept) = side.partial_shuffle(&mut rng, held_out);
            test.extend_from_slice(out);
            train.extend_from_slice(kept);
        }
        let truth: Vec<f64> = pick(&test, &reference.truth);
        let raw: Vec<f64> = pick(&test, &reference.score);
        let x: Vec<f64> = pick(&train, &reference.score);
        let y: Vec<f64> = pick(&train, &reference.truth);
        let Some(fitted) = Isotonic::fit(&x, &y) else {
            return false;
        };
        let calibrated: Vec<f64> = raw.iter().map(|score| fitted.at(*score)).collect();
        before += error(&truth, &raw);
        after += error(&truth, &calibrated);
    }
    after < before
}

/// Rows by falling score: how much truth (a share per row) lies in each group of equal scores.
fn groups(p: &[f64], score: &[f64]) -> Vec<(f64, f64)> {
    let mut order: Vec<(f64, f64)> = score.iter().copied().zip(p.iter().copied()).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    order
        .chunk_by(|a, b| a.0 == b.0)
        .map(|tied| (tied.iter().map(|row| row.1).sum(), tied.len() as f64))
        .collect()
}

/// Area under the expected ROC curve; rates are rounded to five decimals as in the original.
fn roc_auc(p: &[f64], score: &[f64]) -> f64 {
    let round = |value: f64| (value * 1e5).round_ties_even() / 1e5;
    let mut order: Vec<(f64, f64)> = score.iter().copied().zip(p.iter().copied()).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut yes = 0.0;
    let mut points = vec![(0.0, 0.0)];
    for (before, (_, share)) in order.iter().enumerate() {
        yes += share;
        points.push((round(1.0 + before as f64 - yes), round(yes)));
    }
    let (all_no, all_yes) = points[points.len() - 1];
    points
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0) / all_no * (pair[1].1 + pair[0].1) / 2.0 / all_yes)
        .sum()
}

/// Σ (recall step × precision) of the expected curve, one step per different score.
fn average_precision(p: &[f64], score: &[f64]) -> f64 {
    let groups = groups(p, score);
    let all: f64 = groups.iter().map(|group| group.0).sum();
    let (mut yes, mut rows) = (0.0, 0.0);
    groups
        .iter()
        .map(|(share, tied)| {
            yes += share;
            rows += tied;
            share / all * yes / rows
        })
        .sum()
}
