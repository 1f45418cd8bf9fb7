//! Sources: where rows come from. In this slice: files, one or a pattern of them.
//!
//! A file that changes while it is read is refused: what was read may be neither the old nor the new content.

mod csv;
mod json;
mod parquet;
mod steady;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use self::parquet::read as parquet_rows;
use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use base::{Error, Kind, Result};
use bytes::Bytes;
use project::{DatasetSpec, Source};

use crate::columns::{arrow_error, arrow_type, cast, normalise, word};
use crate::dataset::ColumnSchema;

/// Rows of a source, in the six types of [`crate::columns`].
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) batch: RecordBatch,
    /// Which files, for people.
    pub(crate) source: String,
}

/// Reads all rows of a dataset's source, or of `from` instead. Relative paths begin at `base_dir`. `known` is the
/// schema of the current version: where a format leaves the type open, the known type is tried first. Blocks.
pub(crate) fn load(
    spec: &DatasetSpec,
    base_dir: &Path,
    from: Option<&Path>,
    known: &[ColumnSchema],
) -> Result<Loaded> {
    let pattern = match (from, &spec.source) {
        (Some(path), _) => path.to_path_buf(),
        (None, Source::File { path }) => PathBuf::from(path),
        (None, Source::Later { name }) => {
            return Err(Error::not_implemented(format!(
                "dataset {:?} has a source of kind {name:?}, which is not read yet",
                spec.name
            ))
            .hint("use kind = \"file\""));
        }
    };
    let files = matching(&base_dir.join(&pattern))
        .map_err(|error| error.at(format_args!("dataset {:?}", spec.name)))?;
    let mut batches: Vec<RecordBatch> = Vec::with_capacity(files.len());
    for file in &files {
        let batch = read_file(file, known).map_err(|error| error.at(file.display()))?;
        batches.push(batch);
    }
    let batch = unite(&files, batches)?;
    let source = match files.as_slice() {
        [file] => file.display().to_string(),
        _ => format!(
            "{} ({} files)",
            base_dir.join(&pattern).display(),
            files.len()
        ),
    };
    Ok(Loaded { batch, source })
}

/// The files of a path or pattern, in the order of their names.
fn matching(path: &Path) -> Result<Vec<PathBuf>> {
    let text = path.to_string_lossy();
    if !text.contains(['*', '?', '[']) || path.exists() {
        return match std::fs::metadata(path) {
            Ok(meta) if meta.is_file() => Ok(vec![path.to_path_buf()]),
            Ok(_) => Err(Error::invalid(format!("{text} is a folder"))
                .hint("name a file, or a pattern like folder/*.parquet")),
            Err(error) => Err(Error::new(
                Error::from(error).kind(),
                format!("the file {text} cannot be found or opened"),
            )
            .hint("check the path; a relative one begins at the folder of the project file")),
        };
    }
    let found = glob::glob(&text)
        .map_err(|error| Error::invalid(format!("{text:?} is not a pattern: {error}")))?;
    let mut files: Vec<PathBuf> = found
        .filter_map(std::result::Result::ok)
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(Error::not_found(format!("no file matches {text}"))
            .hint("a relative pattern begins at the folder of the project file"));
    }
    Ok(files)
}

fn read_file(path: &Path, known: &[ColumnSchema]) -> Result<RecordBatch> {
    let bytes = steady::read(path)?;
    let extension = path
        .extension()
        .map(|text| text.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    let batch = match extension.as_str() {
        "parquet" => parquet::read(bytes)?,
        "csv" => csv::read(&bytes, b',', known)?,
        "tsv" => csv::read(&bytes, b'\t', known)?,
        "jsonl" | "ndjson" | "json" => json::read(&bytes)?,
        _ => {
            return Err(Error::invalid(format!(
                "{extension:?} is not a kind of file that is read"
            ))
            .hint("use .parquet, .csv, .tsv, .jsonl or .ndjson"));
        }
    };
    conform(&normalise(&batch)?, known)
}

/// Gives columns the known type where that loses nothing.
fn conform(batch: &RecordBatch, known: &[ColumnSchema]) -> Result<RecordBatch> {
    let schema = batch.schema();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let wanted = known
            .iter()
            .find(|other| other.name == *field.name())
            .map(|other| arrow_type(&other.kind))
            .transpose()?;
        let kept = wanted.filter(|wanted| {
            safe(field.data_type(), wanted) || column.null_count() == column.len()
        });
        let cast = kept.and_then(|wanted| cast(column, &wanted).ok());
        let column = cast.unwrap_or_else(|| Arc::clone(column));
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
        .map_err(arrow_error)
}

/// Casts that keep every value, or fail.
fn safe(from: &DataType, to: &DataType) -> bool {
    matches!(
        (from, to),
        (DataType::Int64, DataType::Float64)
            | (DataType::Date32, DataType::Timestamp(..))
            | (DataType::Utf8, DataType::Timestamp(..) | DataType::Date32)
    )
}

/// One table of all files, which must agree in their columns.
fn unite(files: &[PathBuf], mut batches: Vec<RecordBatch>) -> Result<RecordBatch> {
    let Some(first) = batches.first().cloned() else {
        return Err(Error::internal("a source without files"));
    };
    for (file, batch) in files.iter().zip(&mut batches).skip(1) {
        *batch = align(&first, batch).map_err(|error| {
            error.at(format_args!(
                "{} does not fit {}",
                file.display(),
                files[0].display()
            ))
        })?;
    }
    concat_batches(&first.schema(), &batches).map_err(arrow_error)
}

fn align(first: &RecordBatch, batch: &RecordBatch) -> Result<RecordBatch> {
    if batch.num_columns() != first.num_columns() {
        return Err(Error::invalid(format!(
            "{} columns instead of {}",
            batch.num_columns(),
            first.num_columns()
        )));
    }
    let mut columns = Vec::with_capacity(first.num_columns());
    for field in first.schema().fields() {
        let column = crate::columns::column(batch, field.name())?;
        if column.data_type() != field.data_type()
            && !safe(column.data_type(), field.data_type())
            && column.null_count() < column.len()
        {
            let (has, wants) = (
                word(column.data_type()).unwrap_or("?"),
                word(field.data_type()).unwrap_or("?"),
            );
            return Err(Error::new(
                Kind::Invalid,
                format!("column {:?} is {has} instead of {wants}", field.name()),
            ));
        }
        columns.push(cast(column, field.data_type())?);
    }
    RecordBatch::try_new(first.schema(), columns).map_err(arrow_error)
}

/// Whether the bytes look like Parquet at all.
fn has_magic(bytes: &Bytes) -> bool {
    bytes.len() >= 12 && bytes.starts_with(b"PAR1")
}
