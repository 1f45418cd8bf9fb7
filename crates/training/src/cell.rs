//! One raw value of a row, and how it is read out of an Arrow column.
//!
//! Invariants: null, NaN and the empty text are missing; an infinity, a text where a number belongs and a column of
//! another type are refused with the column, the row (counted from 0) and the value. A number is rounded to 32 bits
//! here, once, so training, serving and the ONNX export split on the same values.

use std::fmt::Write as _;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array,
    LargeStringArray, RecordBatch, StringArray, StringViewArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use base::{Error, Result};

use crate::signature::{Input, InputKind, Signature};

/// One raw value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// Nothing is known.
    Missing,
    /// A number; a moment in milliseconds since 1970; 0 or 1 for a bool.
    Number(f64),
    /// A category.
    Text(&'a str),
}

/// A column that knows how to give its rows as cells. Making one costs no copy of the values, except for types that
/// are rare in requests.
pub(crate) enum Reader {
    Missing,
    F64(Float64Array),
    F32(Float32Array),
    I64(Int64Array),
    I32(Int32Array),
    Bool(BooleanArray),
    /// Moments as 64-bit counts, with how many of them make a millisecond (or milliseconds make one of them).
    Moments {
        counts: Int64Array,
        per_ms: i64,
        ms_per: i64,
    },
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
}

impl Reader {
    /// A reader of `column` as what `input` says it should hold.
    pub fn new(input: &Input, column: &ArrayRef) -> Result<Self> {
        if let Some(reader) = Self::direct(column) {
            return Ok(reader);
        }
        let target = match column.data_type() {
            kind if kind.is_numeric() => DataType::Float64,
            DataType::Date32 | DataType::Date64 => DataType::Timestamp(TimeUnit::Millisecond, None),
            DataType::Dictionary(_, values)
                if matches!(
                    **values,
                    DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
                ) =>
            {
                DataType::Utf8
            }
            DataType::Dictionary(_, values) => (**values).clone(),
            other => return Err(wrong_type(input, &format!("type {other}"))),
        };
        let converted = cast(column, &target).map_err(|error| {
            wrong_type(input, &format!("type {}", column.data_type())).because(error)
        })?;
        Self::direct(&converted)
            .ok_or_else(|| wrong_type(input, &format!("type {}", column.data_type())))
    }

    fn direct(column: &ArrayRef) -> Option<Self> {
        let any = column.as_any();
        Some(match column.data_type() {
            DataType::Null => Self::Missing,
            DataType::Float64 => Self::F64(any.downcast_ref::<Float64Array>()?.clone()),
            DataType::Float32 => Self::F32(any.downcast_ref::<Float32Array>()?.clone()),
            DataType::Int64 => Self::I64(any.downcast_ref::<Int64Array>()?.clone()),
            DataType::Int32 => Self::I32(any.downcast_ref::<Int32Array>()?.clone()),
            DataType::Boolean => Self::Bool(any.downcast_ref::<BooleanArray>()?.clone()),
            DataType::Utf8 => Self::Text(any.downcast_ref::<StringArray>()?.clone()),
            DataType::LargeUtf8 => Self::LargeText(any.downcast_ref::<LargeStringArray>()?.clone()),
            DataType::Utf8View => Self::TextView(any.downcast_ref::<StringViewArray>()?.clone()),
            DataType::Timestamp(unit, _) => {
                let (per_ms, ms_per) = match unit {
                    TimeUnit::Second => (1, 1000),
                    TimeUnit::Millisecond => (1, 1),
                    TimeUnit::Microsecond => (1000, 1),
                    TimeUnit::Nanosecond => (1_000_000, 1),
                };
                let counts = cast(column, &DataType::Int64).ok()?;
                Self::Moments {
                    counts: counts.as_any().downcast_ref::<Int64Array>()?.clone(),
                    per_ms,
                    ms_per,
                }
            }
            _ => return None,
        })
    }

    /// The raw value at `row`, not yet checked against the input's kind.
    fn raw(&self, row: usize) -> Raw<'_> {
        macro_rules! value {
            ($array:expr, $wrap:expr) => {
                if $array.is_null(row) {
                    Raw::Missing
                } else {
                    $wrap($array.value(row))
                }
            };
        }
        match self {
            Self::Missing => Raw::Missing,
            Self::F64(array) => value!(array, Raw::Number),
            Self::F32(array) => value!(array, |v| Raw::Number(f64::from(v))),
            Self::I64(array) => value!(array, Raw::Whole),
            Self::I32(array) => value!(array, |v| Raw::Whole(i64::from(v))),
            Self::Bool(array) => value!(array, Raw::Bool),
            Self::Moments {
                counts,
                per_ms,
                ms_per,
            } => {
                value!(counts, |v: i64| Raw::Moment(
                    v.saturating_mul(*ms_per).div_euclid(*per_ms)
                ))
            }
            Self::Text(array) => value!(array, Raw::Text),
            Self::LargeText(array) => value!(array, Raw::Text),
            Self::TextView(array) => value!(array, Raw::Text),
        }
    }

    /// Whether nothing is known at `row`.
    pub fn is_missing(&self, row: usize) -> bool {
        match self.raw(row) {
            Raw::Missing | Raw::Text("") => true,
            Raw::Number(value) => value.is_nan(),
            _ => false,
        }
    }

    /// The value of `input` at `row`. `text` is room for the text of a category that arrives as a number.
    #[expect(
        clippy::match_same_arms,
        reason = "a table reads better with one line per kind and type"
    )]
    pub fn cell<'a>(&'a self, input: &Input, row: usize, text: &'a mut String) -> Result<Cell<'a>> {
        let raw = self.raw(row);
        let cell = match (input.kind, raw) {
            (_, Raw::Missing | Raw::Text("")) => Cell::Missing,
            (InputKind::Numeric, Raw::Number(value)) => Cell::Number(value),
            (InputKind::Numeric, Raw::Whole(value)) => Cell::Number(value as f64),
            (InputKind::Category, Raw::Text(value)) => Cell::Text(value),
            (InputKind::Category, Raw::Whole(value)) => {
                text.clear();
                let _ = write!(text, "{value}");
                Cell::Text(text)
            }
            (InputKind::Datetime, Raw::Moment(ms) | Raw::Whole(ms)) => Cell::Number(ms as f64),
            (InputKind::Datetime, Raw::Number(value)) if value.is_nan() || value.fract() == 0.0 => {
                Cell::Number(value)
            }
            (InputKind::Datetime, Raw::Text(value)) => Cell::Number(
                moment(value).ok_or_else(|| wrong_value(input, row, &format!("{value:?}")))? as f64,
            ),
            (InputKind::Bool, Raw::Bool(value)) => Cell::Number(f64::from(u8::from(value))),
            (InputKind::Bool, Raw::Whole(value @ (0 | 1))) => Cell::Number(value as f64),
            (InputKind::Bool, Raw::Number(value))
                if value == 0.0 || value == 1.0 || value.is_nan() =>
            {
                Cell::Number(value)
            }
            (_, raw) => return Err(wrong_value(input, row, &raw.shown())),
        };
        check(input, row, cell)
    }
}

#[derive(Clone, Copy)]
enum Raw<'a> {
    Missing,
    Number(f64),
    Whole(i64),
    Bool(bool),
    Moment(i64),
    Text(&'a str),
}

impl Raw<'_> {
    fn shown(&self) -> String {
        match self {
            Self::Missing => "nothing".to_owned(),
            Self::Number(value) => value.to_string(),
            Self::Whole(value) => value.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Moment(ms) => format!("the moment {ms} ms"),
            Self::Text(value) => format!("{:?}", value.chars().take(80).collect::<String>()),
        }
    }
}

/// A cell as the model will see it: NaN is missing, an infinity is refused, a number has 32 bits.
#[inline]
pub(crate) fn check<'a>(input: &Input, row: usize, cell: Cell<'a>) -> Result<Cell<'a>> {
    match cell {
        Cell::Number(value) if value.is_nan() => missing(input, row),
        Cell::Number(value) => {
            let kept = if input.kind == InputKind::Numeric {
                f64::from(value as f32)
            } else {
                value
            };
            if kept.is_infinite() {
                return Err(infinite(input, row, value));
            }
            Ok(Cell::Number(kept))
        }
        Cell::Missing | Cell::Text("") => missing(input, row),
        cell @ Cell::Text(_) => Ok(cell),
    }
}

fn infinite(input: &Input, row: usize, value: f64) -> Error {
    Error::invalid(format!(
        "column {:?}, row {row}: {value} is not a finite number",
        input.name
    ))
    .hint("leave the value out (null or NaN) when it is not known")
}

#[inline]
fn missing<'a>(input: &Input, row: usize) -> Result<Cell<'a>> {
    if input.nullable {
        return Ok(Cell::Missing);
    }
    Err(Error::invalid(format!(
        "column {:?}, row {row}: the value is missing",
        input.name
    ))
    .hint(format!(
        "this model needs the {} in every row",
        input.kind_text()
    )))
}

fn wrong_type(input: &Input, shown: &str) -> Error {
    Error::invalid(format!(
        "column {:?} has {shown}, not a {}",
        input.name,
        input.kind_text()
    ))
}

pub(crate) fn wrong_value(input: &Input, row: usize, shown: &str) -> Error {
    Error::invalid(format!(
        "column {:?}, row {row}: {shown} is not a {}",
        input.name,
        input.kind_text()
    ))
}

/// Milliseconds since 1970 of a written moment; one without a zone is taken as it is written.
fn moment(text: &str) -> Option<i64> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(moment.as_millisecond());
    }
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_millisecond(),
    )
}

/// A reader per input of `signature`, in its order. Columns that the model does not know are ignored.
pub(crate) fn readers(signature: &Signature, batch: &RecordBatch) -> Result<Vec<Reader>> {
    let fields = batch.schema_ref().fields();
    signature
        .inputs
        .iter()
        .enumerate()
        .map(|(place, input)| {
            // Callers mostly keep the signature's order, so the first look is usually a hit.
            let at_place = fields
                .get(place)
                .is_some_and(|field| field.name() == &input.name)
                .then_some(place);
            let Some(index) =
                at_place.or_else(|| fields.iter().position(|field| field.name() == &input.name))
            else {
                return Err(missing_column(
                    signature,
                    input,
                    fields.iter().map(|field| field.name().as_str()),
                ));
            };
            Reader::new(input, batch.column(index))
        })
        .collect()
}

fn missing_column<'a>(
    signature: &Signature,
    input: &Input,
    given: impl Iterator<Item = &'a str>,
) -> Error {
    let given: Vec<&str> = given.take(40).collect();
    let wanted: Vec<&str> = signature
        .inputs
        .iter()
        .map(|input| input.name.as_str())
        .collect();
    Error::invalid(format!(
        "the column {:?} ({}) is missing",
        input.name,
        input.kind_text()
    ))
    .hint(format!(
        "the model takes {}; the request has {}",
        wanted.join(", "),
        given.join(", ")
    ))
}
