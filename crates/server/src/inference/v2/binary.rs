//! Binary tensors: raw little-endian values after the JSON header, texts with their length before them.

use base::{Error, Result};
use deployment::{Output, Values as OutputValues};

use crate::inference::flat::{Flat, Values};

/// The header that says how long the JSON part is.
pub const HEADER: &str = "inference-header-content-length";

/// Bytes of one value; `None` for texts.
fn size(datatype: &str) -> Option<usize> {
    match datatype {
        "BOOL" | "INT8" | "UINT8" => Some(1),
        "INT16" | "UINT16" => Some(2),
        "INT32" | "UINT32" | "FP32" => Some(4),
        "INT64" | "UINT64" | "FP64" => Some(8),
        _ => None,
    }
}

/// Reads the values of an input.
pub fn read(name: &str, datatype: &str, bytes: &[u8]) -> Result<Flat> {
    if datatype == "BYTES" {
        return texts(name, bytes);
    }
    let size = size(datatype).ok_or_else(|| {
        Error::invalid(format!(
            "the input {name:?} has the datatype {datatype:?}, which is not known"
        ))
    })?;
    if !bytes.len().is_multiple_of(size) {
        return Err(Error::invalid(format!(
            "the input {name:?} has {} bytes, which is no number of {datatype} values",
            bytes.len()
        )));
    }
    macro_rules! values {
        ($type:ty, $into:ty) => {
            bytes
                .chunks_exact(size)
                .map(|chunk| {
                    let mut buffer = [0; size_of::<$type>()];
                    buffer.copy_from_slice(chunk);
                    <$type>::from_le_bytes(buffer) as $into
                })
                .collect()
        };
    }
    let values = match datatype {
        "FP32" => Values::Floats(values!(f32, f64)),
        "FP64" => Values::Floats(values!(f64, f64)),
        "INT8" => Values::Ints(values!(i8, i64)),
        "INT16" => Values::Ints(values!(i16, i64)),
        "INT32" => Values::Ints(values!(i32, i64)),
        "INT64" => Values::Ints(values!(i64, i64)),
        "UINT8" => Values::Ints(values!(u8, i64)),
        "UINT16" => Values::Ints(values!(u16, i64)),
        "UINT32" => Values::Ints(values!(u32, i64)),
        "UINT64" => Values::Ints(values!(u64, i64)),
        _ => Values::Bools(bytes.iter().map(|&byte| byte != 0).collect()),
    };
    Ok(Flat {
        values,
        ..Flat::default()
    })
}

fn texts(name: &str, mut bytes: &[u8]) -> Result<Flat> {
    let cut = || Error::invalid(format!("the input {name:?} ends in the middle of a text"));
    let mut values = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (text, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        let text = std::str::from_utf8(text).map_err(|_| {
            Error::invalid(format!("the input {name:?} holds a text that is not UTF-8"))
        })?;
        values.push(text.to_owned());
        bytes = rest;
    }
    Ok(Flat {
        values: Values::Texts(values),
        ..Flat::default()
    })
}

/// The bytes of an output.
pub fn write(output: &Output) -> Vec<u8> {
    match &output.values {
        OutputValues::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        OutputValues::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        OutputValues::I64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        OutputValues::Text(v) => v
            .iter()
            .flat_map(|text| {
                (text.len() as u32)
                    .to_le_bytes()
                    .into_iter()
                    .chain(text.bytes())
            })
            .collect(),
    }
}
