//! A model as a list of kernels over numbered slots.
//!
//! Names are resolved once, when the model is loaded; nodes are put in an order in which they can run, which also
//! finds cycles and values that nobody makes. Running allocates the outputs and nothing else.

use std::collections::HashMap;
use std::sync::Arc;

use base::{Error, Result};
use training::onnx_proto::{Dimension, GraphProto, ModelProto, NodeProto, ValueInfoProto};

use super::attributes::{Attributes, tensor};
use super::ops::{Inputs, Kernel};
use super::tensor::Tensor;
use super::{ml, ops};

/// The element type and shape that a model declares for an input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    pub name: String,
    /// ONNX's number of the element type; 0 where it says none (a sequence of maps, for example).
    pub element: i32,
    /// `None` is a dimension that is known at run time only. No shape at all is an empty list.
    pub shape: Vec<Option<usize>>,
}

/// A model that is ready to run.
pub struct Graph {
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    steps: Vec<Step>,
    constants: Vec<(usize, Arc<Tensor>)>,
    input_slots: Vec<usize>,
    output_slots: Vec<usize>,
    slots: usize,
}

struct Step {
    what: String,
    kernel: Kernel,
    inputs: Vec<Option<usize>>,
    outputs: Vec<Option<usize>>,
}

impl Graph {
    /// Compiles a model. An operator that we do not have is named in the error.
    pub fn new(model: &ModelProto) -> Result<Self> {
        let graph = model
            .graph
            .as_ref()
            .ok_or_else(|| Error::invalid("the ONNX model has no graph"))?;
        let opset = |domain: &str| {
            let found = model
                .opset_import
                .iter()
                .find(|set| set.domain.as_deref().unwrap_or_default() == domain);
            found.and_then(|set| set.version).unwrap_or(1)
        };
        let mut names = Names::default();
        let mut constants = Vec::with_capacity(graph.initializer.len());
        for proto in &graph.initializer {
            constants.push((
                names.slot(proto.name.as_deref().unwrap_or_default()),
                Arc::new(tensor(proto)?),
            ));
        }
        // Older models list their initializers as inputs too; callers do not give those.
        let known = |port: &&ValueInfoProto| {
            !graph
                .initializer
                .iter()
                .any(|proto| proto.name == port.name)
        };
        let inputs: Vec<Port> = graph.input.iter().filter(known).map(port).collect();
        let input_slots: Vec<usize> = inputs.iter().map(|port| names.slot(&port.name)).collect();
        let mut steps = Vec::with_capacity(graph.node.len());
        for node in order(graph, &inputs)? {
            steps.push(step(node, &opset, &mut names)?);
        }
        let outputs: Vec<Port> = graph.output.iter().map(port).collect();
        let output_slots = outputs.iter().map(|port| names.slot(&port.name)).collect();
        Ok(Self {
            inputs,
            outputs,
            steps,
            constants,
            input_slots,
            output_slots,
            slots: names.0.len(),
        })
    }

    /// Computes all outputs from the inputs, both in the order of the model.
    pub fn run(&self, inputs: Vec<Tensor>) -> Result<Vec<Arc<Tensor>>> {
        let mut slots: Vec<Option<Arc<Tensor>>> = vec![None; self.slots];
        for (slot, constant) in &self.constants {
            slots[*slot] = Some(constant.clone());
        }
        for (slot, input) in self.input_slots.iter().zip(inputs) {
            slots[*slot] = Some(Arc::new(input));
        }
        let mut arguments = Vec::with_capacity(8);
        for step in &self.steps {
            arguments.clear();
            arguments.extend(
                step.inputs
                    .iter()
                    .map(|slot| slot.and_then(|slot| slots[slot].clone())),
            );
            let results =
                (step.kernel)(&Inputs(&arguments)).map_err(|error| error.at(&step.what))?;
            for (slot, result) in step.outputs.iter().zip(results) {
                if let Some(slot) = slot {
                    slots[*slot] = Some(result);
                }
            }
        }
        let missing = |port: &Port| {
            Error::invalid(format!(
                "the model did not compute its output {:?}",
                port.name
            ))
        };
        self.output_slots
            .iter()
            .zip(&self.outputs)
            .map(|(&slot, port)| slots[slot].clone().ok_or_else(|| missing(port)))
            .collect()
    }
}

/// Names of values and their slots.
#[derive(Default)]
struct Names(HashMap<String, usize>);

impl Names {
    fn slot(&mut self, name: &str) -> usize {
        let next = self.0.len();
        *self.0.entry(name.to_owned()).or_insert(next)
    }

    fn optional(&mut self, name: &str) -> Option<usize> {
        (!name.is_empty()).then(|| self.slot(name))
    }
}

fn port(info: &ValueInfoProto) -> Port {
    let tensor = info
        .r#type
        .as_ref()
        .and_then(|kind| kind.tensor_type.as_ref());
    let dims = tensor
        .and_then(|tensor| tensor.shape.as_ref())
        .map(|shape| shape.dim.as_slice())
        .unwrap_or_default();
    Port {
        name: info.name.clone().unwrap_or_default(),
        element: tensor
            .and_then(|tensor| tensor.elem_type)
            .unwrap_or_default(),
        shape: dims
            .iter()
            .map(|dim| match dim.value {
                Some(Dimension::Value(side)) if side > 0 => usize::try_from(side).ok(),
                _ => None,
            })
            .collect(),
    }
}

/// The nodes in an order in which each one's inputs are there. A node that never gets its inputs is part of a cycle,
/// or reads a value that nobody makes.
fn order<'a>(graph: &'a GraphProto, inputs: &[Port]) -> Result<Vec<&'a NodeProto>> {
    let mut maker: HashMap<&str, usize> = HashMap::new();
    for (at, node) in graph.node.iter().enumerate() {
        for output in node.output.iter().filter(|name| !name.is_empty()) {
            if maker.insert(output, at).is_some() {
                return Err(Error::invalid(format!(
                    "two nodes of the ONNX model make {output:?}"
                )));
            }
        }
    }
    let given = |name: &str| {
        name.is_empty()
            || inputs.iter().any(|port| port.name == name)
            || graph
                .initializer
                .iter()
                .any(|proto| proto.name.as_deref() == Some(name))
    };
    let mut waits = vec![0_usize; graph.node.len()];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); graph.node.len()];
    for (at, node) in graph.node.iter().enumerate() {
        for input in &node.input {
            if let Some(&from) = maker.get(input.as_str()) {
                waits[at] += 1;
                readers[from].push(at);
            } else if !given(input) {
                return Err(Error::invalid(format!(
                    "{} reads {input:?}, which nothing makes",
                    described(node)
                )));
            }
        }
    }
    let mut ready: std::collections::VecDeque<usize> =
        (0..waits.len()).filter(|&at| waits[at] == 0).collect();
    let mut ordered = Vec::with_capacity(waits.len());
    while let Some(at) = ready.pop_front() {
        ordered.push(&graph.node[at]);
        for &reader in &readers[at] {
            waits[reader] -= 1;
            if waits[reader] == 0 {
                ready.push_back(reader);
            }
        }
    }
    match (0..waits.len()).find(|&at| waits[at] > 0) {
        None => Ok(ordered),
        Some(at) => Err(Error::invalid(format!(
            "the ONNX model goes round in circles at {}",
            described(&graph.node[at])
        ))),
    }
}

fn described(node: &NodeProto) -> String {
    format!(
        "operator {} ({})",
        node.op_type.as_deref().unwrap_or_default(),
        node.name.as_deref().unwrap_or_default()
    )
}

fn step(node: &NodeProto, opset: &dyn Fn(&str) -> i64, names: &mut Names) -> Result<Step> {
    let op = node.op_type.as_deref().unwrap_or_default();
    let attributes = Attributes::of(node);
    let kernel = match node.domain.as_deref().unwrap_or_default() {
        "" | "ai.onnx" => ops::build(op, opset(""), &attributes),
        "ai.onnx.ml" => ml::build(op, &attributes),
        _ => Ok(None),
    };
    let domain = node
        .domain
        .as_deref()
        .filter(|domain| !domain.is_empty())
        .unwrap_or("ai.onnx");
    let missing = || {
        Error::not_implemented(format!(
            "the operator {domain}/{op} is not one that Ironloop computes itself"
        ))
        .hint("point ORT_DYLIB_PATH at an ONNX Runtime library, which computes all operators")
    };
    let kernel = kernel
        .map_err(|error| error.at(described(node)))?
        .ok_or_else(missing)?;
    Ok(Step {
        what: described(node),
        kernel,
        inputs: node.input.iter().map(|name| names.optional(name)).collect(),
        outputs: node
            .output
            .iter()
            .map(|name| names.optional(name))
            .collect(),
    })
}
