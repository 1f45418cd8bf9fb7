//! CSV files with a header.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use base::{Error, Result};

use crate::columns::{arrow_error, arrow_type};
use crate::dataset::ColumnSchema;

/// Rows from which types are guessed at first; all of them if the guess does not hold.
const GLANCE: usize = 1000;
const BATCH: usize = 65_536;

pub(super) fn read(bytes: &[u8], delimiter: u8, known: &[ColumnSchema]) -> Result<RecordBatch> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    check_encoding(bytes)?;
    let format = Format::default()
        .with_header(true)
        .with_delimiter(delimiter);
    let guess = |rows| {
        format
            .infer_schema(Cursor::new(bytes), rows)
            .map(|(schema, _)| schema)
            .map_err(malformed)
    };
    let glance = guess(Some(GLANCE))?;
    if glance.fields().is_empty() {
        return Err(Error::invalid("holds no header").hint("the first line must name the columns"));
    }
    let with_known = override_types(&glance, known)?;
    parse(bytes, &format, with_known)
        .or_else(|_| parse(bytes, &format, guess(None)?))
        .and_then(|batches| {
            let schema = batches
                .first()
                .map_or_else(|| Arc::new(glance), RecordBatch::schema);
            concat_batches(&schema, &batches).map_err(arrow_error)
        })
}

fn parse(bytes: &[u8], format: &Format, schema: Schema) -> Result<Vec<RecordBatch>> {
    let reader = ReaderBuilder::new(Arc::new(schema))
        .with_format(format.clone())
        .with_batch_size(BATCH)
        .build(Cursor::new(bytes));
    reader
        .map_err(malformed)?
        .collect::<Result<_, _>>()
        .map_err(malformed)
}

fn override_types(guess: &Schema, known: &[ColumnSchema]) -> Result<Schema> {
    let fields: Vec<Field> = guess
        .fields()
        .iter()
        .map(
            |field| match known.iter().find(|column| column.name == *field.name()) {
                Some(column) => Ok(Field::new(field.name(), arrow_type(&column.kind)?, true)),
                None => Ok(field.as_ref().clone()),
            },
        )
        .collect::<Result<_>>()?;
    Ok(Schema::new(fields))
}

fn check_encoding(bytes: &[u8]) -> Result<()> {
    let Err(error) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    let line = bytes[..error.valid_up_to()]
        .split(|byte| *byte == b'\n')
        .count();
    Err(Error::invalid(format!("line {line} is not UTF-8")).hint("save the file as UTF-8"))
}

fn malformed(error: ArrowError) -> Error {
    let text = match &error {
        ArrowError::CsvError(text) | ArrowError::ParseError(text) => text.clone(),
        other => other.to_string(),
    };
    Error::invalid(format!("is not CSV that can be read: {text}"))
        .hint("every line needs as many fields as the header")
        .because(error)
}
