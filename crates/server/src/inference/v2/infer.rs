//! `infer`: one request of the Open Inference Protocol, from bytes to bytes.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use base::{Error, Result};
use deployment::{Request, Signature};
use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::respond;
use super::{binary, number};
use crate::app::App;
use crate::inference::error::{V2Error, unreadable};
use crate::inference::flat::{Flat, Named, Values};
use crate::inference::{column, request_kind};

#[derive(Deserialize)]
struct InferRequest<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(default)]
    parameters: Option<Map<String, Value>>,
    #[serde(borrow)]
    inputs: Vec<InferInput<'a>>,
    #[serde(borrow, default)]
    outputs: Option<Vec<InferOutput<'a>>>,
}

#[derive(Deserialize)]
struct InferInput<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    shape: Vec<i64>,
    #[serde(borrow)]
    datatype: Cow<'a, str>,
    #[serde(default)]
    parameters: Option<Map<String, Value>>,
    #[serde(default)]
    data: Option<Flat>,
}

#[derive(Deserialize)]
struct InferOutput<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default)]
    parameters: Option<Map<String, Value>>,
}

pub(super) async fn newest(
    State(app): State<App>,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, V2Error> {
    let body = body.map_err(|rejection| unreadable(&rejection))?;
    Ok(answer(&app, &model, None, &headers, &body).await?)
}

pub(super) async fn version(
    State(app): State<App>,
    Path((model, version)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, V2Error> {
    let body = body.map_err(|rejection| unreadable(&rejection))?;
    Ok(answer(&app, &model, Some(number(&version)?), &headers, &body).await?)
}

async fn answer(
    app: &App,
    model: &str,
    revision: Option<i64>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response> {
    let signature = app.serving.signature(model, revision)?;
    let (json, tail) = parts(headers, body)?;
    let request: InferRequest = serde_json::from_slice(json)
        .map_err(|error| Error::invalid(format!("malformed request: {error}")))?;
    let wanted = wanted(&request, &signature)?;
    let id = request
        .id
        .as_deref()
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    let given = parameter_ids(request.parameters.as_ref());
    let (columns, rows) = columns(request.inputs, tail, &signature)?;
    if rows == 0 {
        return Err(
            Error::invalid("the batch is empty: the first dimension of the inputs is 0")
                .hint("send at least one row"),
        );
    }
    let (batch, in_column) = column::batch(&signature, columns, rows)?;
    let ids = prediction_ids(id.as_deref(), given, in_column, rows);
    let answer = app
        .serving
        .predict(
            model,
            Request {
                batch,
                ids,
                revision,
                kind: request_kind(headers),
            },
        )
        .await?;
    respond(model, id, answer, &wanted, rows)
}

/// The JSON part and the bytes after it.
fn parts<'a>(headers: &HeaderMap, body: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
    let Some(length) = headers.get(binary::HEADER) else {
        return Ok((body, &[]));
    };
    let length = length
        .to_str()
        .ok()
        .and_then(|text| text.parse::<usize>().ok())
        .filter(|length| *length <= body.len());
    let length = length.ok_or_else(|| {
        Error::invalid(format!(
            "Inference-Header-Content-Length does not fit a body of {} bytes",
            body.len()
        ))
    })?;
    Ok(body.split_at(length))
}

/// Which outputs are wanted, and whether as binary. All of them, where none is named.
fn wanted(request: &InferRequest, signature: &Signature) -> Result<Vec<(String, bool)>> {
    let flag = |parameters: Option<&Map<String, Value>>, key: &str| {
        parameters
            .and_then(|all| all.get(key))
            .and_then(Value::as_bool)
    };
    let all_binary = flag(request.parameters.as_ref(), "binary_data_output").unwrap_or(false);
    let Some(outputs) = request
        .outputs
        .as_deref()
        .filter(|outputs| !outputs.is_empty())
    else {
        return Ok(signature
            .outputs
            .iter()
            .map(|output| (output.name.clone(), all_binary))
            .collect());
    };
    outputs
        .iter()
        .map(|output| {
            if signature
                .outputs
                .iter()
                .any(|known| known.name == output.name)
            {
                return Ok((
                    output.name.clone().into_owned(),
                    flag(output.parameters.as_ref(), "binary_data").unwrap_or(all_binary),
                ));
            }
            let names: Vec<&str> = signature
                .outputs
                .iter()
                .map(|output| output.name.as_str())
                .collect();
            Err(
                Error::invalid(format!("the model has no output {:?}", output.name))
                    .hint(format!("it has {}", names.join(", "))),
            )
        })
        .collect()
}

/// The inputs as columns, and how many rows they have.
fn columns<'a>(
    inputs: Vec<InferInput<'a>>,
    mut tail: &[u8],
    signature: &Signature,
) -> Result<(Vec<Named<'a>>, usize)> {
    if inputs.is_empty() {
        return Err(Error::invalid("the request has no inputs"));
    }
    let mut rows = None;
    let mut columns = Vec::with_capacity(inputs.len());
    let alone = inputs.len() == 1;
    for input in inputs {
        let InferInput {
            name,
            shape,
            datatype,
            parameters,
            data,
        } = input;
        let size = parameters
            .as_ref()
            .and_then(|all| all.get("binary_data_size"))
            .and_then(Value::as_u64);
        let flat = match (data, size) {
            (Some(flat), None) => flat,
            (None, Some(size)) => {
                let size = usize::try_from(size)
                    .ok()
                    .filter(|size| *size <= tail.len());
                let size = size.ok_or_else(|| {
                    Error::invalid(format!(
                        "the input {name:?} wants more bytes than the body has"
                    ))
                })?;
                let (bytes, rest) = tail.split_at(size);
                tail = rest;
                binary::read(&name, &datatype, bytes)?
            }
            (None, None) => return Err(Error::invalid(format!("the input {name:?} has no data"))),
            (Some(_), Some(_)) => {
                return Err(Error::invalid(format!(
                    "the input {name:?} has data twice: in JSON and as bytes"
                )));
            }
        };
        declared(&name, &datatype, &flat)?;
        let (own_rows, width) = fitting(&name, &shape, &flat)?;
        if *rows.get_or_insert(own_rows) != own_rows {
            return Err(Error::invalid(format!(
                "the input {name:?} has {own_rows} rows, the one before has {}",
                rows.unwrap_or_default()
            )));
        }
        let known = signature.inputs.iter().find(|input| input.name == name);
        match known {
            Some(known) if known.width == width || own_rows == 0 => {
                columns.push(Named { name, flat });
            }
            Some(known) => {
                return Err(Error::invalid(format!(
                    "the input {name:?} has shape {shape:?}, the model wants [rows, {}]",
                    known.width
                )));
            }
            None if alone && is_whole_table(signature, width) => {
                columns.extend(split(signature, flat, own_rows, width)?);
            }
            None => columns.push(Named { name, flat }),
        }
    }
    if !tail.is_empty() {
        return Err(Error::invalid(format!(
            "{} bytes of the body belong to no input",
            tail.len()
        )));
    }
    Ok((columns, rows.unwrap_or_default()))
}

/// The declared datatype must be one of the protocol's, and that of the data.
fn declared(name: &str, datatype: &str, flat: &Flat) -> Result<()> {
    let fits = match (datatype, &flat.values) {
        (_, Values::None) => true,
        ("BYTES", values) => matches!(values, Values::Texts(_)),
        ("BOOL", values) => matches!(values, Values::Bools(_) | Values::Ints(_)),
        ("FP16" | "FP32" | "FP64" | "BF16", values) => {
            matches!(values, Values::Ints(_) | Values::Floats(_))
        }
        (
            "INT8" | "INT16" | "INT32" | "INT64" | "UINT8" | "UINT16" | "UINT32" | "UINT64",
            values,
        ) => matches!(values, Values::Ints(_)),
        _ => {
            return Err(Error::invalid(format!(
                "the input {name:?} has the datatype {datatype:?}, which is not known"
            )));
        }
    };
    if fits && flat.odd.is_none() {
        return Ok(());
    }
    let example = flat.odd.clone().unwrap_or_else(|| flat.first());
    Err(Error::invalid(format!(
        "the input {name:?} is declared {datatype} and holds {example}"
    )))
}

/// Rows and numbers per row of a shape that the data must fit.
fn fitting(name: &str, shape: &[i64], flat: &Flat) -> Result<(usize, usize)> {
    let sides: Option<Vec<usize>> = shape
        .iter()
        .map(|&side| usize::try_from(side).ok())
        .collect();
    let size = sides.as_ref().and_then(|sides| {
        sides
            .iter()
            .try_fold(1_usize, |all, &side| all.checked_mul(side))
    });
    match (sides, size) {
        (Some(sides), Some(size)) if !sides.is_empty() && size == flat.len() => {
            Ok((sides[0], sides[1..].iter().product()))
        }
        _ => Err(Error::invalid(format!(
            "the input {name:?} declares shape {shape:?} and holds {} values",
            flat.len()
        ))),
    }
}

/// Whether one table may stand for all columns: clients that know a model as one matrix send it like that.
fn is_whole_table(signature: &Signature, width: usize) -> bool {
    let number = |input: &deployment::Tensor| {
        input.width == 1 && input.meaning.is_none() && input.datatype.starts_with("FP")
    };
    signature.inputs.len() == width && signature.inputs.iter().all(number)
}

fn split<'a>(
    signature: &Signature,
    flat: Flat,
    rows: usize,
    width: usize,
) -> Result<Vec<Named<'a>>> {
    let values: Vec<f64> = match flat.values {
        Values::Floats(v) => v,
        Values::Ints(v) => v.into_iter().map(|x| x as f64).collect(),
        _ => {
            return Err(Error::invalid(format!(
                "the model takes numbers, got {} such as {}",
                flat.kind(),
                flat.first()
            )));
        }
    };
    let nulls = |column: usize| {
        flat.nulls
            .iter()
            .filter(|&&at| at % width == column)
            .map(|at| at / width)
            .collect()
    };
    let columns = signature.inputs.iter().enumerate().map(|(column, input)| {
        let values = (0..rows).map(|row| values[row * width + column]).collect();
        Named {
            name: Cow::Owned(input.name.clone()),
            flat: Flat {
                values: Values::Floats(values),
                nulls: nulls(column),
                odd: None,
            },
        }
    });
    Ok(columns.collect())
}

fn parameter_ids(parameters: Option<&Map<String, Value>>) -> Vec<Option<String>> {
    match parameters.and_then(|all| all.get("prediction_ids")) {
        Some(Value::String(text)) => text
            .split(',')
            .map(|id| Some(id.trim().to_owned()))
            .collect(),
        Some(Value::Array(ids)) => ids
            .iter()
            .map(|id| id.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// Ids from the column or the parameter; else the request's own id, with the row's number where there are several.
fn prediction_ids(
    id: Option<&str>,
    given: Vec<Option<String>>,
    in_column: Vec<Option<String>>,
    rows: usize,
) -> Vec<Option<String>> {
    if !in_column.is_empty() {
        return in_column;
    }
    if !given.is_empty() {
        return given;
    }
    match id {
        Some(id) if rows == 1 => vec![Some(id.to_owned())],
        Some(id) => (0..rows).map(|row| Some(format!("{id}/{row}"))).collect(),
        None => Vec::new(),
    }
}
