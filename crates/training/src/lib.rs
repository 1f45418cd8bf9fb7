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
mod fit;
mod learner;
mod model;
pub mod onnx;
pub mod onnx_proto;
pub mod package;
mod params;
pub mod prep;
mod process;
mod python_model;
mod search;
pub mod selftest;
mod signature;
pub mod train;
mod tree;
mod trial;

pub use cell::Cell;
pub use estimator::{Estimator, Link};
pub use fit::fit;
pub use model::{Document, MODEL_VERSION, Model, Origin, Room};
pub use package::{Package, digest, is_ours, load};
pub use params::Params;
pub use python_model::PythonModel;
pub use signature::{Input, InputKind, Signature, Task};
pub use train::{Entry, Progress, TrainContext, TrainOutcome, TrainRequest, train};
pub use tree::Tree;
pub use trial::Scores;
