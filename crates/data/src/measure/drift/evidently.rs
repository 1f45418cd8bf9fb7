//! Evidently 0.7.23: its choice of method per column, its methods and its thresholds, faults included.
//!
//! The choice turns on the type of the *current* column, on the rows of the reference after cleaning (1000 is the
//! border) and on the number of different values on both sides. A dataset has drifted when at least half of its
//! columns have. Faults that are reproduced on purpose: `chisquare` is 0 as soon as one current row has a category
//! that the reference lacks; `g_test` and `fisher_exact` refuse samples of different size; `mannw` is one-sided.
//!
//! Not reproduced: the classifier on words for columns of free text (its scores depend on a Python library's random
//! numbers), and the random numbers of the permutation tests `TVD` and `empirical_mmd`.

mod methods;

use super::pair::{Numeric, Pair, code_counts};
use super::verdict::{Answer, Comparison, Extent};
use methods::{Inputs, Method};

/// Share of drifted columns from which Evidently calls the dataset drifted.
pub const DRIFT_SHARE: f64 = 0.5;
/// Up to this many rows of the reference it takes tests, above it distances.
const SMALL: usize = 1000;
/// Whole numbers with at most this many different values are categories.
const FEW: usize = 10;

/// What Evidently says about a column. The error says why it does not compare it.
pub fn compare(pair: &Pair, extent: Extent) -> Result<Comparison, String> {
    let inputs = match pair {
        Pair::Numbers { values, whole } => {
            let numeric = Numeric::new(values);
            if numeric.sorted.iter().any(Vec::is_empty) {
                return Err("a side has no finite value".to_owned());
            }
            if whole[1] && numeric.distinct(1) <= FEW {
                Inputs::Category(numeric.counts())
            } else {
                Inputs::Number {
                    numeric,
                    whole: whole[0] && whole[1],
                }
            }
        }
        Pair::Codes {
            codes,
            kinds,
            words,
        } => {
            let counts = code_counts(codes, *kinds);
            let rows = [0, 1].map(|side: usize| counts[side].iter().sum::<f64>());
            if rows.contains(&0.0) {
                return Err("a side has no value".to_owned());
            }
            let different = counts[1].iter().filter(|count| **count > 0.0).count();
            if *words && different as f64 > 0.5 * rows[1] {
                return Ok(free_text(rows[0] as usize));
            }
            Inputs::Category(counts)
        }
    };
    let chosen = choose(&inputs);
    let mut methods: Vec<(&'static str, Answer)> = Vec::new();
    if extent == Extent::All {
        let mut fitting = inputs.fitting();
        if !fitting.contains(&chosen) {
            fitting.push(chosen);
        }
        methods = fitting
            .into_iter()
            .map(|method| (method.name(), method.answer(&inputs)))
            .collect();
    }
    let of_chosen = methods
        .iter()
        .find(|(name, _)| *name == chosen.name())
        .map_or_else(|| chosen.answer(&inputs), |(_, answer)| answer.clone());
    Ok(Comparison {
        kind: inputs.kind(),
        method: chosen.name(),
        chosen: of_chosen,
        methods,
    })
}

fn choose(inputs: &Inputs) -> Method {
    let (rows, different) = (inputs.rows(0), inputs.different());
    match inputs {
        Inputs::Number { .. } if rows > SMALL && different > 5 => Method::Wasserstein,
        Inputs::Number { .. } if rows <= SMALL && different > 5 => Method::Ks,
        _ if rows > SMALL => Method::JensenShannon,
        _ if different > 2 => Method::ChiSquare,
        _ => Method::Z,
    }
}

fn free_text(rows: usize) -> Comparison {
    Comparison {
        kind: "text",
        method: if rows > SMALL {
            "abs_text_content_drift"
        } else {
            "perc_text_content_drift"
        },
        chosen: Err(
            "more than half of its values are different, so it is free text for Evidently, whose classifier on words is not reproduced"
                .to_owned(),
        ),
        methods: Vec::new(),
    }
}
