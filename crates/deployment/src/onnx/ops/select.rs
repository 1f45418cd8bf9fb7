//! Operators that pick values by position: Gather, Slice, Split, Tile, and constants of a computed shape.

use std::sync::Arc;

use base::{Error, Result};

use super::shape::{filled, sizes};
use super::{Kernel, one};
use crate::onnx::attributes::Attributes;
use crate::onnx::tensor::{Data, Tensor, axis, elements, strides, walk};

/// The operator `op`, if it belongs here.
pub fn build(op: &str, attributes: &Attributes) -> Result<Option<Kernel>> {
    let kernel: Kernel = match op {
        "Constant" => {
            let value = Arc::new(attributes.constant()?);
            Box::new(move |_| Ok(vec![value.clone()]))
        }
        "ConstantOfShape" => {
            let value = attributes
                .tensor_optional("value")?
                .map_or(Data::F32(vec![0.0]), |tensor| tensor.data);
            if value.len() != 1 {
                return Err(Error::invalid("ConstantOfShape needs exactly one value"));
            }
            Box::new(move |inputs| {
                let shape = sizes(inputs.get(0)?.i64s()?)?;
                let count = elements(&shape)?;
                one(Tensor::of(shape, filled(&value, count)))
            })
        }
        "Range" => Box::new(|inputs| one(range(inputs.get(0)?, inputs.get(1)?, inputs.get(2)?)?)),
        "Gather" => {
            let along = attributes.int("axis", 0)?;
            Box::new(move |inputs| one(gather(inputs.get(0)?, inputs.get(1)?, along)?))
        }
        "GatherElements" => {
            let along = attributes.int("axis", 0)?;
            Box::new(move |inputs| one(gather_elements(inputs.get(0)?, inputs.get(1)?, along)?))
        }
        "Slice" => slice(attributes)?,
        "Split" => split(attributes)?,
        "Tile" => Box::new(|inputs| one(tile(inputs.get(0)?, inputs.get(1)?.i64s()?)?)),
        _ => return Ok(None),
    };
    Ok(Some(kernel))
}

fn range(start: &Tensor, limit: &Tensor, delta: &Tensor) -> Result<Tensor> {
    let (Some(&start), Some(&limit), Some(&delta)) = (
        start.i64s()?.first(),
        limit.i64s()?.first(),
        delta.i64s()?.first(),
    ) else {
        return Err(Error::invalid("Range needs a start, a limit and a step"));
    };
    if delta == 0 {
        return Err(Error::invalid("Range cannot step by 0"));
    }
    let count = usize::try_from(
        (i128::from(limit) - i128::from(start))
            .div_euclid(i128::from(delta))
            .max(0)
            + 1,
    )
    .unwrap_or(usize::MAX);
    elements(&[count])?;
    let inside = |x: &i64| if delta > 0 { *x < limit } else { *x > limit };
    let values: Vec<i64> = (0..count as i64)
        .map(|i| start + i * delta)
        .take_while(inside)
        .collect();
    Ok(Tensor::of(vec![values.len()], Data::I64(values)))
}

/// A position that may be negative, counted from the end.
fn position(index: i64, side: usize) -> Result<usize> {
    let from_start = if index < 0 {
        index + side as i64
    } else {
        index
    };
    match usize::try_from(from_start) {
        Ok(found) if found < side => Ok(found),
        _ => Err(Error::invalid(format!(
            "position {index} is outside a dimension of {side}"
        ))),
    }
}

fn gather(x: &Tensor, wanted: &Tensor, along: i64) -> Result<Tensor> {
    let d = axis(along, x.rank())?;
    let positions: Vec<usize> = wanted
        .i64s()?
        .iter()
        .map(|&i| position(i, x.shape[d]))
        .collect::<Result<_>>()?;
    let outer: usize = x.shape[..d].iter().product();
    let inner: usize = x.shape[d + 1..].iter().product();
    let shape: Vec<usize> = x.shape[..d]
        .iter()
        .chain(&wanted.shape)
        .chain(&x.shape[d + 1..])
        .copied()
        .collect();
    let mut indexes = Vec::with_capacity(elements(&shape)?);
    for row in 0..outer {
        for &at in &positions {
            let begin = (row * x.shape[d] + at) * inner;
            indexes.extend(begin..begin + inner);
        }
    }
    Ok(x.pick(shape, &indexes))
}

fn gather_elements(x: &Tensor, wanted: &Tensor, along: i64) -> Result<Tensor> {
    let d = axis(along, x.rank())?;
    if wanted.rank() != x.rank() || (0..x.rank()).any(|i| i != d && wanted.shape[i] > x.shape[i]) {
        return Err(Error::invalid(format!(
            "GatherElements: shape {:?} does not fit {:?}",
            wanted.shape, x.shape
        )));
    }
    let own = strides(&x.shape);
    let mut step = own.clone();
    step[d] = 0;
    let base = walk(&wanted.shape, &step);
    let indexes: Vec<usize> = wanted
        .i64s()?
        .iter()
        .zip(base)
        .map(|(&i, base)| position(i, x.shape[d]).map(|at| base + at * own[d]))
        .collect::<Result<_>>()?;
    Ok(x.pick(wanted.shape.clone(), &indexes))
}

/// Bounds are attributes up to opset 9 and inputs from opset 10.
fn slice(attributes: &Attributes) -> Result<Kernel> {
    let fixed = (
        attributes.ints_optional("starts")?,
        attributes.ints_optional("ends")?,
        attributes.ints_optional("axes")?,
    );
    Ok(Box::new(move |inputs| {
        let input = |index: usize, fixed: &Option<Vec<i64>>| -> Result<Option<Vec<i64>>> {
            Ok(match inputs.optional(index) {
                Some(tensor) => Some(tensor.i64s()?.to_vec()),
                None => fixed.clone(),
            })
        };
        let x = inputs.get(0)?;
        let (starts, ends) = match (input(1, &fixed.0)?, input(2, &fixed.1)?) {
            (Some(starts), Some(ends)) if starts.len() == ends.len() => (starts, ends),
            _ => return Err(Error::invalid("Slice needs as many ends as starts")),
        };
        let axes = input(3, &fixed.2)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = input(4, &None)?.unwrap_or_else(|| vec![1; starts.len()]);
        if axes.len() != starts.len() || steps.len() != starts.len() {
            return Err(Error::invalid(
                "Slice needs as many axes and steps as starts",
            ));
        }
        let mut picked: Vec<Vec<usize>> = x.shape.iter().map(|&side| (0..side).collect()).collect();
        for (index, &a) in axes.iter().enumerate() {
            let d = axis(a, x.rank())?;
            picked[d] = stepped(starts[index], ends[index], steps[index], x.shape[d])?;
        }
        let own = strides(&x.shape);
        let shape: Vec<usize> = picked.iter().map(Vec::len).collect();
        let mut indexes = vec![0_usize];
        for (d, positions) in picked.iter().enumerate() {
            indexes = indexes
                .iter()
                .flat_map(|&base| positions.iter().map(move |&at| (base, at)))
                .map(|(base, at)| base + at * own[d])
                .collect();
        }
        one(x.pick(shape, &indexes))
    }))
}

fn stepped(start: i64, end: i64, step: i64, side: usize) -> Result<Vec<usize>> {
    let side = side as i64;
    let absolute = |index: i64| {
        if index < 0 {
            index.saturating_add(side)
        } else {
            index
        }
    };
    if step == 0 {
        return Err(Error::invalid("Slice cannot step by 0"));
    }
    let mut positions = Vec::new();
    if step > 0 {
        let (mut at, end) = (absolute(start).clamp(0, side), absolute(end).clamp(0, side));
        while at < end {
            positions.push(at as usize);
            at = at.saturating_add(step);
        }
    } else {
        let (mut at, end) = (
            absolute(start).clamp(-1, side - 1),
            absolute(end).clamp(-1, side - 1),
        );
        while at > end {
            positions.push(at as usize);
            at = at.saturating_add(step);
        }
    }
    Ok(positions)
}

fn split(attributes: &Attributes) -> Result<Kernel> {
    let along = attributes.int("axis", 0)?;
    let fixed = attributes.ints_optional("split")?;
    let outputs = attributes.outputs;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let d = axis(along, x.rank())?;
        let lengths = match (inputs.optional(1), &fixed) {
            (Some(lengths), _) => sizes(lengths.i64s()?)?,
            (None, Some(lengths)) => sizes(lengths)?,
            (None, None) => {
                let each = x.shape[d].div_ceil(outputs.max(1));
                (0..outputs)
                    .map(|i| each.min(x.shape[d].saturating_sub(i * each)))
                    .collect()
            }
        };
        if lengths.iter().sum::<usize>() != x.shape[d] {
            return Err(Error::invalid(format!(
                "Split into {lengths:?} does not fit a dimension of {}",
                x.shape[d]
            )));
        }
        let own = strides(&x.shape);
        let mut begin = 0;
        let mut parts = Vec::with_capacity(lengths.len());
        for length in lengths {
            let mut shape = x.shape.clone();
            shape[d] = length;
            let indexes: Vec<usize> = walk(&shape, &own)
                .into_iter()
                .map(|i| i + begin * own[d])
                .collect();
            parts.push(Arc::new(x.pick(shape, &indexes)));
            begin += length;
        }
        Ok(parts)
    }))
}

fn tile(x: &Tensor, times: &[i64]) -> Result<Tensor> {
    let times = sizes(times)?;
    if times.len() != x.rank() {
        return Err(Error::invalid(format!(
            "Tile by {times:?} does not fit shape {:?}",
            x.shape
        )));
    }
    let shape: Vec<usize> = x
        .shape
        .iter()
        .zip(&times)
        .map(|(&side, &n)| side.saturating_mul(n))
        .collect();
    elements(&shape)?;
    let own = strides(&x.shape);
    let mut indexes = vec![0_usize];
    for (d, &side) in shape.iter().enumerate() {
        indexes = indexes
            .iter()
            .flat_map(|&base| (0..side).map(move |at| (base, at)))
            .map(|(base, at)| base + (at % x.shape[d]) * own[d])
            .collect();
    }
    Ok(x.pick(shape, &indexes))
}
