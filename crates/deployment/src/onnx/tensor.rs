//! Tensors of the element types that tabular models use.
//!
//! All whole-number types of ONNX are kept as `i64`. A shape's size is checked before anything is allocated, so a
//! model cannot ask for more memory than [`MAX_ELEMENTS`] values at once.

use std::sync::Arc;

use base::{Error, Result};

/// The largest tensor that is allowed, in values.
pub const MAX_ELEMENTS: usize = 1 << 26;

/// Values of one tensor, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    F32(Vec<f32>),
    F64(Vec<f64>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
    Text(Vec<Arc<str>>),
}

/// A dense tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Data,
}

/// Applies one expression to the values of whichever element type the tensor has, and rebuilds the variant.
macro_rules! map_data {
    ($data:expr, $values:ident => $result:expr) => {
        match $data {
            Data::F32($values) => Data::F32($result),
            Data::F64($values) => Data::F64($result),
            Data::I64($values) => Data::I64($result),
            Data::Bool($values) => Data::Bool($result),
            Data::Text($values) => Data::Text($result),
        }
    };
}
pub(super) use map_data;

/// How many values a shape holds.
pub fn elements(shape: &[usize]) -> Result<usize> {
    let size = shape
        .iter()
        .try_fold(1_usize, |all, &side| all.checked_mul(side));
    match size {
        Some(size) if size <= MAX_ELEMENTS => Ok(size),
        _ => Err(Error::too_large(format!(
            "a tensor of shape {shape:?} has more than {MAX_ELEMENTS} values"
        ))),
    }
}

impl Data {
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::I64(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    pub fn kind(&self) -> &'static str {
        match self {
            Self::F32(_) => "float",
            Self::F64(_) => "double",
            Self::I64(_) => "int64",
            Self::Bool(_) => "bool",
            Self::Text(_) => "string",
        }
    }
}

impl Tensor {
    /// A tensor whose shape must fit its data.
    pub fn new(shape: Vec<usize>, data: Data) -> Result<Self> {
        if elements(&shape)? != data.len() {
            return Err(Error::invalid(format!(
                "shape {shape:?} does not fit {} values",
                data.len()
            )));
        }
        Ok(Self { shape, data })
    }

    /// A tensor whose shape is known to fit.
    pub(super) fn of(shape: Vec<usize>, data: Data) -> Self {
        debug_assert_eq!(shape.iter().product::<usize>(), data.len(), "{shape:?}");
        Self { shape, data }
    }

    pub fn scalar_i64(value: i64) -> Self {
        Self::of(vec![], Data::I64(vec![value]))
    }

    pub fn len(&self) -> usize {
        self.data.len()
    }

    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Rows and columns of a table: `[n, k]`; `[n]` is one row of `n` values, as ONNX-ML reads it.
    pub fn table(&self) -> Result<(usize, usize)> {
        match *self.shape.as_slice() {
            [n, k] => Ok((n, k)),
            [k] => Ok((1, k)),
            _ => Err(Error::invalid(format!(
                "expected a table, got shape {:?}",
                self.shape
            ))),
        }
    }

    /// The values as `f32`, which is what the operators of ONNX-ML compute in.
    pub fn to_f32(&self) -> Result<std::borrow::Cow<'_, [f32]>> {
        Ok(match &self.data {
            Data::F32(v) => v.as_slice().into(),
            Data::F64(v) => v.iter().map(|&x| x as f32).collect(),
            Data::I64(v) => v.iter().map(|&x| x as f32).collect(),
            Data::Bool(v) => v.iter().map(|&x| f32::from(u8::from(x))).collect(),
            Data::Text(_) => return Err(Error::invalid("expected numbers, got strings")),
        })
    }

    pub fn to_f64(&self) -> Result<Vec<f64>> {
        Ok(match &self.data {
            Data::F32(v) => v.iter().map(|&x| f64::from(x)).collect(),
            Data::F64(v) => v.clone(),
            Data::I64(v) => v.iter().map(|&x| x as f64).collect(),
            Data::Bool(v) => v.iter().map(|&x| f64::from(u8::from(x))).collect(),
            Data::Text(_) => return Err(Error::invalid("expected numbers, got strings")),
        })
    }

    pub fn i64s(&self) -> Result<&[i64]> {
        match &self.data {
            Data::I64(v) => Ok(v),
            other => Err(Error::invalid(format!(
                "expected whole numbers, got {}",
                other.kind()
            ))),
        }
    }

    pub fn bools(&self) -> Result<&[bool]> {
        match &self.data {
            Data::Bool(v) => Ok(v),
            other => Err(Error::invalid(format!(
                "expected booleans, got {}",
                other.kind()
            ))),
        }
    }

    /// The values at `indexes`, in a new shape of as many values.
    #[expect(clippy::clone_on_copy, reason = "texts are cloned by the same line")]
    pub fn pick(&self, shape: Vec<usize>, indexes: &[usize]) -> Self {
        let data = map_data!(&self.data, v => indexes.iter().map(|&i| v[i].clone()).collect());
        Self::of(shape, data)
    }

    /// The same values in another shape of the same size.
    pub fn reshaped(&self, shape: Vec<usize>) -> Result<Self> {
        Self::new(shape, self.data.clone())
    }
}

/// A dimension that may be negative, counted from the end.
pub fn axis(axis: i64, rank: usize) -> Result<usize> {
    let from_start = if axis < 0 { axis + rank as i64 } else { axis };
    match usize::try_from(from_start) {
        Ok(found) if found < rank.max(1) => Ok(found),
        _ => Err(Error::invalid(format!(
            "axis {axis} is outside a tensor of {rank} dimensions"
        ))),
    }
}

/// Distance between neighbours along each dimension.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for d in (1..shape.len()).rev() {
        strides[d - 1] = strides[d] * shape[d];
    }
    strides
}

/// The shape that `a` and `b` broadcast to.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let side = |shape: &[usize], d: usize| {
        let missing = rank - shape.len();
        if d < missing { 1 } else { shape[d - missing] }
    };
    let shape: Vec<usize> = (0..rank)
        .map(|d| match (side(a, d), side(b, d)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(Error::invalid(format!(
                "shapes {a:?} and {b:?} do not broadcast"
            ))),
        })
        .collect::<Result<_>>()?;
    elements(&shape)?;
    Ok(shape)
}

/// For each value of `to`, in order, the index of the value of `from` that is broadcast there.
pub fn broadcast_indexes(from: &[usize], to: &[usize]) -> Vec<usize> {
    let missing = to.len() - from.len();
    let own = strides(from);
    let step: Vec<usize> = (0..to.len())
        .map(|d| {
            if d < missing || from[d - missing] == 1 {
                0
            } else {
                own[d - missing]
            }
        })
        .collect();
    walk(to, &step)
}

/// The indexes that a walk over `shape` with `step` per dimension visits.
pub fn walk(shape: &[usize], step: &[usize]) -> Vec<usize> {
    let size: usize = shape.iter().product();
    let mut indexes = Vec::with_capacity(size);
    let mut at = vec![0_usize; shape.len()];
    let mut index = 0_usize;
    for _ in 0..size {
        indexes.push(index);
        for d in (0..shape.len()).rev() {
            at[d] += 1;
            index += step[d];
            if at[d] < shape[d] {
                break;
            }
            index -= step[d] * shape[d];
            at[d] = 0;
        }
    }
    indexes
}
