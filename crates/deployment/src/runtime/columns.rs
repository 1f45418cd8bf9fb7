//! From raw columns to the tensors that an ONNX model declares.
//!
//! Converters write models in two ways: one `[N, 1]` input per column, or one `[N, k]` table of all columns. Where
//! the package's signature names columns, callers send those columns in both cases; without one, callers send the
//! model's own inputs.

use std::sync::Arc;

use arrow::array::{Array, AsArray, FixedSizeListArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type, TimeUnit};
use base::{Error, Result};

use crate::onnx::{Data, Port, Tensor as OnnxTensor};
use crate::package::Column;
use crate::status::{Signature, Tensor};

/// How the model's inputs are filled.
pub struct Layout {
    /// What callers send.
    pub inputs: Vec<Tensor>,
    /// For each input of the model: its element type and the columns that it is made of.
    ports: Vec<(String, Element, Vec<String>)>,
}

/// What an input's values are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    F32,
    F64,
    Int,
    Bool,
    Text,
}

impl Element {
    fn of(port: &Port) -> Result<Self> {
        Ok(match port.element {
            1 => Self::F32,
            11 => Self::F64,
            2..=7 | 12 | 13 => Self::Int,
            9 => Self::Bool,
            8 => Self::Text,
            other => {
                return Err(Error::not_implemented(format!(
                    "input {:?} has the element type {other}, which is not supported",
                    port.name
                )));
            }
        })
    }

    fn datatype(self) -> &'static str {
        match self {
            Self::F32 => "FP32",
            Self::F64 => "FP64",
            Self::Int => "INT64",
            Self::Bool => "BOOL",
            Self::Text => "BYTES",
        }
    }
}

impl Layout {
    /// Matches the model's inputs with the columns of the package's signature, if it has one.
    pub fn new(ports: &[Port], columns: Option<&[Column]>) -> Result<Self> {
        let Some(columns) = columns else {
            return Self::of_ports(ports);
        };
        let typed = |port: &Port| Element::of(port);
        if let [port] = ports
            && (columns.len() > 1 || port.shape.get(1).copied().flatten() == Some(columns.len()))
        {
            let element = typed(port)?;
            let inputs = columns
                .iter()
                .map(|column| input(&column.name, element, 1, column.required))
                .collect();
            return Ok(Self {
                inputs,
                ports: vec![(
                    port.name.clone(),
                    element,
                    columns.iter().map(|column| column.name.clone()).collect(),
                )],
            });
        }
        if ports.len() != columns.len() {
            return Err(Error::invalid(format!(
                "the signature has {} columns and the ONNX model {} inputs",
                columns.len(),
                ports.len()
            )));
        }
        let mut layout = Self {
            inputs: Vec::new(),
            ports: Vec::new(),
        };
        for (at, port) in ports.iter().enumerate() {
            // Converters keep a column's name unless it has characters that ONNX does not take; then its place tells.
            let column = columns
                .iter()
                .find(|column| column.name == port.name)
                .unwrap_or(&columns[at]);
            let element = typed(port)?;
            let mut described = input(&column.name, element, 1, column.required);
            if column.kind == "datetime" && element == Element::Int {
                described.meaning = Some("datetime".to_owned());
            }
            layout.inputs.push(described);
            layout
                .ports
                .push((port.name.clone(), element, vec![column.name.clone()]));
        }
        Ok(layout)
    }

    fn of_ports(ports: &[Port]) -> Result<Self> {
        let mut layout = Self {
            inputs: Vec::new(),
            ports: Vec::new(),
        };
        for port in ports {
            let element = Element::of(port)?;
            let width = match port.shape.as_slice() {
                [] | [_] => 1,
                [_, Some(width)] => *width,
                _ => {
                    return Err(Error::not_implemented(format!(
                        "input {:?} is not a table of a fixed width",
                        port.name
                    )));
                }
            };
            layout.inputs.push(input(&port.name, element, width, true));
            layout
                .ports
                .push((port.name.clone(), element, vec![port.name.clone()]));
        }
        Ok(layout)
    }

    /// The model's inputs, filled from `batch`.
    pub fn tensors(&self, batch: &RecordBatch) -> Result<Vec<OnnxTensor>> {
        self.ports
            .iter()
            .map(|(_, element, columns)| {
                let columns: Vec<&Arc<dyn Array>> = columns
                    .iter()
                    .map(|name| {
                        batch
                            .column_by_name(name)
                            .ok_or_else(|| Error::invalid(format!("the input {name:?} is missing")))
                    })
                    .collect::<Result<_>>()?;
                table(&columns, *element, batch)
            })
            .collect()
    }

    /// The names of the model's inputs, in its order.
    pub fn port_names(&self) -> impl Iterator<Item = &str> {
        self.ports.iter().map(|(name, _, _)| name.as_str())
    }
}

fn input(name: &str, element: Element, width: usize, required: bool) -> Tensor {
    // A model of floats handles a missing number itself (or was trained not to get one): it arrives as NaN.
    let nullable = !required || matches!(element, Element::F32 | Element::F64);
    Tensor {
        name: name.to_owned(),
        datatype: element.datatype().to_owned(),
        width,
        nullable,
        meaning: None,
    }
}

/// Columns side by side as one `[rows, width]` tensor.
fn table(columns: &[&Arc<dyn Array>], element: Element, batch: &RecordBatch) -> Result<OnnxTensor> {
    let rows = batch.num_rows();
    if let [column] = columns
        && let Some(list) = column.as_any().downcast_ref::<FixedSizeListArray>()
    {
        let width = usize::try_from(list.value_length()).unwrap_or(0);
        return OnnxTensor::new(vec![rows, width], flat(list.values(), element)?);
    }
    let width = columns.len();
    let parts: Vec<Data> = columns
        .iter()
        .map(|column| flat(column, element))
        .collect::<Result<_>>()?;
    macro_rules! weave {
        ($variant:ident) => {{
            let parts: Vec<_> = parts
                .iter()
                .filter_map(|part| {
                    if let Data::$variant(values) = part {
                        Some(values)
                    } else {
                        None
                    }
                })
                .collect();
            let mut values = Vec::with_capacity(rows * width);
            for row in 0..rows {
                values.extend(parts.iter().map(|part| part[row].clone()));
            }
            Data::$variant(values)
        }};
    }
    let data = match element {
        Element::F32 => weave!(F32),
        Element::F64 => weave!(F64),
        Element::Int => weave!(I64),
        Element::Bool => weave!(Bool),
        Element::Text => weave!(Text),
    };
    OnnxTensor::new(vec![rows, width], data)
}

/// The values of a column in the model's element type; a missing number is NaN, a missing text is empty.
fn flat(column: &Arc<dyn Array>, element: Element) -> Result<Data> {
    let to = |kind: &DataType| {
        cast(column, kind).map_err(|error| {
            Error::invalid(format!(
                "a column of {} does not fit the model: {error}",
                column.data_type()
            ))
        })
    };
    Ok(match element {
        Element::F32 => Data::F32(
            to(&DataType::Float32)?
                .as_primitive::<Float32Type>()
                .iter()
                .map(|x| x.unwrap_or(f32::NAN))
                .collect(),
        ),
        Element::F64 => Data::F64(
            to(&DataType::Float64)?
                .as_primitive::<Float64Type>()
                .iter()
                .map(|x| x.unwrap_or(f64::NAN))
                .collect(),
        ),
        Element::Int => {
            // A time is milliseconds to a model.
            let values = match column.data_type() {
                DataType::Timestamp(_, zone) => cast(
                    &to(&DataType::Timestamp(TimeUnit::Millisecond, zone.clone()))?,
                    &DataType::Int64,
                )
                .map_err(|error| Error::invalid(error.to_string()))?,
                _ => to(&DataType::Int64)?,
            };
            if values.null_count() > 0 {
                return Err(Error::invalid(
                    "a whole number is missing, and this model has no value for that",
                ));
            }
            Data::I64(values.as_primitive::<Int64Type>().values().to_vec())
        }
        Element::Bool => Data::Bool(
            to(&DataType::Boolean)?
                .as_boolean()
                .iter()
                .map(Option::unwrap_or_default)
                .collect(),
        ),
        Element::Text => Data::Text(
            to(&DataType::Utf8)?
                .as_string::<i32>()
                .iter()
                .map(|x| Arc::from(x.unwrap_or_default()))
                .collect(),
        ),
    })
}

/// The signature of an ONNX model: what callers send, and what the model declares that it gives.
pub fn signature(layout: &Layout, outputs: &[Port]) -> Signature {
    let outputs = outputs
        .iter()
        .map(|port| Tensor {
            name: port.name.clone(),
            // A sequence of maps (ZipMap) is given as the table of its values.
            datatype: Element::of(port)
                .map_or("FP32", Element::datatype)
                .to_owned(),
            width: match port.shape.as_slice() {
                [_, Some(width)] => *width,
                [] | [_] if port.element != 0 => 1,
                _ => 0,
            },
            nullable: false,
            meaning: None,
        })
        .collect();
    Signature {
        inputs: layout.inputs.clone(),
        outputs,
    }
}
