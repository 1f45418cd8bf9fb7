//! The six types that a column may have, and how values become numbers, words and moments.
//!
//! | word | Arrow | what becomes it |
//! |---|---|---|
//! | `bool` | Boolean | |
//! | `int` | Int64 | every whole-number type |
//! | `float` | Float64 | every floating and decimal type |
//! | `text` | Utf8 | every string type, dictionaries of strings, columns without any value |
//! | `date` | Date32 | Date64 |
//! | `timestamp` | Timestamp(µs, UTC) | every timestamp; without a zone it is taken as UTC |
//!
//! NaN in a file is a missing value, as data frames mean it.
//!
//! Anything else (lists, structs, bytes, durations) is refused by name when rows are added.

use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    DataType, Field, Float64Type, Int64Type, Schema, TimeUnit, TimestampMillisecondType,
};
use arrow::json::WriterBuilder;
use arrow::json::writer::JsonArray;
use base::{Error, Result};

use crate::dataset::ColumnSchema;

/// The Arrow type of the word `timestamp`.
pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The word for one of the six types.
pub fn word(kind: &DataType) -> Option<&'static str> {
    Some(match kind {
        DataType::Boolean => "bool",
        DataType::Int64 => "int",
        DataType::Float64 => "float",
        DataType::Utf8 => "text",
        DataType::Date32 => "date",
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp",
        _ => return None,
    })
}

/// The Arrow type of a word.
pub fn arrow_type(word: &str) -> Result<DataType> {
    Ok(match word {
        "bool" => DataType::Boolean,
        "int" => DataType::Int64,
        "float" => DataType::Float64,
        "text" => DataType::Utf8,
        "date" => DataType::Date32,
        "timestamp" => timestamp(),
        _ => {
            return Err(Error::internal(format!(
                "{word:?} is not a type of a column"
            )));
        }
    })
}

/// Which of the six types a column becomes.
fn target(kind: &DataType) -> Option<DataType> {
    Some(match kind {
        DataType::Boolean => DataType::Boolean,
        kind if kind.is_integer() => DataType::Int64,
        kind if kind.is_floating()
            || matches!(kind, DataType::Decimal128(..) | DataType::Decimal256(..)) =>
        {
            DataType::Float64
        }
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            DataType::Utf8
        }
        DataType::Date32 | DataType::Date64 => DataType::Date32,
        DataType::Timestamp(..) => timestamp(),
        DataType::Dictionary(_, values) => return target(values),
        _ => return None,
    })
}

/// The same rows with columns of the six types.
pub fn normalise(batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        if fields
            .iter()
            .any(|other: &Field| other.name() == field.name())
        {
            return Err(
                Error::invalid(format!("two columns are called {:?}", field.name()))
                    .hint("give each column a name of its own"),
            );
        }
        let kind = target(field.data_type()).ok_or_else(|| {
            Error::invalid(format!("column {:?} has the type {}, which a dataset cannot hold", field.name(), field.data_type()))
                .hint("use numbers, texts, yes/no, dates or timestamps, or leave the column out of the file")
        })?;
        let column = cast(column, &kind)
            .map_err(|error| error.at(format_args!("column {:?}", field.name())))?;
        fields.push(Field::new(field.name(), kind, true));
        columns.push(column);
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
        .map_err(arrow_error)
}

/// A cast that refuses values it cannot keep.
pub(crate) fn cast(column: &ArrayRef, kind: &DataType) -> Result<ArrayRef> {
    if column.data_type() == kind {
        return Ok(Arc::clone(column));
    }
    if column.null_count() == column.len() {
        return Ok(new_null_array(kind, column.len()));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, kind, &options)
        .map_err(|error| Error::invalid(error.to_string()).because(error))
}

/// A column by name; the error lists the names there are.
pub fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| {
        let names: Vec<_> = batch
            .schema_ref()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        Error::invalid(format!("there is no column {name:?}"))
            .hint(format!("the columns are {}", names.join(", ")))
    })
}

/// Values as numbers: NaN where missing; yes is 1 and no is 0; a moment is milliseconds since the epoch. Words are
/// refused.
pub fn numbers(column: &ArrayRef) -> Result<Vec<f64>> {
    match column.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Err(Error::invalid("holds text where a number belongs"))
        }
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Ok(times(column)?
            .into_iter()
            .map(|time| time.map_or(f64::NAN, |ms| ms as f64))
            .collect()),
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>();
            Ok(values
                .iter()
                .map(|value| value.map_or(f64::NAN, |value| value as f64))
                .collect())
        }
        _ => {
            let values = cast(column, &DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>();
            if values.null_count() == 0 {
                return Ok(values.values().to_vec());
            }
            Ok(values
                .iter()
                .map(|value| value.unwrap_or(f64::NAN))
                .collect())
        }
    }
}

/// Values as words; `None` where missing. Numbers, dates and truth values are written out.
pub fn words(column: &ArrayRef) -> Result<Vec<Option<String>>> {
    let texts = cast(column, &DataType::Utf8)?;
    Ok(texts
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect())
}

/// Values as milliseconds since the epoch; `None` where missing. Timestamps, dates and texts like
/// `2012-01-31T08:00:00Z` are understood; without a zone they are UTC.
pub fn times(column: &ArrayRef) -> Result<Vec<Option<i64>>> {
    let kind = column.data_type();
    let understood = kind.is_temporal()
        || matches!(
            kind,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null
        );
    if !understood {
        return Err(Error::invalid(format!(
            "holds values of the type {kind}, which are not times"
        ))
        .hint("use timestamps, dates or texts like 2012-01-31T08:00:00Z"));
    }
    let millis = cast(
        column,
        &DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
    )
    .map_err(|error| error.hint("write times like 2012-01-31T08:00:00Z"))?;
    Ok(millis
        .as_primitive::<TimestampMillisecondType>()
        .iter()
        .collect())
}

/// The schema as it is stored and shown.
pub fn describe(batch: &RecordBatch) -> Vec<ColumnSchema> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    columns
        .map(|(field, column)| ColumnSchema {
            name: field.name().clone(),
            kind: word(field.data_type()).unwrap_or("text").to_owned(),
            nullable: column.null_count() > 0,
        })
        .collect()
}

/// A batch without rows that has these columns.
pub(crate) fn empty(schema: &[ColumnSchema]) -> Result<RecordBatch> {
    let fields: Vec<Field> = schema
        .iter()
        .map(|column| Ok(Field::new(&column.name, arrow_type(&column.kind)?, true)))
        .collect::<Result<_>>()?;
    Ok(RecordBatch::new_empty(Arc::new(Schema::new(fields))))
}

/// Rows as JSON objects, for pages that people look at. A missing value is `null`.
pub fn json_rows(batch: &RecordBatch) -> Result<Vec<serde_json::Map<String, serde_json::Value>>> {
    let mut out = Vec::new();
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, JsonArray>(&mut out);
    writer
        .write(batch)
        .and_then(|()| writer.finish())
        .map_err(arrow_error)?;
    drop(writer);
    if out.is_empty() {
        Ok(Vec::new())
    } else {
        Ok(serde_json::from_slice(&out)?)
    }
}

/// An error of Arrow in our words.
pub(crate) fn arrow_error(error: arrow::error::ArrowError) -> Error {
    Error::invalid(error.to_string()).because(error)
}
