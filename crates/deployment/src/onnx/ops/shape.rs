//! Operators that change or tell shapes and leave values alone.

use base::{Error, Result};

use super::{Kernel, one};
use crate::onnx::attributes::Attributes;
use crate::onnx::tensor::{
    Data, Tensor, axis, broadcast_indexes, broadcast_shape, elements, map_data, strides, walk,
};

/// The operator `op`, if it belongs here.
pub fn build(op: &str, attributes: &Attributes) -> Result<Option<Kernel>> {
    let kernel: Kernel = match op {
        "Reshape" => {
            let allow_zero = attributes.int("allowzero", 0)? == 1;
            Box::new(move |inputs| {
                let x = inputs.get(0)?;
                one(x.reshaped(reshape(&x.shape, inputs.get(1)?.i64s()?, allow_zero)?)?)
            })
        }
        "Flatten" => {
            let split = attributes.int("axis", 1)?;
            Box::new(move |inputs| {
                let x = inputs.get(0)?;
                let at = if split == x.rank() as i64 {
                    x.rank()
                } else {
                    axis(split, x.rank())?
                };
                let rows = elements(&x.shape[..at])?;
                one(x.reshaped(vec![rows, elements(&x.shape[at..])?])?)
            })
        }
        "Shape" => Box::new(|inputs| {
            let shape = &inputs.get(0)?.shape;
            one(Tensor::of(
                vec![shape.len()],
                Data::I64(shape.iter().map(|&side| side as i64).collect()),
            ))
        }),
        "Size" => Box::new(|inputs| one(Tensor::scalar_i64(inputs.get(0)?.len() as i64))),
        "Squeeze" => squeeze(attributes)?,
        "Unsqueeze" => unsqueeze(attributes)?,
        "Transpose" => transpose(attributes)?,
        "Expand" => Box::new(|inputs| {
            let x = inputs.get(0)?;
            let wanted = sizes(inputs.get(1)?.i64s()?)?;
            let shape = broadcast_shape(&x.shape, &wanted)?;
            let indexes = broadcast_indexes(&x.shape, &shape);
            one(x.pick(shape, &indexes))
        }),
        "Concat" => {
            let along = attributes.int("axis", 1)?;
            Box::new(move |inputs| {
                let all: Vec<&Tensor> = (0..inputs.len())
                    .map(|i| inputs.get(i).map(AsRef::as_ref))
                    .collect::<Result<_>>()?;
                one(concat(&all, along)?)
            })
        }
        _ => return Ok(None),
    };
    Ok(Some(kernel))
}

/// Sizes of dimensions that a model computed.
pub fn sizes(values: &[i64]) -> Result<Vec<usize>> {
    let sizes: Vec<usize> = values
        .iter()
        .map(|&value| {
            usize::try_from(value)
                .map_err(|_| Error::invalid(format!("a dimension of {value} is not possible")))
        })
        .collect::<Result<_>>()?;
    elements(&sizes)?;
    Ok(sizes)
}

fn reshape(from: &[usize], wanted: &[i64], allow_zero: bool) -> Result<Vec<usize>> {
    let size = elements(from)?;
    let mut shape = Vec::with_capacity(wanted.len());
    let mut open = None;
    for (index, &side) in wanted.iter().enumerate() {
        shape.push(match side {
            0 if !allow_zero => *from
                .get(index)
                .ok_or_else(|| Error::invalid("Reshape copies a dimension that is not there"))?,
            -1 if open.is_none() => {
                open = Some(index);
                1
            }
            side => usize::try_from(side)
                .map_err(|_| Error::invalid(format!("Reshape to {wanted:?} is not possible")))?,
        });
    }
    if let Some(index) = open {
        let known = elements(&shape)?;
        shape[index] = size.checked_div(known).unwrap_or(0);
    }
    Ok(shape)
}

/// Axes as an attribute (older opsets) or as the second input.
fn axes(attributes: &Attributes, key: &str) -> Result<Option<Vec<i64>>> {
    attributes.ints_optional(key)
}

fn squeeze(attributes: &Attributes) -> Result<Kernel> {
    let fixed = axes(attributes, "axes")?;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let given = match inputs.optional(1) {
            Some(axes) => Some(axes.i64s()?.to_vec()),
            None => fixed.clone(),
        };
        let gone: Vec<usize> = match given {
            Some(axes) => axes
                .iter()
                .map(|&a| axis(a, x.rank()))
                .collect::<Result<_>>()?,
            None => (0..x.rank()).filter(|&d| x.shape[d] == 1).collect(),
        };
        one(x.reshaped(
            (0..x.rank())
                .filter(|d| !gone.contains(d))
                .map(|d| x.shape[d])
                .collect(),
        )?)
    }))
}

fn unsqueeze(attributes: &Attributes) -> Result<Kernel> {
    let fixed = axes(attributes, "axes")?;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let given = match (inputs.optional(1), &fixed) {
            (Some(axes), _) => axes.i64s()?.to_vec(),
            (None, Some(axes)) => axes.clone(),
            (None, None) => return Err(Error::invalid("Unsqueeze names no axes")),
        };
        let rank = x.rank() + given.len();
        let added: Vec<usize> = given
            .iter()
            .map(|&a| axis(a, rank))
            .collect::<Result<_>>()?;
        let mut sides = x.shape.iter();
        let shape = (0..rank)
            .map(|d| {
                if added.contains(&d) {
                    1
                } else {
                    sides.next().copied().unwrap_or(1)
                }
            })
            .collect();
        one(x.reshaped(shape)?)
    }))
}

fn transpose(attributes: &Attributes) -> Result<Kernel> {
    let order = attributes.ints_optional("perm")?;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let order: Vec<usize> = match &order {
            Some(order) => order
                .iter()
                .map(|&a| axis(a, x.rank()))
                .collect::<Result<_>>()?,
            None => (0..x.rank()).rev().collect(),
        };
        if order.len() != x.rank() {
            return Err(Error::invalid(format!(
                "Transpose by {order:?} does not fit shape {:?}",
                x.shape
            )));
        }
        let own = strides(&x.shape);
        let shape: Vec<usize> = order.iter().map(|&d| x.shape[d]).collect();
        let step: Vec<usize> = order.iter().map(|&d| own[d]).collect();
        if elements(&shape)? != x.len() {
            return Err(Error::invalid(format!(
                "Transpose by {order:?} is not a permutation"
            )));
        }
        let indexes = walk(&shape, &step);
        one(x.pick(shape, &indexes))
    }))
}

/// Puts tensors side by side along one dimension.
pub fn concat(all: &[&Tensor], along: i64) -> Result<Tensor> {
    let first = all
        .first()
        .ok_or_else(|| Error::invalid("Concat has no inputs"))?;
    let d = axis(along, first.rank())?;
    let mut shape = first.shape.clone();
    shape[d] = 0;
    for tensor in all {
        let fits = tensor.rank() == first.rank()
            && (0..first.rank()).all(|i| i == d || tensor.shape[i] == first.shape[i]);
        if !fits {
            return Err(Error::invalid(format!(
                "Concat cannot join shapes {:?} and {:?}",
                first.shape, tensor.shape
            )));
        }
        shape[d] += tensor.shape[d];
    }
    let size = elements(&shape)?;
    let outer: usize = shape[..d].iter().product();
    macro_rules! join {
        ($($variant:ident),*) => {
            match &first.data {
                $(Data::$variant(_) => {
                    let mut joined = Vec::with_capacity(size);
                    let parts: Vec<_> = all.iter().map(|tensor| match &tensor.data {
                        Data::$variant(values) => Ok((values, tensor.shape[d..].iter().product::<usize>())),
                        other => Err(Error::invalid(format!("Concat cannot join {} and {}", first.data.kind(), other.kind()))),
                    }).collect::<Result<_>>()?;
                    for row in 0..outer {
                        for (values, width) in &parts {
                            joined.extend_from_slice(&values[row * width..(row + 1) * width]);
                        }
                    }
                    Data::$variant(joined)
                })*
            }
        };
    }
    let data = join!(F32, F64, I64, Bool, Text);
    Ok(Tensor::of(shape, data))
}

/// `count` copies of the first value of `value`.
#[expect(clippy::clone_on_copy, reason = "texts are cloned by the same line")]
pub fn filled(value: &Data, count: usize) -> Data {
    map_data!(value, v => vec![v[0].clone(); count])
}
