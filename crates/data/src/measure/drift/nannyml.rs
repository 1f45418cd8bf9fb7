//! NannyML 0.13.1's univariate drift: the current sample as one chunk against the whole reference.
//!
//! Jensen-Shannon (base 2) decides for numbers and categories. Each method's limit is the mean plus three deviations
//! of the method over ten consecutive chunks of the reference (an eleventh takes the remainder); only `chi2` goes by
//! its p-value. From 10 000 rows of the reference on, Kolmogorov-Smirnov and Wasserstein use 10 000 equal bins.
//!
//! Faults that are reproduced on purpose: two different constants within 0.5 of each other have distance 0; infinity
//! is not cleaned away, so histograms fail on it; the binned Wasserstein distance counts one row too many below
//! the reference's smallest value.

use super::bins::{Numbers, Rule, counts, edges, linear};
use super::contingency::pearson_yates;
use super::ks::ks_statistic;
use super::moments::{mean, sum, variance};
use super::pair::{MISSING, Pair, count};
use super::shares;
use super::transport::wasserstein_sorted;
use super::verdict::{Answer, Comparison, Extent, Score, above};

/// Into how many chunks the reference is cut.
const CHUNKS: usize = 10;
/// From this many rows of the reference on, distances of distribution functions are binned.
const BINNED_FROM: usize = 10_000;
const BINS: usize = 10_000;

/// A distance of two samples in rising order.
type Exact = fn(&[f64], &[f64]) -> f64;
/// The same against a binned reference.
type OnBins = fn(&Binned, &[f64]) -> f64;
type Distance<'a, T> = Box<dyn Fn(&[T]) -> f64 + 'a>;

/// What NannyML says about a column. The error says why it does not compare it.
pub fn compare(pair: &Pair, extent: Extent) -> Result<Comparison, String> {
    let (kind, mut methods) = match pair {
        Pair::Numbers { values, .. } => ("continuous", numbers(values, extent)?),
        Pair::Codes { codes, kinds, .. } => ("categorical", categories(codes, *kinds, extent)?),
    };
    let method = "jensen_shannon";
    let chosen = methods
        .iter()
        .find(|(name, _)| *name == method)
        .map_or_else(
            || Err("was not computed".to_owned()),
            |(_, answer)| answer.clone(),
        );
    if extent == Extent::Chosen {
        methods.clear();
    }
    Ok(Comparison {
        kind,
        method,
        chosen,
        methods,
    })
}

fn numbers(values: &[Vec<f64>; 2], extent: Extent) -> Result<Vec<(&'static str, Answer)>, String> {
    let [reference, current] = [0, 1].map(|side: usize| present(&values[side]));
    if reference.is_empty() || current.is_empty() {
        return Err("a side has no value".to_owned());
    }
    let chunks: Vec<Vec<f64>> = chunks(&values[0])?.map(present).collect();
    let bins = finite(&reference).map(|()| edges(&reference, Rule::Doane, Numbers::Real));
    let in_bins = |distance: fn(&[f64], &[f64]) -> f64| -> Result<Distance<'_, f64>, String> {
        let bins = bins.clone()?;
        let before = shares_of_reference(&counts(&reference, &bins), reference.len());
        Ok(Box::new(move |now: &[f64]| {
            distance(&before, &shares_with_rest(&counts(now, &bins), now.len()))
        }))
    };
    let mut methods = vec![(
        "jensen_shannon",
        in_bins(shares::jensen_shannon_base_2).map(|distance| judge(&distance, &current, &chunks)),
    )];
    if extent == Extent::Chosen {
        return Ok(methods);
    }
    methods.push((
        "hellinger",
        in_bins(shares::hellinger).map(|distance| judge(&distance, &current, &chunks)),
    ));
    let functions: [(&'static str, Exact, OnBins); 2] = [
        (
            "kolmogorov_smirnov",
            |a, b| ks_statistic(a, b).unwrap_or(f64::NAN),
            Binned::largest_gap,
        ),
        ("wasserstein", wasserstein, Binned::area),
    ];
    for (name, exact, binned) in functions {
        let answer = if reference.len() < BINNED_FROM {
            let distance: Distance<'_, f64> = Box::new(|now: &[f64]| exact(&reference, now));
            Ok(judge(&distance, &current, &chunks))
        } else {
            finite(&reference).map(|()| {
                let before = Binned::new(&reference);
                let distance: Distance<'_, f64> = Box::new(move |now: &[f64]| binned(&before, now));
                judge(&distance, &current, &chunks)
            })
        };
        // Its statistic cannot be above 1, so neither is its limit.
        let answer = answer.map(|score| Score {
            threshold: if name == "kolmogorov_smirnov" {
                score.threshold.min(1.0)
            } else {
                score.threshold
            },
            ..score
        });
        methods.push((name, answer));
    }
    Ok(methods)
}

fn categories(
    codes: &[Vec<u32>; 2],
    kinds: usize,
    extent: Extent,
) -> Result<Vec<(&'static str, Answer)>, String> {
    let known = |codes: &[u32]| -> Vec<u32> {
        codes
            .iter()
            .copied()
            .filter(|code| *code != MISSING)
            .collect()
    };
    let [reference, current] = [0, 1].map(|side: usize| known(&codes[side]));
    if reference.is_empty() || current.is_empty() {
        return Err("a side has no value".to_owned());
    }
    let chunks: Vec<Vec<u32>> = chunks(&codes[0])?.map(known).collect();
    let before = count(&reference, kinds);
    // Bins are the reference's categories; the rest goes into one more.
    let kept = |now: &[u32]| -> Vec<f64> {
        count(now, kinds)
            .into_iter()
            .zip(&before)
            .filter(|(_, before)| **before > 0.0)
            .map(|(now, _)| now)
            .collect()
    };
    let in_bins = |distance: fn(&[f64], &[f64]) -> f64| -> Score {
        let p = shares_of_reference(&kept(&reference), reference.len());
        let distance: Distance<'_, u32> =
            Box::new(move |now: &[u32]| distance(&p, &shares_with_rest(&kept(now), now.len())));
        judge(&distance, &current, &chunks)
    };
    let mut methods: Vec<(&'static str, Answer)> =
        vec![("jensen_shannon", Ok(in_bins(shares::jensen_shannon_base_2)))];
    if extent == Extent::Chosen {
        return Ok(methods);
    }
    methods.push(("hellinger", Ok(in_bins(shares::hellinger))));
    let l_infinity: Distance<'_, u32> =
        Box::new(|now: &[u32]| shares::l_infinity(&before, &count(now, kinds)));
    methods.push(("l_infinity", Ok(judge(&l_infinity, &current, &chunks))));
    let (a, b): (Vec<f64>, Vec<f64>) = before
        .iter()
        .copied()
        .zip(count(&current, kinds))
        .filter(|(a, b)| a + b > 0.0)
        .unzip();
    let chi2 = pearson_yates(&a, &b);
    let score = Score {
        score: chi2.statistic,
        threshold: 0.05,
        drifted: chi2.p < 0.05,
    };
    methods.push(("chi2", Ok(score)));
    Ok(methods)
}

/// The value of the current sample against mean + 3 deviations of the reference's chunks; chunks without a value do
/// not count.
fn judge<T>(distance: &Distance<'_, T>, current: &[T], chunks: &[Vec<T>]) -> Score {
    let over_chunks: Vec<f64> = chunks
        .iter()
        .filter(|chunk| !chunk.is_empty())
        .map(|chunk| distance(chunk))
        .filter(|value| !value.is_nan())
        .collect();
    let limit = mean(&over_chunks) + 3.0 * variance(&over_chunks, 0.0).sqrt();
    above(distance(current), limit)
}

/// Ten equal consecutive parts and, where rows remain, a smaller one.
fn chunks<T>(values: &[T]) -> Result<std::slice::Chunks<'_, T>, String> {
    match values.len() / CHUNKS {
        0 => Err(format!(
            "its reference has {} rows, fewer than the {CHUNKS} chunks that a limit needs",
            values.len()
        )),
        size => Ok(values.chunks(size)),
    }
}

/// All values that are not missing, infinities too, in rising order.
fn present(values: &(impl AsRef<[f64]> + ?Sized)) -> Vec<f64> {
    let mut kept: Vec<f64> = values
        .as_ref()
        .iter()
        .copied()
        .filter(|value| !value.is_nan())
        .collect();
    kept.sort_unstable_by(f64::total_cmp);
    kept
}

fn finite(sorted: &[f64]) -> Result<(), String> {
    match sorted.iter().find(|value| value.is_infinite()) {
        Some(value) => Err(format!("cannot bin the value {value} of the reference")),
        None => Ok(()),
    }
}

/// Shares of the reference, none of whose rows are in no bin.
fn shares_of_reference(counts: &[f64], rows: usize) -> Vec<f64> {
    let shares = counts.iter().map(|count| count / rows as f64);
    shares.chain([0.0]).collect()
}

/// Shares of all rows, then the share of rows in no bin. Rounding may leave a tiny rest, as in the original.
fn shares_with_rest(counts: &[f64], rows: usize) -> Vec<f64> {
    let mut shares: Vec<f64> = counts.iter().map(|count| count / rows as f64).collect();
    shares.push((1.0 - sum(&shares)).max(0.0));
    shares
}

/// scipy's distance, which is NaN as soon as two infinities of one sign meet.
fn wasserstein(a: &[f64], b: &[f64]) -> f64 {
    for infinity in [f64::NEG_INFINITY, f64::INFINITY] {
        let same = |values: &[f64]| values.iter().filter(|value| **value == infinity).count();
        if same(a) + same(b) > 1 {
            return f64::NAN;
        }
    }
    wasserstein_sorted(a, b).unwrap_or(f64::NAN)
}

/// A distribution function at the right edges of equal bins over the reference.
struct Binned {
    edges: Vec<f64>,
    below: Vec<f64>,
}

impl Binned {
    fn new(reference: &[f64]) -> Self {
        let (first, last) = match (reference.first(), reference.last()) {
            (Some(first), Some(last)) if first == last => (first - 0.5, last + 0.5),
            (Some(first), Some(last)) => (*first, *last),
            _ => (0.0, 1.0),
        };
        let edges = linear(first, last, BINS);
        let below = Self::running(reference, &edges, 0.0);
        Self { edges, below }
    }

    fn running(values: &[f64], edges: &[f64], from: f64) -> Vec<f64> {
        let n = values.len() as f64;
        let mut total = 0.0;
        counts(values, edges)
            .iter()
            .map(|count| {
                total += count / n;
                from + total
            })
            .collect()
    }

    /// (gap at each right edge, the current values below the first edge, those above the last). Where values lie below,
    /// `more` rows are counted there.
    fn gaps<'a>(&self, now: &'a [f64], more: f64) -> (Vec<f64>, &'a [f64], &'a [f64]) {
        let (first, last) = (self.edges[0], self.edges[self.edges.len() - 1]);
        let start = now.partition_point(|value| *value < first);
        let end = now.partition_point(|value| *value <= last);
        let more = if start > 0 { more } else { 0.0 };
        let from = (start as f64 + more) / now.len() as f64;
        let gaps = Self::running(now, &self.edges, from)
            .iter()
            .zip(&self.below)
            .map(|(now, before)| (before - now).abs())
            .collect();
        (gaps, &now[..start], &now[end..])
    }

    fn largest_gap(&self, now: &[f64]) -> f64 {
        self.gaps(now, 0.0).0.into_iter().fold(0.0, f64::max)
    }

    /// Bins between the reference's ends, and the exact distance of what lies beyond them. Where values lie
    /// below, the bins count one row too many there: a fault of the original that is kept.
    fn area(&self, now: &[f64]) -> f64 {
        let (gaps, left, right) = self.gaps(now, 1.0);
        let (first, last) = (self.edges[0], self.edges[self.edges.len() - 1]);
        let tails: f64 = left.iter().map(|value| first - value).sum::<f64>()
            + right.iter().map(|value| value - last).sum::<f64>();
        let width = self.edges[1] - self.edges[0];
        gaps.iter().map(|gap| gap * width).sum::<f64>() + tails / now.len() as f64
    }
}
