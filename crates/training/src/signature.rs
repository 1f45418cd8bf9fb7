//! What a model takes and gives: the raw columns of a request by name, and one number per row.
//!
//! Invariant: columns are found by name, never by position. Deliberately absent: what happens to the columns inside
//! the model (see [`crate::prep`]).

pub use data::{FeatureKind as InputKind, Task};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
