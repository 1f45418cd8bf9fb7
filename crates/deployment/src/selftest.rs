//! The self-test of a revision before it takes traffic: known rows must give known answers.
//!
//! Our own packages bring rows and answers. Others bring an input example at best: then its rows, or one row of
//! zeros, must give one finite number each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeListArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use base::{Error, Result};
use serde_json::{Map, Value};

use crate::package::Package;
use crate::runtime::{Runtime, scores};
use crate::status::Tensor;

/// How far an answer may be from the stored one, relative to its size, where the package does not say.
const TOLERANCE: f64 = 1e-6;
/// How many single rows are timed.
const TIMED: usize = 200;

/// What the self-test found.
#[derive(Debug)]
pub struct Tested {
    /// How many rows were compared with stored answers.
    pub compared: usize,
    /// Latencies of single rows.
    pub latencies: Vec<Duration>,
    /// Numbers per row of each output, as they came out.
    pub widths: Vec<usize>,
}

/// Runs the test; the error says which row answered what.
pub fn run(runtime: &dyn Runtime, package: &Package) -> Result<Tested> {
    let inputs = &runtime.signature().inputs;
    let mut tolerance = TOLERANCE;
    let (batch, expected) = match (package.file("selftest.json"), package.example()) {
        (Some(bytes), _) => {
            let stored: Value = serde_json::from_slice(bytes)
                .map_err(|error| Error::from(error).at("selftest.json"))?;
            tolerance = stored
                .get("tolerance")
                .and_then(Value::as_f64)
                .unwrap_or(TOLERANCE);
            stored_rows(inputs, &stored).map_err(|error| error.at("selftest.json"))?
        }
        (None, Some(bytes)) => match serde_json::from_slice(bytes)
            .ok()
            .and_then(|stored: Value| example_rows(inputs, &stored))
        {
            Some(batch) => (batch, Vec::new()),
            None => (row_of_zeros(inputs)?, Vec::new()),
        },
        (None, None) => (row_of_zeros(inputs)?, Vec::new()),
    };
    let outputs = runtime
        .predict(&batch)
        .map_err(|error| error.at("the self-test"))?;
    let answers = scores(&outputs, batch.num_rows())?;
    for (row, (answer, expected)) in answers.iter().zip(&expected).enumerate() {
        // A NaN answer is never within the tolerance.
        let close = (answer - expected).abs() <= tolerance * expected.abs().max(1.0);
        if !close {
            return Err(Error::conflict(format!(
                "the self-test failed: row {row} answered {answer} instead of {expected}"
            ))
            .hint(
                "the model's files were made by another version of the program that computes them",
            ));
        }
    }
    if let Some(row) = answers.iter().position(|answer| !answer.is_finite()) {
        return Err(Error::conflict(format!(
            "the self-test failed: row {row} answered {}",
            answers[row]
        )));
    }
    Ok(Tested {
        compared: expected.len(),
        latencies: timed(runtime, &batch)?,
        widths: outputs.iter().map(|output| output.width).collect(),
    })
}

/// Latencies of single rows, so that a limit on latency can be judged before the first request.
fn timed(runtime: &dyn Runtime, batch: &RecordBatch) -> Result<Vec<Duration>> {
    (0..TIMED)
        .map(|at| {
            let row = batch.slice(at % batch.num_rows(), 1);
            let begin = Instant::now();
            runtime.predict(&row)?;
            Ok(begin.elapsed())
        })
        .collect()
}

/// `{"columns": {name: [..]}, "output": [..], "tolerance": …}`
fn stored_rows(inputs: &[Tensor], stored: &Value) -> Result<(RecordBatch, Vec<f64>)> {
    let columns = stored
        .get("columns")
        .and_then(Value::as_object)
        .ok_or_else(|| Error::invalid("it has no columns"))?;
    let output = stored
        .get("output")
        .and_then(Value::as_array)
        .ok_or_else(|| Error::invalid("it has no output"))?;
    let expected: Vec<f64> = output.iter().filter_map(Value::as_f64).collect();
    let batch = batch(inputs, columns)?;
    if expected.is_empty() || expected.len() != batch.num_rows() {
        return Err(Error::invalid(format!(
            "it has {} rows and {} answers",
            batch.num_rows(),
            expected.len()
        )));
    }
    Ok((batch, expected))
}

/// MLflow's saved example: a table of columns and rows.
fn example_rows(inputs: &[Tensor], stored: &Value) -> Option<RecordBatch> {
    let table = stored.get("dataframe_split").unwrap_or(stored);
    let names = table.get("columns")?.as_array()?;
    let rows = table.get("data")?.as_array()?;
    let mut columns = Map::new();
    for (at, name) in names.iter().enumerate() {
        let values = rows
            .iter()
            .map(|row| row.get(at).cloned().unwrap_or_default())
            .collect();
        columns.insert(name.as_str()?.to_owned(), Value::Array(values));
    }
    batch(inputs, &columns)
        .ok()
        .filter(|batch| batch.num_rows() > 0)
}

fn batch(inputs: &[Tensor], columns: &Map<String, Value>) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(inputs.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let values = columns
            .get(&input.name)
            .and_then(Value::as_array)
            .ok_or_else(|| Error::invalid(format!("column {:?} is missing", input.name)))?;
        let array: ArrayRef = match input.datatype.as_str() {
            "BYTES" => Arc::new(values.iter().map(Value::as_str).collect::<StringArray>()),
            "BOOL" => Arc::new(values.iter().map(Value::as_bool).collect::<BooleanArray>()),
            _ if values.iter().any(Value::is_string) => {
                Arc::new(values.iter().map(Value::as_str).collect::<StringArray>())
            }
            kind if kind.starts_with("INT") || kind.starts_with("UINT") => Arc::new(
                values
                    .iter()
                    .map(|value| value.as_i64().or_else(|| value.as_f64().map(|x| x as i64)))
                    .collect::<Int64Array>(),
            ),
            _ => Arc::new(values.iter().map(Value::as_f64).collect::<Float64Array>()),
        };
        fields.push(Field::new(&input.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::invalid(format!("its columns do not fit: {error}")))
}

fn row_of_zeros(inputs: &[Tensor]) -> Result<RecordBatch> {
    let mut fields = Vec::with_capacity(inputs.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let values: ArrayRef = match input.datatype.as_str() {
            "BYTES" => Arc::new(StringArray::from(vec![""; input.width])),
            "BOOL" => Arc::new(BooleanArray::from(vec![false; input.width])),
            kind if kind.starts_with("INT") || kind.starts_with("UINT") => {
                Arc::new(Int64Array::from(vec![0; input.width]))
            }
            _ => Arc::new(Float64Array::from(vec![0.0; input.width])),
        };
        let array: ArrayRef = if input.width == 1 {
            values
        } else {
            let item = Arc::new(Field::new("element", values.data_type().clone(), true));
            Arc::new(
                FixedSizeListArray::try_new(item, input.width as i32, values, None)
                    .map_err(|error| Error::internal(error.to_string()))?,
            )
        };
        let kind: DataType = array.data_type().clone();
        fields.push(Field::new(&input.name, kind, true));
        arrays.push(array);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::internal(error.to_string()))
}
