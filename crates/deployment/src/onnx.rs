//! Our own evaluator of ONNX graphs: the operators that tabular models are made of.
//!
//! Invariants: whatever a file says, loading it ends in a graph that runs or in an error that names what is wrong;
//! a shape is checked before memory is taken for it; external data is never read.
//! Deliberately absent: images, sequences, loops and subgraphs. ONNX Runtime does those where it is installed.

mod attributes;
mod graph;
mod ml;
mod ops;
mod tensor;

pub use graph::{Graph, Port};
pub use tensor::{Data, Tensor};

#[cfg(test)]
mod tests;
