//! Element-wise arithmetic, with broadcasting where there are two inputs.

use std::sync::Arc;

use base::{Error, Result};

use super::{Inputs, Kernel, one};
use crate::onnx::attributes::Attributes;
use crate::onnx::tensor::{Data, Tensor, broadcast_indexes, broadcast_shape};

/// The two-input operator `op`, if it is one of arithmetic.
pub fn binary(op: &str, attributes: &Attributes) -> Result<Option<Kernel>> {
    let kernel = match op {
        "Add" => pairwise(|a, b| a + b, |a, b| a + b, i64::wrapping_add),
        "Sub" => pairwise(|a, b| a - b, |a, b| a - b, i64::wrapping_sub),
        "Mul" => pairwise(|a, b| a * b, |a, b| a * b, i64::wrapping_mul),
        "Div" => pairwise(
            |a, b| a / b,
            |a, b| a / b,
            |a, b| a.checked_div(b).unwrap_or(0),
        ),
        "Pow" => pairwise(f32::powf, f64::powf, |a, b| {
            u32::try_from(b).map_or(0, |b| a.wrapping_pow(b))
        }),
        // ONNX: the sign of the divisor, unless fmod asks for that of the dividend.
        "Mod" if attributes.int("fmod", 0)? == 1 => pairwise(
            |a, b| a % b,
            |a, b| a % b,
            |a, b| a.checked_rem(b).unwrap_or(0),
        ),
        "Mod" => pairwise(
            |a, b| a - (a / b).floor() * b,
            |a, b| a - (a / b).floor() * b,
            |a, b| {
                if b == 0 {
                    0
                } else {
                    a.wrapping_sub(a.div_euclid(b).wrapping_mul(b))
                        + if b < 0 && a.rem_euclid(b) != 0 { b } else { 0 }
                }
            },
        ),
        "Max" => many(f32::max, f64::max, i64::max),
        "Min" => many(f32::min, f64::min, i64::min),
        "Sum" => many(|a, b| a + b, |a, b| a + b, i64::wrapping_add),
        _ => return Ok(None),
    };
    Ok(Some(kernel))
}

fn pairwise(f: fn(f32, f32) -> f32, d: fn(f64, f64) -> f64, i: fn(i64, i64) -> i64) -> Kernel {
    Box::new(move |inputs| one(combine(inputs.get(0)?, inputs.get(1)?, f, d, i)?))
}

fn many(f: fn(f32, f32) -> f32, d: fn(f64, f64) -> f64, i: fn(i64, i64) -> i64) -> Kernel {
    Box::new(move |inputs| {
        let mut all = inputs.get(0)?.as_ref().clone();
        for index in 1..inputs.len() {
            all = combine(&all, inputs.get(index)?, f, d, i)?;
        }
        one(all)
    })
}

fn combine(
    a: &Tensor,
    b: &Tensor,
    f: fn(f32, f32) -> f32,
    d: fn(f64, f64) -> f64,
    i: fn(i64, i64) -> i64,
) -> Result<Tensor> {
    let shape = broadcast_shape(&a.shape, &b.shape)?;
    let data = match (&a.data, &b.data) {
        (Data::F32(x), Data::F32(y)) => Data::F32(zip(x, &a.shape, y, &b.shape, &shape, f)),
        (Data::F64(x), Data::F64(y)) => Data::F64(zip(x, &a.shape, y, &b.shape, &shape, d)),
        (Data::I64(x), Data::I64(y)) => Data::I64(zip(x, &a.shape, y, &b.shape, &shape, i)),
        (x, y) => {
            return Err(Error::invalid(format!(
                "cannot compute with {} and {}",
                x.kind(),
                y.kind()
            )));
        }
    };
    Ok(Tensor::of(shape, data))
}

/// Applies `f` to the pairs that broadcasting forms.
pub fn zip<T: Copy, U>(
    a: &[T],
    a_shape: &[usize],
    b: &[T],
    b_shape: &[usize],
    shape: &[usize],
    f: impl Fn(T, T) -> U,
) -> Vec<U> {
    if a_shape == b_shape {
        return a.iter().zip(b).map(|(&x, &y)| f(x, y)).collect();
    }
    if b.len() == 1 && a_shape == shape {
        return a.iter().map(|&x| f(x, b[0])).collect();
    }
    let left = broadcast_indexes(a_shape, shape);
    let right = broadcast_indexes(b_shape, shape);
    left.into_iter()
        .zip(right)
        .map(|(x, y)| f(a[x], b[y]))
        .collect()
}

/// The one-input operator `op`, if it is one of arithmetic.
pub fn unary(op: &str, attributes: &Attributes) -> Result<Option<Kernel>> {
    let kernel = match op {
        "Abs" => floats_or(f32::abs, f64::abs, i64::wrapping_abs),
        "Neg" => floats_or(|x| -x, |x| -x, i64::wrapping_neg),
        "Sign" => floats_or(sign32, sign64, i64::signum),
        "Floor" => floats(f32::floor, f64::floor),
        "Ceil" => floats(f32::ceil, f64::ceil),
        "Round" => floats(f32::round_ties_even, f64::round_ties_even),
        "Sqrt" => floats(f32::sqrt, f64::sqrt),
        "Exp" => floats(f32::exp, f64::exp),
        "Log" => floats(f32::ln, f64::ln),
        "Reciprocal" => floats(f32::recip, f64::recip),
        "Sin" => floats(f32::sin, f64::sin),
        "Cos" => floats(f32::cos, f64::cos),
        "Tanh" => floats(f32::tanh, f64::tanh),
        "Erf" => floats(|x| erf(f64::from(x)) as f32, erf),
        "Sigmoid" => floats(sigmoid32, sigmoid64),
        "Relu" => floats_or(|x| x.max(0.0), |x| x.max(0.0), |x| x.max(0)),
        "Softplus" => floats(|x| x.exp().ln_1p(), |x| x.exp().ln_1p()),
        "LeakyRelu" => {
            let alpha = attributes.float("alpha", 0.01)?;
            Box::new(move |inputs: &Inputs| {
                one(map_floats(
                    inputs.get(0)?,
                    move |x| if x < 0.0 { alpha * x } else { x },
                    move |x| if x < 0.0 { f64::from(alpha) * x } else { x },
                )?)
            })
        }
        _ => return Ok(None),
    };
    Ok(Some(kernel))
}

fn sign32(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x * 0.0
    }
}

fn sign64(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x * 0.0
    }
}

/// The logistic function, without overflow on either side.
pub fn sigmoid32(x: f32) -> f32 {
    let e = (-x.abs()).exp();
    if x >= 0.0 {
        1.0 / (1.0 + e)
    } else {
        e / (1.0 + e)
    }
}

fn sigmoid64(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x >= 0.0 {
        1.0 / (1.0 + e)
    } else {
        e / (1.0 + e)
    }
}

/// The error function (Abramowitz and Stegun 7.1.26 refined by a series near zero), to about 1e-7.
fn erf(x: f64) -> f64 {
    let a = x.abs();
    let value = if a < 2.0 {
        // Maclaurin series: converges quickly here and is exact to rounding.
        let mut term = a;
        let mut sum = a;
        let mut n = 0.0;
        while term.abs() > 1e-17 {
            n += 1.0;
            term *= -a * a / n;
            sum += term / (2.0 * n + 1.0);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    } else {
        let t = 1.0 / (1.0 + 0.3275911 * a);
        let poly = t
            * (0.254829592
                + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        1.0 - poly * (-a * a).exp()
    };
    value.copysign(x)
}

fn floats(f: fn(f32) -> f32, d: fn(f64) -> f64) -> Kernel {
    Box::new(move |inputs| one(map_floats(inputs.get(0)?, f, d)?))
}

fn floats_or(f: fn(f32) -> f32, d: fn(f64) -> f64, i: fn(i64) -> i64) -> Kernel {
    Box::new(move |inputs| {
        let x = inputs.get(0)?;
        match &x.data {
            Data::I64(v) => one(Tensor::of(
                x.shape.clone(),
                Data::I64(v.iter().map(|&x| i(x)).collect()),
            )),
            _ => one(map_floats(x, f, d)?),
        }
    })
}

fn map_floats(x: &Arc<Tensor>, f: impl Fn(f32) -> f32, d: impl Fn(f64) -> f64) -> Result<Tensor> {
    let data = match &x.data {
        Data::F32(v) => Data::F32(v.iter().map(|&x| f(x)).collect()),
        Data::F64(v) => Data::F64(v.iter().map(|&x| d(x)).collect()),
        other => {
            return Err(Error::invalid(format!(
                "expected floating point numbers, got {}",
                other.kind()
            )));
        }
    };
    Ok(Tensor::of(x.shape.clone(), data))
}
