//! How far a metric could be off: percentile bootstrap over blocks of rows.
//!
//! Rows of one day resemble each other, so whole days are drawn, not rows. Where there are few rows, or all of one
//! day, the interval says so by being wide.

use base::Result;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize};

use super::compute::{Context, check, compute};
use super::metric::Metric;
use super::ranked::{Ranked, Wins};
use super::sums::{Sums, shift_of};

/// A value with its two-sided interval. NaN is what nobody knows; JSON writes it as `null`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// On all rows.
    #[serde(deserialize_with = "nan_if_null")]
    pub value: f64,
    /// Lower bound.
    #[serde(deserialize_with = "nan_if_null")]
    pub lower: f64,
    /// Upper bound.
    #[serde(deserialize_with = "nan_if_null")]
    pub upper: f64,
    /// How many rows.
    pub rows: usize,
}

fn nan_if_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}

/// How to resample.
#[derive(Clone, Copy, Debug)]
pub struct Resampling {
    /// Two-sided, 0.95 for the 2.5th to the 97.5th percentile.
    pub confidence: f64,
    /// How many samples.
    pub resamples: usize,
    /// The same seed gives the same interval.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            resamples: 1000,
            seed: 0,
        }
    }
}

/// The block of each row: its day since the epoch.
pub fn days(time_ms: &[i64]) -> Vec<i64> {
    time_ms.iter().map(|ms| ms.div_euclid(86_400_000)).collect()
}

/// The metric and its interval. `blocks` names the block of each row (see [`days`]); empty means that every row is
/// one.
pub fn bootstrap(
    metric: Metric,
    truth: &[f64],
    predicted: &[f64],
    blocks: &[i64],
    ctx: &Context,
    how: &Resampling,
) -> Result<Interval> {
    let value = compute(metric, truth, predicted, ctx)?;
    if value.is_nan() {
        return Ok(interval(value, Vec::new(), truth.len(), how));
    }
    let blocks = Blocks::new(blocks, truth.len());
    let statistic = Statistic::new(metric, truth, predicted, &blocks, ctx);
    let samples = blocks.samples(how, |drawn| statistic.value(drawn));
    Ok(interval(value, samples, truth.len(), how))
}

/// The difference `a − b` of a metric between two predictions of the same rows, and its interval. Both are measured
/// on the same drawn blocks, so what is common to them cancels.
pub fn paired_bootstrap(
    metric: Metric,
    truth: &[f64],
    (a, b): (&[f64], &[f64]),
    blocks: &[i64],
    ctx: &Context,
    how: &Resampling,
) -> Result<Interval> {
    check(metric, truth, a, ctx)?;
    let value = compute(metric, truth, a, ctx)? - compute(metric, truth, b, ctx)?;
    if value.is_nan() {
        return Ok(interval(value, Vec::new(), truth.len(), how));
    }
    let blocks = Blocks::new(blocks, truth.len());
    let first = Statistic::new(metric, truth, a, &blocks, ctx);
    let second = Statistic::new(metric, truth, b, &blocks, ctx);
    let samples = blocks.samples(how, |drawn| first.value(drawn) - second.value(drawn));
    Ok(interval(value, samples, truth.len(), how))
}

/// Rows by block.
struct Blocks {
    /// The block of each row, counted from zero.
    of_row: Vec<u32>,
    count: usize,
}

impl Blocks {
    fn new(names: &[i64], rows: usize) -> Self {
        if names.len() != rows {
            return Self {
                of_row: (0..rows as u32).collect(),
                count: rows,
            };
        }
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let of_row = names
            .iter()
            .map(|name| sorted.partition_point(|other| other < name) as u32)
            .collect();
        Self {
            of_row,
            count: sorted.len(),
        }
    }

    /// `resamples` values of the statistic; samples on which it is not defined are left out.
    fn samples(&self, how: &Resampling, statistic: impl Fn(&[u32]) -> f64) -> Vec<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(how.seed);
        let mut drawn = vec![0_u32; self.count];
        let mut samples = Vec::with_capacity(how.resamples);
        if self.count == 0 {
            return samples;
        }
        for _ in 0..how.resamples {
            drawn.fill(0);
            for _ in 0..self.count {
                drawn[rng.random_range(0..self.count)] += 1;
            }
            let value = statistic(&drawn);
            if value.is_finite() {
                samples.push(value);
            }
        }
        samples
    }
}

/// A metric as a function of how often each block was drawn.
enum Statistic<'a> {
    Wins(Wins),
    Summed {
        per_block: Vec<Sums>,
        metric: Metric,
        ctx: &'a Context,
    },
    Ranked {
        rows: Ranked,
        of_row: &'a [u32],
        metric: Metric,
        ctx: &'a Context,
    },
}

impl<'a> Statistic<'a> {
    fn new(
        metric: Metric,
        truth: &[f64],
        predicted: &[f64],
        blocks: &'a Blocks,
        ctx: &'a Context,
    ) -> Self {
        let rows = || Ranked::new(truth, predicted);
        match metric {
            // Pairs of blocks are summed faster than rows, unless every row is a block of its own.
            Metric::RocAuc if blocks.count * blocks.count <= truth.len() * 4 => {
                return Self::Wins(rows().wins(&blocks.of_row, blocks.count));
            }
            Metric::RocAuc | Metric::PrAuc | Metric::PrecisionAtK => {
                return Self::Ranked {
                    rows: rows(),
                    of_row: &blocks.of_row,
                    metric,
                    ctx,
                };
            }
            _ => {}
        }
        let mut per_block = vec![Sums::shifted(shift_of(truth)); blocks.count];
        for (row, &block) in blocks.of_row.iter().enumerate() {
            per_block[block as usize].add_row(metric, truth[row], predicted[row], ctx);
        }
        Self::Summed {
            per_block,
            metric,
            ctx,
        }
    }

    fn value(&self, drawn: &[u32]) -> f64 {
        match self {
            Self::Wins(wins) => wins.auc(drawn),
            Self::Summed {
                per_block,
                metric,
                ctx,
            } => {
                let mut total = Sums::default();
                for (sums, &times) in per_block.iter().zip(drawn).filter(|(_, times)| **times > 0) {
                    total.add(sums, f64::from(times));
                }
                total.value(*metric, ctx)
            }
            Self::Ranked {
                rows,
                of_row,
                metric,
                ctx,
            } => rows.value(*metric, ctx, |place| drawn[of_row[place as usize] as usize]),
        }
    }
}

/// Too few samples on which the metric is defined have no interval.
fn interval(value: f64, mut samples: Vec<f64>, rows: usize, how: &Resampling) -> Interval {
    if samples.len() * 2 < how.resamples || samples.is_empty() {
        return Interval {
            value,
            lower: f64::NAN,
            upper: f64::NAN,
            rows,
        };
    }
    samples.sort_by(f64::total_cmp);
    let tail = (1.0 - how.confidence) / 2.0;
    Interval {
        value,
        lower: super::drift::quantile(&samples, tail),
        upper: super::drift::quantile(&samples, 1.0 - tail),
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::Task;

    #[test]
    fn the_same_seed_gives_the_same_interval_and_it_holds_the_value() {
        let truth: Vec<f64> = (0..500).map(|i| f64::from(i % 50) + 10.0).collect();
        let predicted: Vec<f64> = truth
            .iter()
            .enumerate()
            .map(|(i, t)| t + (i as f64).sin())
            .collect();
        let blocks: Vec<i64> = (0..500).map(|i| i / 24).collect();
        let ctx = Context::new(Task::Regression);
        let how = Resampling {
            seed: 3,
            ..Resampling::default()
        };
        let first = bootstrap(Metric::Mae, &truth, &predicted, &blocks, &ctx, &how).unwrap();
        assert_eq!(
            first,
            bootstrap(Metric::Mae, &truth, &predicted, &blocks, &ctx, &how).unwrap()
        );
        assert!(first.lower < first.value && first.value < first.upper);
    }

    #[test]
    fn the_sums_of_a_sample_equal_the_metric_of_its_rows() {
        let truth: Vec<f64> = (0..60).map(|i| f64::from(i * 7 % 13)).collect();
        let predicted: Vec<f64> = (0..60).map(|i| f64::from(i * 5 % 11)).collect();
        let names: Vec<i64> = (0..60).map(|i| i / 10).collect();
        let ctx = Context::new(Task::Regression);
        let blocks = Blocks::new(&names, 60);
        let drawn = [2, 0, 1, 0, 3, 0];
        let rows: Vec<usize> = (0..60)
            .flat_map(|i| std::iter::repeat_n(i, drawn[i / 10] as usize))
            .collect();
        let (t, p): (Vec<f64>, Vec<f64>) = rows.iter().map(|&i| (truth[i], predicted[i])).unzip();
        for metric in [
            Metric::Mae,
            Metric::Rmse,
            Metric::R2,
            Metric::Wape,
            Metric::Bias,
            Metric::MaxError,
        ] {
            let statistic = Statistic::new(metric, &truth, &predicted, &blocks, &ctx);
            let direct = compute(metric, &t, &p, &ctx).unwrap();
            assert!((statistic.value(&drawn) - direct).abs() < 1e-9, "{metric}");
        }
    }

    #[test]
    fn a_better_prediction_of_the_same_rows_shows_in_the_paired_interval() {
        let truth: Vec<f64> = (0..300).map(|i| f64::from(i % 40) * 3.0).collect();
        let good: Vec<f64> = truth.iter().map(|t| t + 1.0).collect();
        let bad: Vec<f64> = truth
            .iter()
            .enumerate()
            .map(|(i, t)| t + 1.5 + (i % 3) as f64)
            .collect();
        let blocks: Vec<i64> = (0..300).map(|i| i / 24).collect();
        let difference = paired_bootstrap(
            Metric::Mae,
            &truth,
            (&good, &bad),
            &blocks,
            &Context::new(Task::Regression),
            &Resampling::default(),
        )
        .unwrap();
        assert!(difference.upper < 0.0, "{difference:?}");
    }

    #[test]
    fn the_auc_of_drawn_blocks_equals_the_auc_of_their_rows() {
        let truth: Vec<f64> = (0..400).map(|i| f64::from(i * 7 % 5 == 0)).collect();
        // Many ties, within and across blocks.
        let score: Vec<f64> = (0..400)
            .map(|i| f64::from(i * 13 % 23) / 23.0 + f64::from(i * 7 % 5 == 0) / 9.0)
            .collect();
        let names: Vec<i64> = (0..400).map(|i| i / 50).collect();
        let ctx = Context::new(Task::Binary);
        let blocks = Blocks::new(&names, 400);
        let drawn = [2, 0, 1, 0, 3, 1, 1, 0];
        let statistic = Statistic::new(Metric::RocAuc, &truth, &score, &blocks, &ctx);
        assert!(matches!(statistic, Statistic::Wins(_)));
        let walked =
            Ranked::new(&truth, &score).value(Metric::RocAuc, &ctx, |row| drawn[row as usize / 50]);
        assert!((statistic.value(&drawn) - walked).abs() < 1e-12);
        let once = statistic.value(&[1; 8]);
        assert!((once - compute(Metric::RocAuc, &truth, &score, &ctx).unwrap()).abs() < 1e-12);
    }

    #[test]
    fn an_unknown_interval_survives_json() {
        let ctx = Context::new(Task::Binary);
        let unknown = bootstrap(
            Metric::RocAuc,
            &[1.0],
            &[0.3],
            &[],
            &ctx,
            &Resampling::default(),
        )
        .unwrap();
        assert!(unknown.value.is_nan() && unknown.lower.is_nan());
        let text = serde_json::to_string(&unknown).unwrap();
        assert_eq!(text, r#"{"value":null,"lower":null,"upper":null,"rows":1}"#);
        assert!(
            serde_json::from_str::<Interval>(&text)
                .unwrap()
                .upper
                .is_nan()
        );
    }
}
