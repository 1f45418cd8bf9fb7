//! Reductions, positions of extremes, and the soft maximum.

use std::sync::Arc;

use base::{Error, Result};

use super::{Kernel, one};
use crate::onnx::attributes::Attributes;
use crate::onnx::tensor::{Data, Tensor, axis, strides, walk};

/// The operator `op`, if it belongs here.
pub fn build(op: &str, opset: i64, attributes: &Attributes) -> Result<Option<Kernel>> {
    let kernel = match op {
        "ReduceSum" => reduce(attributes, |v| v.iter().sum())?,
        "ReduceMean" => reduce(attributes, |v| v.iter().sum::<f64>() / v.len() as f64)?,
        "ReduceMax" => reduce(attributes, |v| {
            v.iter().copied().fold(f64::NEG_INFINITY, f64::max)
        })?,
        "ReduceMin" => reduce(attributes, |v| {
            v.iter().copied().fold(f64::INFINITY, f64::min)
        })?,
        "ReduceProd" => reduce(attributes, |v| v.iter().product())?,
        "ReduceL1" => reduce(attributes, |v| v.iter().map(|x| x.abs()).sum())?,
        "ReduceL2" => reduce(attributes, |v| v.iter().map(|x| x * x).sum::<f64>().sqrt())?,
        "ReduceSumSquare" => reduce(attributes, |v| v.iter().map(|x| x * x).sum())?,
        "ReduceLogSumExp" => reduce(attributes, |v| {
            let top = v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            top + v.iter().map(|x| (x - top).exp()).sum::<f64>().ln()
        })?,
        "ArgMax" => extreme(attributes, |a, b| a > b)?,
        "ArgMin" => extreme(attributes, |a, b| a < b)?,
        "Softmax" => softmax(
            attributes.int("axis", if opset < 13 { 1 } else { -1 })?,
            opset,
            false,
        ),
        "LogSoftmax" => softmax(
            attributes.int("axis", if opset < 13 { 1 } else { -1 })?,
            opset,
            true,
        ),
        "TopK" => top(attributes)?,
        _ => return Ok(None),
    };
    Ok(Some(kernel))
}

/// Reads `x` as numbers and gives numbers back in the same element type.
fn like(x: &Tensor, shape: Vec<usize>, values: Vec<f64>) -> Tensor {
    let data = match &x.data {
        Data::F32(_) => Data::F32(values.into_iter().map(|v| v as f32).collect()),
        Data::I64(_) => Data::I64(values.into_iter().map(|v| v as i64).collect()),
        _ => Data::F64(values),
    };
    Tensor::of(shape, data)
}

/// Axes are an attribute in older opsets and the second input in newer ones; none means all.
fn reduce(attributes: &Attributes, f: fn(&[f64]) -> f64) -> Result<Kernel> {
    let fixed = attributes.ints_optional("axes")?;
    let keep = attributes.int("keepdims", 1)? == 1;
    let idle_without_axes = attributes.int("noop_with_empty_axes", 0)? == 1;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let given = match inputs.optional(1) {
            Some(axes) => axes.i64s()?.to_vec(),
            None => fixed.clone().unwrap_or_default(),
        };
        if given.is_empty() && idle_without_axes {
            return Ok(vec![x.clone()]);
        }
        let gone: Vec<usize> = if given.is_empty() {
            (0..x.rank()).collect()
        } else {
            given
                .iter()
                .map(|&a| axis(a, x.rank()))
                .collect::<Result<_>>()?
        };
        let own = strides(&x.shape);
        let side = |d: &usize| x.shape[*d];
        let step = |d: &usize| own[*d];
        let kept: Vec<usize> = (0..x.rank()).filter(|d| !gone.contains(d)).collect();
        let starts = walk(
            &kept.iter().map(side).collect::<Vec<_>>(),
            &kept.iter().map(step).collect::<Vec<_>>(),
        );
        let inner = walk(
            &gone.iter().map(side).collect::<Vec<_>>(),
            &gone.iter().map(step).collect::<Vec<_>>(),
        );
        let numbers = x.to_f64()?;
        let mut group = vec![0.0; inner.len()];
        let values = starts
            .iter()
            .map(|start| {
                for (slot, offset) in group.iter_mut().zip(&inner) {
                    *slot = numbers[start + offset];
                }
                f(&group)
            })
            .collect();
        let shape = if keep {
            (0..x.rank())
                .map(|d| if gone.contains(&d) { 1 } else { x.shape[d] })
                .collect()
        } else {
            kept.iter().map(side).collect()
        };
        one(like(x, shape, values))
    }))
}

/// Lines of `x` along dimension `d`: where each begins, and the step from value to value.
fn lines(x: &Tensor, d: usize) -> (Vec<usize>, usize) {
    let own = strides(&x.shape);
    let mut shape = x.shape.clone();
    shape[d] = 1;
    (walk(&shape, &own), own[d])
}

fn extreme(attributes: &Attributes, better: fn(f64, f64) -> bool) -> Result<Kernel> {
    let along = attributes.int("axis", 0)?;
    let keep = attributes.int("keepdims", 1)? == 1;
    let last = attributes.int("select_last_index", 0)? == 1;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let d = axis(along, x.rank())?;
        let side = *x.shape.get(d).unwrap_or(&1);
        if side == 0 {
            return Err(Error::invalid("no values to choose from"));
        }
        let numbers = x.to_f64()?;
        let (starts, step) = lines(x, d);
        let found = starts
            .iter()
            .map(|start| {
                let mut best = 0;
                for at in 1..side {
                    let (challenger, champion) =
                        (numbers[start + at * step], numbers[start + best * step]);
                    if better(challenger, champion) || (last && challenger == champion) {
                        best = at;
                    }
                }
                best as i64
            })
            .collect();
        let mut shape = x.shape.clone();
        if keep {
            shape[d] = 1;
        } else {
            shape.remove(d);
        }
        one(Tensor::of(shape, Data::I64(found)))
    }))
}

/// Softmax of one line, without overflow.
pub fn softmax_in_place(line: &mut [f32]) {
    let top = line.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for x in line.iter_mut() {
        *x = (*x - top).exp();
        sum += *x;
    }
    for x in line {
        *x /= sum;
    }
}

/// Before opset 13, the dimensions from `along` on count as one line.
fn softmax(along: i64, opset: i64, log: bool) -> Kernel {
    Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let d = axis(along, x.rank())?;
        let (starts, step, side) = if opset < 13 {
            let width: usize = x.shape[d..].iter().product();
            ((0..x.len()).step_by(width.max(1)).collect(), 1, width)
        } else {
            let (starts, step) = lines(x, d);
            (starts, step, *x.shape.get(d).unwrap_or(&1))
        };
        let mut numbers = x.to_f64()?;
        for start in starts {
            let at = |i: usize| start + i * step;
            let top = (0..side)
                .map(|i| numbers[at(i)])
                .fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = (0..side).map(|i| (numbers[at(i)] - top).exp()).sum();
            for i in 0..side {
                let shifted = numbers[at(i)] - top;
                numbers[at(i)] = if log {
                    shifted - sum.ln()
                } else {
                    shifted.exp() / sum
                };
            }
        }
        one(like(x, x.shape.clone(), numbers))
    })
}

fn top(attributes: &Attributes) -> Result<Kernel> {
    let along = attributes.int("axis", -1)?;
    let fixed = attributes.int("k", -1)?;
    let largest = attributes.int("largest", 1)? == 1;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let d = axis(along, x.rank())?;
        let k = match inputs.optional(1) {
            Some(k) => k.i64s()?.first().copied().unwrap_or(-1),
            None => fixed,
        };
        let k = usize::try_from(k).ok().filter(|&k| k <= x.shape[d]);
        let k = k.ok_or_else(|| {
            Error::invalid(format!(
                "TopK asks for more than the {} values there are",
                x.shape[d]
            ))
        })?;
        let numbers = x.to_f64()?;
        let (starts, step) = lines(x, d);
        let mut shape = x.shape.clone();
        shape[d] = k;
        let own = strides(&shape);
        let mut first = shape.clone();
        first[d] = 1;
        let targets = walk(&first, &own);
        let mut positions = vec![0_i64; shape.iter().product()];
        let mut values = vec![0.0; positions.len()];
        for (start, target) in starts.iter().zip(targets) {
            let mut order: Vec<usize> = (0..x.shape[d]).collect();
            order.sort_by(|&a, &b| {
                let (a, b) = (numbers[start + a * step], numbers[start + b * step]);
                if largest {
                    b.total_cmp(&a)
                } else {
                    a.total_cmp(&b)
                }
            });
            for (rank, at) in order.into_iter().take(k).enumerate() {
                positions[target + rank * own[d]] = at as i64;
                values[target + rank * own[d]] = numbers[start + at * step];
            }
        }
        Ok(vec![
            Arc::new(like(x, shape.clone(), values)),
            Arc::new(Tensor::of(shape, Data::I64(positions))),
        ])
    }))
}
