//! Training: candidates become trials, trials become runs, the best run becomes a model.
//!
//! What is here: the preprocessing graph ([`prep`]), the learners, the model's document ([`Model`]) and its package,
//! the ONNX export, the search and the sweep over candidates.
//!
//! Invariants:
//! - The preprocessing graph lives inside the model: training and serving run the same compiled plan.
//! - The same data, parameters and seed give the same model, bit for bit.
//! - Nothing worse than a candidate's default parameters is ever returned: they are its first trial.
//!
//! Deliberately absent: gates and model versions (registry), traffic (deployment), anything that unpickles.

mod cell;
mod estimator;
mod learner;
mod model;
pub mod onnx_proto;
mod params;
pub mod prep;
mod signature;
mod tree;

pub use cell::Cell;
pub use estimator::{Estimator, Link};
pub use model::{Document, MODEL_VERSION, Model, Origin, Room};
pub use params::Params;
pub use signature::{Input, InputKind, Signature, Task};
pub use tree::Tree;
