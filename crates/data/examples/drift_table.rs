//! The table of false alarms and detections in `docs/drift.md`: our default decision beside the field's.
//!
//! Draws pairs of samples with a known change, or none, and asks each rule. Ours decides over ten columns at once, of
//! which at most the first has changed. Run with `cargo run --release --example drift_table`; the same seed gives the
//! same table.

use data::measure::drift::{
    ALPHA, Extent, Ours, Pair, benjamini_hochberg, decide_pair, evidently, nannyml,
};
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

const COLUMNS: usize = 10;

/// How one value is drawn.
type Draw = fn(&mut ChaCha8Rng) -> f64;

/// A column: how it is drawn before and now, and how many rows each side has.
struct Case {
    name: &'static str,
    words: bool,
    before: Draw,
    now: Draw,
    rows: [usize; 2],
    repeats: u64,
}

fn normal(rng: &mut impl Rng) -> f64 {
    let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

fn cauchy(rng: &mut impl Rng) -> f64 {
    (std::f64::consts::PI * (rng.random::<f64>() - 0.5)).tan()
}

/// Category i of `kinds` with weight 1 / (i + 1).
fn zipf(rng: &mut impl Rng, kinds: usize) -> f64 {
    let all: f64 = (1..=kinds).map(|i| 1.0 / i as f64).sum();
    let mut left = rng.random::<f64>() * all;
    for kind in 0..kinds {
        left -= 1.0 / (kind as f64 + 1.0);
        if left < 0.0 {
            return kind as f64;
        }
    }
    kinds as f64 - 1.0
}

/// Category by its share.
fn shares(rng: &mut impl Rng, shares: &[f64]) -> f64 {
    let mut left = rng.random::<f64>();
    for (kind, share) in shares.iter().enumerate() {
        left -= share;
        if left < 0.0 {
            return kind as f64;
        }
    }
    shares.len() as f64 - 1.0
}

#[rustfmt::skip]
const NONE: &[Case] = &[
    Case {
        name: "normal",
        words: false,
        before: |r| normal(r),
        now: |r| normal(r),
        rows: [10_000, 200],
        repeats: 20,
    },
    Case {
        name: "normal",
        words: false,
        before: |r| normal(r),
        now: |r| normal(r),
        rows: [1000, 1000],
        repeats: 20,
    },
    Case {
        name: "lognormal",
        words: false,
        before: |r| normal(r).exp(),
        now: |r| normal(r).exp(),
        rows: [1100, 200],
        repeats: 20,
    },
    Case {
        name: "Cauchy",
        words: false,
        before: |r| cauchy(r),
        now: |r| cauchy(r),
        rows: [1100, 1100],
        repeats: 20,
    },
    Case {
        name: "50 categories",
        words: true,
        before: |r| zipf(r, 50),
        now: |r| zipf(r, 50),
        rows: [1100, 1100],
        repeats: 20,
    },
    Case {
        name: "50 categories",
        words: true,
        before: |r| zipf(r, 50),
        now: |r| zipf(r, 50),
        rows: [1100, 300],
        repeats: 20,
    },
    Case {
        name: "200 categories",
        words: true,
        before: |r| zipf(r, 200),
        now: |r| zipf(r, 200),
        rows: [10_000, 1000],
        repeats: 20,
    },
    Case {
        name: "500 categories",
        words: true,
        before: |r| zipf(r, 500),
        now: |r| zipf(r, 500),
        rows: [10_000, 10_000],
        repeats: 10,
    },
    Case {
        name: "normal, + 0.05 sd: real and immaterial",
        words: false,
        before: |r| normal(r),
        now: |r| normal(r) + 0.05,
        rows: [100_000, 100_000],
        repeats: 4,
    },
];

#[rustfmt::skip]
const CHANGED: &[Case] = &[
    Case {
        name: "mean + 0.2 sd",
        words: false,
        before: |r| normal(r),
        now: |r| normal(r) + 0.2,
        rows: [10_000, 500],
        repeats: 100,
    },
    Case {
        name: "spread + 20 %",
        words: false,
        before: |r| normal(r),
        now: |r| 1.2 * normal(r),
        rows: [10_000, 1000],
        repeats: 100,
    },
    Case {
        name: "lognormal + 20 %",
        words: false,
        before: |r| (2.0 * normal(r)).exp(),
        now: |r| 1.2 * (2.0 * normal(r)).exp(),
        rows: [5000, 5000],
        repeats: 100,
    },
    Case {
        name: "Cauchy + 0.5",
        words: false,
        before: |r| cauchy(r),
        now: |r| cauchy(r) + 0.5,
        rows: [5000, 5000],
        repeats: 100,
    },
    Case {
        name: "unit changed (km to miles)",
        words: false,
        before: |r| (0.5 * normal(r)).exp(),
        now: |r| 0.621 * (0.5 * normal(r)).exp(),
        rows: [5000, 500],
        repeats: 100,
    },
    Case {
        name: "one row in five + 1 sd",
        words: false,
        before: |r| normal(r),
        now: |r| normal(r) + f64::from(u8::from(r.random::<f64>() < 0.2)),
        rows: [10_000, 1000],
        repeats: 100,
    },
    Case {
        name: "gradual, to + 0.5 sd",
        words: false,
        before: |r| normal(r),
        now: |r| normal(r) + 0.5 * r.random::<f64>(),
        rows: [10_000, 1000],
        repeats: 100,
    },
    Case {
        name: "new category, 2 % of rows",
        words: true,
        before: |r| shares(r, &[0.4, 0.3, 0.2, 0.1]),
        now: |r| shares(r, &[0.39, 0.29, 0.2, 0.1, 0.02]),
        rows: [5000, 1000],
        repeats: 100,
    },
    Case {
        name: "a category loses 5 points to another",
        words: true,
        before: |r| shares(r, &[0.4, 0.3, 0.2, 0.1]),
        now: |r| shares(r, &[0.35, 0.35, 0.2, 0.1]),
        rows: [5000, 2000],
        repeats: 100,
    },
    Case {
        name: "a category loses 10 points to another",
        words: true,
        before: |r| shares(r, &[0.4, 0.3, 0.2, 0.1]),
        now: |r| shares(r, &[0.3, 0.4, 0.2, 0.1]),
        rows: [5000, 1000],
        repeats: 100,
    },
    Case {
        name: "two categories change places",
        words: true,
        before: |r| shares(r, &[0.5, 0.3, 0.2]),
        now: |r| shares(r, &[0.3, 0.5, 0.2]),
        rows: [2000, 500],
        repeats: 100,
    },
    Case {
        name: "yes from 10 % to 13 %",
        words: true,
        before: |r| shares(r, &[0.9, 0.1]),
        now: |r| shares(r, &[0.87, 0.13]),
        rows: [10_000, 2000],
        repeats: 100,
    },
];

fn draw(case: &Case, now: Draw, rng: &mut ChaCha8Rng) -> Pair {
    let before: Vec<f64> = (0..case.rows[0]).map(|_| (case.before)(rng)).collect();
    let now: Vec<f64> = (0..case.rows[1]).map(|_| now(rng)).collect();
    if !case.words {
        return Pair::Numbers {
            values: [before, now],
            whole: [false, false],
        };
    }
    let codes = [before, now].map(|side| side.iter().map(|kind| *kind as u32).collect::<Vec<_>>());
    let kinds = codes
        .iter()
        .flatten()
        .max()
        .map_or(0, |code| *code as usize + 1);
    Pair::Codes {
        codes,
        kinds,
        words: true,
    }
}

/// Alarms of (ours, test at 5 %, Evidently, NannyML), of how many asked.
fn ask(case: &Case, seed: u64) -> ([usize; 4], usize) {
    let steady = std::ptr::fn_addr_eq(case.before, case.now) || case.repeats <= 20;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let pairs: Vec<Pair> = (0..COLUMNS)
        .map(|column| {
            let changed = steady || column == 0;
            draw(case, if changed { case.now } else { case.before }, &mut rng)
        })
        .collect();
    let decisions: Vec<_> = pairs
        .iter()
        .filter_map(|pair| decide_pair(&Ours::new(pair).ok()?))
        .collect();
    let p: Vec<f64> = decisions.iter().map(|decision| decision.p).collect();
    let adjusted = benjamini_hochberg(&p);
    let asked = if steady { COLUMNS } else { 1 };
    let mut alarms = [0; 4];
    for column in 0..asked {
        let decision = &decisions[column];
        let effect = decision.effect >= decision.effect_limit;
        let of = |comparison: Result<data::measure::drift::Comparison, String>| {
            comparison
                .ok()
                .and_then(|comparison| comparison.chosen.ok())
                .is_some_and(|score| score.drifted)
        };
        let answers = [
            adjusted[column] <= ALPHA && effect,
            decision.p <= ALPHA,
            of(evidently::compare(&pairs[column], Extent::Chosen)),
            of(nannyml::compare(&pairs[column], Extent::Chosen)),
        ];
        for (sum, answer) in alarms.iter_mut().zip(answers) {
            *sum += usize::from(answer);
        }
    }
    (alarms, asked)
}

fn main() {
    for (title, cases) in [
        ("No change, or none that matters: alarms per column", NONE),
        ("A change that matters: found", CHANGED),
    ] {
        println!("### {title}\n");
        println!(
            "| data | rows before / now | Ironloop | KS or chi² at 5 % | Evidently | NannyML |"
        );
        println!("|---|---|---|---|---|---|");
        for case in cases {
            let results: Vec<_> = (0..case.repeats)
                .into_par_iter()
                .map(|seed| ask(case, seed))
                .collect();
            let asked: usize = results.iter().map(|result| result.1).sum();
            let cells: Vec<String> = (0..4)
                .map(|rule| {
                    let alarms: usize = results.iter().map(|result| result.0[rule]).sum();
                    format!("{:.0} %", 100.0 * alarms as f64 / asked as f64)
                })
                .collect();
            println!(
                "| {} | {} / {} | {} |",
                case.name,
                case.rows[0],
                case.rows[1],
                cells.join(" | ")
            );
        }
        println!();
    }
}
