//! Payoff: the money that a right or a wrong prediction is worth.

use serde::Serialize;

use crate::file::read::Section;

/// Money per decision (binary) or per unit of error (regression), in one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Payoff {
    /// `EUR`, `USD`, …
    pub currency: String,
    /// The amounts.
    #[serde(flatten)]
    pub amounts: Amounts,
}

/// What each outcome is worth; a loss is negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Amounts {
    /// One amount per cell of the confusion matrix.
    Cells {
        /// Predicted yes, was yes.
        true_positive: f64,
        /// Predicted yes, was no.
        false_positive: f64,
        /// Predicted no, was yes.
        false_negative: f64,
        /// Predicted no, was no.
        true_negative: f64,
    },
    /// One amount per unit by which the prediction missed.
    Units {
        /// Per unit that was predicted too little.
        under: f64,
        /// Per unit that was predicted too much.
        over: f64,
    },
}

impl Amounts {
    /// What one regression prediction is worth. Cells have no answer to a number.
    pub fn of_number(&self, truth: f64, predicted: f64) -> Option<f64> {
        let Self::Units { under, over } = *self else {
            return None;
        };
        let miss = predicted - truth;
        Some(if miss < 0.0 {
            -miss * under
        } else {
            miss * over
        })
    }

    /// What one yes-or-no decision is worth. Units have no answer to a decision.
    pub fn of_decision(&self, truth: bool, decided: bool) -> Option<f64> {
        let Self::Cells {
            true_positive,
            false_positive,
            false_negative,
            true_negative,
        } = *self
        else {
            return None;
        };
        Some(match (truth, decided) {
            (true, true) => true_positive,
            (false, true) => false_positive,
            (true, false) => false_negative,
            (false, false) => true_negative,
        })
    }
}

const CELLS: [&str; 4] = [
    "true_positive",
    "false_positive",
    "false_negative",
    "true_negative",
];

impl Payoff {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        let cells = CELLS.iter().any(|key| s.has(key));
        let units = s.has("under") || s.has("over");
        if cells && units {
            s.problem("", "has amounts per cell and per unit; keep true_positive … true_negative for a yes-or-no label, or under and over for a number");
        }
        if !cells && !units {
            s.problem("", "has no amounts; write under and over for a number, or true_positive … true_negative for a yes-or-no label");
        }
        let amount = |key| s.number(key).unwrap_or_default();
        let per_cell = Amounts::Cells {
            true_positive: amount("true_positive"),
            false_positive: amount("false_positive"),
            false_negative: amount("false_negative"),
            true_negative: amount("true_negative"),
        };
        let per_unit = Amounts::Units {
            under: amount("under"),
            over: amount("over"),
        };
        Self {
            currency: s.need_text("currency", "EUR"),
            amounts: if cells { per_cell } else { per_unit },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_unit_and_a_surplus_unit_cost_what_the_file_says() {
        let amounts = Amounts::Units {
            under: -2.0,
            over: -0.5,
        };
        assert_eq!(amounts.of_number(100.0, 90.0), Some(-20.0));
        assert_eq!(amounts.of_number(100.0, 110.0), Some(-5.0));
        assert_eq!(amounts.of_number(100.0, 100.0), Some(0.0));
        assert_eq!(amounts.of_decision(true, true), None);
    }
}
