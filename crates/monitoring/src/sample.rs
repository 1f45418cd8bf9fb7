//! Samples: the values of one column with the moments they belong to, and how many independent rows they are worth.
//!
//! Rows of one day share their weather, rows of one week their holidays. A test that takes them for independent
//! finds drift everywhere. So the number of rows is divided by Kish's design effect, `1 + (m − 1) · ρ`, where ρ is
//! the intraclass correlation within days or within weeks, whichever costs more.

use std::collections::{BTreeMap, HashMap};

use crate::window::DAY_MS;

/// At most so many categories are looked at one by one.
const CATEGORIES: usize = 50;

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers; NaN is a missing value.
    Number(Vec<f64>),
    /// Words; `None` is a missing value.
    Category(Vec<Option<String>>),
}

/// One column of some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// One per row.
    pub values: Values,
    /// The moment of each row in milliseconds since the epoch; empty where nobody knows.
    pub at: Vec<i64>,
}

impl Sample {
    /// The rows that `keep` tells by their place.
    #[must_use]
    pub fn select(&self, keep: &[usize]) -> Self {
        let values = match &self.values {
            Values::Number(values) => Values::Number(
                keep.iter()
                    .filter_map(|&row| values.get(row).copied())
                    .collect(),
            ),
            Values::Category(values) => Values::Category(
                keep.iter()
                    .filter_map(|&row| values.get(row).cloned())
                    .collect(),
            ),
        };
        Self {
            values,
            at: keep
                .iter()
                .filter_map(|&row| self.at.get(row).copied())
                .collect(),
        }
    }

    /// How many rows have a value.
    pub fn known(&self) -> usize {
        match &self.values {
            Values::Number(values) => values.iter().filter(|value| value.is_finite()).count(),
            Values::Category(values) => values.iter().filter(|value| value.is_some()).count(),
        }
    }

    /// How many independent rows the rows with a value are worth; at least 1.
    pub fn effective_rows(&self) -> f64 {
        let known = self.known() as f64;
        let (scores, at) = self.scores();
        if at.len() != scores.first().map_or(0, |(_, score)| score.len()) {
            return known.max(1.0);
        }
        let effect = [DAY_MS, 7 * DAY_MS]
            .into_iter()
            .map(|span| mean_effect(&scores, &at, span))
            .fold(1.0, f64::max);
        (known / effect).max(1.0)
    }

    /// What varies, with its weight: the ranks of numbers, or an indicator per category.
    fn scores(&self) -> (Vec<(f64, Vec<f64>)>, Vec<i64>) {
        match &self.values {
            Values::Number(values) => {
                let rows: Vec<usize> = (0..values.len())
                    .filter(|&row| values[row].is_finite())
                    .collect();
                let known: Vec<f64> = rows.iter().map(|&row| values[row]).collect();
                (vec![(1.0, ranks(&known))], self.moments(&rows))
            }
            Values::Category(values) => {
                let rows: Vec<usize> = (0..values.len())
                    .filter(|&row| values[row].is_some())
                    .collect();
                let known: Vec<&str> = rows
                    .iter()
                    .filter_map(|&row| values[row].as_deref())
                    .collect();
                (indicators(&known), self.moments(&rows))
            }
        }
    }

    fn moments(&self, rows: &[usize]) -> Vec<i64> {
        rows.iter()
            .filter_map(|&row| self.at.get(row).copied())
            .collect()
    }
}

/// The place of each value among all, ties sharing their mean place.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut start = 0;
    while start < order.len() {
        let ties = order[start..]
            .iter()
            .take_while(|&&row| values[row] == values[order[start]])
            .count();
        let mean = start as f64 + (ties as f64 - 1.0) / 2.0;
        for &row in &order[start..start + ties] {
            ranks[row] = mean;
        }
        start += ties;
    }
    ranks
}

/// 1 where the row has the category and 0 elsewhere, weighted by what Rao and Scott's correction gives it: 1 − share.
fn indicators(values: &[&str]) -> Vec<(f64, Vec<f64>)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for value in values {
        *counts.entry(value).or_default() += 1;
    }
    let mut frequent: Vec<(&str, usize)> = counts.into_iter().collect();
    frequent.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    frequent
        .into_iter()
        .take(CATEGORIES)
        .map(|(category, count)| {
            let share = count as f64 / values.len() as f64;
            (
                1.0 - share,
                values
                    .iter()
                    .map(|value| f64::from(u8::from(*value == category)))
                    .collect(),
            )
        })
        .collect()
}

fn mean_effect(scores: &[(f64, Vec<f64>)], at: &[i64], span: i64) -> f64 {
    let weights: f64 = scores.iter().map(|(weight, _)| weight).sum();
    if weights <= 0.0 {
        return 1.0;
    }
    let total: f64 = scores
        .iter()
        .map(|(weight, score)| weight * design_effect(score, at, span))
        .sum();
    total / weights
}

/// Kish's design effect of rows in blocks of `span` milliseconds, from a one-way analysis of variance.
fn design_effect(score: &[f64], at: &[i64], span: i64) -> f64 {
    let mut blocks: HashMap<i64, (f64, f64, f64)> = HashMap::new();
    for (value, moment) in score.iter().zip(at) {
        let block = blocks.entry(moment.div_euclid(span)).or_default();
        block.0 += 1.0;
        block.1 += value;
        block.2 += value * value;
    }
    let (n, k) = (score.len() as f64, blocks.len() as f64);
    if k < 2.0 {
        // All rows are of one block: nothing says that they are worth more than one.
        return n.max(1.0);
    }
    if n <= k {
        return 1.0;
    }
    let mean = score.iter().sum::<f64>() / n;
    let (mut between, mut within, mut squares) = (0.0, 0.0, 0.0);
    for (rows, sum, sum_of_squares) in blocks.values() {
        between += rows * (sum / rows - mean).powi(2);
        within += (sum_of_squares - sum * sum / rows).max(0.0);
        squares += rows * rows;
    }
    let (between, within) = (between / (k - 1.0), within / (n - k));
    let size = (n - squares / n) / (k - 1.0);
    let spread = between + (size - 1.0) * within;
    if spread <= 0.0 {
        return 1.0;
    }
    let correlation = ((between - within) / spread).clamp(0.0, 1.0);
    1.0 + (size - 1.0) * correlation
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn hours(n: usize, value: impl Fn(usize) -> f64) -> Sample {
        Sample {
            values: Values::Number((0..n).map(value).collect()),
            at: (0..n).map(|hour| hour as i64 * HOUR).collect(),
        }
    }

    /// A sequence without memory, the same in every run.
    fn noise(i: usize) -> f64 {
        let mut x = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x = (x ^ (x >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (x >> 11) as f64
    }

    #[test]
    fn a_value_that_a_whole_day_shares_counts_once_a_day() {
        let days = hours(28 * 24, |hour| noise(hour / 24)).effective_rows();
        assert!((20.0..=28.5).contains(&days), "{days}");
    }

    #[test]
    fn rows_without_memory_all_count() {
        let rows = hours(28 * 24, noise).effective_rows();
        assert!(rows > 500.0, "{rows}");
    }

    #[test]
    fn a_category_that_a_whole_day_shares_counts_once_a_day() {
        let word =
            |i: usize| Some(["wet", "dry", "snow"][(noise(i) as u64 % 3) as usize].to_owned());
        let at: Vec<i64> = (0..28 * 24).map(|hour| hour * HOUR).collect();
        let daily = Sample {
            values: Values::Category((0..28 * 24).map(|hour| word(hour / 24)).collect()),
            at: at.clone(),
        };
        let hourly = Sample {
            values: Values::Category((0..28 * 24).map(word).collect()),
            at,
        };
        assert!(daily.effective_rows() < 40.0, "{}", daily.effective_rows());
        assert!(
            hourly.effective_rows() > 400.0,
            "{}",
            hourly.effective_rows()
        );
    }

    #[test]
    fn missing_values_and_unknown_moments_are_no_obstacle() {
        let sample = Sample {
            values: Values::Number(vec![1.0, f64::NAN, 2.0]),
            at: Vec::new(),
        };
        assert_eq!(sample.effective_rows(), 2.0);
        let nothing = Sample {
            values: Values::Category(vec![None, None]),
            at: vec![0, 1],
        };
        assert_eq!(nothing.effective_rows(), 1.0);
    }
}
