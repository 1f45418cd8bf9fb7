//! Triggers: which event sets off which action, and when it stays quiet.
//!
//! Events arrive at least once and have an effect once: an event has a name (`window:…`, `version:…`, `cron:…`), and
//! the pair of trigger and event is a key. What becomes of an event is decided here, without clock or database.

use serde::{Deserialize, Serialize};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The action was asked for.
    Fired,
    /// Nothing: the trigger has fired not long ago.
    Cooldown,
    /// Nothing: the project does not allow more, or one is under way.
    Guard,
    /// Nothing, and a person is asked: too many failures in a row.
    Circuit,
    /// Nothing: the event was there before the trigger, or the loop made it itself.
    Baseline,
}

impl Decision {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Cooldown => "cooldown",
            Self::Guard => "guard",
            Self::Circuit => "circuit",
            Self::Baseline => "baseline",
        }
    }
}

/// What the decision rests on. Times are milliseconds since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The present moment.
    pub now: i64,
    /// When the trigger last fired.
    pub last_fired: Option<i64>,
    /// For how long it is quiet afterwards, in milliseconds.
    pub cooldown: i64,
    /// Retrainings of the project that are waiting or under way.
    pub under_way: i64,
    /// Retrainings of the project that began in the last 30 days.
    pub in_30_days: i64,
    /// How many of those are allowed.
    pub max_in_30_days: Option<i64>,
    /// Retrainings that failed since the last one that did not, or since a person closed the circuit.
    pub failures: i64,
    /// After how many failures a person is asked.
    pub stop_after: Option<i64>,
}

/// What becomes of a new event, and why.
pub fn decide(facts: &Facts) -> (Decision, String) {
    if let Some(limit) = facts.stop_after.filter(|limit| facts.failures >= *limit) {
        return (
            Decision::Circuit,
            format!(
                "{} retrainings failed in a row, {limit} are allowed: a person must look",
                facts.failures
            ),
        );
    }
    if let Some(until) = facts
        .last_fired
        .map(|fired| fired + facts.cooldown)
        .filter(|until| facts.now < *until)
    {
        return (Decision::Cooldown, format!("quiet until {}", moment(until)));
    }
    if facts.under_way > 0 {
        return (Decision::Guard, "a retraining is under way".to_owned());
    }
    if let Some(limit) = facts
        .max_in_30_days
        .filter(|limit| facts.in_30_days >= *limit)
    {
        return (
            Decision::Guard,
            format!(
                "{} retrainings began in the last 30 days, {limit} are allowed",
                facts.in_30_days
            ),
        );
    }
    (Decision::Fired, String::new())
}

fn moment(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(
        |_| at.to_string(),
        |t| t.strftime("%Y-%m-%dT%H:%MZ").to_string(),
    )
}

/// An event that is there now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// Its name, the same whenever it is looked at.
    pub key: String,
    /// What happened, for people.
    pub what: String,
}

/// The newest moment at or before `now` that a schedule names, in milliseconds.
pub fn last_due(schedule: &str, now: i64) -> Option<i64> {
    let cron: croner::Cron = schedule.parse().ok()?;
    let now = jiff::Timestamp::from_millisecond(now)
        .ok()?
        .to_zoned(jiff::tz::TimeZone::UTC);
    cron.find_previous_occurrence(&now, true)
        .ok()
        .map(|at| at.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn facts() -> Facts {
        Facts {
            now: 100 * DAY,
            cooldown: 21 * DAY,
            max_in_30_days: Some(2),
            stop_after: Some(3),
            ..Facts::default()
        }
    }

    // proves S51
    #[test]
    fn a_second_event_within_the_cooldown_is_suppressed() {
        assert_eq!(decide(&facts()).0, Decision::Fired);
        let (decision, why) = decide(&Facts {
            last_fired: Some(90 * DAY),
            ..facts()
        });
        assert_eq!(
            (decision, why.as_str()),
            (Decision::Cooldown, "quiet until 1970-04-22T00:00Z")
        );
        assert_eq!(
            decide(&Facts {
                last_fired: Some(79 * DAY),
                ..facts()
            })
            .0,
            Decision::Fired
        );
    }

    #[test]
    fn the_guard_counts_retrainings_of_thirty_days_and_lets_one_run_at_a_time() {
        assert_eq!(
            decide(&Facts {
                in_30_days: 2,
                ..facts()
            })
            .0,
            Decision::Guard
        );
        assert_eq!(
            decide(&Facts {
                in_30_days: 1,
                ..facts()
            })
            .0,
            Decision::Fired
        );
        assert_eq!(
            decide(&Facts {
                under_way: 1,
                ..facts()
            })
            .0,
            Decision::Guard
        );
        assert_eq!(
            decide(&Facts {
                in_30_days: 99,
                max_in_30_days: None,
                ..facts()
            })
            .0,
            Decision::Fired
        );
    }

    #[test]
    fn failures_in_a_row_open_the_circuit_before_anything_else_is_asked() {
        assert_eq!(
            decide(&Facts {
                failures: 2,
                ..facts()
            })
            .0,
            Decision::Fired
        );
        let open = Facts {
            failures: 3,
            last_fired: Some(99 * DAY),
            ..facts()
        };
        assert_eq!(decide(&open).0, Decision::Circuit);
    }

    #[test]
    fn a_schedule_names_its_newest_moment_in_utc() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert_eq!(
            last_due("0 4 1 * *", at("2012-03-15T10:00:00Z")),
            Some(at("2012-03-01T04:00:00Z"))
        );
        assert_eq!(
            last_due("0 4 1 * *", at("2012-03-01T04:00:00Z")),
            Some(at("2012-03-01T04:00:00Z"))
        );
        assert_eq!(last_due("nonsense", 0), None);
    }
}
