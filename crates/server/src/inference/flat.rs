//! JSON values, nested or not, read straight into one flat column.
//!
//! The first value decides whether they are numbers, texts or booleans; whole numbers become floats when the first
//! fraction arrives. A mixture is remembered and refused by whoever knows the column's name.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, SeqAccess, Visitor};

/// A column of values. In the typed vectors a missing value has a placeholder, and its place is in `nulls`.
#[derive(Clone, Debug, Default)]
pub struct Flat {
    pub values: Values,
    pub nulls: Vec<usize>,
    /// The first value that did not fit the others.
    pub odd: Option<String>,
}

/// The values of a [`Flat`].
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Values {
    /// So many missing values and nothing else.
    #[default]
    None,
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Bools(Vec<bool>),
    Texts(Vec<String>),
}

impl Flat {
    pub fn len(&self) -> usize {
        match &self.values {
            Values::None => self.nulls.len(),
            Values::Ints(v) => v.len(),
            Values::Floats(v) => v.len(),
            Values::Bools(v) => v.len(),
            Values::Texts(v) => v.len(),
        }
    }

    /// What the values are, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.values {
            Values::None => "nothing",
            Values::Ints(_) | Values::Floats(_) => "numbers",
            Values::Bools(_) => "booleans",
            Values::Texts(_) => "strings",
        }
    }

    /// The first value, for messages.
    pub fn first(&self) -> String {
        match &self.values {
            Values::None => "null".to_owned(),
            Values::Ints(v) => v.first().map(ToString::to_string).unwrap_or_default(),
            Values::Floats(v) => v.first().map(ToString::to_string).unwrap_or_default(),
            Values::Bools(v) => v.first().map(ToString::to_string).unwrap_or_default(),
            Values::Texts(v) => v
                .first()
                .map(|text| format!("{:?}", text.chars().take(80).collect::<String>()))
                .unwrap_or_default(),
        }
    }

    pub fn push_null(&mut self) {
        self.nulls.push(self.len());
        match &mut self.values {
            Values::None => {}
            Values::Ints(v) => v.push(0),
            Values::Floats(v) => v.push(f64::NAN),
            Values::Bools(v) => v.push(false),
            Values::Texts(v) => v.push(String::new()),
        }
    }

    pub fn push_int(&mut self, value: i64) {
        match &mut self.values {
            Values::None => {
                self.values = Values::Ints(with_placeholders(self.nulls.len(), 0, value));
            }
            Values::Ints(v) => v.push(value),
            Values::Floats(v) => v.push(value as f64),
            _ => self.mixed(&value),
        }
    }

    pub fn push_float(&mut self, value: f64) {
        match &mut self.values {
            Values::None => {
                self.values = Values::Floats(with_placeholders(self.nulls.len(), f64::NAN, value));
            }
            Values::Floats(v) => v.push(value),
            Values::Ints(v) => {
                let mut floats: Vec<f64> = v.iter().map(|&x| x as f64).collect();
                floats.push(value);
                self.values = Values::Floats(floats);
            }
            _ => self.mixed(&value),
        }
    }

    pub fn push_bool(&mut self, value: bool) {
        match &mut self.values {
            Values::None => {
                self.values = Values::Bools(with_placeholders(self.nulls.len(), false, value));
            }
            Values::Bools(v) => v.push(value),
            _ => self.mixed(&value),
        }
    }

    pub fn push_text(&mut self, value: String) {
        match &mut self.values {
            Values::None => {
                self.values =
                    Values::Texts(with_placeholders(self.nulls.len(), String::new(), value));
            }
            Values::Texts(v) => v.push(value),
            _ => self.mixed(&format_args!("{value:?}")),
        }
    }

    /// A value of any kind. Arrays are flattened; an object is odd.
    pub fn push_value(&mut self, value: serde_json::Value) {
        match value {
            serde_json::Value::Null => self.push_null(),
            serde_json::Value::Bool(value) => self.push_bool(value),
            serde_json::Value::String(value) => self.push_text(value),
            serde_json::Value::Array(values) => {
                for value in values {
                    self.push_value(value);
                }
            }
            serde_json::Value::Number(value) => match (value.as_i64(), value.as_f64()) {
                (Some(value), _) => self.push_int(value),
                (None, Some(value)) => self.push_float(value),
                (None, None) => self.mixed(&value),
            },
            serde_json::Value::Object(_) => self.mixed(&"an object"),
        }
    }

    /// Keeps the first odd value; the column stays as long as if it had fitted.
    fn mixed(&mut self, value: &dyn fmt::Display) {
        if self.odd.is_none() {
            self.odd = Some(value.to_string().chars().take(80).collect());
        }
        self.push_null();
    }
}

fn with_placeholders<T: Clone>(missing: usize, placeholder: T, value: T) -> Vec<T> {
    let mut values = vec![placeholder; missing];
    values.push(value);
    values
}

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut flat = Self::default();
        Filler(&mut flat).deserialize(deserializer)?;
        Ok(flat)
    }
}

/// Reads one value, or an array of values at any depth, into a [`Flat`].
struct Filler<'f>(&'f mut Flat);

impl<'de> DeserializeSeed<'de> for Filler<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Filler<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers, strings or booleans")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(Filler(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.push_int(value);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        match i64::try_from(value) {
            Ok(value) => self.0.push_int(value),
            Err(_) => self.0.push_float(value as f64),
        }
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.push_float(value);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.push_bool(value);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.0.push_text(value.to_owned());
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push_null();
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        self.0.push_null();
        Ok(())
    }
}

/// A named column as it arrived.
pub struct Named<'a> {
    pub name: Cow<'a, str>,
    pub flat: Flat,
}
