//! Windows: half-open spans of UTC time, by the moment of the prediction and not by the arrival of its outcome.
//!
//! A schedule cuts time into windows of `length` that end every `every`. Ends are aligned to the epoch when `every`
//! is a day or less (hours and days begin where people expect it), and to the midnight before the first prediction
//! otherwise, so that the first window of a new endpoint is a whole one. Nothing here reads a clock or a database.

use serde::{Deserialize, Serialize};

pub(crate) const DAY_MS: i64 = 86_400_000;

/// `start <= t < end`, in milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Window {
    /// The first moment inside.
    pub start: i64,
    /// The first moment after.
    pub end: i64,
}

impl Window {
    /// Whether a prediction made at `at` belongs to it.
    pub fn contains(&self, at: i64) -> bool {
        (self.start..self.end).contains(&at)
    }

    /// `2012-01-01T00:00Z to 2012-01-29T00:00Z`, the first moment and the first moment after.
    pub fn text(&self) -> String {
        format!("{} to {}", moment(self.start), moment(self.end))
    }

    /// The calendar months (1 to 12) that it touches, in order of time; all of them if it is a year or longer.
    pub fn months(&self) -> Vec<i8> {
        let mut months = Vec::new();
        let mut at = self.start;
        while at < self.end && months.len() < 12 {
            let month = month_of(at);
            if !months.contains(&month) {
                months.push(month);
            }
            at += DAY_MS;
        }
        let last = month_of(self.end - 1);
        if !months.contains(&last) {
            months.push(last);
        }
        months
    }
}

/// Which windows one monitor looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    length: i64,
    every: i64,
    origin: i64,
}

impl Schedule {
    /// Windows of `length` that end every `every` (both in milliseconds, at least one second) for an endpoint whose
    /// first prediction was made at `first`.
    pub fn new(length: i64, every: i64, first: i64) -> Self {
        let every = every.max(1000);
        let grid = if every <= DAY_MS { every } else { DAY_MS };
        Self {
            length: length.max(1000),
            every,
            origin: first.div_euclid(grid) * grid,
        }
    }

    /// Whether `window` is one of these windows.
    pub fn has(self, window: Window) -> bool {
        window.end - window.start == self.length
            && window.end > self.origin
            && (window.end - self.origin).rem_euclid(self.every) == 0
    }

    /// The windows that have ended by `now` and whose end is later than `after` (the end of the newest computed
    /// one, `None` where there is none), oldest first.
    pub fn due(self, after: Option<i64>, now: i64) -> impl Iterator<Item = Window> {
        let passed = after.map_or(0, |end| (end - self.origin).div_euclid(self.every).max(0));
        (passed + 1..)
            .map(move |k| self.origin + k * self.every)
            .take_while(move |end| *end <= now)
            .map(move |end| Window {
                start: end - self.length,
                end,
            })
    }
}

/// The calendar month (1 to 12, UTC) of a moment.
pub fn month_of(at: i64) -> i8 {
    jiff::Timestamp::from_millisecond(at).map_or(1, |t| t.to_zoned(jiff::tz::TimeZone::UTC).month())
}

fn moment(at: i64) -> String {
    jiff::Timestamp::from_millisecond(at).map_or_else(
        |_| at.to_string(),
        |t| t.strftime("%Y-%m-%dT%H:%MZ").to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>()
            .expect("a moment")
            .as_millisecond()
    }

    #[test]
    fn a_moment_on_the_border_belongs_to_the_later_window_only() {
        let schedule = Schedule::new(7 * DAY_MS, 7 * DAY_MS, at("2012-01-01T05:00:00Z"));
        let due: Vec<Window> = schedule.due(None, at("2012-01-20T00:00:00Z")).collect();
        assert_eq!(
            due.iter().map(Window::text).collect::<Vec<_>>(),
            [
                "2012-01-01T00:00Z to 2012-01-08T00:00Z",
                "2012-01-08T00:00Z to 2012-01-15T00:00Z",
            ]
        );
        let border = at("2012-01-08T00:00:00Z");
        assert!(!due[0].contains(border) && due[1].contains(border));
    }

    #[test]
    fn a_window_is_due_once_it_has_ended_and_never_again() {
        let day = Schedule::new(DAY_MS, DAY_MS, at("2012-01-01T05:00:00Z"));
        let first = day
            .due(None, at("2012-01-02T00:00:00Z"))
            .collect::<Vec<_>>();
        assert_eq!(first.len(), 1);
        assert_eq!(day.due(None, at("2012-01-01T23:59:59Z")).count(), 0);
        assert_eq!(
            day.due(Some(first[0].end), at("2012-01-02T23:00:00Z"))
                .count(),
            0
        );
        assert_eq!(
            day.due(Some(first[0].end), at("2012-01-05T00:00:00Z"))
                .count(),
            3
        );
    }

    #[test]
    fn windows_longer_than_their_period_overlap() {
        let rolling = Schedule::new(28 * DAY_MS, 7 * DAY_MS, at("2012-01-01T00:00:00Z"));
        let due: Vec<Window> = rolling.due(None, at("2012-02-01T00:00:00Z")).collect();
        assert_eq!(due.len(), 4);
        assert_eq!(due[1].end - due[0].end, 7 * DAY_MS);
        assert!(due[1].start < due[0].end);
    }

    #[test]
    fn a_window_names_the_months_that_it_touches() {
        let span = |start, end| {
            Window {
                start: at(start),
                end: at(end),
            }
            .months()
        };
        assert_eq!(span("2012-01-20T00:00:00Z", "2012-02-17T00:00:00Z"), [1, 2]);
        assert_eq!(span("2011-12-31T23:00:00Z", "2012-01-01T00:00:00Z"), [12]);
        assert_eq!(
            span("2012-01-01T00:00:00Z", "2014-01-01T00:00:00Z").len(),
            12
        );
        assert_eq!(span("2012-01-31T12:00:00Z", "2012-02-01T06:00:00Z"), [1, 2]);
    }
}
