//! When a column counts as drifted, and when it does not.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::window::{DAY_MS, Window, month_of};

const HOUR: i64 = 3_600_000;

fn one(values: Values, at: Vec<i64>) -> BTreeMap<String, Sample> {
    BTreeMap::from([("x".to_owned(), Sample { values, at })])
}

/// Standard normal, by the sum of twelve uniform numbers.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0
}

fn numbers(seed: u64, n: usize, shift: f64) -> BTreeMap<String, Sample> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let values = (0..n).map(|_| normal(&mut rng) + shift).collect();
    one(
        Values::Number(values),
        (0..n).map(|hour| hour as i64 * HOUR).collect(),
    )
}

fn state(
    before: &BTreeMap<String, Sample>,
    now: &BTreeMap<String, Sample>,
    method: DriftMethod,
) -> State {
    overall(&compare(before, now, method, Limits::default()))
}

// proves S12 S50
#[test]
fn unchanged_data_hardly_ever_warns_and_never_alerts() {
    let reference = numbers(1, 5000, 0.0);
    let states: Vec<State> = (0..200)
        .map(|run| {
            state(
                &reference,
                &numbers(100 + run, 500, 0.0),
                DriftMethod::Default,
            )
        })
        .collect();
    let warned = states.iter().filter(|state| **state == State::Warn).count();
    assert!(warned <= 14, "{warned} of 200 windows warn");
    assert!(!states.contains(&State::Alert));
}

// proves S50
#[test]
fn a_shift_that_matters_alerts_and_one_that_does_not_is_quiet() {
    let reference = numbers(1, 5000, 0.0);
    for method in [
        DriftMethod::Default,
        DriftMethod::Ks,
        DriftMethod::Psi,
        DriftMethod::Js,
        DriftMethod::Wasserstein,
    ] {
        assert_eq!(
            state(&reference, &numbers(2, 1000, 1.0), method),
            State::Alert,
            "{method:?}"
        );
    }
    assert_eq!(
        state(
            &numbers(1, 60_000, 0.0),
            &numbers(3, 60_000, 0.05),
            DriftMethod::Default
        ),
        State::Ok
    );
}

// proves S50
#[test]
fn a_new_category_that_matters_alerts_and_one_stray_row_does_not() {
    let words = |n: usize, rare: usize, new: usize| {
        let word = |i: usize| {
            Some(
                if i < new {
                    "new"
                } else if (i % 10) < rare {
                    "b"
                } else {
                    "a"
                }
                .to_owned(),
            )
        };
        // Spread over time, so that no block has them all.
        let order = (0..n).map(|i| word((i * 7919) % n)).collect();
        one(
            Values::Category(order),
            (0..n as i64).map(|hour| hour * HOUR).collect(),
        )
    };
    let reference = words(3000, 3, 0);
    assert_eq!(
        state(&reference, &words(1000, 3, 1), DriftMethod::Default),
        State::Ok
    );
    assert_eq!(
        state(&reference, &words(1000, 3, 300), DriftMethod::Default),
        State::Alert
    );
    assert_eq!(
        state(&reference, &words(1000, 7, 0), DriftMethod::Psi),
        State::Alert
    );
}

/// A year of hourly temperatures: a season, and weather that a whole day shares.
fn year(seed: u64, from: i64, days: i64) -> Sample {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut values, mut at) = (Vec::new(), Vec::new());
    for day in 0..days {
        let season = (std::f64::consts::TAU * (day + from) as f64 / 365.25).cos() * -12.0;
        let today = 14.0 + season + 4.0 * normal(&mut rng);
        for hour in 0..24 {
            values.push(today);
            at.push((from + day) * DAY_MS + hour * HOUR);
        }
    }
    Sample {
        values: Values::Number(values),
        at,
    }
}

// proves S50 (seasonality as control)
#[test]
fn a_season_is_drift_against_the_year_and_none_against_the_same_months() {
    let learned = year(1, 0, 365);
    let july = Window {
        start: (365 + 181) * DAY_MS,
        end: (365 + 209) * DAY_MS,
    };
    let now = BTreeMap::from([("x".to_owned(), year(2, 365 + 181, 28))]);
    let whole = BTreeMap::from([("x".to_owned(), learned.clone())]);
    assert_eq!(state(&whole, &now, DriftMethod::Default), State::Alert);

    let months = july.months();
    let same: Vec<usize> = (0..learned.at.len())
        .filter(|&row| months.contains(&month_of(learned.at[row])))
        .collect();
    let same = BTreeMap::from([("x".to_owned(), learned.select(&same))]);
    assert!(matches!(
        state(&same, &now, DriftMethod::Default),
        State::Ok
    ));
}

#[test]
fn a_column_that_nobody_sends_or_of_another_kind_cannot_be_compared() {
    let reference = numbers(1, 100, 0.0);
    assert_eq!(
        state(&reference, &BTreeMap::new(), DriftMethod::Default),
        State::Unknown
    );
    let text = one(Values::Category(vec![Some("a".to_owned()); 50]), Vec::new());
    let columns = compare(&reference, &text, DriftMethod::Default, Limits::default());
    assert_eq!(columns["x"].score, None);
    assert_eq!(summary(&columns), "no drift; x cannot be compared");
}

#[test]
fn the_limits_of_the_file_replace_those_of_the_method() {
    let (reference, now) = (numbers(1, 2000, 0.0), numbers(2, 1000, 0.5));
    let strict = Limits {
        warn: Some(0.01),
        alert: Some(0.05),
    };
    let loose = Limits {
        warn: Some(5.0),
        alert: Some(9.0),
    };
    for method in [
        DriftMethod::Psi,
        DriftMethod::Default,
        DriftMethod::Wasserstein,
    ] {
        assert_eq!(
            overall(&compare(&reference, &now, method, strict)),
            State::Alert
        );
        assert_eq!(
            overall(&compare(&reference, &now, method, loose)),
            State::Ok
        );
    }
}
