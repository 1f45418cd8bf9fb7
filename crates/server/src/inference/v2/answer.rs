//! The answer of `infer`: outputs by name, in JSON or as bytes.

use axum::body::Body;
use axum::response::Response;
use base::Result;
use deployment::{Answer, Output, Values as OutputValues};
use http::{HeaderValue, header};
use serde::Serialize;

use super::binary;

/// Up to so many prediction ids are repeated in a header.
const IDS_IN_HEADER: usize = 16;

#[derive(Serialize)]
struct InferResponse<'a> {
    model_name: &'a str,
    model_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    parameters: ResponseParameters<'a>,
    outputs: Vec<ResponseOutput<'a>>,
}

#[derive(Serialize)]
struct ResponseParameters<'a> {
    prediction_ids: &'a str,
    registered_model: &'a str,
    registered_version: i64,
}

#[derive(Serialize)]
struct ResponseOutput<'a> {
    name: &'a str,
    shape: [usize; 2],
    datatype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<BinarySize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
}

#[derive(Serialize)]
struct BinarySize {
    binary_data_size: usize,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Data<'a> {
    F32(&'a [f32]),
    F64(&'a [f64]),
    I64(&'a [i64]),
    Text(&'a [String]),
}

fn data(values: &OutputValues) -> (&'static str, Data<'_>) {
    match values {
        OutputValues::F32(v) => ("FP32", Data::F32(v)),
        OutputValues::F64(v) => ("FP64", Data::F64(v)),
        OutputValues::I64(v) => ("INT64", Data::I64(v)),
        OutputValues::Text(v) => ("BYTES", Data::Text(v)),
    }
}

/// The answer as bytes: JSON, and the outputs that were wanted as binary after it.
pub(super) fn respond(
    model: &str,
    id: Option<String>,
    answer: Answer,
    wanted: &[(String, bool)],
    rows: usize,
) -> Result<Response> {
    let mut tail = Vec::new();
    let ids = answer.ids.join(",");
    let mut outputs = Vec::with_capacity(wanted.len());
    for (name, as_binary) in wanted {
        // During a rollout the revision that answers may name its outputs otherwise than the one that was asked.
        let Some(output) = answer.outputs.iter().find(|output| &output.name == name) else {
            continue;
        };
        outputs.push(written(output, *as_binary, rows, &mut tail));
    }
    let response = InferResponse {
        model_name: model,
        model_version: answer.revision.to_string(),
        id,
        parameters: ResponseParameters {
            prediction_ids: &ids,
            registered_model: &answer.model,
            registered_version: answer.version,
        },
        outputs,
    };
    let mut bytes = serde_json::to_vec(&response)?;
    let json_length = bytes.len();
    let binary = !tail.is_empty();
    bytes.extend_from_slice(&tail);
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    let kind = if binary {
        "application/octet-stream"
    } else {
        "application/json"
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if binary {
        headers.insert(binary::HEADER, HeaderValue::from(json_length));
    }
    if answer.ids.len() <= IDS_IN_HEADER
        && let Ok(value) = HeaderValue::from_str(&ids)
    {
        headers.insert("ironloop-prediction-id", value);
    }
    Ok(response)
}

fn written<'a>(
    output: &'a Output,
    as_binary: bool,
    rows: usize,
    tail: &mut Vec<u8>,
) -> ResponseOutput<'a> {
    let (datatype, data) = data(&output.values);
    let shape = [rows, output.width];
    if !as_binary {
        return ResponseOutput {
            name: &output.name,
            shape,
            datatype,
            parameters: None,
            data: Some(data),
        };
    }
    let bytes = binary::write(output);
    let parameters = Some(BinarySize {
        binary_data_size: bytes.len(),
    });
    tail.extend_from_slice(&bytes);
    ResponseOutput {
        name: &output.name,
        shape,
        datatype,
        parameters,
        data: None,
    }
}
