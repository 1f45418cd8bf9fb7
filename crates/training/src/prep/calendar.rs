//! Parts of a moment in whole numbers, from milliseconds since 1970 in the proleptic Gregorian calendar.
//!
//! Only integer addition, multiplication, division and remainder are used, because the ONNX export writes the same
//! arithmetic as nodes (ONNX has no calendar). The calendar is counted from the first of March of year 0, which puts
//! the leap day at a year's end.

use serde::{Deserialize, Serialize};

/// A whole number out of a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatePart {
    /// 0 to 23.
    Hour,
    /// 0 (Monday) to 6 (Sunday).
    DayOfWeek,
    /// 1 to 366.
    DayOfYear,
    /// 1 to 12.
    Month,
}

pub(crate) const MS_PER_HOUR: i64 = 3_600_000;
pub(crate) const MS_PER_DAY: i64 = 86_400_000;
/// Days from 0000-03-01 to 1970-01-01.
pub(crate) const EPOCH: i64 = 719_468;
/// Days in 400 years.
pub(crate) const ERA: i64 = 146_097;
/// 1970-01-01 was a Thursday, three days after a Monday.
pub(crate) const THURSDAY: i64 = 3;

impl DatePart {
    /// The part's name in columns.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::DayOfWeek => "day_of_week",
            Self::DayOfYear => "day_of_year",
            Self::Month => "month",
        }
    }

    /// After how many units the part begins again.
    pub fn period(self) -> f64 {
        match self {
            Self::Hour => 24.0,
            Self::DayOfWeek => 7.0,
            Self::DayOfYear => 365.25,
            Self::Month => 12.0,
        }
    }

    /// The part of the moment `ms`.
    pub fn of(self, ms: i64) -> i64 {
        let days = ms.div_euclid(MS_PER_DAY);
        match self {
            Self::Hour => ms.div_euclid(MS_PER_HOUR).rem_euclid(24),
            Self::DayOfWeek => (days + THURSDAY).rem_euclid(7),
            Self::DayOfYear => {
                let (year, day) = march_year(days);
                if day >= 306 {
                    day - 305
                } else {
                    day + 60 + leap(year)
                }
            }
            Self::Month => {
                let (_, day) = march_year(days);
                let month = (5 * day + 2) / 153;
                if month < 10 { month + 3 } else { month - 9 }
            }
        }
    }
}

/// The year that began on the latest first of March, within its 400 years, and the days since then.
fn march_year(days: i64) -> (i64, i64) {
    let of_era = (days + EPOCH).rem_euclid(ERA);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    (year, of_era - (365 * year + year / 4 - year / 100))
}

/// 1 in a leap year. `year` counts from the beginning of its 400 years.
fn leap(year: i64) -> i64 {
    i64::from(year % 4 == 0) - i64::from(year % 100 == 0) + i64::from(year % 400 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    // proves S41
    #[test]
    fn parts_of_a_moment_agree_with_a_calendar_library() {
        // A prime step visits every hour, weekday and day of the year, before and after 1970.
        let mut ms: i64 = -3_000_000_000_000;
        while ms < 4_102_444_800_000 {
            let moment = jiff::Timestamp::from_millisecond(ms)
                .expect("in range")
                .to_zoned(jiff::tz::TimeZone::UTC);
            assert_eq!(DatePart::Hour.of(ms), i64::from(moment.hour()), "{moment}");
            assert_eq!(
                DatePart::DayOfWeek.of(ms),
                i64::from(moment.weekday().to_monday_zero_offset()),
                "{moment}"
            );
            assert_eq!(
                DatePart::DayOfYear.of(ms),
                i64::from(moment.day_of_year()),
                "{moment}"
            );
            assert_eq!(
                DatePart::Month.of(ms),
                i64::from(moment.month()),
                "{moment}"
            );
            ms += 37_000_003;
        }
    }
}
