//! Products of matrices.

use base::{Error, Result};

use super::{Kernel, one};
use crate::onnx::attributes::Attributes;
use crate::onnx::tensor::{Data, Tensor, broadcast_indexes, broadcast_shape, elements};

/// The operator `op`, if it belongs here.
pub fn build(op: &str, attributes: &Attributes) -> Result<Option<Kernel>> {
    let kernel: Kernel = match op {
        "MatMul" => Box::new(|inputs| one(product(inputs.get(0)?, inputs.get(1)?)?)),
        "Gemm" => gemm(attributes)?,
        _ => return Ok(None),
    };
    Ok(Some(kernel))
}

/// `[n, k] × [k, m]`; a vector counts as one row on the left and as one column on the right.
fn product(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let left = if a.rank() == 1 {
        vec![1, a.shape[0]]
    } else {
        a.shape.clone()
    };
    let right = if b.rank() == 1 {
        vec![b.shape[0], 1]
    } else {
        b.shape.clone()
    };
    let (&[ref batch @ .., n, k], &[k2, m]) = (left.as_slice(), right.as_slice()) else {
        return Err(Error::not_implemented(format!(
            "MatMul of shapes {:?} and {:?} is not supported",
            a.shape, b.shape
        )));
    };
    if k != k2 {
        return Err(Error::invalid(format!(
            "MatMul cannot multiply shapes {:?} and {:?}",
            a.shape, b.shape
        )));
    }
    let rows = elements(batch)? * n;
    elements(&[rows, m])?;
    let data = match (&a.data, &b.data) {
        (Data::F32(x), Data::F32(y)) => Data::F32(multiply(x, y, rows, k, m)),
        (Data::F64(x), Data::F64(y)) => Data::F64(multiply(x, y, rows, k, m)),
        (x, y) => {
            return Err(Error::invalid(format!(
                "MatMul takes floats, got {} and {}",
                x.kind(),
                y.kind()
            )));
        }
    };
    let mut shape = left[..left.len() - 1].to_vec();
    shape.push(m);
    if a.rank() == 1 {
        shape.remove(shape.len() - 2);
    }
    if b.rank() == 1 {
        shape.pop();
    }
    Ok(Tensor::of(shape, data))
}

fn multiply<T>(a: &[T], b: &[T], rows: usize, k: usize, m: usize) -> Vec<T>
where
    T: Copy + Default + std::ops::Mul<Output = T> + std::ops::AddAssign,
{
    let mut out = vec![T::default(); rows * m];
    for row in 0..rows {
        let line = &mut out[row * m..(row + 1) * m];
        for (i, &x) in a[row * k..(row + 1) * k].iter().enumerate() {
            for (slot, &y) in line.iter_mut().zip(&b[i * m..(i + 1) * m]) {
                *slot += x * y;
            }
        }
    }
    out
}

/// `alpha · A' × B' + beta · C`
fn gemm(attributes: &Attributes) -> Result<Kernel> {
    let (alpha, beta) = (
        attributes.float("alpha", 1.0)?,
        attributes.float("beta", 1.0)?,
    );
    let (turn_a, turn_b) = (
        attributes.int("transA", 0)? == 1,
        attributes.int("transB", 0)? == 1,
    );
    Ok(Box::new(move |inputs| {
        let a = turned(inputs.get(0)?, turn_a)?;
        let b = turned(inputs.get(1)?, turn_b)?;
        let mut out = product(&a, &b)?;
        match &mut out.data {
            Data::F32(values) => values.iter_mut().for_each(|x| *x *= alpha),
            Data::F64(values) => values.iter_mut().for_each(|x| *x *= f64::from(alpha)),
            _ => {}
        }
        let Some(c) = inputs.optional(2) else {
            return one(out);
        };
        if broadcast_shape(&out.shape, &c.shape)? != out.shape {
            return Err(Error::invalid(format!(
                "Gemm cannot add shape {:?} to {:?}",
                c.shape, out.shape
            )));
        }
        let at = broadcast_indexes(&c.shape, &out.shape);
        match (&mut out.data, &c.data) {
            (Data::F32(values), Data::F32(c)) => values
                .iter_mut()
                .zip(at)
                .for_each(|(x, i)| *x += beta * c[i]),
            (Data::F64(values), Data::F64(c)) => values
                .iter_mut()
                .zip(at)
                .for_each(|(x, i)| *x += f64::from(beta) * c[i]),
            (x, c) => {
                return Err(Error::invalid(format!(
                    "Gemm cannot add {} to {}",
                    c.kind(),
                    x.kind()
                )));
            }
        }
        one(out)
    }))
}

fn turned(x: &Tensor, turn: bool) -> Result<Tensor> {
    let [n, k] = *x.shape.as_slice() else {
        return Err(Error::invalid(format!(
            "Gemm takes matrices, got shape {:?}",
            x.shape
        )));
    };
    if !turn {
        return Ok(x.clone());
    }
    let indexes: Vec<usize> = (0..k)
        .flat_map(|j| (0..n).map(move |i| i * k + j))
        .collect();
    Ok(x.pick(vec![k, n], &indexes))
}
