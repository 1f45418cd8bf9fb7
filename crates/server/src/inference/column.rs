//! From values as they arrived to columns as the signature wants them.
//!
//! A column that the signature does not know is kept under its own name, for the prediction log.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeListArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Field, Schema};
use base::{Error, Result, Timestamp};
use deployment::{Signature, Tensor};

use super::flat::{Flat, Named, Values};

/// The column in which a caller may give the id of each row's prediction.
const ID: &str = "prediction_id";

/// Columns of `rows` rows each, checked against the signature, and the callers' ids if a column holds them.
pub fn batch(
    signature: &Signature,
    columns: Vec<Named<'_>>,
    rows: usize,
) -> Result<(RecordBatch, Vec<Option<String>>)> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    let mut ids = Vec::new();
    for Named { name, flat } in columns {
        let input = signature.inputs.iter().find(|input| input.name == name);
        if input.is_none() && name == ID {
            ids = callers_ids(&flat)?;
            continue;
        }
        if fields
            .iter()
            .any(|field: &Field| field.name() == name.as_ref())
        {
            return Err(Error::invalid(format!("the input {name:?} is given twice")));
        }
        let array = match input {
            Some(input) => column(input, flat, rows)?,
            None => extra(&name, flat, rows)?,
        };
        fields.push(Field::new(
            name.into_owned(),
            array.data_type().clone(),
            true,
        ));
        arrays.push(array);
    }
    if arrays.is_empty() {
        return Err(Error::invalid("the request has no inputs"));
    }
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
        .map_err(|error| Error::invalid(format!("the inputs do not fit each other: {error}")))?;
    Ok((batch, ids))
}

fn callers_ids(flat: &Flat) -> Result<Vec<Option<String>>> {
    let missing = |row: usize| flat.nulls.contains(&row);
    match &flat.values {
        Values::Texts(v) => Ok(v
            .iter()
            .enumerate()
            .map(|(row, id)| (!missing(row)).then(|| id.clone()))
            .collect()),
        Values::Ints(v) => Ok(v
            .iter()
            .enumerate()
            .map(|(row, id)| (!missing(row)).then(|| id.to_string()))
            .collect()),
        Values::None => Ok(vec![None; flat.len()]),
        _ => Err(Error::invalid(format!(
            "{ID} holds {}, not strings",
            flat.kind()
        ))),
    }
}

/// One column of the signature.
fn column(input: &Tensor, flat: Flat, rows: usize) -> Result<ArrayRef> {
    let name = &input.name;
    if let Some(odd) = &flat.odd {
        return Err(Error::invalid(format!(
            "the input {name:?} holds {} and also {odd}",
            flat.kind()
        )));
    }
    let wanted = rows * input.width;
    if flat.len() != wanted {
        return Err(Error::invalid(format!(
            "the input {name:?} has {} values, {rows} rows of {} want {wanted}",
            flat.len(),
            input.width
        )));
    }
    let nulls = (!flat.nulls.is_empty()).then(|| {
        let mut valid = vec![true; wanted];
        flat.nulls.iter().for_each(|&at| valid[at] = false);
        NullBuffer::from(valid)
    });
    let values = if input.meaning.as_deref() == Some("datetime") {
        datetimes(name, flat, nulls)?
    } else {
        typed(input, flat, nulls)?
    };
    if input.width == 1 {
        return Ok(values);
    }
    let item = Arc::new(Field::new("element", values.data_type().clone(), true));
    let list = FixedSizeListArray::try_new(item, input.width as i32, values, None)
        .map_err(|error| Error::invalid(format!("the input {name:?}: {error}")))?;
    Ok(Arc::new(list))
}

fn typed(input: &Tensor, flat: Flat, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let Tensor { name, datatype, .. } = input;
    let wrong = |flat: &Flat| {
        Error::invalid(format!(
            "the input {name:?} takes {datatype}, got {} such as {}",
            flat.kind(),
            flat.first()
        ))
    };
    let rows = flat.len();
    Ok(match datatype.as_str() {
        "BYTES" => match flat.values {
            Values::Texts(v) => Arc::new(texts(v, nulls)),
            Values::None => Arc::new(StringArray::new_null(rows)),
            _ => return Err(wrong(&flat)),
        },
        "BOOL" => match flat.values {
            Values::Bools(v) => Arc::new(BooleanArray::new(v.into(), nulls)),
            Values::Ints(ref v) if v.iter().all(|x| matches!(x, 0 | 1)) => Arc::new(
                BooleanArray::new(v.iter().map(|&x| x == 1).collect(), nulls),
            ),
            Values::None => Arc::new(BooleanArray::new_null(rows)),
            _ => return Err(wrong(&flat)),
        },
        kind if kind.starts_with("INT") || kind.starts_with("UINT") => match flat.values {
            Values::Ints(v) => Arc::new(Int64Array::new(v.into(), nulls)),
            Values::Floats(ref v) => match v
                .iter()
                .enumerate()
                .find(|&(at, x)| x.fract() != 0.0 && !flat.nulls.contains(&at))
            {
                None => Arc::new(Int64Array::new(
                    v.iter().map(|&x| x as i64).collect(),
                    nulls,
                )),
                Some((row, x)) => {
                    return Err(Error::invalid(format!(
                        "the input {name:?} takes whole numbers, got {x} in row {row}"
                    )));
                }
            },
            Values::None => Arc::new(Int64Array::new_null(rows)),
            _ => return Err(wrong(&flat)),
        },
        _ => match flat.values {
            Values::Floats(v) => Arc::new(floats(v, nulls)),
            Values::Ints(v) => Arc::new(Float64Array::new(
                v.into_iter().map(|x| x as f64).collect(),
                nulls,
            )),
            Values::None => Arc::new(Float64Array::new_null(rows)),
            _ => return Err(wrong(&flat)),
        },
    })
}

/// NaN is how a binary tensor says "missing".
fn floats(values: Vec<f64>, nulls: Option<NullBuffer>) -> Float64Array {
    if values.iter().any(|x| x.is_nan()) {
        let known: NullBuffer = values
            .iter()
            .map(|x| !x.is_nan())
            .collect::<Vec<bool>>()
            .into();
        return Float64Array::new(
            values.into(),
            NullBuffer::union(nulls.as_ref(), Some(&known)),
        );
    }
    Float64Array::new(values.into(), nulls)
}

/// Milliseconds since 1970, or RFC 3339 (without a zone it is taken as UTC).
fn datetimes(name: &str, flat: Flat, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
    let us: Vec<i64> = match &flat.values {
        Values::Ints(v) => v.iter().map(|ms| ms.saturating_mul(1000)).collect(),
        Values::Floats(v) => v.iter().map(|ms| (ms * 1000.0) as i64).collect(),
        Values::None => vec![0; flat.len()],
        Values::Texts(v) => v
            .iter()
            .enumerate()
            .map(|(row, text)| {
                if flat.nulls.contains(&row) {
                    return Ok(0);
                }
                moment(text).ok_or_else(|| {
                    let shown: String = text.chars().take(80).collect();
                    Error::invalid(format!(
                        "the input {name:?} takes a time, got {shown:?} in row {row}"
                    ))
                    .hint("write it like 2012-01-31T08:00:00Z or as milliseconds since 1970")
                })
            })
            .collect::<Result<_>>()?,
        Values::Bools(_) => {
            return Err(Error::invalid(format!(
                "the input {name:?} takes a time, got {} such as {}",
                flat.kind(),
                flat.first()
            )));
        }
    };
    Ok(Arc::new(
        TimestampMicrosecondArray::new(us.into(), nulls).with_timezone("UTC"),
    ))
}

fn moment(text: &str) -> Option<i64> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at.as_microsecond());
    }
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    civil
        .to_zoned(jiff::tz::TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp().as_microsecond())
}

/// A column that only the log knows.
fn extra(name: &str, flat: Flat, rows: usize) -> Result<ArrayRef> {
    if flat.len() != rows || flat.odd.is_some() {
        return Err(Error::invalid(format!(
            "the input {name:?} is not known to the model and is no column of {rows} values"
        )));
    }
    let datatype = match &flat.values {
        Values::Ints(_) => "INT64",
        Values::Bools(_) => "BOOL",
        Values::Texts(_) => "BYTES",
        Values::Floats(_) | Values::None => "FP64",
    };
    column(
        &Tensor {
            name: name.to_owned(),
            datatype: datatype.to_owned(),
            width: 1,
            nullable: true,
            meaning: None,
        },
        flat,
        rows,
    )
}

/// A text column from owned texts and known nulls.
fn texts(values: Vec<String>, nulls: Option<NullBuffer>) -> StringArray {
    let (offsets, data, _) = StringArray::from_iter_values(values).into_parts();
    StringArray::new(offsets, data, nulls)
}
