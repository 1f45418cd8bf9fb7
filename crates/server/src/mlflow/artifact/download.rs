//! A file that leaves: whole, or the part of it that `Range` asks for.

use std::ops::Range;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use base::{Error, Kind};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::error::Answer;
use crate::app::App;

/// Which part of a file is wanted; more than one part, or what cannot be read, is the whole file, as RFC 9110 allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::mlflow) enum Part {
    Whole,
    /// From the first byte to the last, which may be left open.
    From(u64, Option<u64>),
    /// So many bytes at the end.
    Last(u64),
}

impl<S: Sync> FromRequestParts<S> for Part {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let asked = parts.headers.get(header::RANGE);
        Ok(asked
            .and_then(|value| value.to_str().ok())
            .and_then(Self::read)
            .unwrap_or(Self::Whole))
    }
}

impl Part {
    fn read(text: &str) -> Option<Self> {
        let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
        let number = |text: &str| text.trim().parse::<u64>().ok();
        match (first.trim(), last.trim()) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => number(first).map(|first| Self::From(first, None)),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::From(first, Some(last)))
            }
        }
    }

    /// The bytes of a file of `size`; an error where it has none of them.
    fn of(self, size: u64) -> Result<Option<Range<u64>>, ()> {
        let range = match self {
            Self::Whole => return Ok(None),
            Self::From(first, last) => {
                first..last.map_or(size, |last| size.min(last.saturating_add(1)))
            }
            Self::Last(count) => size.saturating_sub(count)..size,
        };
        if range.is_empty() {
            Err(())
        } else {
            Ok(Some(range))
        }
    }
}

/// Characters that need no encoding in a header's `filename*`.
const IN_HEADER: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// The file at `path` as a download.
pub(in crate::mlflow) async fn send(app: &App, path: &str, part: Part) -> Answer<Response> {
    let missing = |error: Error| match error.kind() {
        Kind::NotFound => Error::not_found(format!("No such artifact: '{path}'")),
        _ => error,
    };
    let mut headers = headers(path)?;
    let mut status = StatusCode::OK;
    let mut range = None;
    if part != Part::Whole {
        let size = app.blobs.head(path).await.map_err(missing)?.size;
        let Ok(found) = part.of(size) else {
            headers.insert(
                header::CONTENT_RANGE,
                header_value(&format!("bytes */{size}"))?,
            );
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        };
        range = found;
    }
    let (size, stream) = app.blobs.get(path, range.clone()).await.map_err(missing)?;
    let length = match range {
        None => size,
        Some(range) => {
            status = StatusCode::PARTIAL_CONTENT;
            let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            headers.insert(header::CONTENT_RANGE, header_value(&text)?);
            range.end - range.start
        }
    };
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok((status, headers, Body::from_stream(stream)).into_response())
}

fn headers(path: &str) -> base::Result<HeaderMap> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_DISPOSITION,
        header_value(&disposition(name))?,
    );
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(content_type(name)),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(headers)
}

/// RFC 6266, as MLflow writes it.
fn disposition(name: &str) -> String {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.chars().all(token) {
        return format!("attachment; filename={name}");
    }
    let plain: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_graphic() || c == ' ' {
                c
            } else {
                '_'
            }
        })
        .collect();
    let plain = plain.replace('\\', "\\\\").replace('"', "\\\"");
    if name.is_ascii() {
        return format!("attachment; filename=\"{plain}\"");
    }
    let encoded = utf8_percent_encode(name, IN_HEADER);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn header_value(text: &str) -> base::Result<HeaderValue> {
    HeaderValue::from_str(text)
        .map_err(|error| Error::internal("a header could not be written").because(error))
}

/// Only kinds that no browser runs.
fn content_type(name: &str) -> &'static str {
    let kind = name.rsplit_once('.').map_or("", |(_, kind)| kind);
    match kind.to_ascii_lowercase().as_str() {
        "json" => "application/json",
        "csv" => "text/csv; charset=utf-8",
        "txt" | "log" | "md" | "yaml" | "yml" | "py" | "toml" => "text/plain; charset=utf-8",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ if name == "MLmodel" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_file_and_nonsense_is_the_whole() {
        assert_eq!(Part::read("bytes=1-2").unwrap().of(5), Ok(Some(1..3)));
        assert_eq!(Part::read("bytes=1-").unwrap().of(5), Ok(Some(1..5)));
        assert_eq!(Part::read("bytes=-2").unwrap().of(5), Ok(Some(3..5)));
        assert_eq!(Part::read("bytes=-9").unwrap().of(5), Ok(Some(0..5)));
        assert_eq!(Part::read("bytes=0-99").unwrap().of(5), Ok(Some(0..5)));
        assert_eq!(Part::read("bytes=5-").unwrap().of(5), Err(()));
        assert_eq!(
            Part::read("bytes=0-18446744073709551615").unwrap().of(5),
            Ok(Some(0..5))
        );
        for odd in ["bytes=2-1", "bytes=a-b", "lines=1-2", "bytes=0-1,3-4", ""] {
            assert_eq!(Part::read(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_file_name_is_written_so_that_every_client_reads_it() {
        assert_eq!(disposition("a.txt"), "attachment; filename=a.txt");
        assert_eq!(disposition("a b.txt"), "attachment; filename=\"a b.txt\"");
        assert_eq!(
            disposition("é\n.txt"),
            "attachment; filename=\"__.txt\"; filename*=UTF-8''%C3%A9%0A.txt"
        );
        assert_eq!(disposition("a\"b"), "attachment; filename=\"a\\\"b\"");
    }
}
