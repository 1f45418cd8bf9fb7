//! Requests as MLflow's clients send them: fields in the query of a GET, else in a JSON body (a DELETE has one too).

mod schema;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use base::{Error, RunId};
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::error::Failure;
use super::wire::quote_specials;
use crate::app::App;

/// A larger body is refused; artifacts do not come this way.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The fields of a request.
#[derive(Debug)]
pub(super) struct Input<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Input<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _app: &App) -> Result<Self, Failure> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let path = request.uri().path().to_owned();
        if request.method() == Method::GET {
            let mut asked = from_query(&query);
            schema::make_lists(&path, &mut asked);
            return Ok(Self(fields(&path, asked)?));
        }
        let body = to_bytes(request.into_body(), MOST_BYTES)
            .await
            .map_err(|error| Error::too_large(format!("the body of the request could not be read or has more than {MOST_BYTES} bytes: {error}")))?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(fields(&path, from_query(&query))?));
        }
        let text = std::str::from_utf8(&body)
            .map_err(|_| Error::invalid("the body of the request is not UTF-8"))?;
        Ok(Self(read(&path, text)?))
    }
}

/// Well-formed JSON with MLflow's own names is read once; only where that fails may it hold Python's bare words, and
/// is looked through for what is wrong with it.
fn read<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, Failure> {
    let trimmed = text.trim_start();
    // Of a list, fields would be read by position.
    if trimmed.starts_with('[') {
        return Err(Failure(Error::invalid(
            "Invalid value in the request: the body is a list, and must be a JSON object.",
        )));
    }
    // Old clients encode twice.
    if trimmed.starts_with('"') {
        let inner: String = serde_json::from_str(text).map_err(|error| unreadable(&error))?;
        if inner.trim_start().starts_with('{') {
            return read(path, &inner);
        }
    }
    if let Some(map) = respelled(path, text)? {
        return fields(path, map);
    }
    let error = match serde_json::from_str(text) {
        Ok(fields) => return Ok(fields),
        Err(error) => error,
    };
    let quoted = quote_specials(text);
    if error.is_syntax() && quoted != text {
        return match serde_json::from_str(&quoted) {
            Ok(fields) => Ok(fields),
            Err(error) => Err(complaint(path, &quoted, &error)),
        };
    }
    Err(complaint(path, text, &error))
}

/// The request with MLflow's names for its fields, where it spells one of them `inCamelCase`.
fn respelled(path: &str, text: &str) -> Result<Option<Map<String, Value>>, Failure> {
    let other = |name: &'static str| name.contains('_').then(|| (name, schema::camel(name)));
    let found: Vec<(&str, String)> = schema::fields(path)
        .filter_map(|(name, _)| other(name))
        .filter(|(_, camel)| text.contains(camel.as_str()))
        .collect();
    if found.is_empty() {
        return Ok(None);
    }
    let Ok(mut map) = serde_json::from_str::<Map<String, Value>>(&quote_specials(text)) else {
        return Ok(None);
    };
    for (name, camel) in found {
        if let Some(value) = map.remove(&camel)
            && map.insert(name.to_owned(), value).is_some()
        {
            return Err(Failure(Error::invalid(format!(
                "Request specifies both '{name}' and '{camel}'; provide only one of them."
            ))));
        }
    }
    Ok(Some(map))
}

fn fields<T: DeserializeOwned>(path: &str, mut map: Map<String, Value>) -> Result<T, Failure> {
    let original = map.clone();
    serde_json::from_value(Value::Object(std::mem::take(&mut map))).map_err(|error| {
        schema::complaint(path, &original).map_or_else(
            || unreadable(&error),
            |message| Failure(Error::invalid(message)),
        )
    })
}

/// MLflow's words for what is wrong, else ours.
fn complaint(path: &str, text: &str, error: &serde_json::Error) -> Failure {
    let request = serde_json::from_str::<Map<String, Value>>(text).ok();
    request
        .and_then(|request| schema::complaint(path, &request))
        .map_or_else(
            || unreadable(error),
            |message| Failure(Error::invalid(message)),
        )
}

fn unreadable(error: &serde_json::Error) -> Failure {
    let message = match error.classify() {
        serde_json::error::Category::Data => format!(
            "Invalid value in the request: {error}. See the API docs for more information about request parameters."
        ),
        _ => format!("Malformed JSON in the request: {error}"),
    };
    Failure(Error::invalid(message))
}

/// Refuses more than `most` as MLflow does; `written` is the number as it stood in the request.
pub(super) fn at_most(
    name: &str,
    asked: Option<i64>,
    most: i64,
    written: fn(i64) -> Value,
) -> base::Result<()> {
    match asked {
        Some(asked) if asked > most => {
            Err(Error::invalid(schema::wrong_type(name, &written(asked))))
        }
        _ => Ok(()),
    }
}

/// `a=1&b=2&b=3` as `{"a": "1", "b": ["2", "3"]}`.
fn from_query(query: &str) -> Map<String, Value> {
    let mut map = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (decode(key), Value::String(decode(value)));
        match map.get_mut(&key) {
            None => {
                map.insert(key, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    map
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced)
        .decode_utf8_lossy()
        .into_owned()
}

/// A parameter that must be there.
pub(super) fn missing(name: &str) -> Error {
    Error::invalid(format!(
        "Missing value for required parameter '{name}'. See the API docs for more information about request parameters."
    ))
}

/// The value of a parameter that must be there and not be empty.
pub(super) fn required(value: Option<String>, name: &str) -> base::Result<String> {
    value
        .filter(|text| !text.is_empty())
        .ok_or_else(|| missing(name))
}

/// The run that is named by `run_id`, or by `run_uuid` as old clients do.
pub(super) fn run_id(run_id: Option<String>, run_uuid: Option<String>) -> base::Result<RunId> {
    let text = required(run_id.or(run_uuid), "run_id")?;
    // What cannot be an id names no run.
    text.parse().map_err(|_| {
        Error::not_found(format!(
            "Run with id={} not found",
            text.chars().take(80).collect::<String>()
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_is_read_with_repeated_keys_as_lists() {
        let map = from_query("a=1&b=x%20y&b=z+w&c=&run_id=%C3%A9");
        assert_eq!(
            Value::Object(map),
            json!({ "a": "1", "b": ["x y", "z w"], "c": "", "run_id": "é" })
        );
    }

    #[test]
    fn malformed_json_is_told_apart_from_a_wrong_value() {
        let broken = read::<Map<String, Value>>("/", "{\"a\": ").unwrap_err();
        assert!(
            broken.0.message().starts_with("Malformed JSON"),
            "{}",
            broken.0
        );
        assert_eq!(
            read::<Map<String, Value>>("/", "{\"a\": NaN}").unwrap()["a"],
            "NaN"
        );
        let wrong = read::<Map<String, Value>>("/", "[1]").unwrap_err();
        assert!(
            wrong.0.message().starts_with("Invalid value"),
            "{}",
            wrong.0
        );
    }
}
