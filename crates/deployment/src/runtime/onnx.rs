//! ONNX models in our own evaluator.

use arrow::array::RecordBatch;
use base::{Error, Result};
use prost::Message as _;
use training::onnx_proto::ModelProto;

use super::Runtime;
use super::columns::{Layout, signature};
use crate::onnx::{Data, Graph, Tensor};
use crate::package::Column;
use crate::predict::{Output, Values};
use crate::status::Signature;

/// A graph with the columns that fill it.
pub struct OwnOnnx {
    graph: Graph,
    layout: Layout,
    signature: Signature,
}

impl OwnOnnx {
    /// Compiles the model; an operator that we do not have is [`base::Kind::NotImplemented`].
    pub fn new(bytes: &[u8], columns: Option<&[Column]>) -> Result<Self> {
        let model = ModelProto::decode(bytes)
            .map_err(|error| Error::invalid(format!("the ONNX file cannot be read: {error}")))?;
        let graph = Graph::new(&model)?;
        let layout = Layout::new(&graph.inputs, columns)?;
        let signature = signature(&layout, &graph.outputs);
        Ok(Self {
            graph,
            layout,
            signature,
        })
    }
}

impl Runtime for OwnOnnx {
    fn engine(&self) -> &'static str {
        "onnx"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn predict(&self, batch: &RecordBatch) -> Result<Vec<Output>> {
        let results = self.graph.run(self.layout.tensors(batch)?)?;
        self.graph
            .outputs
            .iter()
            .zip(results)
            .map(|(port, tensor)| output(&port.name, &tensor, batch.num_rows()))
            .collect()
    }
}

/// A tensor whose first dimension is the rows, as a named output.
pub fn output(name: &str, tensor: &Tensor, rows: usize) -> Result<Output> {
    if rows == 0 || !tensor.len().is_multiple_of(rows) {
        return Err(Error::invalid(format!(
            "the model's output {name:?} has shape {:?} for {rows} rows",
            tensor.shape
        )));
    }
    let values = match &tensor.data {
        Data::F32(v) => Values::F32(v.clone()),
        Data::F64(v) => Values::F64(v.clone()),
        Data::I64(v) => Values::I64(v.clone()),
        Data::Bool(v) => Values::I64(v.iter().map(|&x| i64::from(x)).collect()),
        Data::Text(v) => Values::Text(v.iter().map(ToString::to_string).collect()),
    };
    Ok(Output {
        name: name.to_owned(),
        width: tensor.len() / rows,
        values,
    })
}
