//! The evaluator against ONNX Runtime's stored answers, and against files that mean harm.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base::Kind;
use prost::Message as _;
use serde_json::Value;
use training::onnx_proto::{
    GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorTypeProto, TypeProto,
    ValueInfoProto,
};

use super::{Data, Graph, Tensor};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx")
}

fn graph(bytes: &[u8]) -> base::Result<Graph> {
    Graph::new(&ModelProto::decode(bytes).unwrap())
}

/// An input of a stored case in the element type that the model declares.
fn tensor(rows: &Value, element: i32) -> Tensor {
    let rows = rows.as_array().unwrap();
    let width = rows[0].as_array().unwrap().len();
    let all = rows.iter().flat_map(|row| row.as_array().unwrap());
    let data = match element {
        8 => Data::Text(all.map(|value| value.as_str().unwrap().into()).collect()),
        7 => Data::I64(all.map(|value| value.as_i64().unwrap()).collect()),
        _ => Data::F32(
            all.map(|value| value.as_f64().map_or(f32::NAN, |x| x as f32))
                .collect(),
        ),
    };
    Tensor::new(vec![rows.len(), width], data).unwrap()
}

fn flat(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        other => vec![other.clone()],
    }
}

fn difference(found: &Tensor, expected: &[Value]) -> f64 {
    assert_eq!(found.len(), expected.len());
    match &found.data {
        Data::Text(v) => f64::from(u8::from(
            v.iter()
                .zip(expected)
                .any(|(a, b)| Some(&**a) != b.as_str()),
        )),
        _ => found
            .to_f64()
            .unwrap()
            .iter()
            .zip(expected)
            .map(|(a, b)| (a - b.as_f64().unwrap()).abs() / b.as_f64().unwrap().abs().max(1.0))
            .fold(0.0, f64::max),
    }
}

// proves S02 S04
#[test]
fn models_of_scikit_learn_lightgbm_and_xgboost_answer_as_onnx_runtime_does() {
    let mut failures = BTreeMap::new();
    let mut seen = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "onnx") {
            continue;
        }
        seen += 1;
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case: Value =
            serde_json::from_slice(&std::fs::read(path.with_extension("json")).unwrap()).unwrap();
        let graph = match graph(&std::fs::read(&path).unwrap()) {
            Ok(graph) => graph,
            Err(error) => {
                failures.insert(name, format!("{error:?}"));
                continue;
            }
        };
        let inputs = graph
            .inputs
            .iter()
            .map(|port| tensor(&case["inputs"][&port.name], port.element))
            .collect();
        match graph.run(inputs) {
            Err(error) => drop(failures.insert(name, format!("{error:?}"))),
            Ok(outputs) => {
                for (port, output) in graph.outputs.iter().zip(outputs) {
                    let worst = difference(&output, &flat(&case["outputs"][&port.name]));
                    if worst > 2e-6 {
                        failures.insert(
                            format!("{name} {}", port.name),
                            format!("differs by {worst}"),
                        );
                    }
                }
            }
        }
    }
    assert!(seen > 20, "{seen} models");
    assert!(failures.is_empty(), "{failures:#?}");
}

// proves S02
#[test]
fn a_row_answers_the_same_alone_and_among_others() {
    let graph = graph(&std::fs::read(folder().join("mixed_forest.onnx")).unwrap()).unwrap();
    let case: Value =
        serde_json::from_slice(&std::fs::read(folder().join("mixed_forest.json")).unwrap())
            .unwrap();
    let inputs = |rows: std::ops::Range<usize>| {
        let part = |value: &Value| Value::Array(value.as_array().unwrap()[rows.clone()].to_vec());
        graph
            .inputs
            .iter()
            .map(|port| tensor(&part(&case["inputs"][&port.name]), port.element))
            .collect::<Vec<_>>()
    };
    let all = graph.run(inputs(0..20)).unwrap()[1].to_f64().unwrap();
    for row in 0..20 {
        assert_eq!(
            graph.run(inputs(row..row + 1)).unwrap()[1]
                .to_f64()
                .unwrap(),
            all[2 * row..2 * row + 2]
        );
    }
}

fn node(op: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    NodeProto {
        op_type: Some(op.to_owned()),
        name: Some(format!("the {op}")),
        input: inputs.iter().map(ToString::to_string).collect(),
        output: outputs.iter().map(ToString::to_string).collect(),
        ..NodeProto::default()
    }
}

fn value(name: &str) -> ValueInfoProto {
    let tensor_type = Some(TensorTypeProto {
        elem_type: Some(1),
        shape: None,
    });
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto { tensor_type }),
        ..ValueInfoProto::default()
    }
}

fn model(nodes: Vec<NodeProto>, constants: Vec<TensorProto>) -> ModelProto {
    ModelProto {
        opset_import: vec![OperatorSetIdProto {
            domain: None,
            version: Some(18),
        }],
        graph: Some(GraphProto {
            node: nodes,
            initializer: constants,
            input: vec![value("x")],
            output: vec![value("y")],
            ..GraphProto::default()
        }),
        ..ModelProto::default()
    }
}

#[test]
fn an_operator_that_is_missing_is_named() {
    let error = Graph::new(&model(vec![node("Conv", &["x"], &["y"])], vec![]))
        .err()
        .unwrap();
    assert_eq!(error.kind(), Kind::NotImplemented);
    assert!(error.message().contains("ai.onnx/Conv"), "{error}");
}

#[test]
fn a_circle_and_a_value_from_nowhere_are_refused() {
    let circle = Graph::new(&model(
        vec![
            node("Add", &["x", "b"], &["a"]),
            node("Neg", &["a"], &["b"]),
            node("Neg", &["b"], &["y"]),
        ],
        vec![],
    ));
    assert!(circle.err().unwrap().message().contains("circles"));
    let nowhere = Graph::new(&model(vec![node("Add", &["x", "ghost"], &["y"])], vec![]));
    assert!(nowhere.err().unwrap().message().contains("\"ghost\""));
}

#[test]
fn nodes_in_any_order_run_in_the_right_one() {
    let graph = Graph::new(&model(
        vec![node("Neg", &["a"], &["y"]), node("Abs", &["x"], &["a"])],
        vec![],
    ))
    .unwrap();
    let x = Tensor::new(vec![2, 1], Data::F32(vec![-3.0, 2.0])).unwrap();
    assert_eq!(
        graph.run(vec![x]).unwrap()[0].data,
        Data::F32(vec![-3.0, -2.0])
    );
}

#[test]
fn a_huge_shape_and_external_data_take_no_memory() {
    let huge = TensorProto {
        name: Some("w".to_owned()),
        dims: vec![1 << 40, 1 << 40],
        data_type: Some(1),
        ..TensorProto::default()
    };
    let error = Graph::new(&model(vec![node("Add", &["x", "w"], &["y"])], vec![huge]))
        .err()
        .unwrap();
    assert_eq!(error.kind(), Kind::TooLarge);
    let elsewhere = TensorProto {
        name: Some("w".to_owned()),
        dims: vec![4],
        data_type: Some(1),
        ..TensorProto::default()
    };
    let error = Graph::new(&model(
        vec![node("Add", &["x", "w"], &["y"])],
        vec![elsewhere],
    ))
    .err()
    .unwrap();
    assert!(error.message().contains("holds 0 values"), "{error}");
}

#[test]
fn a_model_that_wants_too_much_while_it_runs_is_stopped() {
    let shape = TensorProto {
        name: Some("s".to_owned()),
        dims: vec![2],
        data_type: Some(7),
        int64_data: vec![1 << 30, 1 << 30],
        ..TensorProto::default()
    };
    let graph = Graph::new(&model(
        vec![node("Expand", &["x", "s"], &["y"])],
        vec![shape],
    ))
    .unwrap();
    let x = Tensor::new(vec![1, 1], Data::F32(vec![1.0])).unwrap();
    let error = graph.run(vec![x]).err().unwrap();
    assert_eq!(error.kind(), Kind::TooLarge);
    assert!(error.message().contains("the Expand"), "{error}");
}

proptest::proptest! {
    #[test]
    fn whatever_the_bytes_say_loading_ends_in_an_answer_or_an_error(cut in 0_usize..10_000, flips in proptest::collection::vec((0_usize..10_000, 0_u8..8), 1..8)) {
        let mut bytes = std::fs::read(folder().join("mixed_forest.onnx")).unwrap();
        let length = bytes.len();
        for (at, bit) in flips {
            bytes[at % length] ^= 1 << bit;
        }
        bytes.truncate(length.min(cut.max(length / 2)));
        if let Ok(model) = ModelProto::decode(bytes.as_slice())
            && let Ok(graph) = Graph::new(&model)
        {
            let row = |port: &super::Port| match port.element {
                8 => Tensor::new(vec![1, 1], Data::Text(vec!["x".into()])).unwrap(),
                _ => Tensor::new(vec![1, 1], Data::F32(vec![0.5])).unwrap(),
            };
            let inputs = graph.inputs.iter().map(row).collect();
            let _ = graph.run(inputs);
        }
    }
}
