//! Runtimes: what computes a model's answers.
//!
//! There are three: our own graphs, our own evaluator of ONNX, and ONNX Runtime where its library is installed. All
//! take raw columns by name and give named outputs; which one serves is visible in the revision's status.

mod columns;
mod engines;
mod native;
mod onnx;
mod onnxruntime;

use arrow::array::RecordBatch;
use base::{Error, Result};

use crate::package::Package;
use crate::predict::{Output, Values};
use crate::status::Signature;

pub use engines::Engines;

/// Computes the answers of one loaded model.
pub trait Runtime: Send + Sync {
    /// The engine's name, and its version where it has one of its own.
    fn engine(&self) -> &str;

    /// What goes in and comes out.
    fn signature(&self) -> &Signature;

    /// The outputs for the rows of `batch`, in the order of the signature. Columns are found by name.
    fn predict(&self, batch: &RecordBatch) -> Result<Vec<Output>>;
}

/// Loads a package into the engine that fits it.
pub fn load(package: &Package, engines: &Engines) -> Result<Box<dyn Runtime>> {
    if let Some(document) = package.native()? {
        return Ok(Box::new(native::Native::new(document)?));
    }
    if let Some(bytes) = package.onnx()? {
        return onnx_engine(bytes, package, engines);
    }
    Err(Error::not_implemented(format!("the model has the flavours {}, and none of them can be served without Python", package.flavours()))
        .hint("log it as ONNX (for scikit-learn: skl2onnx.to_onnx, then mlflow.onnx.log_model), or train it with Ironloop"))
}

/// Our own evaluator where it knows all operators, ONNX Runtime otherwise (or always, where that is asked for).
fn onnx_engine(bytes: &[u8], package: &Package, engines: &Engines) -> Result<Box<dyn Runtime>> {
    let columns = package.columns()?;
    if !engines.prefer_onnxruntime {
        match onnx::OwnOnnx::new(bytes, columns.as_deref()) {
            Ok(runtime) => return Ok(Box::new(runtime)),
            Err(error)
                if error.kind() == base::Kind::NotImplemented && engines.onnxruntime.is_some() =>
            {
                tracing::info!("ONNX Runtime takes over: {error}");
            }
            Err(error) => return Err(error),
        }
    }
    let Some(library) = &engines.onnxruntime else {
        return Err(Error::unavailable("ONNX Runtime is asked for and its library was not found")
            .hint("set ORT_DYLIB_PATH to libonnxruntime.so, or put the library into lib/ beside the binary"));
    };
    Ok(Box::new(onnxruntime::OnnxRuntime::new(
        library,
        bytes,
        columns.as_deref(),
    )?))
}

/// The one number per row that is logged and compared with outcomes: the probability of the second of two classes,
/// else the first output with one number per row, else the first number of each row.
pub fn scores(outputs: &[Output], rows: usize) -> Result<Vec<f64>> {
    let float = |output: &&Output| matches!(output.values, Values::F64(_) | Values::F32(_));
    let number = |output: &&Output| output.width == 1 && !matches!(output.values, Values::Text(_));
    let (output, column) = outputs
        .iter()
        .find(|output| float(output) && output.width == 2)
        .map(|output| (output, 1))
        .or_else(|| outputs.iter().find(number).map(|output| (output, 0)))
        .or_else(|| outputs.iter().find(float).map(|output| (output, 0)))
        .ok_or_else(|| Error::invalid("the model has no output of numbers"))?;
    let at = |row: usize| row * output.width + column;
    let values: Vec<f64> = match &output.values {
        Values::F64(v) => (0..rows)
            .filter_map(|row| v.get(at(row)).copied())
            .collect(),
        Values::F32(v) => (0..rows)
            .filter_map(|row| v.get(at(row)).map(|&x| f64::from(x)))
            .collect(),
        Values::I64(v) => (0..rows)
            .filter_map(|row| v.get(at(row)).map(|&x| x as f64))
            .collect(),
        Values::Text(_) => Vec::new(),
    };
    if values.len() == rows {
        Ok(values)
    } else {
        Err(Error::invalid(format!(
            "the model answered {} rows with {} values of {:?}",
            rows,
            values.len(),
            output.name
        )))
    }
}
