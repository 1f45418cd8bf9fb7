//! What may be written: keys, lengths and counts, refused in MLflow's words (its own tests and users know them).

use std::collections::HashSet;

use base::{Error, Result};

use crate::metric::Metric;
use crate::run::{Batch, Param};
use crate::tag::Tag;

const KEY: usize = 250;
const PARAM: usize = 6000;
const TAG: usize = 8000;
const EXPERIMENT_NAME: usize = 500;
const EXPERIMENT_TAG: usize = 20_000;
const BATCH_METRICS: usize = 1000;
const BATCH_OTHERS: usize = 100;

/// A value, as JSON writes it, in a message.
fn invalid(path: &str, value: &str, why: &str) -> Error {
    let value = serde_json::Value::from(value.chars().take(400).collect::<String>());
    Error::invalid(format!(
        "Invalid value {value} for parameter '{path}' supplied: {why}"
    ))
}

/// A required parameter that is missing.
pub fn missing(path: &str) -> Error {
    Error::invalid(format!("Missing value for required parameter '{path}'."))
}

/// Refuses text of more than `limit` characters.
pub fn length(what: &str, limit: usize, text: &str) -> Result<()> {
    // Bytes are never fewer than characters, so most texts need not be counted.
    if text.len() > limit && text.chars().count() > limit {
        return Err(Error::invalid(format!(
            "'{what}' exceeds the maximum length of {limit} characters"
        )));
    }
    if text.contains('\0') {
        return Err(Error::invalid(format!("'{what}' holds a NUL character")));
    }
    Ok(())
}

/// A key of a metric, param or tag: characters that a file name may have, and no path that means another one.
pub fn key(path: &str, key: &str) -> Result<()> {
    if !key
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '/' | '_' | '.' | '-' | ' ' | ':'))
    {
        return Err(invalid(
            path,
            key,
            "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).",
        ));
    }
    let resolved = normal_path(key);
    if resolved != key || key == "." || key.starts_with("..") || key.starts_with('/') {
        return Err(invalid(
            path,
            key,
            &format!(
                "Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to '{resolved}'"
            ),
        ));
    }
    Ok(())
}

/// The path with its `.`, `..` and double slashes resolved.
fn normal_path(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            other => parts.push(other),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

/// `metrics[3].name` in a batch, `name` alone.
fn place(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

pub(crate) fn metric(prefix: &str, metric: &Metric) -> Result<()> {
    key(&place(prefix, "name"), &metric.key)?;
    if metric.timestamp < 0 {
        return Err(Error::invalid(format!(
            "Invalid value {} for parameter '{}' supplied: metric '{}' (value={:?}). Timestamp must be a nonnegative long (64-bit integer) ",
            metric.timestamp,
            place(prefix, "timestamp"),
            metric.key,
            metric.value
        )));
    }
    if metric.dataset_name.is_some() != metric.dataset_digest.is_some() {
        return Err(Error::invalid(
            "Both dataset_name and dataset_digest must be provided if one is provided",
        ));
    }
    length("Metric name", KEY, &metric.key)
}

/// Checks a param, and cuts its value at MLflow's limit as MLflow does: a script must not fail late over a long text.
pub(crate) fn param(prefix: &str, param: &mut Param) -> Result<()> {
    key(&place(prefix, "key"), &param.key)?;
    length("Param key", KEY, &param.key)?;
    cut(&mut param.value, PARAM);
    length("Param value", PARAM, &param.value)
}

/// Checks a tag, and cuts its value as [`param`] does.
pub(crate) fn tag(prefix: &str, tag: &mut Tag) -> Result<()> {
    let path = place(prefix, "key");
    key(&path, &tag.key)?;
    length(&path, KEY, &tag.key)?;
    cut(&mut tag.value, TAG);
    length(&place(prefix, "value"), TAG, &tag.value)
}

pub(crate) fn cut(text: &mut String, limit: usize) {
    if text.len() > limit
        && let Some((end, _)) = text.char_indices().nth(limit)
    {
        text.truncate(end);
    }
}

pub(crate) fn experiment_tag(tag: &Tag) -> Result<()> {
    key("key", &tag.key)?;
    length("key", KEY, &tag.key)?;
    length("value", EXPERIMENT_TAG, &tag.value)
}

pub(crate) fn experiment_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(Error::invalid("Invalid experiment name: ''"));
    }
    length("name", EXPERIMENT_NAME, name)
}

pub(crate) fn batch(batch: &mut Batch) -> Result<()> {
    let (metrics, params, tags) = (batch.metrics.len(), batch.params.len(), batch.tags.len());
    count("metrics", BATCH_METRICS, metrics)?;
    count("params", BATCH_OTHERS, params)?;
    count("tags", BATCH_OTHERS, tags)?;
    count(
        "metrics, params, and tags",
        BATCH_METRICS,
        metrics + params + tags,
    )?;
    for (at, one) in batch.metrics.iter().enumerate() {
        metric(&format!("metrics[{at}]"), one)?;
    }
    for (at, one) in batch.params.iter_mut().enumerate() {
        param(&format!("params[{at}]"), one)?;
    }
    for (at, one) in batch.tags.iter_mut().enumerate() {
        tag(&format!("tags[{at}]"), one)?;
    }
    let mut seen = HashSet::new();
    let twice: Vec<&str> = batch
        .params
        .iter()
        .map(|param| param.key.as_str())
        .filter(|key| !seen.insert(*key))
        .collect();
    if twice.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "Duplicate parameter keys have been submitted: ['{}']. Please ensure the request contains only one param value per param key.",
        twice.join("', '")
    )))
}

fn count(what: &str, limit: usize, given: usize) -> Result<()> {
    if given <= limit {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "A batch logging request can contain at most {limit} {what}. Got {given} {what}. Please split up {what} across multiple requests and try again."
    )))
}

/// How many items of a list may be asked for.
pub fn max_results(asked: i64, most: i64) -> Result<usize> {
    if asked < 1 {
        return Err(Error::invalid(format!(
            "Invalid value {asked} for parameter 'max_results' supplied. It must be a positive integer"
        )));
    }
    if asked > most {
        return Err(Error::invalid(format!(
            "Invalid value {asked} for parameter 'max_results' supplied. It must be at most {most}"
        )));
    }
    Ok(usize::try_from(asked).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_means_another_path_is_refused() {
        for bad in [
            "", ".", "..", "../a", "a/../b", "/a", "a//b", "a/", "./a", "a\\b", "a\0", "a%b", "a,b",
        ] {
            assert!(key("name", bad).is_err(), "{bad:?} was accepted");
        }
        for good in [
            "a",
            "a/b",
            "val loss",
            "größe",
            "system/cpu_0",
            "a:b",
            "...a".trim_start_matches('.'),
            "a..",
        ] {
            assert!(key("name", good).is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        assert!(length("x", 3, "äöü").is_ok());
        let error = length("Param value", 3, "abcd").unwrap_err();
        assert_eq!(
            error.message(),
            "'Param value' exceeds the maximum length of 3 characters"
        );
    }
}
