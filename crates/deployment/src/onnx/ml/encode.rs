//! Operators that translate between labels and numbers, and that pick columns.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use base::{Error, Result};

use crate::onnx::attributes::Attributes;
use crate::onnx::ops::{Kernel, one};
use crate::onnx::tensor::{Data, Tensor, elements, map_data};

/// A value as the key of a map; all NaN are one key.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Number(u64),
    Int(i64),
    Text(Arc<str>),
}

fn keys(data: &Data) -> Vec<Key> {
    let number = |x: f64| {
        Key::Number(if x.is_nan() {
            f64::NAN.to_bits()
        } else {
            (x + 0.0).to_bits()
        })
    };
    match data {
        Data::F32(v) => v.iter().map(|&x| number(f64::from(x))).collect(),
        Data::F64(v) => v.iter().map(|&x| number(x)).collect(),
        Data::I64(v) => v.iter().map(|&x| Key::Int(x)).collect(),
        Data::Bool(v) => v.iter().map(|&x| Key::Int(i64::from(x))).collect(),
        Data::Text(v) => v.iter().map(|x| Key::Text(x.clone())).collect(),
    }
}

/// `keys_…`/`values_…` since version 2 (`…_tensor` since version 4), `classes_strings` before.
pub fn label_encoder(attributes: &Attributes) -> Result<Kernel> {
    let classes = attributes.strings("classes_strings")?;
    if !classes.is_empty() {
        return Ok(mapper(
            classes,
            attributes.int("default_int64", -1)?,
            attributes.text("default_string", "_Unused")?.into(),
        ));
    }
    let from =
        typed(attributes, "keys")?.ok_or_else(|| Error::invalid("LabelEncoder has no keys"))?;
    let to =
        typed(attributes, "values")?.ok_or_else(|| Error::invalid("LabelEncoder has no values"))?;
    if from.len() != to.len() {
        return Err(Error::invalid(format!(
            "LabelEncoder has {} keys and {} values",
            from.len(),
            to.len()
        )));
    }
    let default = match attributes.tensor_optional("default_tensor")? {
        Some(tensor) if tensor.len() == 1 => tensor.data,
        Some(_) => return Err(Error::invalid("LabelEncoder's default must be one value")),
        None => match &to {
            Data::F32(_) => Data::F32(vec![attributes.float("default_float", -0.0)?]),
            Data::F64(_) => Data::F64(vec![f64::from(attributes.float("default_float", -0.0)?)]),
            Data::Text(_) => Data::Text(vec![attributes.text("default_string", "_Unused")?.into()]),
            _ => Data::I64(vec![attributes.int("default_int64", -1)?]),
        },
    };
    let kind = from.kind();
    let at: HashMap<Key, usize> = keys(&from)
        .into_iter()
        .enumerate()
        .map(|(i, key)| (key, i))
        .collect();
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        if x.data.kind() != kind {
            return Err(Error::invalid(format!(
                "LabelEncoder has keys of {kind}, got {}",
                x.data.kind()
            )));
        }
        let found: Vec<Option<usize>> = keys(&x.data)
            .iter()
            .map(|key| at.get(key).copied())
            .collect();
        macro_rules! translate {
            ($($variant:ident),*) => {
                match (&to, &default) {
                    $((Data::$variant(to), Data::$variant(default)) => Data::$variant(
                        found.iter().map(|at| at.map_or_else(|| default[0].clone(), |at| to[at].clone())).collect(),
                    ),)*
                    _ => return Err(Error::invalid("LabelEncoder's default is of another type than its values")),
                }
            };
        }
        one(Tensor::of(
            x.shape.clone(),
            translate!(F32, F64, I64, Bool, Text),
        ))
    }))
}

/// The attribute that holds `keys` or `values`, of whichever type.
fn typed(attributes: &Attributes, prefix: &str) -> Result<Option<Data>> {
    if let Some(tensor) = attributes.tensor_optional(&format!("{prefix}_tensor"))? {
        return Ok(Some(tensor.data));
    }
    let strings = attributes.strings(&format!("{prefix}_strings"))?;
    let ints = attributes.ints(&format!("{prefix}_int64s"))?;
    let floats = attributes.floats(&format!("{prefix}_floats"))?;
    Ok(if !strings.is_empty() {
        Some(Data::Text(strings))
    } else if !ints.is_empty() {
        Some(Data::I64(ints))
    } else if !floats.is_empty() {
        Some(Data::F32(floats))
    } else {
        None
    })
}

/// Between strings and numbers, in whichever direction the input asks for.
pub fn category_mapper(attributes: &Attributes) -> Result<Kernel> {
    let (texts, ints) = (
        attributes.strings("cats_strings")?,
        attributes.ints("cats_int64s")?,
    );
    if texts.len() != ints.len() {
        return Err(Error::invalid(
            "CategoryMapper needs as many numbers as strings",
        ));
    }
    Ok(two_way(
        texts,
        ints,
        attributes.int("default_int64", -1)?,
        attributes.text("default_string", "_Unused")?.into(),
    ))
}

fn mapper(classes: Vec<Arc<str>>, default_int: i64, default_text: Arc<str>) -> Kernel {
    let ints = (0..classes.len() as i64).collect();
    two_way(classes, ints, default_int, default_text)
}

fn two_way(
    texts: Vec<Arc<str>>,
    ints: Vec<i64>,
    default_int: i64,
    default_text: Arc<str>,
) -> Kernel {
    let to_int: HashMap<Arc<str>, i64> = texts.iter().cloned().zip(ints.iter().copied()).collect();
    let to_text: HashMap<i64, Arc<str>> = ints.into_iter().zip(texts).collect();
    Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let data = match &x.data {
            Data::Text(v) => Data::I64(
                v.iter()
                    .map(|text| to_int.get(text).copied().unwrap_or(default_int))
                    .collect(),
            ),
            Data::I64(v) => Data::Text(
                v.iter()
                    .map(|int| to_text.get(int).unwrap_or(&default_text).clone())
                    .collect(),
            ),
            other => {
                return Err(Error::invalid(format!(
                    "expected strings or whole numbers, got {}",
                    other.kind()
                )));
            }
        };
        one(Tensor::of(x.shape.clone(), data))
    })
}

/// One 0-or-1 column per category; an unknown category is all zeros, or an error where the model says so.
pub fn one_hot(attributes: &Attributes) -> Result<Kernel> {
    let (texts, ints) = (
        attributes.strings("cats_strings")?,
        attributes.ints("cats_int64s")?,
    );
    let zeros = attributes.int("zeros", 1)? == 1;
    let width = texts.len().max(ints.len());
    let text_at: HashMap<Arc<str>, usize> = texts
        .into_iter()
        .enumerate()
        .map(|(i, text)| (text, i))
        .collect();
    let int_at: HashMap<i64, usize> = ints
        .into_iter()
        .enumerate()
        .map(|(i, int)| (int, i))
        .collect();
    Ok(Box::new(move |inputs| {
        let x = inputs.get(0)?;
        let found: Vec<Option<usize>> = match &x.data {
            Data::Text(v) => v.iter().map(|text| text_at.get(text).copied()).collect(),
            Data::I64(v) => v.iter().map(|int| int_at.get(int).copied()).collect(),
            _ => x
                .to_f64()?
                .iter()
                .map(|&x| {
                    if x.fract() == 0.0 {
                        int_at.get(&(x as i64)).copied()
                    } else {
                        None
                    }
                })
                .collect(),
        };
        if let Some(unknown) = found.iter().position(Option::is_none).filter(|_| !zeros) {
            let shown = map_data_text(&x.data, unknown);
            return Err(Error::invalid(format!(
                "{shown} is not a category of this model"
            )));
        }
        let mut shape = x.shape.clone();
        shape.push(width);
        let mut values = vec![0.0_f32; elements(&shape)?];
        for (row, at) in found.iter().enumerate() {
            if let Some(at) = at {
                values[row * width + at] = 1.0;
            }
        }
        one(Tensor::of(shape, Data::F32(values)))
    }))
}

fn map_data_text(data: &Data, at: usize) -> String {
    let one = map_data!(data, v => v[at..=at].to_vec());
    match one {
        Data::Text(v) => format!("{:?}", v[0]),
        Data::I64(v) => v[0].to_string(),
        Data::F32(v) => v[0].to_string(),
        Data::F64(v) => v[0].to_string(),
        Data::Bool(v) => v[0].to_string(),
    }
}

/// The columns that the second input names.
pub fn extractor() -> Kernel {
    Box::new(|inputs| {
        let x = inputs.get(0)?;
        let wanted = inputs.get(1)?.i64s()?;
        let (outer, width) = match x.shape.split_last() {
            Some((&width, outer)) => (outer.iter().product::<usize>(), width),
            None => return Err(Error::invalid("ArrayFeatureExtractor takes no scalar")),
        };
        let columns: Vec<usize> = wanted
            .iter()
            .map(|&i| {
                usize::try_from(i)
                    .ok()
                    .filter(|&i| i < width)
                    .ok_or_else(|| Error::invalid(format!("there is no column {i} of {width}")))
            })
            .collect::<Result<_>>()?;
        let mut shape = x.shape.clone();
        if shape.len() == 1 {
            shape.insert(0, 1);
        }
        let last = shape.len() - 1;
        shape[last] = columns.len();
        elements(&shape)?;
        let indexes: Vec<usize> = (0..outer)
            .flat_map(|row| columns.iter().map(move |&c| row * width + c))
            .collect();
        one(x.pick(shape, &indexes))
    })
}
