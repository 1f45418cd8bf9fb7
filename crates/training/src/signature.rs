//! What a model takes and gives: the raw columns of a request by name, and one number per row.
//!
//! Invariant: columns are found by name, never by position. Deliberately absent: what happens to the columns inside
//! the model (see [`crate::prep`]).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a raw column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputKind {
    /// A number; it is rounded to 32 bits before the model sees it, as trees and ONNX do.
    Numeric,
    /// One of a set of texts. A text that was not seen in training has a defined handling in every model.
    Category,
    /// A moment, to the millisecond. A time without a zone is taken as it is written.
    Datetime,
    /// True or false.
    Bool,
}

/// What a model predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// A number.
    Regression,
    /// The probability that something is so.
    Binary,
}

/// One raw column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The column's name.
    pub name: String,
    /// What it holds.
    pub kind: InputKind,
    /// Whether a value may be missing (null, NaN or the empty text). The column itself must be there either way.
    pub nullable: bool,
}

impl Input {
    /// The kind in words.
    pub fn kind_text(&self) -> &'static str {
        match self.kind {
            InputKind::Numeric => "number",
            InputKind::Category => "category",
            InputKind::Datetime => "datetime",
            InputKind::Bool => "bool",
        }
    }

    /// MLflow's name of the type.
    pub fn mlflow_type(&self) -> &'static str {
        match self.kind {
            InputKind::Numeric => "double",
            InputKind::Category => "string",
            InputKind::Datetime => "datetime",
            InputKind::Bool => "boolean",
        }
    }

    /// The Open Inference Protocol's name of the type. A datetime travels as milliseconds since 1970.
    pub fn v2_type(&self) -> &'static str {
        match self.kind {
            InputKind::Numeric => "FP64",
            InputKind::Category => "BYTES",
            InputKind::Datetime => "INT64",
            InputKind::Bool => "BOOL",
        }
    }
}

/// What a model takes and gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The raw columns.
    pub inputs: Vec<Input>,
    /// The name of the prediction.
    pub output: String,
    /// What is predicted: a number, or the probability of the positive class.
    pub task: Task,
}

impl Signature {
    /// MLflow's form: two JSON texts, of the inputs and of the outputs.
    pub fn mlflow(&self) -> (String, String) {
        let inputs: Vec<Value> = self
            .inputs
            .iter()
            .map(|input| json!({"type": input.mlflow_type(), "name": input.name, "required": true}))
            .collect();
        let outputs = json!([{"type": "double", "name": self.output, "required": true}]);
        (Value::Array(inputs).to_string(), outputs.to_string())
    }
}
