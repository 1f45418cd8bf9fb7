//! Outcomes: the truth about a prediction, later.
//!
//! Invariants:
//! - An outcome joins its prediction by id, exactly once. The same one again counts as a duplicate; another value for
//!   the same prediction counts as conflicting and is refused: the first stays.
//! - One whose prediction is not in the log (yet) is kept and joined when the prediction appears.
//! - One that comes later than the project allows (`late_until`) is counted and not used.
//!
//! Outcomes are rows in SQL, since they are looked up by id and by time of prediction in small numbers.

use std::collections::HashMap;

use ::store::Db;
use base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::store::outcome as rows;

/// The most outcomes that one call may bring.
pub const MAX_BATCH: usize = 100_000;

/// What turned out to be true about one prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which prediction: the id that the caller gave or got.
    pub prediction_id: String,
    /// The truth, as the label's number (a yes/no label is 1 or 0).
    pub value: f64,
    /// What the rule of today would have said, where the caller knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub today: Option<f64>,
    /// When the truth was known, in milliseconds since the epoch; the moment of arrival where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<i64>,
}

/// What became of the outcomes of one call. Every outcome is counted in exactly one of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// New and joined to its prediction.
    pub stored: usize,
    /// Known already, with the same value.
    pub duplicate: usize,
    /// New and kept; no prediction of this id is in the log yet.
    pub unknown: usize,
    /// Refused: another value is recorded for this prediction.
    pub conflicting: usize,
    /// Refused: it came later than `late_until` after its prediction.
    pub late: usize,
}

/// An outcome whose prediction was looked up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) outcome: Outcome,
    /// When the prediction was made; `None` where it is not in the log.
    pub(crate) predicted_at: Option<i64>,
}

/// Stores `outcomes` of `endpoint`, each once. `predicted_at` tells when each prediction was made, in the same
/// order; `late_until` is how long after it an outcome still counts.
pub async fn record_outcomes(
    db: &Db,
    project: &str,
    endpoint: &str,
    outcomes: Vec<Outcome>,
    predicted_at: Vec<Option<i64>>,
    late_until_ms: Option<i64>,
) -> Result<Recorded> {
    check_batch(&outcomes)?;
    if outcomes.len() != predicted_at.len() {
        return Err(Error::internal(format!(
            "{} outcomes came with {} times of prediction",
            outcomes.len(),
            predicted_at.len()
        )));
    }
    let now = db.clock().now_ms();
    let found = outcomes
        .into_iter()
        .zip(predicted_at)
        .map(|(outcome, predicted_at)| Found {
            outcome,
            predicted_at,
        });
    let (first, mut recorded) = once_each(found.collect());
    let (in_time, late): (Vec<Found>, Vec<Found>) = first
        .into_iter()
        .partition(|found| !is_late(found.predicted_at, now, late_until_ms));
    recorded.late += late.len();
    let stored = rows::insert(db, project, endpoint, in_time, now).await?;
    recorded.stored += stored.stored;
    recorded.unknown += stored.unknown;
    recorded.duplicate += stored.duplicate;
    recorded.conflicting += stored.conflicting;
    Ok(recorded)
}

pub(crate) fn is_late(
    predicted_at: Option<i64>,
    received_at: i64,
    late_until_ms: Option<i64>,
) -> bool {
    matches!((predicted_at, late_until_ms), (Some(made), Some(limit)) if received_at - made > limit)
}

fn check_batch(outcomes: &[Outcome]) -> Result<()> {
    if outcomes.len() > MAX_BATCH {
        return Err(Error::too_large(format!(
            "{} outcomes came in one call, at most {MAX_BATCH} are taken",
            outcomes.len()
        ))
        .hint("send them in several calls"));
    }
    for (index, outcome) in outcomes.iter().enumerate() {
        let id = &outcome.prediction_id;
        if id.is_empty() || id.len() > 256 {
            return Err(Error::invalid(format!(
                "outcome {index}: a prediction id has 1 to 256 bytes, this one has {}",
                id.len()
            )));
        }
        if !outcome.value.is_finite() || outcome.today.is_some_and(|today| !today.is_finite()) {
            return Err(Error::invalid(format!(
                "outcome {index} ({id:?}): {} is not a number that can be true",
                outcome.value
            ))
            .hint("leave out predictions whose truth is not known yet"));
        }
    }
    Ok(())
}

/// The first outcome of each prediction; repetitions within the call are counted here.
fn once_each(all: Vec<Found>) -> (Vec<Found>, Recorded) {
    let mut recorded = Recorded::default();
    let mut values: HashMap<String, f64> = HashMap::with_capacity(all.len());
    let mut first = Vec::with_capacity(all.len());
    for found in all {
        match values.get(&found.outcome.prediction_id) {
            Some(value) if *value == found.outcome.value => recorded.duplicate += 1,
            Some(_) => recorded.conflicting += 1,
            None => {
                values.insert(found.outcome.prediction_id.clone(), found.outcome.value);
                first.push(found);
            }
        }
    }
    (first, recorded)
}
