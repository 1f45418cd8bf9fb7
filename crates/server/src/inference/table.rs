//! The tables of MLflow's scoring protocol: `dataframe_split`, `dataframe_records`, `inputs`, `instances` and CSV.

use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format as CsvFormat;
use arrow::datatypes::{DataType, Field, Schema};
use base::{Error, Result};
use deployment::{Signature, Tensor};
use serde_json::{Map, Value};

use super::flat::{Flat, Named, Values};

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
}

/// The columns of a table and how many rows it has.
pub fn read(
    format: Format,
    body: &[u8],
    signature: &Signature,
) -> Result<(Vec<Named<'static>>, usize)> {
    match format {
        Format::Csv => csv(body, signature),
        Format::Json => json(body, signature),
    }
}

const KEYS: [&str; 4] = [
    "dataframe_split",
    "dataframe_records",
    "inputs",
    "instances",
];

fn json(body: &[u8], signature: &Signature) -> Result<(Vec<Named<'static>>, usize)> {
    let document: Value = serde_json::from_slice(body)?;
    let Value::Object(mut document) = document else {
        return Err(Error::invalid("the body must be a JSON object")
            .hint(format!("with one of the keys {}", KEYS.join(", "))));
    };
    let mut found: Vec<(&str, Value)> = KEYS
        .iter()
        .filter_map(|key| document.remove(*key).map(|value| (*key, value)))
        .collect();
    let (Some((key, value)), true) = (found.pop(), found.is_empty()) else {
        return Err(Error::invalid(format!(
            "the body must have exactly one of the keys {}",
            KEYS.join(", ")
        )));
    };
    match key {
        "dataframe_split" => split(value),
        "dataframe_records" => records(value),
        "inputs" => inputs(value, signature),
        _ => instances(value, signature),
    }
    .map_err(|error| error.at(key))
}

fn named((name, flat): (String, Flat)) -> Named<'static> {
    Named {
        name: Cow::Owned(name),
        flat,
    }
}

/// `{"columns": [..], "data": [[..], ..]}`
fn split(value: Value) -> Result<(Vec<Named<'static>>, usize)> {
    let Value::Object(mut table) = value else {
        return Err(Error::invalid("it must be an object with columns and data"));
    };
    let (Some(Value::Array(names)), Some(Value::Array(data))) =
        (table.remove("columns"), table.remove("data"))
    else {
        return Err(Error::invalid("it must have the lists columns and data"));
    };
    let names: Vec<String> = names
        .into_iter()
        .map(|name| {
            name.as_str()
                .map_or_else(|| name.to_string(), str::to_owned)
        })
        .collect();
    let rows = data.len();
    let mut columns = vec![Flat::default(); names.len()];
    for (at, row) in data.into_iter().enumerate() {
        let Value::Array(row) = row else {
            return Err(Error::invalid(format!("row {at} is no list")));
        };
        if row.len() != names.len() {
            return Err(Error::invalid(format!(
                "row {at} has {} values for {} columns",
                row.len(),
                names.len()
            )));
        }
        columns
            .iter_mut()
            .zip(row)
            .for_each(|(column, value)| column.push_value(value));
    }
    Ok((names.into_iter().zip(columns).map(named).collect(), rows))
}

/// `[{name: value, ..}, ..]`; a name that a record lacks is missing there.
fn records(value: Value) -> Result<(Vec<Named<'static>>, usize)> {
    let Value::Array(list) = value else {
        return Err(Error::invalid("it must be a list of records"));
    };
    let rows = list.len();
    let mut columns: Vec<(String, Flat)> = Vec::new();
    for (at, record) in list.into_iter().enumerate() {
        let Value::Object(record) = record else {
            return Err(Error::invalid(format!("row {at} is no record")));
        };
        for (name, value) in record {
            let place = columns
                .iter()
                .position(|(known, _)| *known == name)
                .unwrap_or_else(|| {
                    columns.push((name, Flat::default()));
                    columns.len() - 1
                });
            let column = &mut columns[place].1;
            while column.len() < at {
                column.push_null();
            }
            column.push_value(value);
        }
        columns
            .iter_mut()
            .filter(|(_, column)| column.len() <= at)
            .for_each(|(_, column)| column.push_null());
    }
    Ok((columns.into_iter().map(named).collect(), rows))
}

/// `{name: [..], ..}`, or rows without names.
fn inputs(value: Value, signature: &Signature) -> Result<(Vec<Named<'static>>, usize)> {
    match value {
        Value::Object(columns) => named_columns(columns, signature),
        rows => unnamed(rows, signature),
    }
}

/// A list of records, or rows without names.
fn instances(value: Value, signature: &Signature) -> Result<(Vec<Named<'static>>, usize)> {
    match value {
        Value::Array(list) if list.first().is_some_and(Value::is_object) => {
            records(Value::Array(list))
        }
        rows => unnamed(rows, signature),
    }
}

fn named_columns(
    columns: Map<String, Value>,
    signature: &Signature,
) -> Result<(Vec<Named<'static>>, usize)> {
    let mut rows = None;
    let mut named_columns = Vec::with_capacity(columns.len());
    for (name, value) in columns {
        let own = value.as_array().map_or(1, Vec::len);
        let width = signature
            .inputs
            .iter()
            .find(|input| input.name == name)
            .map_or(1, |input| input.width);
        let mut flat = Flat::default();
        flat.push_value(value);
        // A single row of a wide input may come without the outer list.
        let own = if own != 1 && flat.len() == own && width == own {
            1
        } else {
            own
        };
        if *rows.get_or_insert(own) != own {
            return Err(Error::invalid(format!(
                "the column {name:?} has {own} rows, the one before has {}",
                rows.unwrap_or_default()
            )));
        }
        named_columns.push(named((name, flat)));
    }
    Ok((named_columns, rows.unwrap_or_default()))
}

/// Rows whose values stand in the order of the signature.
fn unnamed(value: Value, signature: &Signature) -> Result<(Vec<Named<'static>>, usize)> {
    let Value::Array(list) = value else {
        return Err(Error::invalid("it must be a list of rows"));
    };
    let rows = list.len();
    if let [input] = signature.inputs.as_slice() {
        let mut flat = Flat::default();
        flat.push_value(Value::Array(list));
        return Ok((vec![named((input.name.clone(), flat))], rows));
    }
    let mut columns: Vec<(String, Flat)> = signature
        .inputs
        .iter()
        .map(|input| (input.name.clone(), Flat::default()))
        .collect();
    for (at, row) in list.into_iter().enumerate() {
        let Value::Array(row) = row else {
            return Err(Error::invalid(format!(
                "row {at} is neither a record nor a list"
            )));
        };
        if row.len() != columns.len() {
            return Err(Error::invalid(format!(
                "row {at} has {} values, the model takes {}",
                row.len(),
                columns.len()
            )));
        }
        columns
            .iter_mut()
            .zip(row)
            .for_each(|((_, column), value)| column.push_value(value));
    }
    Ok((columns.into_iter().map(named).collect(), rows))
}

/// A header line and rows; an empty field is missing.
fn csv(body: &[u8], signature: &Signature) -> Result<(Vec<Named<'static>>, usize)> {
    let refused = |error: arrow::error::ArrowError| {
        Error::invalid(format!("the CSV cannot be read: {error}"))
    };
    let (header, _) = CsvFormat::default()
        .with_header(true)
        .infer_schema(Cursor::new(body), Some(0))
        .map_err(refused)?;
    let names: Vec<String> = header
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let schema = Schema::new(
        names
            .iter()
            .map(|name| Field::new(name, DataType::Utf8, true))
            .collect::<Vec<_>>(),
    );
    let reader = ReaderBuilder::new(Arc::new(schema))
        .with_header(true)
        .build(Cursor::new(body))
        .map_err(refused)?;
    let mut columns = vec![Flat::default(); names.len()];
    let mut rows = 0;
    for batch in reader {
        let batch = batch.map_err(refused)?;
        for (at, name) in names.iter().enumerate() {
            let texts = batch.column(at).as_string::<i32>();
            let input = signature.inputs.iter().find(|input| input.name == *name);
            for row in 0..texts.len() {
                let text = if texts.is_null(row) {
                    ""
                } else {
                    texts.value(row)
                };
                push_text(&mut columns[at], input, text).map_err(|error| {
                    error.at(format_args!("column {name:?}, row {}", rows + row))
                })?;
            }
        }
        rows += batch.num_rows();
    }
    Ok((names.into_iter().zip(columns).map(named).collect(), rows))
}

/// A field of a CSV, as the value that the signature wants.
fn push_text(column: &mut Flat, input: Option<&Tensor>, text: &str) -> Result<()> {
    let is_text = input.is_none_or(|input| {
        input.datatype == "BYTES" || input.meaning.as_deref() == Some("datetime")
    });
    if text.is_empty() {
        column.push_null();
    } else if is_text {
        match (text.parse::<i64>(), &column.values) {
            // A time as milliseconds.
            (Ok(ms), Values::None | Values::Ints(_))
                if input.is_some_and(|input| input.datatype != "BYTES") =>
            {
                column.push_int(ms);
            }
            _ => column.push_text(text.to_owned()),
        }
    } else if let Ok(value) = text.parse::<i64>() {
        column.push_int(value);
    } else if let Ok(value) = text.parse::<f64>() {
        column.push_float(value);
    } else if let Ok(value) = text.to_ascii_lowercase().parse::<bool>() {
        column.push_bool(value);
    } else {
        return Err(Error::invalid(format!(
            "{:?} is not a number",
            text.chars().take(80).collect::<String>()
        )));
    }
    Ok(())
}
