//! The world outside: rows as they happen, and the truth that becomes known later.
//!
//! The server never sees this file; it gets each row as a caller would send it, and the truth when it is due.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Float64Array, StringArray};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type, TimestampMillisecondType};
use arrow::record_batch::RecordBatch;
use base::{Error, Result, Timestamp};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::example::Spec;

/// One thing that happens: a request now, its truth later.
#[derive(Debug)]
pub struct Event {
    /// When, in ms since the epoch.
    pub at: i64,
    /// The caller's id of the prediction.
    pub id: String,
    /// The body of the V2 request.
    pub request: Value,
    /// What turned out to be so; absent where it never became known.
    pub truth: Option<f64>,
}

/// All events from `from` on (before `until`, where given), in order of time.
pub fn events(
    example: &Spec,
    folder: &Path,
    from: Timestamp,
    until: Option<Timestamp>,
) -> Result<Vec<Event>> {
    let table = read(&folder.join(example.data))?;
    let span = from.as_millisecond()..until.map_or(i64::MAX, Timestamp::as_millisecond);
    let mut events = match example.name {
        "bikes" => bikes(&table, &span)?,
        _ => flights(&table, &span)?,
    };
    events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    Ok(events)
}

/// Rows of one request, as JSON for the API and as a table for a model in this process.
#[derive(Debug)]
pub struct Probe {
    /// The body of the V2 request.
    pub request: Value,
    /// The same rows.
    pub rows: RecordBatch,
}

/// Puts the inputs of `events` together into one request.
pub fn batch(events: &[Event]) -> Result<Probe> {
    let first = events
        .first()
        .ok_or_else(|| Error::internal("no events to put together"))?;
    let mut inputs = Vec::new();
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (index, input) in first.request["inputs"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
    {
        let data: Vec<Value> = events
            .iter()
            .map(|event| event.request["inputs"][index]["data"][0].clone())
            .collect();
        let name = input["name"].as_str().unwrap_or_default();
        let column: ArrayRef = if input["datatype"] == "BYTES" {
            Arc::new(data.iter().map(Value::as_str).collect::<StringArray>())
        } else {
            Arc::new(data.iter().map(Value::as_f64).collect::<Float64Array>())
        };
        columns.push((name.to_owned(), column));
        inputs.push(json!({ "name": name, "shape": [events.len(), 1], "datatype": input["datatype"], "data": data }));
    }
    let rows = RecordBatch::try_from_iter(columns).map_err(broken)?;
    Ok(Probe {
        request: json!({ "inputs": inputs }),
        rows,
    })
}

/// An hour of the whole city. The caller knows last week's number, so it is sent along: the model does not use it,
/// but the log keeps it, and live performance is compared with the rule of today.
fn bikes(table: &RecordBatch, span: &std::ops::Range<i64>) -> Result<Vec<Event>> {
    const WEEK: i64 = 7 * 24 * 3_600_000;
    let times = cast(
        column(table, "ts")?,
        &DataType::Timestamp(arrow::datatypes::TimeUnit::Millisecond, None),
    )
    .map_err(broken)?;
    let times = times.as_primitive::<TimestampMillisecondType>();
    let [count, tmin, tmax, pn] = [
        numbers(table, "count")?,
        numbers(table, "tmin")?,
        numbers(table, "tmax")?,
        numbers(table, "pn")?,
    ];
    let by_time: HashMap<i64, f64> = (0..table.num_rows())
        .map(|row| (times.value(row), count.value(row)))
        .collect();
    let mut events = Vec::new();
    for row in 0..table.num_rows() {
        let at = times.value(row);
        if !span.contains(&at) {
            continue;
        }
        let ts = Timestamp::from_millisecond(at)
            .map_err(|error| Error::internal(error.to_string()))?
            .to_string();
        let mut inputs = vec![
            text("ts", &ts),
            number("tmin", tmin.value(row)),
            number("tmax", tmax.value(row)),
            number("pn", pn.value(row)),
        ];
        if let Some(last_week) = by_time.get(&(at - WEEK)) {
            inputs.push(number("count_week_ago", *last_week));
        }
        let id = format!("hour-{ts}");
        events.push(Event {
            at,
            request: json!({ "id": id, "inputs": inputs }),
            id,
            truth: Some(count.value(row)),
        });
    }
    Ok(events)
}

/// A departure, an hour before it is due.
fn flights(table: &RecordBatch, span: &std::ops::Range<i64>) -> Result<Vec<Event>> {
    let _ = (table, span);
    Err(
        Error::not_implemented("the flights example is replayed in a later version")
            .hint("run `ironloop demo bikes`"),
    )
}

fn number(name: &str, value: f64) -> Value {
    json!({ "name": name, "shape": [1, 1], "datatype": "FP64", "data": [value] })
}

fn text(name: &str, value: &str) -> Value {
    json!({ "name": name, "shape": [1, 1], "datatype": "BYTES", "data": [value] })
}

fn column<'t>(table: &'t RecordBatch, name: &str) -> Result<&'t dyn arrow::array::Array> {
    table
        .column_by_name(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| Error::internal(format!("the example's data has no column {name:?}")))
}

fn numbers(table: &RecordBatch, name: &str) -> Result<Float64Array> {
    let numbers = cast(column(table, name)?, &DataType::Float64).map_err(broken)?;
    let numbers = numbers.as_primitive::<Float64Type>().clone();
    if numbers.null_count() > 0 {
        return Err(Error::internal(format!(
            "the example's column {name:?} has gaps"
        )));
    }
    Ok(numbers)
}

fn read(path: &Path) -> Result<RecordBatch> {
    let file = File::open(path).map_err(|error| Error::from(error).at(path.display()))?;
    let builder =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| broken(error.into()))?;
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> = builder
        .build()
        .map_err(|error| broken(error.into()))?
        .collect::<Result<_, _>>()
        .map_err(broken)?;
    concat_batches(&schema, &batches).map_err(broken)
}

fn broken(error: arrow::error::ArrowError) -> Error {
    Error::internal(format!("the example's data cannot be read: {error}")).because(error)
}
