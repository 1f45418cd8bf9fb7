//! The model as one ONNX graph over raw columns, for other runtimes (IR 8, opset 17, ai.onnx.ml 3).
//!
//! One `[N, 1]` input per raw column, by its name: numbers and bools as `double` (NaN is missing), moments as `int64`
//! milliseconds since 1970 ([`MISSING_MOMENT`] is missing), categories as `string` (the empty text is missing). The
//! one output is `double [N, 1]`: the value, or the probability of the positive class.
//!
//! Everything but the trees runs in 64 bits, as in our own evaluator; ONNX runtimes sum the leaves in 32 bits.

use base::{Error, Result};
use prost::Message as _;

use crate::estimator::{Estimator, Link};
use crate::model::Document;
use crate::onnx_proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto, data_type};
use crate::signature::InputKind;

mod graph;
mod steps;
mod trees;

use graph::{Attribute, Graph};

/// What stands for a missing moment in an `int64` input.
pub const MISSING_MOMENT: i64 = i64::MIN;

const IR_VERSION: i64 = 8;
const OPSET: i64 = 17;
const ML_OPSET: i64 = 3;

/// The bytes of the model as ONNX.
pub(crate) fn export(document: &Document) -> Result<Vec<u8>> {
    let mut graph = Graph::default();
    for input in &document.signature.inputs {
        let kind = match input.kind {
            InputKind::Numeric | InputKind::Bool => data_type::DOUBLE,
            InputKind::Datetime => data_type::INT64,
            InputKind::Category => data_type::STRING,
        };
        graph.input(&input.name, kind);
    }
    let features = steps::features(&mut graph, document)?;
    let (score, link) = match &document.estimator {
        Estimator::Linear {
            intercept,
            weights,
            link,
        } => {
            let weights = graph.doubles(weights, &[weights.len() as i64, 1]);
            let product = graph.node("MatMul", &[&features, &weights], &[]);
            let intercept = graph.double(*intercept);
            (graph.node("Add", &[&product, &intercept], &[]), *link)
        }
        Estimator::Trees { base, link, trees } => {
            let small = graph.cast(&features, data_type::FLOAT);
            let sum = trees::sum(&mut graph, &small, trees);
            let sum = graph.cast(&sum, data_type::DOUBLE);
            let base = graph.double(*base);
            (graph.node("Add", &[&sum, &base], &[]), *link)
        }
    };
    let prediction = link_nodes(&mut graph, &score, link);
    let output = output_name(document)?;
    graph.output(&prediction, output, data_type::DOUBLE);
    let opset = |domain: &str, version| OperatorSetIdProto {
        domain: Some(domain.to_owned()),
        version: Some(version),
    };
    let about = |key: &str, value: String| StringStringEntryProto {
        key: Some(key.to_owned()),
        value: Some(value),
    };
    let model = ModelProto {
        ir_version: Some(IR_VERSION),
        producer_name: Some("ironloop".to_owned()),
        producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        graph: Some(graph.finish(&document.origin.algorithm)),
        opset_import: vec![opset("", OPSET), opset("ai.onnx.ml", ML_OPSET)],
        metadata_props: vec![
            about("algorithm", document.origin.algorithm.clone()),
            about("candidate", document.origin.candidate.clone()),
        ],
        ..ModelProto::default()
    };
    Ok(model.encode_to_vec())
}

fn link_nodes(graph: &mut Graph, score: &str, link: Link) -> String {
    match link {
        Link::Identity => score.to_owned(),
        Link::Logistic => graph.node("Sigmoid", &[score], &[]),
        Link::Probability => {
            let (least, most) = (graph.scalar(0.0), graph.scalar(1.0));
            graph.node("Clip", &[score, &least, &most], &[])
        }
    }
}

/// ONNX knows one namespace for inputs and outputs.
fn output_name(document: &Document) -> Result<&str> {
    let output = document.signature.output.as_str();
    if document
        .signature
        .inputs
        .iter()
        .any(|input| input.name == output)
    {
        return Err(Error::invalid(format!(
            "the model's output and one of its inputs are both called {output:?}"
        ))
        .hint("a label cannot be a feature: rename one of them"));
    }
    Ok(output)
}
