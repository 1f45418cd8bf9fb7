//! Operators that change numbers column by column, or row by row.

use base::{Error, Result};

use crate::onnx::attributes::Attributes;
use crate::onnx::ops::{Kernel, one};
use crate::onnx::tensor::{Data, Tensor, elements};

/// `(x − offset) · scale`, one pair per column or one for all.
pub fn scaler(attributes: &Attributes) -> Result<Kernel> {
    let (offset, scale) = (attributes.floats("offset")?, attributes.floats("scale")?);
    if offset.is_empty() || offset.len() != scale.len() {
        return Err(Error::invalid("Scaler needs as many scales as offsets"));
    }
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let width = *x.shape.last().unwrap_or(&1);
        if offset.len() != 1 && offset.len() != width {
            return Err(Error::invalid(format!(
                "Scaler has {} columns, got {width}",
                offset.len()
            )));
        }
        let column = |i: usize| if offset.len() == 1 { 0 } else { i % width };
        let values = x
            .to_f32()?
            .iter()
            .enumerate()
            .map(|(i, x)| (x - offset[column(i)]) * scale[column(i)])
            .collect();
        one(Tensor::of(x.shape.clone(), Data::F32(values)))
    }))
}

/// Puts a value where one is missing.
pub fn imputer(attributes: &Attributes) -> Result<Kernel> {
    let (floats, ints) = (
        attributes.floats("imputed_value_floats")?,
        attributes.ints("imputed_value_int64s")?,
    );
    let missing = attributes.float("replaced_value_float", f32::NAN)?;
    let missing_int = attributes.int("replaced_value_int64", 0)?;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let width = *x.shape.last().unwrap_or(&1);
        let known = if matches!(x.data, Data::I64(_)) {
            ints.len()
        } else {
            floats.len()
        };
        if known != 1 && known != width {
            return Err(Error::invalid(format!(
                "Imputer has {known} columns, got {width}"
            )));
        }
        let column = |i: usize| if known == 1 { 0 } else { i % width };
        let is_missing = |x: f32| {
            if missing.is_nan() {
                x.is_nan()
            } else {
                x == missing
            }
        };
        let data = match &x.data {
            Data::F32(v) => Data::F32(
                v.iter()
                    .enumerate()
                    .map(|(i, &x)| if is_missing(x) { floats[column(i)] } else { x })
                    .collect(),
            ),
            Data::F64(v) => Data::F64(
                v.iter()
                    .enumerate()
                    .map(|(i, &x)| {
                        if is_missing(x as f32) {
                            f64::from(floats[column(i)])
                        } else {
                            x
                        }
                    })
                    .collect(),
            ),
            Data::I64(v) => Data::I64(
                v.iter()
                    .enumerate()
                    .map(|(i, &x)| if x == missing_int { ints[column(i)] } else { x })
                    .collect(),
            ),
            other => {
                return Err(Error::invalid(format!(
                    "Imputer takes numbers, got {}",
                    other.kind()
                )));
            }
        };
        one(Tensor::of(x.shape.clone(), data))
    }))
}

/// Divides each row by its largest value, by the sum of magnitudes, or by its length.
pub fn normalizer(attributes: &Attributes) -> Result<Kernel> {
    let norm: fn(&[f32]) -> f32 = match attributes.text("norm", "MAX")?.as_str() {
        "MAX" => |row| row.iter().copied().fold(f32::NEG_INFINITY, f32::max),
        "L1" => |row| row.iter().map(|x| x.abs()).sum(),
        "L2" => |row| row.iter().map(|x| x * x).sum::<f32>().sqrt(),
        other => return Err(Error::invalid(format!("the norm {other} is not known"))),
    };
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let (_, width) = x.table()?;
        let mut values = x.to_f32()?.into_owned();
        for row in values.chunks_mut(width.max(1)) {
            let size = norm(row);
            if size != 0.0 {
                for x in row.iter_mut() {
                    *x /= size;
                }
            }
        }
        one(Tensor::of(x.shape.clone(), Data::F32(values)))
    }))
}

/// 1 above the threshold, else 0.
pub fn binarizer(attributes: &Attributes) -> Result<Kernel> {
    let threshold = attributes.float("threshold", 0.0)?;
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let values = x
            .to_f32()?
            .iter()
            .map(|&x| if x > threshold { 1.0 } else { 0.0 })
            .collect();
        one(Tensor::of(x.shape.clone(), Data::F32(values)))
    }))
}

/// Puts columns side by side, as floats.
pub fn vectorizer() -> Kernel {
    Box::new(|inputs| {
        let parts: Vec<(usize, usize, Vec<f32>)> = (0..inputs.len())
            .map(|i| {
                let x = inputs.get(i)?;
                let (rows, width) = match *x.shape.as_slice() {
                    [n] => (n, 1),
                    _ => x.table()?,
                };
                Ok((rows, width, x.to_f32()?.into_owned()))
            })
            .collect::<Result<_>>()?;
        let rows = parts.first().map_or(0, |part| part.0);
        if parts.iter().any(|part| part.0 != rows) {
            return Err(Error::invalid("FeatureVectorizer's inputs differ in rows"));
        }
        let width: usize = parts.iter().map(|part| part.1).sum();
        let mut values = Vec::with_capacity(elements(&[rows, width])?);
        for row in 0..rows {
            for (_, width, part) in &parts {
                values.extend_from_slice(&part[row * width..(row + 1) * width]);
            }
        }
        one(Tensor::of(vec![rows, width], Data::F32(values)))
    })
}
