//! JSON values as a person reads them.

use base::Timestamp;
use serde_json::Value;

/// What stands for an absent value.
pub const NONE: &str = "–";

/// The value at a path of keys (`a.b.c`) as text.
pub fn text(value: &Value, path: &str) -> String {
    plain(at(value, path))
}

/// The value at a path of keys; null where it is missing.
pub fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').fold(value, |value, key| &value[key])
}

/// The list at a path of keys; empty where it is missing.
pub fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// A value as text: strings bare, numbers short, lists with commas.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => NONE.to_owned(),
        Value::String(text) if text.is_empty() => NONE.to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => whole.to_string(),
            (None, Some(float)) => short(float),
            (None, None) => number.to_string(),
        },
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(items) if items.is_empty() => NONE.to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(map) if map.is_empty() => NONE.to_owned(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| format!("{key}={}", plain(value)))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// A number with four figures that matter.
pub fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    if !(-6..=9).contains(&digits) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.*}", digits.clamp(0, 9) as usize);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Milliseconds since the epoch as `2026-01-05 08:00`, in UTC.
pub fn time(value: &Value) -> String {
    value
        .as_i64()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .map_or_else(
            || NONE.to_owned(),
            |at| at.strftime("%Y-%m-%d %H:%M").to_string(),
        )
}

/// The day of milliseconds since the epoch, in UTC.
pub fn day(value: &Value) -> String {
    time(value).split(' ').next().unwrap_or(NONE).to_owned()
}

/// `value [lower, upper]`, as far as they are known.
pub fn interval(value: &Value) -> String {
    let middle = plain(&value["value"]);
    match (value["lower"].as_f64(), value["upper"].as_f64()) {
        (Some(lower), Some(upper)) => format!("{middle} [{}, {}]", short(lower), short(upper)),
        _ => middle,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_size() {
        for (value, shown) in [
            (0.123_456, "0.1235"),
            (1234.567, "1235"),
            (0.5, "0.5"),
            (-2.0, "-2"),
            (0.0, "0"),
            (1e-9, "1.000e-9"),
            (1e12, "1.000e12"),
        ] {
            assert_eq!(short(value), shown);
        }
    }

    #[test]
    fn what_is_missing_is_a_dash() {
        let value = json!({"a": {"b": null}, "at": 1_767_600_000_000_i64});
        assert_eq!(text(&value, "a.b"), NONE);
        assert_eq!(text(&value, "a.x.y"), NONE);
        assert_eq!(time(&value["at"]), "2026-01-05 08:00");
        assert_eq!(time(&value["never"]), NONE);
        assert!(list(&value, "a").is_empty());
    }
}
