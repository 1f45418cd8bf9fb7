//! ONNX Runtime, loaded at run time.
//!
//! The library's crate changes from release to release, so nothing outside this file sees it. A session computes one
//! request at a time, on one thread (threads inside a server only get in each other's way); a small pool of
//! sessions serves requests side by side.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use arrow::array::RecordBatch;
use base::{Error, Result};
use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};

use ort::value::{DynValue, Outlet, Tensor as OrtTensor, TensorElementType, ValueType};

use super::Runtime;
use super::columns::{Layout, signature};
use super::onnx::output;
use crate::onnx::{Data, Port, Tensor};
use crate::package::Column;
use crate::predict::Output;
use crate::status::Signature;

/// How many requests one model computes side by side at most.
const SESSIONS: usize = 4;

/// The library can be loaded once in the life of a process.
static ENVIRONMENT: OnceLock<(PathBuf, Environment)> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

/// A model in a pool of sessions.
pub struct OnnxRuntime {
    sessions: Vec<Mutex<Session>>,
    layout: Layout,
    outputs: Vec<Port>,
    signature: Signature,
    engine: String,
}

impl OnnxRuntime {
    /// Loads the model with the library at `library`.
    pub fn new(library: &Path, bytes: &[u8], columns: Option<&[Column]>) -> Result<Self> {
        let environment = environment(library)?;
        let count = std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(SESSIONS);
        let sessions: Vec<Session> = (0..count)
            .map(|_| session(environment, bytes))
            .collect::<Result<_>>()?;
        let first = sessions
            .first()
            .ok_or_else(|| Error::internal("no session was made"))?;
        let inputs: Vec<Port> = first.inputs().iter().map(port).collect();
        let outputs: Vec<Port> = first.outputs().iter().map(port).collect();
        if let Some(odd) = outputs.iter().find(|port| port.element == 0) {
            return Err(Error::not_implemented(format!(
                "the model's output {:?} is a sequence of maps",
                odd.name
            ))
            .hint("convert the model with options={\"zipmap\": False}"));
        }
        let layout = Layout::new(&inputs, columns)?;
        let signature = signature(&layout, &outputs);
        let version =
            ort::util::probe(library).map_or_else(String::new, |minor| format!(" 1.{minor}"));
        let sessions = sessions.into_iter().map(Mutex::new).collect();
        Ok(Self {
            sessions,
            layout,
            outputs,
            signature,
            engine: format!("onnxruntime{version}"),
        })
    }

    /// A session that is free, or the first one when it becomes so.
    fn session(&self) -> MutexGuard<'_, Session> {
        let free = self
            .sessions
            .iter()
            .find_map(|session| session.try_lock().ok());
        free.unwrap_or_else(|| {
            self.sessions[0]
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        })
    }
}

impl Runtime for OnnxRuntime {
    fn engine(&self) -> &str {
        &self.engine
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, batch: &RecordBatch) -> Result<Vec<Output>> {
        let tensors = self.layout.tensors(batch)?;
        let inputs: Vec<(String, SessionInputValue)> = self
            .layout
            .port_names()
            .zip(tensors)
            .map(|(name, tensor)| Ok((name.to_owned(), SessionInputValue::from(given(tensor)?))))
            .collect::<Result<_>>()?;
        let mut session = self.session();
        let results = session
            .run(inputs)
            .map_err(|error| Error::invalid(format!("the model refused the rows: {error}")))?;
        self.outputs
            .iter()
            .map(|port| {
                let value = results.get(&port.name).ok_or_else(|| {
                    Error::internal(format!("ONNX Runtime gave no output {:?}", port.name))
                })?;
                output(&port.name, &taken(value)?, batch.num_rows())
            })
            .collect()
    }
}

fn environment(library: &Path) -> Result<&'static Environment> {
    let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((loaded, environment)) = ENVIRONMENT.get() {
        if loaded != library {
            tracing::warn!(
                "ONNX Runtime stays {}: a process loads it once",
                loaded.display()
            );
        }
        return Ok(environment);
    }
    let broken = |text: String| {
        Error::unavailable(format!(
            "ONNX Runtime at {} cannot be used: {text}",
            library.display()
        ))
    };
    let builder = ort::init_from(library).map_err(|error| broken(error.to_string()))?;
    let environment = builder
        .with_name("ironloop")
        .build()
        .map_err(|error| broken(error.to_string()))?;
    Ok(&ENVIRONMENT
        .get_or_init(|| (library.to_path_buf(), environment))
        .1)
}

fn session(environment: &Environment, bytes: &[u8]) -> Result<Session> {
    let refused =
        |error: String| Error::invalid(format!("ONNX Runtime refuses the model: {error}"));
    Session::builder(environment)
        .map_err(|error| refused(error.to_string()))?
        .with_intra_threads(1)
        .map_err(|error| refused(error.to_string()))?
        .commit_from_memory(bytes)
        .map_err(|error| refused(error.to_string()))
}

fn port(outlet: &Outlet) -> Port {
    let (element, shape) = match outlet.dtype() {
        ValueType::Tensor { ty, shape, .. } => {
            let shape = shape
                .iter()
                .map(|&side| usize::try_from(side).ok().filter(|&side| side > 0))
                .collect();
            (element(*ty), shape)
        }
        _ => (0, Vec::new()),
    };
    Port {
        name: outlet.name().to_owned(),
        element,
        shape,
    }
}

/// ONNX's number of an element type.
fn element(kind: TensorElementType) -> i32 {
    match kind {
        TensorElementType::Float32 => 1,
        TensorElementType::Int64 => 7,
        TensorElementType::String => 8,
        TensorElementType::Bool => 9,
        TensorElementType::Float64 => 11,
        // Inputs of other types would have to be converted; ONNX's own number for "undefined" refuses them.
        _ => 0,
    }
}

fn given(tensor: Tensor) -> Result<DynValue> {
    let shape: Vec<i64> = tensor.shape.iter().map(|&side| side as i64).collect();
    let made = match tensor.data {
        Data::F32(v) => OrtTensor::from_array((shape, v)).map(OrtTensor::into_dyn),
        Data::F64(v) => OrtTensor::from_array((shape, v)).map(OrtTensor::into_dyn),
        Data::I64(v) => OrtTensor::from_array((shape, v)).map(OrtTensor::into_dyn),
        Data::Bool(v) => OrtTensor::from_array((shape, v)).map(OrtTensor::into_dyn),
        Data::Text(v) => {
            let texts: Vec<String> = v.iter().map(ToString::to_string).collect();
            OrtTensor::from_string_array((shape, texts.as_slice())).map(OrtTensor::into_dyn)
        }
    };
    made.map_err(|error| {
        Error::internal(format!(
            "a tensor for ONNX Runtime could not be made: {error}"
        ))
    })
}

fn taken(value: &DynValue) -> Result<Tensor> {
    let sides = |shape: &[i64]| {
        shape
            .iter()
            .map(|&side| usize::try_from(side).unwrap_or(0))
            .collect::<Vec<_>>()
    };
    if let Ok((shape, v)) = value.try_extract_tensor::<f32>() {
        return Tensor::new(sides(shape), Data::F32(v.to_vec()));
    }
    if let Ok((shape, v)) = value.try_extract_tensor::<f64>() {
        return Tensor::new(sides(shape), Data::F64(v.to_vec()));
    }
    if let Ok((shape, v)) = value.try_extract_tensor::<i64>() {
        return Tensor::new(sides(shape), Data::I64(v.to_vec()));
    }
    if let Ok((shape, v)) = value.try_extract_tensor::<bool>() {
        return Tensor::new(sides(shape), Data::Bool(v.to_vec()));
    }
    if let Ok((shape, v)) = value.try_extract_strings() {
        return Tensor::new(
            sides(shape),
            Data::Text(v.into_iter().map(Into::into).collect()),
        );
    }
    Err(Error::not_implemented(format!(
        "an output of type {:?} is not supported",
        value.dtype()
    )))
}
