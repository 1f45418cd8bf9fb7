//! One column of two samples, as every comparison takes it.

use super::bins::{distinct, value_counts};
use super::sorted;

/// The code of a missing category.
pub const MISSING: u32 = u32::MAX;

/// A column before and now, in the order of the rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Pair {
    /// Numbers; NaN is missing.
    Numbers {
        /// Values of both sides.
        values: [Vec<f64>; 2],
        /// Whether a side's column holds whole numbers by its type, without a missing one (a data frame turns
        /// whole numbers into fractions as soon as one is missing).
        whole: [bool; 2],
    },
    /// Categories as codes in the order of their names; [`MISSING`] is missing.
    Codes {
        /// Codes of both sides.
        codes: [Vec<u32>; 2],
        /// How many categories there are on both sides together.
        kinds: usize,
        /// Whether categories are words rather than yes and no.
        words: bool,
    },
}

impl Pair {
    /// How many rows of each side have a value; infinity is one.
    pub fn present(&self) -> [usize; 2] {
        match self {
            Self::Numbers { values, .. } => {
                [0, 1].map(|side| values[side].iter().filter(|value| !value.is_nan()).count())
            }
            Self::Codes { codes, .. } => {
                [0, 1].map(|side| codes[side].iter().filter(|code| **code != MISSING).count())
            }
        }
    }

    /// How many values of each side are infinite.
    pub fn infinite(&self) -> [usize; 2] {
        match self {
            Self::Numbers { values, .. } => [0, 1].map(|side| {
                values[side]
                    .iter()
                    .filter(|value| value.is_infinite())
                    .count()
            }),
            Self::Codes { .. } => [0, 0],
        }
    }
}

/// Finite values of both sides.
#[derive(Clone, Debug)]
pub(super) struct Numeric {
    /// In the order of the rows.
    pub raw: [Vec<f64>; 2],
    /// In rising order.
    pub sorted: [Vec<f64>; 2],
}

impl Numeric {
    pub(super) fn new(values: &[Vec<f64>; 2]) -> Self {
        let raw = [0, 1].map(|side: usize| -> Vec<f64> {
            values[side]
                .iter()
                .copied()
                .filter(|value| value.is_finite())
                .collect()
        });
        let sorted = [0, 1].map(|side: usize| sorted(&raw[side]));
        Self { raw, sorted }
    }

    /// Both sides in one, in rising order.
    pub(super) fn pooled(&self) -> Vec<f64> {
        let mut all = self.sorted.concat();
        all.sort_unstable_by(f64::total_cmp);
        all
    }

    /// Counts of each value, as if values were categories.
    pub(super) fn counts(&self) -> [Vec<f64>; 2] {
        value_counts(&self.sorted[0], &self.sorted[1])
    }

    pub(super) fn distinct(&self, side: usize) -> usize {
        distinct(&self.sorted[side])
    }
}

/// Counts of each code that occurs on either side, in the order of codes.
pub fn code_counts(codes: &[Vec<u32>; 2], kinds: usize) -> [Vec<f64>; 2] {
    let all = [0, 1].map(|side: usize| count(&codes[side], kinds));
    let kept: Vec<usize> = (0..kinds)
        .filter(|code| all[0][*code] + all[1][*code] > 0.0)
        .collect();
    [0, 1].map(|side: usize| kept.iter().map(|code| all[side][*code]).collect())
}

/// Counts of each code below `kinds`.
pub(super) fn count(codes: &[u32], kinds: usize) -> Vec<f64> {
    let mut counts = vec![0.0; kinds];
    for code in codes {
        if let Some(slot) = counts.get_mut(*code as usize) {
            *slot += 1.0;
        }
    }
    counts
}
