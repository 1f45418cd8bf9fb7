//! Metrics that follow from the order of the scores: sorted once, weighted anew for every bootstrap sample.

use super::compute::Context;
use super::metric::Metric;

/// Rows by falling score.
#[derive(Clone, Debug)]
pub(super) struct Ranked {
    /// (score, is a yes, place in the input).
    rows: Vec<(f64, bool, u32)>,
}

/// See [`Ranked::wins`].
#[derive(Clone, Debug)]
pub(super) struct Wins {
    /// Row by row: of the yes of block a over the no of block b; ties count half.
    above: Vec<f64>,
    yes: Vec<f64>,
    no: Vec<f64>,
}

impl Wins {
    /// The AUC where block b was drawn `drawn[b]` times.
    pub(super) fn auc(&self, drawn: &[u32]) -> f64 {
        let weighted = |counts: &[f64]| -> f64 {
            counts
                .iter()
                .zip(drawn)
                .map(|(count, &times)| count * f64::from(times))
                .sum()
        };
        let pairs = weighted(&self.yes) * weighted(&self.no);
        let above: f64 = self
            .above
            .chunks_exact(drawn.len())
            .zip(drawn)
            .filter(|(_, times)| **times > 0)
            .map(|(row, &times)| weighted(row) * f64::from(times))
            .sum();
        if pairs == 0.0 {
            f64::NAN
        } else {
            above / pairs
        }
    }
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

    /// How often a yes of one block is ranked above a no of another, for every pair of blocks: enough to know the AUC
    /// of any drawn blocks without walking the rows again.
    pub(super) fn wins(&self, of_row: &[u32], blocks: usize) -> Wins {
        let mut wins = Wins {
            above: vec![0.0; blocks * blocks],
            yes: vec![0.0; blocks],
            no: vec![0.0; blocks],
        };
        let (mut end, mut tied_yes, mut tied_no) =
            (self.rows.len(), vec![0.0; blocks], vec![0.0; blocks]);
        // From the lowest score up: `wins.no` counts what lies below.
        while end > 0 {
            let score = self.rows[end - 1].0;
            let start = end
                - self.rows[..end]
                    .iter()
                    .rev()
                    .take_while(|row| row.0 == score)
                    .count()
                    .max(1);
            let tied = || {
                self.rows[start..end]
                    .iter()
                    .map(|&(_, is_yes, place)| (is_yes, of_row[place as usize] as usize))
            };
            for (is_yes, block) in tied() {
                *(if is_yes {
                    &mut tied_yes[block]
                } else {
                    &mut tied_no[block]
                }) += 1.0;
            }
            for (is_yes, block) in tied() {
                let count = std::mem::take(&mut tied_yes[block]);
                if is_yes && count > 0.0 {
                    wins.yes[block] += count;
                    let row = &mut wins.above[block * blocks..(block + 1) * blocks];
                    for ((above, below), tied) in row.iter_mut().zip(&wins.no).zip(&tied_no) {
                        *above += count * (below + tied / 2.0);
                    }
                }
            }
            for (_, block) in tied() {
                wins.no[block] += std::mem::take(&mut tied_no[block]);
            }
            end = start;
        }
        wins
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
