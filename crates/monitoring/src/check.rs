//! Checks: one monitor judged on one window. `unknown` is a state of its own, and never green.

use std::fmt;
use std::str::FromStr;

use base::{Error, Result};
use project::Op;
use serde::{Deserialize, Serialize};

use crate::window::Window;

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As it should be.
    Ok,
    /// Worth a look; nothing is triggered.
    Warn,
    /// Not as it should be: an alert opens.
    Alert,
    /// There is too little to judge by, or something that the judgement needs is missing.
    Unknown,
}

impl State {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Alert => "alert",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "ok" => Ok(Self::Ok),
            "warn" => Ok(Self::Warn),
            "alert" => Ok(Self::Alert),
            "unknown" => Ok(Self::Unknown),
            other => Err(Error::invalid(format!(
                "{other:?} is not the state of a check"
            ))),
        }
    }
}

/// One monitor on one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The monitor's id.
    pub monitor: String,
    /// On which predictions.
    #[serde(flatten)]
    pub window: Window,
    /// What was found.
    pub state: State,
    /// The number that was judged; `None` where there is none.
    pub value: Option<f64>,
    /// What it was held against, as a person reads it: `wape ≤ 0.4 on live`.
    pub target: String,
    /// Why the state is what it is, with the numbers.
    pub reason: String,
}

/// A number with bounds at some confidence; without it, all three are the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounded {
    /// The point estimate.
    pub value: f64,
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
}

/// Judges a live number against a limit.
///
/// A gate asks for proof that a model is good, so there the bad side of the interval must pass. A monitor asks for
/// proof that something is wrong: it alerts when the point estimate fails and, where the criterion names a
/// confidence, the good side of the interval fails too. A point estimate that fails alone is a warning.
pub fn judge(value: Bounded, op: Op, limit: f64, confidence: Option<f64>) -> State {
    if !value.value.is_finite() {
        return State::Unknown;
    }
    if op.holds(value.value, limit) {
        return State::Ok;
    }
    let best = if op.wants_small() {
        value.lower
    } else {
        value.upper
    };
    if confidence.is_some() && op.holds(best, limit) {
        State::Warn
    } else {
        State::Alert
    }
}

/// Judges a number that is better the lower it is against the `warn` and `alert` limits of a monitor.
pub fn judge_limits(value: f64, warn: Option<f64>, alert: Option<f64>) -> State {
    if !value.is_finite() {
        State::Unknown
    } else if alert.is_some_and(|limit| value > limit) {
        State::Alert
    } else if warn.is_some_and(|limit| value > limit) {
        State::Warn
    } else {
        State::Ok
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(value: f64, half: f64) -> Bounded {
        Bounded {
            value,
            lower: value - half,
            upper: value + half,
        }
    }

    #[test]
    fn a_live_value_past_its_limit_alerts_and_within_it_is_ok() {
        assert_eq!(
            judge(around(0.41, 0.05), Op::AtMost, 0.40, None),
            State::Alert
        );
        assert_eq!(judge(around(0.40, 0.05), Op::AtMost, 0.40, None), State::Ok);
        assert_eq!(
            judge(around(0.69, 0.05), Op::AtLeast, 0.70, None),
            State::Alert
        );
    }

    #[test]
    fn with_a_confidence_a_value_that_may_still_be_good_is_a_warning() {
        assert_eq!(
            judge(around(0.41, 0.05), Op::AtMost, 0.40, Some(0.95)),
            State::Warn
        );
        assert_eq!(
            judge(around(0.50, 0.05), Op::AtMost, 0.40, Some(0.95)),
            State::Alert
        );
        assert_eq!(
            judge(around(0.66, 0.05), Op::AtLeast, 0.70, Some(0.95)),
            State::Warn
        );
    }

    #[test]
    fn what_cannot_be_computed_is_unknown() {
        assert_eq!(
            judge(around(f64::NAN, 0.0), Op::AtMost, 0.40, None),
            State::Unknown
        );
        assert_eq!(judge_limits(f64::NAN, Some(0.1), Some(0.2)), State::Unknown);
    }

    #[test]
    fn limits_are_met_at_their_value() {
        let at = |x| judge_limits(x, Some(0.1), Some(0.25));
        assert_eq!(
            [at(0.1), at(0.2), at(0.25), at(0.3)],
            [State::Ok, State::Warn, State::Warn, State::Alert]
        );
    }
}
