//! Puts ONNX nodes, constants, inputs and outputs together.

use crate::onnx_proto::{
    AttributeProto, Dimension, DimensionProto, GraphProto, NodeProto, TensorProto,
    TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto, attribute_type, data_type,
};

/// A setting of a node.
pub(super) enum Attribute<'a> {
    Int(&'a str, i64),
    Ints(&'a str, Vec<i64>),
    Float(&'a str, f32),
    Floats(&'a str, Vec<f32>),
    Strings(&'a str, Vec<Vec<u8>>),
}

/// A graph that grows. Values are named by their makers; the names of ours cannot be names of inputs, since those are
/// claimed first.
#[derive(Default)]
pub(super) struct Graph {
    proto: GraphProto,
    made: usize,
}

impl Graph {
    /// Adds an input of shape `[N, 1]`.
    pub fn input(&mut self, name: &str, kind: i32) {
        self.proto.input.push(column(name, kind));
    }

    /// Makes `value` the output `name`.
    pub fn output(&mut self, value: &str, name: &str, kind: i32) {
        self.push("Identity", &[value], vec![name.to_owned()], &[]);
        self.proto.output.push(column(name, kind));
    }

    /// Adds a node with one output; the answer is the output's name.
    pub fn node(&mut self, op: &str, inputs: &[&str], attributes: &[Attribute<'_>]) -> String {
        let output = self.fresh();
        self.push(op, inputs, vec![output.clone()], attributes);
        output
    }

    /// `value` as another type.
    pub fn cast(&mut self, value: &str, kind: i32) -> String {
        self.node("Cast", &[value], &[Attribute::Int("to", i64::from(kind))])
    }

    /// A constant `[1, 1]`.
    pub fn double(&mut self, value: f64) -> String {
        self.doubles(&[value], &[1, 1])
    }

    /// A constant without a shape.
    pub fn scalar(&mut self, value: f64) -> String {
        self.doubles(&[value], &[])
    }

    /// A constant of 64-bit numbers.
    pub fn doubles(&mut self, values: &[f64], dims: &[i64]) -> String {
        let raw = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(data_type::DOUBLE, raw, dims)
    }

    /// A constant `[1, 1]` of a whole number.
    pub fn int(&mut self, value: i64) -> String {
        self.constant(data_type::INT64, value.to_le_bytes().to_vec(), &[1, 1])
    }

    /// A constant list of whole numbers.
    pub fn ints(&mut self, values: &[i64]) -> String {
        let raw = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.constant(data_type::INT64, raw, &[values.len() as i64])
    }

    /// The finished graph.
    pub fn finish(mut self, name: &str) -> GraphProto {
        self.proto.name = Some(name.to_owned());
        self.proto
    }

    fn constant(&mut self, kind: i32, raw: Vec<u8>, dims: &[i64]) -> String {
        let name = self.fresh();
        self.proto.initializer.push(TensorProto {
            dims: dims.to_vec(),
            data_type: Some(kind),
            name: Some(name.clone()),
            raw_data: Some(raw),
            ..TensorProto::default()
        });
        name
    }

    fn fresh(&mut self) -> String {
        loop {
            self.made += 1;
            let name = format!("v{}", self.made);
            if !self
                .proto
                .input
                .iter()
                .any(|input| input.name.as_deref() == Some(&name))
            {
                return name;
            }
        }
    }

    fn push(
        &mut self,
        op: &str,
        inputs: &[&str],
        output: Vec<String>,
        attributes: &[Attribute<'_>],
    ) {
        let domain =
            matches!(op, "LabelEncoder" | "TreeEnsembleRegressor").then(|| "ai.onnx.ml".to_owned());
        self.proto.node.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            name: Some(format!("n{}", self.proto.node.len())),
            output,
            op_type: Some(op.to_owned()),
            attribute: attributes.iter().map(Attribute::proto).collect(),
            domain,
            ..NodeProto::default()
        });
    }
}

impl Attribute<'_> {
    fn proto(&self) -> AttributeProto {
        let of = |name: &str, kind| AttributeProto {
            name: Some(name.to_owned()),
            r#type: Some(kind),
            ..AttributeProto::default()
        };
        match self {
            Self::Int(name, value) => AttributeProto {
                i: Some(*value),
                ..of(name, attribute_type::INT)
            },
            Self::Ints(name, values) => AttributeProto {
                ints: values.clone(),
                ..of(name, attribute_type::INTS)
            },
            Self::Float(name, value) => AttributeProto {
                f: Some(*value),
                ..of(name, attribute_type::FLOAT)
            },
            Self::Floats(name, values) => AttributeProto {
                floats: values.clone(),
                ..of(name, attribute_type::FLOATS)
            },
            Self::Strings(name, values) => AttributeProto {
                strings: values.clone(),
                ..of(name, attribute_type::STRINGS)
            },
        }
    }
}

fn column(name: &str, kind: i32) -> ValueInfoProto {
    let rows = DimensionProto {
        value: Some(Dimension::Param("N".to_owned())),
    };
    let one = DimensionProto {
        value: Some(Dimension::Value(1)),
    };
    let tensor = TensorTypeProto {
        elem_type: Some(kind),
        shape: Some(TensorShapeProto {
            dim: vec![rows, one],
        }),
    };
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            tensor_type: Some(tensor),
        }),
        doc_string: None,
    }
}
