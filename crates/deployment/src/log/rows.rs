//! Rows of the prediction log: from answered requests to one record batch.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    new_null_array,
};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use base::{Error, Result};

/// What one request leaves in the log.
#[derive(Clone, Debug)]
pub struct Entry {
    pub project: Arc<str>,
    pub endpoint: Arc<str>,
    pub at_us: i64,
    pub ids: Vec<String>,
    pub values: Vec<f64>,
    pub batch: RecordBatch,
    pub revision: i64,
    pub model: Arc<str>,
    pub version: i64,
    pub latency_us: i64,
}

/// The columns that every prediction log has.
pub fn base_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("prediction_id", DataType::Utf8, true),
        Field::new(
            "at",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            true,
        ),
        Field::new("endpoint", DataType::Utf8, true),
        Field::new("revision", DataType::Int64, true),
        Field::new("model", DataType::Utf8, true),
        Field::new("version", DataType::Int64, true),
        Field::new("latency_us", DataType::Int64, true),
        Field::new("output", DataType::Float64, true),
    ]))
}

/// One batch of all rows. A column that only some requests had is null for the others.
pub fn batch(entries: &[Entry]) -> Result<RecordBatch> {
    let repeat = |pick: fn(&Entry) -> i64| -> ArrayRef {
        Arc::new(
            entries
                .iter()
                .flat_map(|entry| std::iter::repeat_n(pick(entry), entry.ids.len()))
                .collect::<Int64Array>(),
        )
    };
    let texts = |pick: fn(&Entry) -> &str| -> ArrayRef {
        let all: Vec<&str> = entries
            .iter()
            .flat_map(|entry| std::iter::repeat_n(pick(entry), entry.ids.len()))
            .collect();
        Arc::new(StringArray::from(all))
    };
    let at: Int64Array = entries
        .iter()
        .flat_map(|entry| std::iter::repeat_n(entry.at_us, entry.ids.len()))
        .collect();
    let at = TimestampMicrosecondArray::new(at.values().clone(), None).with_timezone("UTC");
    let mut fields: Vec<Arc<Field>> = base_schema().fields().to_vec();
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(
            entries
                .iter()
                .flat_map(|entry| entry.ids.iter().map(String::as_str))
                .collect::<Vec<_>>(),
        )),
        Arc::new(at),
        texts(|entry| &entry.endpoint),
        repeat(|entry| entry.revision),
        texts(|entry| &entry.model),
        repeat(|entry| entry.version),
        repeat(|entry| entry.latency_us),
        Arc::new(
            entries
                .iter()
                .flat_map(|entry| entry.values.iter().copied())
                .collect::<Float64Array>(),
        ),
    ];
    for (name, kind) in input_columns(entries) {
        let parts = entries
            .iter()
            .map(|entry| part(entry, &name, &kind))
            .collect::<Vec<_>>();
        let parts: Vec<&dyn arrow::array::Array> = parts.iter().map(AsRef::as_ref).collect();
        columns.push(concat(&parts).map_err(|error| {
            Error::internal(format!("column {name} cannot be logged: {error}"))
        })?);
        fields.push(Arc::new(Field::new(logged_name(&name), kind, true)));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|error| Error::internal(format!("the prediction log's rows do not fit: {error}")))
}

/// All input columns with the type that is logged: that of the first request which had it.
fn input_columns(entries: &[Entry]) -> BTreeMap<String, DataType> {
    let mut columns = BTreeMap::new();
    let mut last: Option<SchemaRef> = None;
    for entry in entries {
        let schema = entry.batch.schema();
        if last.as_ref().is_some_and(|last| Arc::ptr_eq(last, &schema)) {
            continue;
        }
        for field in schema.fields() {
            columns
                .entry(field.name().clone())
                .or_insert_with(|| logged_type(field.data_type()));
        }
        last = Some(schema);
    }
    columns
}

fn part(entry: &Entry, name: &str, kind: &DataType) -> ArrayRef {
    match entry.batch.column_by_name(name) {
        Some(column) if column.data_type() == kind => column.clone(),
        // What does not convert becomes null: a request that was answered must not fail in the log.
        Some(column) => {
            cast(column, kind).unwrap_or_else(|_| new_null_array(kind, entry.ids.len()))
        }
        None => new_null_array(kind, entry.ids.len()),
    }
}

/// Types that a Delta table has; a row of numbers becomes a list.
fn logged_type(kind: &DataType) -> DataType {
    match kind {
        DataType::Timestamp(_, _) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        DataType::FixedSizeList(field, _) => DataType::List(Arc::new(Field::new(
            "element",
            field.data_type().clone(),
            true,
        ))),
        DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => DataType::Int64,
        DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(_, _) => DataType::Utf8,
        DataType::Float16 => DataType::Float32,
        other => other.clone(),
    }
}

/// The column's name in the log; characters that Delta does not take become `_`.
pub fn logged_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| {
            if matches!(
                c,
                ' ' | ',' | ';' | '{' | '}' | '(' | ')' | '\n' | '\t' | '='
            ) {
                '_'
            } else {
                c
            }
        })
        .collect();
    format!("in_{safe}")
}
