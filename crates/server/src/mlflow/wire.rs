//! Values as MLflow's clients write them: protobuf's JSON, and what Python's `json.dumps` makes of it.
//!
//! A 64-bit number may come as a number, as text or as a float without fraction; a double may be `"NaN"` or
//! `"Infinity"`; `null` means absent.

use std::borrow::Cow;

use serde::de::{Deserializer, Error as _, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use experiments::{Param, Tag};

/// A key with its text.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct KeyValue {
    #[serde(default, deserialize_with = "text")]
    pub key: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub value: Option<String>,
}

impl KeyValue {
    pub fn of(key: &str, value: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
        }
    }

    pub fn of_tags(tags: &[Tag]) -> Vec<Self> {
        tags.iter()
            .map(|tag| Self::of(&tag.key, &tag.value))
            .collect()
    }

    pub fn of_params(params: &[Param]) -> Vec<Self> {
        params
            .iter()
            .map(|param| Self::of(&param.key, &param.value))
            .collect()
    }

    /// As tags; one without a key has the empty key, which whoever stores it refuses.
    pub fn into_tags(all: Vec<Self>) -> Vec<Tag> {
        all.into_iter()
            .map(|one| Tag {
                key: one.key.unwrap_or_default(),
                value: one.value.unwrap_or_default(),
            })
            .collect()
    }

    /// As params; see [`Self::into_tags`].
    pub fn into_params(all: Vec<Self>) -> Vec<Param> {
        all.into_iter()
            .map(|one| Param {
                key: one.key.unwrap_or_default(),
                value: one.value.unwrap_or_default(),
            })
            .collect()
    }

    /// Refuses a batch in which one has no key.
    pub fn check_keys(all: &[Self], list: &str) -> base::Result<()> {
        let keyless = all
            .iter()
            .position(|one| one.key.as_ref().is_none_or(String::is_empty));
        match keyless {
            Some(at) => Err(super::request::missing(&format!("{list}[{at}].key"))),
            None => Ok(()),
        }
    }
}

/// Text.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Option<String>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
            Ok(Some(value.to_owned()))
        }

        fn visit_string<E: serde::de::Error>(self, value: String) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
            inner.deserialize_any(self)
        }
    }
    deserializer.deserialize_any(Text)
}

/// A word of an enumeration, by name or by its number in protobuf.
pub(super) fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Word {
        Name(String),
        Number(i64),
    }
    Ok(
        Option::<Word>::deserialize(deserializer)?.map(|word| match word {
            Word::Name(name) => name,
            Word::Number(number) => number.to_string(),
        }),
    )
}

/// A 64-bit number.
pub(super) fn int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Int;
    impl<'de> Visitor<'de> for Int {
        type Value = Option<i64>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a 64-bit integer")
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            i64::try_from(value)
                .map(Some)
                .map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
            let whole = value.fract() == 0.0 && value.abs() < 9.2e18;
            if whole {
                Ok(Some(value as i64))
            } else {
                Err(E::invalid_value(Unexpected::Float(value), &self))
            }
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
            match value.trim().parse::<i64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => value
                    .trim()
                    .parse::<f64>()
                    .map_err(|_| E::invalid_value(Unexpected::Str(value), &self))
                    .and_then(|number| self.visit_f64(number)),
            }
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
            inner.deserialize_any(self)
        }
    }
    deserializer.deserialize_any(Int)
}

/// A double.
pub(super) fn double<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    struct Double;
    impl<'de> Visitor<'de> for Double {
        type Value = Option<f64>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a valid double (64-bit floating point)")
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
            Ok(Some(value as f64))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            Ok(Some(value as f64))
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
            value
                .trim()
                .parse::<f64>()
                .map(Some)
                .map_err(|_| E::invalid_value(Unexpected::Str(value), &self))
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Self::Value, D::Error> {
            inner.deserialize_any(self)
        }
    }
    deserializer.deserialize_any(Double)
}

/// `true`, `"true"`; absent is false.
pub(super) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Truth {
        Bool(bool),
        Text(String),
    }
    match Option::<Truth>::deserialize(deserializer)? {
        None => Ok(false),
        Some(Truth::Bool(value)) => Ok(value),
        Some(Truth::Text(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Truth::Text(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(Truth::Text(text)) => Err(D::Error::custom(format!(
            "Invalid boolean value: {text}, must be 'true' or 'false'."
        ))),
    }
}

/// A list of texts; `null` is none.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default())
}

/// A list of messages; `null` is none.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

/// A double as protobuf's JSON writes it.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
pub(super) fn write_double<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() {
        serializer.serialize_str("NaN")
    } else if value.is_infinite() {
        serializer.serialize_str(if *value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        })
    } else {
        serializer.serialize_f64(*value)
    }
}

/// Python writes `NaN` and `Infinity` without quotes, which is no JSON: this puts quotes around them. Text inside
/// strings stays as it is.
pub(super) fn quote_specials(body: &str) -> Cow<'_, str> {
    if !["NaN", "Infinity"].iter().any(|word| body.contains(word)) {
        return Cow::Borrowed(body);
    }
    let (mut out, mut rest, mut in_string) = (String::with_capacity(body.len() + 16), body, false);
    while let Some(c) = rest.chars().next() {
        let special = if in_string {
            None
        } else {
            ["NaN", "-Infinity", "Infinity"]
                .into_iter()
                .find(|word| rest.starts_with(word))
        };
        if let Some(word) = special {
            out.push('"');
            out.push_str(word);
            out.push('"');
            rest = &rest[word.len()..];
            continue;
        }
        // A backslash takes the next character with it, so that `\"` does not end a string.
        let taken = if in_string && c == '\\' {
            rest.chars().take(2).map(char::len_utf8).sum()
        } else {
            c.len_utf8()
        };
        if c == '"' {
            in_string = !in_string;
        }
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    struct Point {
        #[serde(default, deserialize_with = "int")]
        at: Option<i64>,
        #[serde(default, deserialize_with = "double")]
        value: Option<f64>,
    }

    #[test]
    fn numbers_are_read_in_every_way_that_clients_write_them() {
        let read = |text: &str| serde_json::from_str::<Point>(text);
        for text in [
            "{\"at\":5}",
            "{\"at\":\"5\"}",
            "{\"at\":5.0}",
            "{\"at\":5e0}",
        ] {
            assert_eq!(read(text).unwrap().at, Some(5), "{text}");
        }
        assert_eq!(read("{\"at\":1.7e12}").unwrap().at, Some(1_700_000_000_000));
        assert_eq!(read("{\"at\":null}").unwrap(), Point::default());
        assert!(
            read("{\"at\":5.5}").is_err()
                && read("{\"at\":\"x\"}").is_err()
                && read("{\"at\":99999999999999999999}").is_err()
        );
        assert_eq!(
            read("{\"value\":\"Infinity\"}").unwrap().value,
            Some(f64::INFINITY)
        );
        assert_eq!(
            read("{\"value\":\"-inf\"}").unwrap().value,
            Some(f64::NEG_INFINITY)
        );
        assert!(
            read("{\"value\":\"NaN\"}")
                .unwrap()
                .value
                .is_some_and(f64::is_nan)
        );
        assert!(read("{\"value\":true}").is_err());
    }

    #[test]
    fn bare_words_of_python_are_quoted_outside_strings_only() {
        assert_eq!(
            quote_specials(r#"{"a":NaN,"b":[-Infinity,Infinity]}"#),
            r#"{"a":"NaN","b":["-Infinity","Infinity"]}"#
        );
        assert_eq!(
            quote_specials(r#"{"NaN \" NaN":"NaN","é\\":NaN}"#),
            r#"{"NaN \" NaN":"NaN","é\\":"NaN"}"#
        );
        assert_eq!(quote_specials("\"open \\"), "\"open \\");
    }
}
