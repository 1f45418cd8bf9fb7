//! JSON lines: one object per line.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::json::ReaderBuilder;
use arrow::json::reader::infer_json_schema;
use base::{Error, Result};

use crate::columns::arrow_error;

pub(crate) fn read(bytes: &[u8]) -> Result<RecordBatch> {
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(
            Error::invalid("holds one JSON list").hint("write one object per line (JSON lines)")
        );
    }
    let malformed = |error: arrow::error::ArrowError| {
        Error::invalid(format!("is not JSON lines: {error}")).because(error)
    };
    let (schema, _) = infer_json_schema(Cursor::new(bytes), None).map_err(malformed)?;
    if schema.fields().is_empty() {
        return Err(Error::invalid("holds no rows"));
    }
    let schema = Arc::new(schema);
    let reader = ReaderBuilder::new(Arc::clone(&schema))
        .build(Cursor::new(bytes))
        .map_err(malformed)?;
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().map_err(malformed)?;
    concat_batches(&schema, &batches).map_err(arrow_error)
}
