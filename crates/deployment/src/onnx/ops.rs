//! The operators of ONNX's tensor domain that tabular models use, and how a kernel sees its inputs.
//!
//! A kernel is built once from a node's attributes and then runs without looking at them again.

mod arith;
mod logic;
mod matrix;
mod reduce;
mod select;
mod shape;

use std::sync::Arc;

use base::{Error, Result};

pub use arith::sigmoid32;
pub use reduce::softmax_in_place;

use super::attributes::Attributes;
use super::tensor::Tensor;

/// What a node computes: its inputs' values in, its outputs' values out.
pub type Kernel = Box<dyn Fn(&Inputs) -> Result<Vec<Arc<Tensor>>> + Send + Sync>;

/// The values of a node's inputs; one that was left out is `None`.
pub struct Inputs<'a>(pub &'a [Option<Arc<Tensor>>]);

impl Inputs<'_> {
    /// An input that must be there.
    pub fn get(&self, index: usize) -> Result<&Arc<Tensor>> {
        self.optional(index)
            .ok_or_else(|| Error::invalid(format!("input {index} is missing")))
    }

    /// An input that may be left out.
    pub fn optional(&self, index: usize) -> Option<&Arc<Tensor>> {
        self.0.get(index).and_then(Option::as_ref)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// One output.
#[expect(clippy::unnecessary_wraps, reason = "the shape of a kernel's answer")]
pub fn one(tensor: Tensor) -> Result<Vec<Arc<Tensor>>> {
    Ok(vec![Arc::new(tensor)])
}

/// The kernel of operator `op` of the default domain at `opset`; `None` where we do not have it.
pub fn build(op: &str, opset: i64, attributes: &Attributes) -> Result<Option<Kernel>> {
    if matches!(op, "Identity" | "Dropout") {
        return Ok(Some(Box::new(|inputs| Ok(vec![inputs.get(0)?.clone()]))));
    }
    if let Some(kernel) = arith::binary(op, attributes)? {
        return Ok(Some(kernel));
    }
    if let Some(kernel) = arith::unary(op, attributes)? {
        return Ok(Some(kernel));
    }
    if let Some(kernel) = logic::build(op, attributes)? {
        return Ok(Some(kernel));
    }
    if let Some(kernel) = shape::build(op, attributes)? {
        return Ok(Some(kernel));
    }
    if let Some(kernel) = select::build(op, attributes)? {
        return Ok(Some(kernel));
    }
    if let Some(kernel) = reduce::build(op, opset, attributes)? {
        return Ok(Some(kernel));
    }
    matrix::build(op, attributes)
}
