//! Files as tables: CSV, Parquet, JSON lines and Arrow IPC, told by their extension and their first bytes.

use std::io::Cursor;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use base::{Error, Result};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::arrow_table::Columns;
use super::csv;
use super::table::Table;
use crate::columns::arrow_error;

/// Rows per step.
const BATCH: usize = 65_536;

/// Reads a whole file. Blocks.
pub fn read(path: &Path) -> Result<Table> {
    let source = path.display().to_string();
    let bytes: Bytes = std::fs::read(path)
        .map_err(|error| {
            let reason = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such file",
                std::io::ErrorKind::PermissionDenied => "it may not be read",
                std::io::ErrorKind::IsADirectory => "it is a folder",
                _ => "it cannot be read",
            };
            Error::new(Error::from(error).kind(), format!("{source}: {reason}"))
                .hint("name two files, or two versions like trips@1 and trips@current")
        })?
        .into();
    if bytes.is_empty() {
        return Err(Error::invalid(format!("{source} is empty"))
            .hint("the first line of a CSV file names the columns"));
    }
    parse(&source, path, bytes).map_err(|error| error.at(path.display()))
}

fn parse(source: &str, path: &Path, bytes: Bytes) -> Result<Table> {
    let extension = path
        .extension()
        .map(|text| text.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    if bytes.starts_with(b"PAR1") || extension == "parquet" {
        return parquet(source, bytes);
    }
    if bytes.starts_with(b"ARROW1") {
        let reader = arrow::ipc::reader::FileReader::try_new(Cursor::new(bytes), None)
            .map_err(broken_ipc)?;
        return collect(source, &reader.schema(), reader);
    }
    match extension.as_str() {
        "csv" | "txt" => csv::read(source, &bytes, b','),
        "tsv" => csv::read(source, &bytes, b'\t'),
        "json" | "jsonl" | "ndjson" => {
            let batch = crate::source::json_lines(&bytes)?;
            collect(source, &batch.schema(), [Ok(batch)])
        }
        "arrow" | "ipc" | "arrows" | "feather" => {
            let reader = arrow::ipc::reader::StreamReader::try_new(Cursor::new(bytes), None)
                .map_err(broken_ipc)?;
            collect(source, &reader.schema(), reader)
        }
        _ => Err(
            Error::invalid(format!("{extension:?} is not a kind of file that is read"))
                .hint("use .csv, .tsv, .parquet, .jsonl or .arrow"),
        ),
    }
}

fn parquet(source: &str, bytes: Bytes) -> Result<Table> {
    let unreadable = |error: parquet::errors::ParquetError| {
        Error::invalid(format!("cannot be read as Parquet: {error}"))
            .hint("is it another format, or only half written?")
            .because(error)
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(unreadable)?;
    let schema = builder.schema().clone();
    let reader = builder.with_batch_size(BATCH).build().map_err(unreadable)?;
    collect(source, &schema, reader)
}

fn collect(
    source: &str,
    schema: &SchemaRef,
    batches: impl IntoIterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<Table> {
    let mut columns = Columns::new(schema)?;
    for batch in batches {
        columns.push(&batch.map_err(arrow_error)?)?;
    }
    Ok(columns.finish(source.to_owned()))
}

fn broken_ipc(error: ArrowError) -> Error {
    Error::invalid(format!("cannot be read as Arrow IPC: {error}"))
        .hint("is it another format, or only half written?")
        .because(error)
}
