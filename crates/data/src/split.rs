//! Splits: which rows are learned from, which are held out, and the folds in between. Pure.
//!
//! With `every`, blocks of the length of `holdout` are held out, one per `every`, counted from Monday 1970-01-05: a
//! row is on the same side whenever one looks, so no later model learns from rows that an earlier one was judged on.
//! Without it, the newest rows are held out, and rows whose label overlaps them are left out of training.

use base::{Error, Result, SignedDuration};
use project::Split;

/// Monday 1970-01-05, in milliseconds since the epoch.
const ANCHOR: i64 = 345_600_000;

/// Row indices, each list in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// To learn from.
    pub train: Vec<u32>,
    /// Held out for ever.
    pub holdout: Vec<u32>,
    /// (learn, validate) inside `train`.
    pub folds: Vec<(Vec<u32>, Vec<u32>)>,
}

/// What a split needs to know about rows that are in order of time.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// Milliseconds since the epoch, never falling.
    pub time_ms: &'a [i64],
    /// Rows without a known label belong to no part.
    pub label: &'a [f64],
}

impl Rows<'_> {
    /// Parts these rows. `gap` is the time that a label looks ahead; `window` keeps only the newest rows.
    pub fn split(
        &self,
        split: &Split,
        gap: SignedDuration,
        window: Option<SignedDuration>,
    ) -> Result<Parts> {
        let known = || (0..self.label.len()).filter(|&row| !self.label[row].is_nan());
        let Some(newest) = known().map(|row| self.time_ms[row]).max() else {
            return Err(Error::invalid("no row has a known label")
                .hint("check label.sql and label.horizon: a row younger than the horizon has no label yet"));
        };
        let gap = ms(split.validate.gap.unwrap_or(gap));
        let oldest = window.map_or(i64::MIN, |window| newest.saturating_sub(ms(window)));
        let mut parts = Parts::default();
        for row in known().filter(|&row| self.time_ms[row] > oldest) {
            match side(self.time_ms[row], newest, split, gap) {
                Side::Train => parts.train.push(row as u32),
                Side::Holdout => parts.holdout.push(row as u32),
                Side::Neither => {}
            }
        }
        parts.folds = self.folds(&parts.train, split.validate.folds, gap);
        Ok(parts)
    }

    /// `count` folds: the k-th learns from what lies before its validation rows, which are as many in each fold.
    fn folds(&self, train: &[u32], count: i64, gap: i64) -> Vec<(Vec<u32>, Vec<u32>)> {
        let count = usize::try_from(count).unwrap_or_default();
        let size = train.len() / (count + 1);
        if size == 0 {
            return Vec::new();
        }
        let time = |row: u32| self.time_ms[row as usize];
        (1..=count)
            .map(|fold| {
                let end = if fold == count {
                    train.len()
                } else {
                    (fold + 1) * size
                };
                let validate = &train[fold * size..end];
                let start = time(validate[0]);
                let learn = train.partition_point(|&row| {
                    if gap == 0 {
                        time(row) < start
                    } else {
                        time(row) <= start - gap
                    }
                });
                (train[..learn].to_vec(), validate.to_vec())
            })
            .filter(|(learn, _)| !learn.is_empty())
            .collect()
    }
}

enum Side {
    Train,
    Holdout,
    Neither,
}

fn side(time: i64, newest: i64, split: &Split, gap: i64) -> Side {
    let holdout = ms(split.holdout);
    if let Some(every) = split.every {
        let place = (time - ANCHOR).rem_euclid(ms(every).max(1));
        return if place < holdout {
            Side::Holdout
        } else {
            Side::Train
        };
    }
    let begin = newest - holdout;
    if time > begin {
        Side::Holdout
    } else if time <= begin - gap {
        Side::Train
    } else {
        Side::Neither
    }
}

fn ms(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use project::{SplitBy, Validate};
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn weekly(every_weeks: Option<i64>, folds: i64) -> Split {
        Split {
            by: SplitBy::Time,
            holdout: SignedDuration::from_hours(7 * 24),
            every: every_weeks.map(|weeks| SignedDuration::from_hours(weeks * 7 * 24)),
            validate: Validate { folds, gap: None },
            max_holdout_uses: None,
        }
    }

    #[test]
    fn a_row_is_on_the_same_side_when_more_rows_arrive() {
        let time: Vec<i64> = (0..24 * 200)
            .map(|hour| 1_300_000_000_000 + hour * HOUR)
            .collect();
        let label = vec![1.0; time.len()];
        let split = weekly(Some(6), 4);
        let all = Rows {
            time_ms: &time,
            label: &label,
        }
        .split(&split, SignedDuration::from_hours(24), None)
        .unwrap();
        let early = Rows {
            time_ms: &time[..2000],
            label: &label[..2000],
        }
        .split(&split, SignedDuration::from_hours(24), None)
        .unwrap();
        assert_eq!(
            early.holdout,
            all.holdout
                .iter()
                .copied()
                .filter(|row| *row < 2000)
                .collect::<Vec<_>>()
        );
        assert!(early.holdout.iter().all(|row| !all.train.contains(row)));
    }

    proptest! {
        #[test]
        fn no_fold_learns_from_what_its_validation_rows_could_not_know(
            steps in prop::collection::vec(0_i64..5, 50..300), gap_hours in 0_i64..30, folds in 2_i64..6, anchored: bool,
        ) {
            let mut at = 1_300_000_000_000;
            let time: Vec<i64> = steps.iter().map(|step| { at += step * HOUR; at }).collect();
            let label = vec![0.5; time.len()];
            let split = Split { holdout: SignedDuration::from_hours(40), every: anchored.then(|| SignedDuration::from_hours(160)), ..weekly(None, folds) };
            let parts = Rows { time_ms: &time, label: &label }.split(&split, SignedDuration::from_hours(gap_hours), None).unwrap();
            for (learn, validate) in &parts.folds {
                let last = learn.iter().map(|row| time[*row as usize]).max().unwrap();
                let first = validate.iter().map(|row| time[*row as usize]).min().unwrap();
                prop_assert!(last < first || gap_hours > 0);
                prop_assert!(last + gap_hours * HOUR <= first);
                prop_assert!(validate.iter().all(|row| !parts.holdout.contains(row) && parts.train.contains(row)));
            }
        }
    }

    #[test]
    fn rows_without_a_label_belong_to_no_part() {
        let time: Vec<i64> = (0..1000).map(|hour| hour * HOUR).collect();
        let mut label = vec![1.0; 1000];
        label[3] = f64::NAN;
        let parts = Rows {
            time_ms: &time,
            label: &label,
        }
        .split(&weekly(None, 3), SignedDuration::ZERO, None)
        .unwrap();
        assert_eq!(parts.train.len() + parts.holdout.len(), 999);
        assert_eq!(parts.holdout.len(), 168);
    }
}
