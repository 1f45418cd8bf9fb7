//! Comparisons, logic, choice, and conversion between element types.

use std::sync::Arc;

use base::{Error, Result};

use super::arith::zip;
use super::{Kernel, one};
use crate::onnx::attributes::Attributes;
use crate::onnx::tensor::{Data, Tensor, broadcast_indexes, broadcast_shape};

/// The operator `op`, if it belongs here.
pub fn build(op: &str, attributes: &Attributes) -> Result<Option<Kernel>> {
    let kernel: Kernel = match op {
        "Equal" => Box::new(|inputs| one(equal(inputs.get(0)?, inputs.get(1)?)?)),
        "Less" => compare(std::cmp::Ordering::is_lt),
        "LessOrEqual" => compare(std::cmp::Ordering::is_le),
        "Greater" => compare(std::cmp::Ordering::is_gt),
        "GreaterOrEqual" => compare(std::cmp::Ordering::is_ge),
        "And" => both(|a, b| a && b),
        "Or" => both(|a, b| a || b),
        "Xor" => both(|a, b| a ^ b),
        "Not" => Box::new(|inputs| {
            let x = inputs.get(0)?;
            one(Tensor::of(
                x.shape.clone(),
                Data::Bool(x.bools()?.iter().map(|b| !b).collect()),
            ))
        }),
        "IsNaN" => Box::new(|inputs| one(float_test(inputs.get(0)?, f32::is_nan, f64::is_nan)?)),
        "IsInf" => Box::new(|inputs| {
            one(float_test(
                inputs.get(0)?,
                f32::is_infinite,
                f64::is_infinite,
            )?)
        }),
        "Where" => Box::new(|inputs| one(choose(inputs.get(0)?, inputs.get(1)?, inputs.get(2)?)?)),
        "Clip" => clip(attributes)?,
        "Cast" => cast_to(attributes.int("to", 0)?)?,
        "CastLike" => {
            Box::new(|inputs| one(cast(inputs.get(0)?, Target::like(&inputs.get(1)?.data))?))
        }
        _ => return Ok(None),
    };
    Ok(Some(kernel))
}

fn equal(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let shape = broadcast_shape(&a.shape, &b.shape)?;
    let values = match (&a.data, &b.data) {
        (Data::F32(x), Data::F32(y)) => zip(x, &a.shape, y, &b.shape, &shape, |p, q| p == q),
        (Data::F64(x), Data::F64(y)) => zip(x, &a.shape, y, &b.shape, &shape, |p, q| p == q),
        (Data::I64(x), Data::I64(y)) => zip(x, &a.shape, y, &b.shape, &shape, |p, q| p == q),
        (Data::Bool(x), Data::Bool(y)) => zip(x, &a.shape, y, &b.shape, &shape, |p, q| p == q),
        (Data::Text(x), Data::Text(y)) => {
            let (left, right) = (
                broadcast_indexes(&a.shape, &shape),
                broadcast_indexes(&b.shape, &shape),
            );
            left.into_iter()
                .zip(right)
                .map(|(i, j)| x[i] == y[j])
                .collect()
        }
        (x, y) => {
            return Err(Error::invalid(format!(
                "cannot compare {} with {}",
                x.kind(),
                y.kind()
            )));
        }
    };
    Ok(Tensor::of(shape, Data::Bool(values)))
}

fn compare(test: fn(std::cmp::Ordering) -> bool) -> Kernel {
    Box::new(move |inputs| {
        let (a, b) = (inputs.get(0)?, inputs.get(1)?);
        let shape = broadcast_shape(&a.shape, &b.shape)?;
        let values = match (&a.data, &b.data) {
            // A comparison with NaN is false whatever is asked.
            (Data::F32(x), Data::F32(y)) => zip(x, &a.shape, y, &b.shape, &shape, |p, q| {
                p.partial_cmp(&q).is_some_and(test)
            }),
            (Data::F64(x), Data::F64(y)) => zip(x, &a.shape, y, &b.shape, &shape, |p, q| {
                p.partial_cmp(&q).is_some_and(test)
            }),
            (Data::I64(x), Data::I64(y)) => {
                zip(x, &a.shape, y, &b.shape, &shape, |p, q| test(p.cmp(&q)))
            }
            (x, y) => {
                return Err(Error::invalid(format!(
                    "cannot compare {} with {}",
                    x.kind(),
                    y.kind()
                )));
            }
        };
        one(Tensor::of(shape, Data::Bool(values)))
    })
}

fn both(f: fn(bool, bool) -> bool) -> Kernel {
    Box::new(move |inputs| {
        let (a, b) = (inputs.get(0)?, inputs.get(1)?);
        let shape = broadcast_shape(&a.shape, &b.shape)?;
        let values = zip(a.bools()?, &a.shape, b.bools()?, &b.shape, &shape, f);
        one(Tensor::of(shape, Data::Bool(values)))
    })
}

fn float_test(x: &Tensor, f: fn(f32) -> bool, d: fn(f64) -> bool) -> Result<Tensor> {
    let values = match &x.data {
        Data::F32(v) => v.iter().map(|&x| f(x)).collect(),
        Data::F64(v) => v.iter().map(|&x| d(x)).collect(),
        other => {
            return Err(Error::invalid(format!(
                "expected floating point numbers, got {}",
                other.kind()
            )));
        }
    };
    Ok(Tensor::of(x.shape.clone(), Data::Bool(values)))
}

fn choose(condition: &Tensor, yes: &Tensor, no: &Tensor) -> Result<Tensor> {
    let shape = broadcast_shape(&broadcast_shape(&condition.shape, &yes.shape)?, &no.shape)?;
    let flags = condition.bools()?;
    let (c, y, n) = (
        broadcast_indexes(&condition.shape, &shape),
        broadcast_indexes(&yes.shape, &shape),
        broadcast_indexes(&no.shape, &shape),
    );
    macro_rules! pick {
        ($($variant:ident),*) => {
            match (&yes.data, &no.data) {
                $((Data::$variant(a), Data::$variant(b)) => Data::$variant(
                    c.iter().zip(y.iter().zip(&n)).map(|(&c, (&i, &j))| if flags[c] { a[i].clone() } else { b[j].clone() }).collect(),
                ),)*
                (a, b) => return Err(Error::invalid(format!("cannot choose between {} and {}", a.kind(), b.kind()))),
            }
        };
    }
    let data = pick!(F32, F64, I64, Bool, Text);
    Ok(Tensor::of(shape, data))
}

/// Bounds are attributes up to opset 6 and inputs from opset 11.
fn clip(attributes: &Attributes) -> Result<Kernel> {
    let (low, high) = (
        attributes.float("min", f32::MIN)?,
        attributes.float("max", f32::MAX)?,
    );
    Ok(Box::new(move |inputs| {
        let bound = |index: usize, default: f32| -> Result<f64> {
            match inputs.optional(index) {
                Some(tensor) => Ok(tensor
                    .to_f64()?
                    .first()
                    .copied()
                    .unwrap_or(f64::from(default))),
                None => Ok(f64::from(default)),
            }
        };
        let (low, high) = (bound(1, low)?, bound(2, high)?);
        let x = inputs.get(0)?;
        let data = match &x.data {
            Data::F32(v) => Data::F32(
                v.iter()
                    .map(|&x| x.max(low as f32).min(high as f32))
                    .collect(),
            ),
            Data::F64(v) => Data::F64(v.iter().map(|&x| x.max(low).min(high)).collect()),
            Data::I64(v) => Data::I64(
                v.iter()
                    .map(|&x| x.max(low as i64).min(high as i64))
                    .collect(),
            ),
            other => {
                return Err(Error::invalid(format!(
                    "Clip takes numbers, got {}",
                    other.kind()
                )));
            }
        };
        one(Tensor::of(x.shape.clone(), data))
    }))
}

/// What a Cast makes.
#[derive(Clone, Copy)]
enum Target {
    F32,
    F64,
    /// Whole numbers of so many bits.
    Int(u32, bool),
    Bool,
    Text,
}

impl Target {
    fn like(data: &Data) -> Self {
        match data {
            Data::F32(_) => Self::F32,
            Data::F64(_) => Self::F64,
            Data::I64(_) => Self::Int(64, true),
            Data::Bool(_) => Self::Bool,
            Data::Text(_) => Self::Text,
        }
    }
}

fn cast_to(code: i64) -> Result<Kernel> {
    let target = match code {
        1 => Target::F32,
        11 => Target::F64,
        2 => Target::Int(8, false),
        3 => Target::Int(8, true),
        4 => Target::Int(16, false),
        5 => Target::Int(16, true),
        6 => Target::Int(32, true),
        12 => Target::Int(32, false),
        7 | 13 => Target::Int(64, true),
        8 => Target::Text,
        9 => Target::Bool,
        _ => {
            return Err(Error::not_implemented(format!(
                "Cast to the element type {code} is not supported"
            )));
        }
    };
    Ok(Box::new(move |inputs| one(cast(inputs.get(0)?, target)?)))
}

fn cast(x: &Tensor, target: Target) -> Result<Tensor> {
    let data = match target {
        Target::F32 => Data::F32(match &x.data {
            Data::Text(v) => v
                .iter()
                .map(|text| parse(text).map(|x| x as f32))
                .collect::<Result<_>>()?,
            _ => x.to_f32()?.into_owned(),
        }),
        Target::F64 => Data::F64(match &x.data {
            Data::Text(v) => v.iter().map(parse).collect::<Result<_>>()?,
            _ => x.to_f64()?,
        }),
        Target::Int(bits, signed) => Data::I64(match &x.data {
            Data::I64(v) => v.iter().map(|&x| wrap(x, bits, signed)).collect(),
            Data::F32(v) => v.iter().map(|&x| wrap(x as i64, bits, signed)).collect(),
            Data::F64(v) => v.iter().map(|&x| wrap(x as i64, bits, signed)).collect(),
            Data::Bool(v) => v.iter().map(|&x| i64::from(x)).collect(),
            Data::Text(v) => v
                .iter()
                .map(|text| parse(text).map(|x| wrap(x as i64, bits, signed)))
                .collect::<Result<_>>()?,
        }),
        Target::Bool => Data::Bool(match &x.data {
            Data::Bool(v) => v.clone(),
            _ => x.to_f64()?.iter().map(|&x| x != 0.0).collect(),
        }),
        Target::Text => Data::Text(match &x.data {
            Data::Text(v) => v.clone(),
            other => texts(other),
        }),
    };
    Ok(Tensor::of(x.shape.clone(), data))
}

/// Two's complement of fewer bits, as C's conversions do it.
fn wrap(x: i64, bits: u32, signed: bool) -> i64 {
    let unused = 64 - bits;
    if signed {
        (x << unused) >> unused
    } else {
        (((x as u64) << unused) >> unused) as i64
    }
}

fn parse(text: &Arc<str>) -> Result<f64> {
    text.trim()
        .parse()
        .map_err(|_| Error::invalid(format!("{text:?} is not a number")))
}

fn texts(data: &Data) -> Vec<Arc<str>> {
    fn shown<T: std::fmt::Display>(v: &[T]) -> Vec<Arc<str>> {
        v.iter().map(|x| Arc::from(x.to_string())).collect()
    }
    match data {
        Data::F32(v) => shown(v),
        Data::F64(v) => shown(v),
        Data::I64(v) => shown(v),
        Data::Bool(v) => v
            .iter()
            .map(|&x| Arc::from(if x { "1" } else { "0" }))
            .collect(),
        Data::Text(v) => v.clone(),
    }
}
