//! Durations as the project file writes them: `28d`, `1h`, `250ms`, `0s`, `1w`, `1h 30m`.
//!
//! A day is 24 hours and a week seven days: all times are UTC. Months and years are absent on purpose, since their
//! length depends on where they begin.

use base::{Error, Result, SignedDuration};
use serde::Serializer;

const UNITS: &[(&str, i64)] = &[
    ("w", 604_800_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a duration; never negative.
pub fn parse(text: &str) -> Result<SignedDuration> {
    let refuse = || {
        Error::invalid(format!("{text:?} is not a duration"))
            .hint("write a whole number with w, d, h, m, s or ms, as in \"28d\" or \"250ms\"")
    };
    let mut total: i64 = 0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(refuse());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let amount: i64 = rest[..digits].parse().map_err(|_| refuse())?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = UNITS
            .iter()
            .find(|(name, _)| *name == &rest[..letters])
            .ok_or_else(refuse)?;
        total = amount
            .checked_mul(unit.1)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(refuse)?;
        rest = rest[letters..].trim_start();
    }
    Ok(SignedDuration::from_millis(total))
}

/// The shortest way to write a duration: `28d`, `1h 30m`.
pub fn text(duration: SignedDuration) -> String {
    let mut left = duration.as_millis() as i64;
    if left == 0 {
        return "0s".to_owned();
    }
    let mut parts = Vec::new();
    // Weeks are written as days: "56d" is clearer than "8w" beside windows in days.
    for (name, size) in &UNITS[1..] {
        if left >= *size {
            parts.push(format!("{}{name}", left / size));
            left %= size;
        }
    }
    parts.join(" ")
}

pub(crate) fn serialize<S: Serializer>(
    duration: &SignedDuration,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.serialize_str(&text(*duration))
}

#[expect(clippy::ref_option, reason = "the form that serde calls")]
pub(crate) fn serialize_option<S: Serializer>(
    duration: &Option<SignedDuration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => to.serialize_some(&text(*duration)),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written_back() {
        for (written, shown, ms) in [
            ("28d", "28d", 28 * 86_400_000),
            ("1w", "7d", 7 * 86_400_000),
            ("1h 30m", "1h 30m", 5_400_000),
            ("90m", "1h 30m", 5_400_000),
            ("250ms", "250ms", 250),
            ("0s", "0s", 0),
        ] {
            let duration = parse(written).unwrap();
            assert_eq!(duration.as_millis(), ms, "{written}");
            assert_eq!(text(duration), shown);
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_the_value() {
        for bad in [
            "",
            "28",
            "d",
            "-1d",
            "1.5h",
            "1 month",
            "2y",
            "99999999999999999d",
            "1d,2h",
            "١d",
        ] {
            let error = parse(bad).unwrap_err();
            assert!(error.message().contains(&format!("{bad:?}")), "{error}");
        }
    }
}
