//! Metrics that follow from the order of the scores: sorted once, weighted anew for every bootstrap sample.

use super::compute::Context;
use super::metric::Metric;

/// Rows by falling score.
#[derive(Clone, Debug)]
pub(super) struct Ranked {
    /// (score, is a yes, place in the input).
    rows: Vec<(f64, bool, u32)>,
}

impl Ranked {
    pub(super) fn new(truth: &[f64], score: &[f64]) -> Self {
        let mut rows: Vec<_> = truth
            .iter()
            .zip(score)
            .enumerate()
            .map(|(place, (&t, &s))| (s, t > 0.5, place as u32))
            .collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        Self { rows }
    }

    /// The metric, where the row at `place` counts `weight(place)` times.
    pub(super) fn value(&self, metric: Metric, ctx: &Context, weight: impl Fn(u32) -> u32) -> f64 {
        match metric {
            Metric::RocAuc => self.roc_auc(weight),
            Metric::PrAuc => self.average_precision(weight),
            _ => self.precision_at(ctx.k.unwrap_or(1) as f64, weight),
        }
    }

    /// Calls `step(yes, no)` for each group of equal scores, highest first.
    fn groups(&self, weight: impl Fn(u32) -> u32, mut step: impl FnMut(f64, f64)) {
        let mut start = 0;
        while start < self.rows.len() {
            let score = self.rows[start].0;
            let (mut yes, mut no, mut end) = (0_u64, 0_u64, start);
            while end < self.rows.len() && self.rows[end].0 == score {
                let (_, is_yes, place) = self.rows[end];
                *(if is_yes { &mut yes } else { &mut no }) += u64::from(weight(place));
                end += 1;
            }
            step(yes as f64, no as f64);
            // A NaN score equals nothing: step over it so that the walk ends.
            start = end.max(start + 1);
        }
    }

    fn roc_auc(&self, weight: impl Fn(u32) -> u32) -> f64 {
        let (mut above, mut yes_all, mut no_all) = (0.0, 0.0, 0.0);
        self.groups(weight, |yes, no| {
            above += no * (yes_all + yes / 2.0);
            yes_all += yes;
            no_all += no;
        });
        if yes_all == 0.0 || no_all == 0.0 {
            f64::NAN
        } else {
            above / (yes_all * no_all)
        }
    }

    fn average_precision(&self, weight: impl Fn(u32) -> u32) -> f64 {
        let (mut area, mut yes_all, mut all) = (0.0, 0.0, 0.0);
        self.groups(weight, |yes, no| {
            yes_all += yes;
            all += yes + no;
            if yes > 0.0 {
                area += yes * yes_all / all;
            }
        });
        if yes_all == 0.0 {
            f64::NAN
        } else {
            area / yes_all
        }
    }

    /// Ties at the k-th place count with their share.
    fn precision_at(&self, k: f64, weight: impl Fn(u32) -> u32) -> f64 {
        let (mut left, mut found) = (k, 0.0);
        self.groups(weight, |yes, no| {
            let taken = (yes + no).min(left);
            if taken > 0.0 {
                found += yes * taken / (yes + no);
                left -= taken;
            }
        });
        let counted = k - left;
        if counted == 0.0 {
            f64::NAN
        } else {
            found / counted
        }
    }
}
