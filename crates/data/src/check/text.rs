//! Rules in words.

use project::{Check, duration};
use serde_json::Value;

/// The word for the kind of a rule.
pub(super) fn kind(check: &Check) -> &'static str {
    match check {
        Check::Columns { .. } => "columns",
        Check::Unique { .. } => "unique",
        Check::NotNull { .. } => "not_null",
        Check::Between { .. } => "between",
        Check::InSet { .. } => "in_set",
        Check::Regex { .. } => "regex",
        Check::Length { .. } => "length",
        Check::RowCount { .. } => "row_count",
        Check::MaxAge { .. } => "max_age",
    }
}

pub(super) fn at_least(check: &Check) -> f64 {
    match check {
        Check::NotNull { at_least, .. }
        | Check::Between { at_least, .. }
        | Check::InSet { at_least, .. }
        | Check::Regex { at_least, .. }
        | Check::Length { at_least, .. } => at_least.unwrap_or(1.0),
        _ => 1.0,
    }
}

pub(super) fn limit_text(check: &Check) -> String {
    let range = |min: Option<String>, max: Option<String>| match (min, max) {
        (Some(min), Some(max)) => format!("{min} to {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => "any".to_owned(),
    };
    let rule = match check {
        Check::Columns { columns } => return columns.join(", "),
        Check::Unique { columns } => return format!("{} unique", columns.join(", ")),
        Check::RowCount { min, max } => {
            return range(min.map(|n| n.to_string()), max.map(|n| n.to_string()));
        }
        Check::MaxAge { value } => return format!("at most {}", duration::text(*value)),
        Check::NotNull { column, .. } => format!("{column} present"),
        Check::Between {
            column, min, max, ..
        } => {
            format!(
                "{column} {}",
                range(min.map(|x| x.to_string()), max.map(|x| x.to_string()))
            )
        }
        Check::InSet { column, values, .. } => {
            let shown: Vec<_> = values.iter().take(10).map(plain).collect();
            let more = if values.len() > shown.len() {
                ", …"
            } else {
                ""
            };
            format!("{column} one of {}{more}", shown.join(", "))
        }
        Check::Regex {
            column, pattern, ..
        } => format!("{column} like {pattern}"),
        Check::Length {
            column, min, max, ..
        } => {
            format!(
                "{column} of {} characters",
                range(min.map(|n| n.to_string()), max.map(|n| n.to_string()))
            )
        }
    };
    match at_least(check) {
        1.0 => format!("{rule} in every row"),
        share => format!("{rule} in at least {} % of rows", percent(share)),
    }
}

pub(super) fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
