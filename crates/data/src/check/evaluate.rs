//! Evaluating rules on rows: each rule looks once at the columns that it names.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use base::{Error, Result};
use project::{Check, ExpectationSpec, Verdict, duration};
use serde_json::Value;

use super::text::{at_least, kind, limit_text, percent};
use super::{CheckReport, CheckResult, EXAMPLES, severity_word};
use crate::columns::{arrow_error, column, numbers, times, words};

/// What a rule saw before it is put into words.
struct Seen {
    verdict: Verdict,
    observed: String,
    limit: String,
    failing: Failing,
}

/// Rows that break a rule: how many, and the first of them.
#[derive(Default)]
struct Failing {
    count: usize,
    first: Vec<usize>,
}

impl FromIterator<usize> for Failing {
    fn from_iter<I: IntoIterator<Item = usize>>(rows: I) -> Self {
        let mut failing = Self::default();
        for row in rows {
            failing.count += 1;
            if failing.first.len() < EXAMPLES {
                failing.first.push(row);
            }
        }
        failing
    }
}

/// Holds rows against rules. `time` names the column of the event's time.
pub(crate) fn evaluate(
    rules: &[&ExpectationSpec],
    batch: &RecordBatch,
    time: Option<&str>,
    now_ms: i64,
) -> CheckReport {
    let key = key_columns(rules, time);
    let results = rules.iter().map(|rule| {
        let seen = look(&rule.check, batch, time, now_ms).unwrap_or_else(|error| Seen {
            verdict: Verdict::Fail,
            observed: error.to_string(),
            limit: limit_text(&rule.check),
            failing: Failing::default(),
        });
        CheckResult {
            id: rule.id.clone(),
            check: kind(&rule.check).to_owned(),
            severity: severity_word(rule.severity).to_owned(),
            verdict: seen.verdict,
            observed: seen.observed,
            limit: seen.limit,
            failing_rows: seen.failing.count as i64,
            examples: examples(&seen.failing, &rule.check, batch, &key),
        }
    });
    CheckReport {
        at: now_ms,
        results: results.collect(),
    }
}

fn look(check: &Check, batch: &RecordBatch, time: Option<&str>, now_ms: i64) -> Result<Seen> {
    let failing = match check {
        Check::Columns { columns } => return Ok(look_for_columns(columns, batch, check)),
        Check::RowCount { min, max } => {
            return Ok(count_rows(batch.num_rows() as i64, *min, *max, check));
        }
        Check::MaxAge { value } => {
            return newest(batch, time, now_ms, value.as_millis() as i64, check);
        }
        Check::Unique { columns } => duplicates(batch, columns)?,
        Check::NotNull { column: name, .. } => missing(column(batch, name)?)?,
        Check::Between {
            column: name,
            min,
            max,
            ..
        } => outside(column(batch, name)?, *min, *max)?,
        Check::InSet {
            column: name,
            values,
            ..
        } => not_in_set(column(batch, name)?, values)?,
        Check::Regex {
            column: name,
            pattern,
            ..
        } => not_matching(column(batch, name)?, pattern)?,
        Check::Length {
            column: name,
            min,
            max,
            ..
        } => wrong_length(column(batch, name)?, *min, *max)?,
    };
    Ok(share(failing, batch.num_rows(), at_least(check), check))
}

/// Without rows nobody can tell.
fn share(failing: Failing, rows: usize, at_least: f64, check: &Check) -> Seen {
    let limit = limit_text(check);
    if rows == 0 {
        return Seen {
            verdict: Verdict::Unknown,
            observed: "no rows".to_owned(),
            limit,
            failing,
        };
    }
    let good = (rows - failing.count) as f64 / rows as f64;
    let verdict = if good >= at_least {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    Seen {
        verdict,
        observed: format!(
            "{} of {rows} rows ({} %)",
            rows - failing.count,
            percent(good)
        ),
        limit,
        failing,
    }
}

fn look_for_columns(columns: &[String], batch: &RecordBatch, check: &Check) -> Seen {
    let absent: Vec<&str> = columns
        .iter()
        .filter(|name| batch.column_by_name(name).is_none())
        .map(String::as_str)
        .collect();
    let (verdict, observed) = if absent.is_empty() {
        (Verdict::Pass, "all there".to_owned())
    } else {
        (Verdict::Fail, format!("missing: {}", absent.join(", ")))
    };
    Seen {
        verdict,
        observed,
        limit: limit_text(check),
        failing: Failing::default(),
    }
}

fn count_rows(rows: i64, min: Option<i64>, max: Option<i64>, check: &Check) -> Seen {
    let fits = min.is_none_or(|min| rows >= min) && max.is_none_or(|max| rows <= max);
    let verdict = if fits { Verdict::Pass } else { Verdict::Fail };
    Seen {
        verdict,
        observed: rows.to_string(),
        limit: limit_text(check),
        failing: Failing::default(),
    }
}

fn newest(
    batch: &RecordBatch,
    time: Option<&str>,
    now_ms: i64,
    limit_ms: i64,
    check: &Check,
) -> Result<Seen> {
    let name = time.ok_or_else(|| {
        Error::invalid("the dataset names no time column").hint("write time = \"…\" in its section")
    })?;
    let newest = times(column(batch, name)?)?.into_iter().flatten().max();
    let (verdict, observed) = match newest {
        None => (Verdict::Unknown, "no row has a time".to_owned()),
        Some(newest) => {
            let age = now_ms.saturating_sub(newest).max(0);
            let verdict = if age <= limit_ms {
                Verdict::Pass
            } else {
                Verdict::Fail
            };
            // Whole minutes are enough to read.
            (
                verdict,
                duration::text(base::SignedDuration::from_millis(age / 60_000 * 60_000)),
            )
        }
    };
    Ok(Seen {
        verdict,
        observed,
        limit: limit_text(check),
        failing: Failing::default(),
    })
}

/// Every row whose key was there before.
fn duplicates(batch: &RecordBatch, names: &[String]) -> Result<Failing> {
    let columns: Vec<ArrayRef> = names
        .iter()
        .map(|name| column(batch, name).cloned())
        .collect::<Result<_>>()?;
    let fields = columns
        .iter()
        .map(|column| SortField::new(column.data_type().clone()))
        .collect();
    let rows = RowConverter::new(fields)
        .and_then(|converter| converter.convert_columns(&columns))
        .map_err(arrow_error)?;
    let mut seen = HashSet::with_capacity(rows.num_rows());
    Ok((0..rows.num_rows())
        .filter(|&row| !seen.insert(rows.row(row)))
        .collect())
}

fn missing(column: &ArrayRef) -> Result<Failing> {
    if column.data_type() == &DataType::Float64 {
        return Ok(numbers(column)?
            .iter()
            .enumerate()
            .filter(|(_, value)| value.is_nan())
            .map(|(row, _)| row)
            .collect());
    }
    Ok((0..column.len())
        .filter(|&row| column.is_null(row))
        .collect())
}

fn outside(column: &ArrayRef, min: Option<f64>, max: Option<f64>) -> Result<Failing> {
    let (min, max) = (
        min.unwrap_or(f64::NEG_INFINITY),
        max.unwrap_or(f64::INFINITY),
    );
    Ok(numbers(column)?
        .iter()
        .enumerate()
        .filter(|(_, value)| **value < min || **value > max)
        .map(|(row, _)| row)
        .collect())
}

fn not_in_set(column: &ArrayRef, values: &[Value]) -> Result<Failing> {
    if column.data_type() == &DataType::Utf8 {
        let known: HashSet<&str> = values.iter().filter_map(Value::as_str).collect();
        let texts = column.as_string::<i32>();
        return Ok(texts
            .iter()
            .enumerate()
            .filter(|(_, text)| text.is_some_and(|text| !known.contains(text)))
            .map(|(row, _)| row)
            .collect());
    }
    let number = |value: &Value| value.as_f64().or_else(|| value.as_bool().map(f64::from));
    let known: HashSet<u64> = values
        .iter()
        .filter_map(number)
        .map(|value| (value + 0.0).to_bits())
        .collect();
    let unknown = |value: &f64| !value.is_nan() && !known.contains(&(value + 0.0).to_bits());
    Ok(numbers(column)?
        .iter()
        .enumerate()
        .filter(|(_, value)| unknown(value))
        .map(|(row, _)| row)
        .collect())
}

fn not_matching(column: &ArrayRef, pattern: &str) -> Result<Failing> {
    let pattern = regex::Regex::new(pattern).map_err(|error| {
        Error::invalid(format!("{pattern:?} is not a regular expression")).because(error)
    })?;
    broken_texts(column, |text| !pattern.is_match(text))
}

fn wrong_length(column: &ArrayRef, min: Option<i64>, max: Option<i64>) -> Result<Failing> {
    broken_texts(column, |text| {
        let length = text.chars().count() as i64;
        min.is_some_and(|min| length < min) || max.is_some_and(|max| length > max)
    })
}

/// Texts repeat: each different one is looked at once. A missing value passes.
fn broken_texts(column: &ArrayRef, broken: impl Fn(&str) -> bool) -> Result<Failing> {
    let texts = words(column)?;
    let mut known: HashMap<&str, bool> = HashMap::new();
    let mut failing = Vec::new();
    for (row, text) in texts.iter().enumerate() {
        let Some(text) = text.as_deref() else {
            continue;
        };
        if *known.entry(text).or_insert_with(|| broken(text)) {
            failing.push(row);
        }
    }
    Ok(failing.into_iter().collect())
}

/// The columns that tell rows apart for people: those of the first `unique` rule, otherwise the time.
fn key_columns(rules: &[&ExpectationSpec], time: Option<&str>) -> Vec<String> {
    let unique = rules.iter().find_map(|rule| match &rule.check {
        Check::Unique { columns } => Some(columns.clone()),
        _ => None,
    });
    unique.unwrap_or_else(|| time.map(str::to_owned).into_iter().collect())
}

fn examples(failing: &Failing, check: &Check, batch: &RecordBatch, key: &[String]) -> Vec<String> {
    let shown: &[String] = match check {
        Check::NotNull { column, .. }
        | Check::Between { column, .. }
        | Check::InSet { column, .. }
        | Check::Regex { column, .. }
        | Check::Length { column, .. } => std::slice::from_ref(column),
        Check::Unique { columns } => columns,
        _ => &[],
    };
    let cell = |row: usize, name: &String| -> Option<String> {
        let cell = batch.column_by_name(name)?.slice(row, 1);
        let text = words(&cell)
            .ok()?
            .pop()?
            .unwrap_or_else(|| "(missing)".to_owned());
        Some(format!("{name} = {text}"))
    };
    let row_text = |&row: &usize| {
        let names = key
            .iter()
            .chain(shown.iter().filter(|name| !key.contains(name)));
        let cells: Vec<String> = names.filter_map(|name| cell(row, name)).collect();
        format!("row {}: {}", row + 1, cells.join(", "))
    };
    failing.first.iter().map(row_text).collect()
}
