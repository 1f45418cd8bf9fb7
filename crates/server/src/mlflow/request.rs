//! Requests as MLflow's clients send them: fields in the query of a GET, else in a JSON body (a DELETE has one too).

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
        if request.method() == Method::GET {
            return Ok(Self(fields(from_query(&query))?));
        }
        let body = to_bytes(request.into_body(), MOST_BYTES)
            .await
            .map_err(|error| Error::too_large(format!("the body of the request could not be read or has more than {MOST_BYTES} bytes: {error}")))?;
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(fields(from_query(&query))?));
        }
        let text = std::str::from_utf8(&body)
            .map_err(|_| Error::invalid("the body of the request is not UTF-8"))?;
        Ok(Self(read(text)?))
    }
}

/// Well-formed JSON is read once; only where that fails may it hold Python's bare words.
fn read<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    // Of a list, fields would be read by position.
    if text.trim_start().starts_with('[') {
        return Err(Failure(Error::invalid(
            "Invalid value in the request: the body is a list, and must be a JSON object.",
        )));
    }
    let error = match serde_json::from_str(text) {
        Ok(fields) => return Ok(fields),
        Err(error) => error,
    };
    let quoted = quote_specials(text);
    if error.is_syntax() && quoted != text {
        return serde_json::from_str(&quoted).map_err(|error| unreadable(&error));
    }
    Err(unreadable(&error))
}

fn fields<T: DeserializeOwned>(map: Map<String, Value>) -> Result<T, Failure> {
    serde_json::from_value(Value::Object(map)).map_err(|error| unreadable(&error))
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
        let broken = read::<Map<String, Value>>("{\"a\": ").unwrap_err();
        assert!(
            broken.0.message().starts_with("Malformed JSON"),
            "{}",
            broken.0
        );
        assert_eq!(
            read::<Map<String, Value>>("{\"a\": NaN}").unwrap()["a"],
            "NaN"
        );
        let wrong = read::<Map<String, Value>>("[1]").unwrap_err();
        assert!(
            wrong.0.message().starts_with("Invalid value"),
            "{}",
            wrong.0
        );
    }
}
