//! A node's settings, read by name and type; and tensors as they are stored in a model.

use std::sync::Arc;

use base::{Error, Result};
use training::onnx_proto::{AttributeProto, NodeProto, TensorProto, attribute_type};

use super::tensor::{Data, Tensor, elements};

/// The settings of one node.
pub struct Attributes<'a> {
    all: &'a [AttributeProto],
    /// How many outputs the node has.
    pub outputs: usize,
}

impl<'a> Attributes<'a> {
    pub fn of(node: &'a NodeProto) -> Self {
        Self {
            all: &node.attribute,
            outputs: node.output.len(),
        }
    }

    fn find(&self, name: &str) -> Option<&'a AttributeProto> {
        self.all
            .iter()
            .find(|attribute| attribute.name.as_deref() == Some(name))
    }

    #[expect(clippy::unnecessary_wraps, reason = "all readers answer alike")]
    pub fn int(&self, name: &str, default: i64) -> Result<i64> {
        // A field that holds its default is not written, so a known name without a value is 0.
        Ok(self
            .find(name)
            .map_or(default, |attribute| attribute.i.unwrap_or_default()))
    }

    #[expect(clippy::unnecessary_wraps, reason = "all readers answer alike")]
    pub fn float(&self, name: &str, default: f32) -> Result<f32> {
        Ok(self
            .find(name)
            .map_or(default, |attribute| attribute.f.unwrap_or_default()))
    }

    pub fn text(&self, name: &str, default: &str) -> Result<String> {
        match self.find(name) {
            Some(attribute) => text(attribute.s.as_deref().unwrap_or_default()),
            None => Ok(default.to_owned()),
        }
    }

    pub fn ints(&self, name: &str) -> Result<Vec<i64>> {
        Ok(self.ints_optional(name)?.unwrap_or_default())
    }

    #[expect(clippy::unnecessary_wraps, reason = "all readers answer alike")]
    pub fn ints_optional(&self, name: &str) -> Result<Option<Vec<i64>>> {
        Ok(self.find(name).map(|attribute| attribute.ints.clone()))
    }

    #[expect(clippy::unnecessary_wraps, reason = "all readers answer alike")]
    pub fn floats(&self, name: &str) -> Result<Vec<f32>> {
        Ok(self
            .find(name)
            .map(|attribute| attribute.floats.clone())
            .unwrap_or_default())
    }

    /// Floats, or the doubles of the attribute `…_as_tensor`.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        match self.tensor_optional(&format!("{name}_as_tensor"))? {
            Some(tensor) => tensor.to_f64(),
            None => Ok(self.floats(name)?.into_iter().map(f64::from).collect()),
        }
    }

    pub fn strings(&self, name: &str) -> Result<Vec<Arc<str>>> {
        self.find(name).map_or(Ok(Vec::new()), |attribute| {
            attribute
                .strings
                .iter()
                .map(|bytes| text(bytes).map(Arc::from))
                .collect()
        })
    }

    pub fn tensor_optional(&self, name: &str) -> Result<Option<Tensor>> {
        self.find(name)
            .and_then(|attribute| attribute.t.as_ref())
            .map(tensor)
            .transpose()
    }

    /// The value of a Constant node, in whichever attribute it stands.
    pub fn constant(&self) -> Result<Tensor> {
        let attribute = self
            .all
            .first()
            .ok_or_else(|| Error::invalid("Constant has no value"))?;
        let line = |data: Data| Tensor::of(vec![data.len()], data);
        let one = |data: Data| Tensor::of(vec![], data);
        Ok(match attribute.r#type.unwrap_or_default() {
            attribute_type::TENSOR => self
                .tensor_optional(attribute.name.as_deref().unwrap_or_default())?
                .ok_or_else(|| Error::invalid("Constant has no value"))?,
            attribute_type::FLOAT => one(Data::F32(vec![attribute.f.unwrap_or_default()])),
            attribute_type::INT => one(Data::I64(vec![attribute.i.unwrap_or_default()])),
            attribute_type::STRING => one(Data::Text(vec![
                text(attribute.s.as_deref().unwrap_or_default())?.into(),
            ])),
            attribute_type::FLOATS => line(Data::F32(attribute.floats.clone())),
            attribute_type::INTS => line(Data::I64(attribute.ints.clone())),
            attribute_type::STRINGS => line(Data::Text(
                attribute
                    .strings
                    .iter()
                    .map(|bytes| text(bytes).map(Arc::from))
                    .collect::<Result<_>>()?,
            )),
            other => {
                return Err(Error::not_implemented(format!(
                    "a Constant of attribute type {other} is not supported"
                )));
            }
        })
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Error::invalid("a text in the model is not UTF-8"))
}

/// The element types of stored tensors, by their numbers in `onnx.proto`.
mod element {
    pub const FLOAT: i32 = 1;
    pub const UINT8: i32 = 2;
    pub const INT8: i32 = 3;
    pub const UINT16: i32 = 4;
    pub const INT16: i32 = 5;
    pub const INT32: i32 = 6;
    pub const INT64: i32 = 7;
    pub const STRING: i32 = 8;
    pub const BOOL: i32 = 9;
    pub const DOUBLE: i32 = 11;
    pub const UINT32: i32 = 12;
    pub const UINT64: i32 = 13;
}

/// A stored tensor. Its declared size is compared with the bytes that are there before anything is allocated.
pub fn tensor(proto: &TensorProto) -> Result<Tensor> {
    let name = proto.name.as_deref().unwrap_or_default();
    let shape: Vec<usize> = proto
        .dims
        .iter()
        .map(|&side| {
            usize::try_from(side)
                .map_err(|_| Error::invalid(format!("tensor {name:?} has a dimension of {side}")))
        })
        .collect::<Result<_>>()?;
    let size = elements(&shape).map_err(|error| error.at(format_args!("tensor {name:?}")))?;
    let kind = proto.data_type.unwrap_or_default();
    let data = match &proto.raw_data {
        Some(raw) if kind != element::STRING => raw_data(kind, raw, size)?,
        _ => typed_data(kind, proto)?,
    };
    if data.len() != size {
        return Err(Error::invalid(format!(
            "tensor {name:?} declares shape {shape:?} and holds {} values",
            data.len()
        ))
        .hint("external data is not read: save the model as one file"));
    }
    Ok(Tensor::of(shape, data))
}

fn raw_data(kind: i32, raw: &[u8], size: usize) -> Result<Data> {
    let width = match kind {
        element::UINT8 | element::INT8 | element::BOOL => 1,
        element::UINT16 | element::INT16 => 2,
        element::FLOAT | element::INT32 | element::UINT32 => 4,
        element::INT64 | element::DOUBLE | element::UINT64 => 8,
        other => return Err(unsupported(other)),
    };
    if raw.len() != size * width {
        return Err(Error::invalid(format!(
            "a tensor of {size} values holds {} bytes instead of {}",
            raw.len(),
            size * width
        )));
    }
    macro_rules! read {
        ($type:ty, $convert:expr) => {
            raw.chunks_exact(width)
                .map(|bytes| {
                    let mut buffer = [0; size_of::<$type>()];
                    buffer.copy_from_slice(bytes);
                    $convert(<$type>::from_le_bytes(buffer))
                })
                .collect()
        };
    }
    Ok(match kind {
        element::FLOAT => Data::F32(read!(f32, |x| x)),
        element::DOUBLE => Data::F64(read!(f64, |x| x)),
        element::INT64 => Data::I64(read!(i64, |x| x)),
        element::UINT64 => Data::I64(read!(u64, |x| x as i64)),
        element::INT32 => Data::I64(read!(i32, i64::from)),
        element::UINT32 => Data::I64(read!(u32, i64::from)),
        element::INT16 => Data::I64(read!(i16, i64::from)),
        element::UINT16 => Data::I64(read!(u16, i64::from)),
        element::INT8 => Data::I64(read!(i8, i64::from)),
        element::UINT8 => Data::I64(read!(u8, i64::from)),
        _ => Data::Bool(raw.iter().map(|&byte| byte != 0).collect()),
    })
}

fn typed_data(kind: i32, proto: &TensorProto) -> Result<Data> {
    Ok(match kind {
        element::FLOAT => Data::F32(proto.float_data.clone()),
        element::DOUBLE => Data::F64(proto.double_data.clone()),
        element::INT64 => Data::I64(proto.int64_data.clone()),
        element::INT32 | element::INT16 | element::INT8 | element::UINT16 | element::UINT8 => {
            Data::I64(proto.int32_data.iter().map(|&x| i64::from(x)).collect())
        }
        element::BOOL => Data::Bool(proto.int32_data.iter().map(|&x| x != 0).collect()),
        element::STRING => Data::Text(
            proto
                .string_data
                .iter()
                .map(|bytes| text(bytes).map(Arc::from))
                .collect::<Result<_>>()?,
        ),
        other => return Err(unsupported(other)),
    })
}

fn unsupported(kind: i32) -> Error {
    Error::not_implemented(format!("tensors of element type {kind} are not supported"))
}
