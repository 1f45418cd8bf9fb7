//! The world outside: rows as they happen, and the truth that becomes known later.
//!
//! The server never sees this file; it gets each row as a caller would send it, and the truth when it is due.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    Array as _, ArrayRef, AsArray as _, Float64Array, StringArray, TimestampMillisecondArray,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type, TimeUnit, TimestampMillisecondType};
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
    let times = times(table)?;
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
        let ts = rfc3339(at)?;
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

/// A departure, as the desk knows it before it is due; cancelled and diverted flights never get a truth. The desk
/// also knows how often the carrier was late at this hour in the last weeks, the rule of today: it is sent along for
/// the log.
fn flights(table: &RecordBatch, span: &std::ops::Range<i64>) -> Result<Vec<Event>> {
    const TEXTS: [&str; 3] = ["carrier", "origin", "dest"];
    const NUMBERS: [&str; 6] = ["distance", "temp", "humid", "wind_speed", "precip", "visib"];
    let times = times(table)?;
    let late: Vec<Option<bool>> = floats(table, "arr_delay")?
        .iter()
        .map(|delay| delay.map(|minutes| minutes > 15.0))
        .collect();
    let hours = floats(table, "hour")?;
    let carriers = words(table, "carrier")?;
    let texts: Vec<_> = TEXTS
        .into_iter()
        .map(|name| Ok((name, words(table, name)?)))
        .collect::<Result<_>>()?;
    let measured: Vec<_> = NUMBERS
        .into_iter()
        .map(|name| Ok((name, floats(table, name)?)))
        .collect::<Result<_>>()?;
    let mut past: HashMap<(String, i64), LateBefore> = HashMap::new();
    let mut events = Vec::new();
    // The rows are in order of time.
    for (row, truth) in late.into_iter().enumerate() {
        let at = times.value(row);
        if at >= span.end {
            break;
        }
        #[expect(clippy::cast_possible_truncation, reason = "an hour of the day")]
        let key = (carriers.value(row).to_owned(), hours.value(row) as i64);
        let past = past.entry(key).or_default();
        let share = past.share(at);
        if let Some(late) = truth {
            past.add(at, late);
        }
        if !span.contains(&at) {
            continue;
        }
        let ts = rfc3339(at)?;
        let mut inputs = vec![text("ts", &ts)];
        inputs.extend(
            texts
                .iter()
                .map(|(name, values)| text(name, values.value(row))),
        );
        inputs.extend(
            measured.iter().map(|(name, values)| {
                optional(name, values.is_valid(row).then(|| values.value(row)))
            }),
        );
        inputs.push(optional("late_before", share));
        let id = format!("departure-{row:06}");
        events.push(Event {
            at,
            request: json!({ "id": id, "inputs": inputs }),
            id,
            truth: truth.map(f64::from),
        });
    }
    Ok(events)
}

/// Departures of one carrier at one hour of the day, in order of time.
#[derive(Debug, Default)]
struct LateBefore {
    known: VecDeque<(i64, bool)>,
}

impl LateBefore {
    const DAY: i64 = 24 * 3_600_000;

    fn add(&mut self, at: i64, late: bool) {
        self.known.push_back((at, late));
    }

    /// The share of late ones from 29 days to one day before `at`, both included.
    fn share(&mut self, at: i64) -> Option<f64> {
        while self
            .known
            .front()
            .is_some_and(|(then, _)| *then < at - 29 * Self::DAY)
        {
            self.known.pop_front();
        }
        let seen = self
            .known
            .iter()
            .take_while(|(then, _)| *then <= at - Self::DAY);
        let (mut late, mut all) = (0_u32, 0_u32);
        for (_, was_late) in seen {
            late += u32::from(*was_late);
            all += 1;
        }
        (all > 0).then(|| f64::from(late) / f64::from(all))
    }
}

fn number(name: &str, value: f64) -> Value {
    optional(name, Some(value))
}

fn optional(name: &str, value: Option<f64>) -> Value {
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

/// The moments of the rows, in ms since the epoch.
fn times(table: &RecordBatch) -> Result<TimestampMillisecondArray> {
    let unit = DataType::Timestamp(TimeUnit::Millisecond, None);
    let times = cast(column(table, "ts")?, &unit).map_err(broken)?;
    Ok(times.as_primitive::<TimestampMillisecondType>().clone())
}

fn rfc3339(at: i64) -> Result<String> {
    let at = Timestamp::from_millisecond(at).map_err(|error| Error::internal(error.to_string()))?;
    Ok(at.to_string())
}

fn words(table: &RecordBatch, name: &str) -> Result<StringArray> {
    let words = cast(column(table, name)?, &DataType::Utf8).map_err(broken)?;
    Ok(words.as_string::<i32>().clone())
}

fn floats(table: &RecordBatch, name: &str) -> Result<Float64Array> {
    let numbers = cast(column(table, name)?, &DataType::Float64).map_err(broken)?;
    Ok(numbers.as_primitive::<Float64Type>().clone())
}

fn numbers(table: &RecordBatch, name: &str) -> Result<Float64Array> {
    let numbers = floats(table, name)?;
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
