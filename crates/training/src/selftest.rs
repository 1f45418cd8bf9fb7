//! The self-test inside a model's package: rows with the predictions that they must give, here and on every machine
//! that loads the model.
//!
//! Rows are stored as raw cells (number, text, null; a moment in milliseconds since 1970), so the test covers the
//! whole way from raw values to the prediction.

use base::{Error, Result};
use data::Prepared;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cell::{Cell, readers};
use crate::model::Model;
use crate::signature::InputKind;

/// How far a prediction may be off, relative to the larger of 1 and the expected value.
pub const TOLERANCE: f64 = 1e-5;
/// Rows from the training data, evenly spread over time.
const ROWS: usize = 250;

/// Rows and what they must give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelfTest {
    /// Raw values per input.
    pub columns: serde_json::Map<String, Value>,
    /// The prediction of each row.
    pub output: Vec<f64>,
    /// How far a prediction may be off, relative to the larger of 1 and the expected value.
    pub tolerance: f64,
}

impl SelfTest {
    /// Rows out of `rows` of `data` with what `model` says of them, and a few that no data has: everything missing
    /// that may be, unknown categories, extreme numbers.
    pub fn new(model: &Model, data: &Prepared, rows: &[u32]) -> Result<Self> {
        let signature = model.signature();
        let readers = readers(signature, &data.batch)?;
        let step = rows.len().div_ceil(ROWS).max(1);
        let mut text = String::new();
        let mut chosen: Vec<Vec<Value>> = Vec::new();
        for row in rows.iter().step_by(step) {
            let cells = signature
                .inputs
                .iter()
                .zip(&readers)
                .map(|(input, reader)| {
                    Ok(to_json(
                        input.kind,
                        reader.cell(input, *row as usize, &mut text)?,
                    ))
                })
                .collect::<Result<_>>()?;
            chosen.push(cells);
        }
        if let Some(usual) = chosen.first().cloned() {
            chosen.extend(unusual(model, &usual));
        }
        let columns = signature
            .inputs
            .iter()
            .enumerate()
            .map(|(place, input)| {
                (
                    input.name.clone(),
                    chosen.iter().map(|row| row[place].clone()).collect(),
                )
            })
            .collect();
        let mut test = Self {
            columns,
            output: Vec::new(),
            tolerance: TOLERANCE,
        };
        test.output = test.predict(model)?;
        Ok(test)
    }

    /// The largest deviation of `model` from the expected predictions, relative to the larger of 1 and the value.
    pub fn deviation(&self, model: &Model) -> Result<f64> {
        let predicted = self.predict(model)?;
        if predicted.len() != self.output.len() || predicted.is_empty() {
            return Err(Error::invalid(format!(
                "the self-test has {} rows and {} predictions",
                predicted.len(),
                self.output.len()
            )));
        }
        Ok(predicted
            .iter()
            .zip(&self.output)
            .map(|(is, should)| off(*is, *should))
            .fold(0.0, f64::max))
    }

    /// Row `row`, in the order of the signature.
    pub fn row(&self, model: &Model, row: usize) -> Result<Vec<&Value>> {
        let cell = |name: &String| {
            self.columns
                .get(name)
                .and_then(Value::as_array)
                .and_then(|column| column.get(row))
        };
        let missing = |name: &String| {
            Error::invalid(format!(
                "the self-test has no value of {name:?} in row {row}"
            ))
        };
        model
            .signature()
            .inputs
            .iter()
            .map(|input| cell(&input.name).ok_or_else(|| missing(&input.name)))
            .collect()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.columns
            .values()
            .next()
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses a model that deviates more than it may.
    pub fn pass(&self, model: &Model) -> Result<()> {
        let deviation = self.deviation(model)?;
        if deviation <= self.tolerance {
            return Ok(());
        }
        Err(Error::invalid(format!("the model fails its self-test: a prediction is {deviation:e} off, {:e} are allowed", self.tolerance))
            .hint("its files were changed, or this program computes otherwise than the one that trained it"))
    }

    fn predict(&self, model: &Model) -> Result<Vec<f64>> {
        let mut room = model.room();
        (0..self.len())
            .map(|row| {
                let cells = self
                    .row(model, row)?
                    .into_iter()
                    .map(from_json)
                    .collect::<Result<Vec<_>>>()?;
                model.predict_cells(&cells, &mut room)
            })
            .collect()
    }
}

/// Infinite where one of the two is no number, so that it never passes.
fn off(is: f64, should: f64) -> f64 {
    let off = (is - should).abs() / should.abs().max(1.0);
    if off.is_nan() { f64::INFINITY } else { off }
}

fn to_json(kind: InputKind, cell: Cell<'_>) -> Value {
    match cell {
        Cell::Number(value) if kind == InputKind::Bool => (value == 1.0).into(),
        Cell::Number(value) if kind == InputKind::Datetime => (value as i64).into(),
        Cell::Missing => Value::Null,
        Cell::Number(value) => value.into(),
        Cell::Text(text) => text.into(),
    }
}

fn from_json(value: &Value) -> Result<Cell<'_>> {
    match value {
        Value::Null => Ok(Cell::Missing),
        Value::String(text) => Ok(Cell::Text(text)),
        Value::Bool(value) => Ok(Cell::Number(f64::from(u8::from(*value)))),
        value => value
            .as_f64()
            .map(Cell::Number)
            .ok_or_else(|| Error::invalid(format!("the self-test holds {value}"))),
    }
}

fn unusual(model: &Model, usual: &[Value]) -> Vec<Vec<Value>> {
    let inputs = &model.signature().inputs;
    let with = |change: &dyn Fn(InputKind, bool) -> Option<Value>| -> Vec<Value> {
        inputs
            .iter()
            .zip(usual)
            .map(|(input, value)| {
                change(input.kind, input.nullable).unwrap_or_else(|| value.clone())
            })
            .collect()
    };
    vec![
        with(&|_, nullable| nullable.then_some(Value::Null)),
        with(&|kind, _| (kind == InputKind::Category).then(|| "\u{1F6B2} never seen".into())),
        with(&|kind, _| (kind == InputKind::Numeric).then(|| 1e9.into())),
        with(&|kind, _| (kind == InputKind::Numeric).then(|| (-1e9).into())),
        with(&|kind, _| (kind == InputKind::Datetime).then(|| (-1_i64).into())),
        with(&|kind, _| (kind == InputKind::Datetime).then(|| 951_782_400_000_i64.into())),
    ]
}
