//! Sources: where rows come from. In this slice: files, one or a pattern of them.
//!
//! A file that changes while it is read is refused: what was read may be neither the old nor the new content.

mod csv;
mod json;
mod parquet;
mod steady;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) use self::json::read as json_lines;
pub(crate) use self::parquet::read as parquet_rows;
use arrow::array::{Array as _, ArrayRef, AsArray as _, Float64Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Float64Type, Schema};
use base::{Error, Result};
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

/// Makes NaN missing, as data frames mean it, and gives columns the known type where that loses nothing.
fn conform(batch: &RecordBatch, known: &[ColumnSchema]) -> Result<RecordBatch> {
    let schema = batch.schema();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let column = without_nan(column);
        let known = known.iter().find(|other| other.name == *field.name());
        let wanted = known.map(|other| arrow_type(&other.kind)).transpose()?;
        let cast = wanted
            .filter(|wanted| keeps_all(&column, wanted))
            .and_then(|wanted| cast(&column, &wanted).ok());
        let column = cast.unwrap_or(column);
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)
        .map_err(arrow_error)
}

fn without_nan(column: &ArrayRef) -> ArrayRef {
    let Some(numbers) = column.as_primitive_opt::<Float64Type>() else {
        return Arc::clone(column);
    };
    if !numbers.iter().flatten().any(f64::is_nan) {
        return Arc::clone(column);
    }
    let kept = numbers
        .iter()
        .map(|number| number.filter(|number| !number.is_nan()));
    Arc::new(kept.collect::<Float64Array>())
}

/// Whether a cast keeps every value or fails.
fn keeps_all(column: &ArrayRef, to: &DataType) -> bool {
    match (column.data_type(), to) {
        _ if column.null_count() == column.len() => true,
        (DataType::Int64, DataType::Float64)
        | (DataType::Date32, DataType::Timestamp(..))
        | (DataType::Utf8, DataType::Timestamp(..) | DataType::Date32) => true,
        // A data frame makes floats of whole numbers as soon as one is missing.
        (DataType::Float64, DataType::Int64) => {
            let whole = |number: f64| number.fract() == 0.0 && number.abs() < 9e15;
            column
                .as_primitive::<Float64Type>()
                .iter()
                .flatten()
                .all(whole)
        }
        _ => false,
    }
}

/// One table of all files, which must agree in their columns.
fn unite(files: &[PathBuf], batches: Vec<RecordBatch>) -> Result<RecordBatch> {
    let Some(first) = batches.first() else {
        return Err(Error::internal("a source without files"));
    };
    let schema = Arc::new(Schema::new(
        first
            .schema()
            .fields()
            .iter()
            .map(|field| widest(field, &batches))
            .collect::<Vec<_>>(),
    ));
    let mut aligned = Vec::with_capacity(batches.len());
    for (file, batch) in files.iter().zip(&batches) {
        let place =
            format_args!("{} does not fit {}", file.display(), files[0].display()).to_string();
        aligned.push(align(&schema, batch).map_err(|error| error.at(place))?);
    }
    concat_batches(&schema, &aligned).map_err(arrow_error)
}

/// Whole numbers in one file and fractions in another are fractions.
fn widest(field: &Field, batches: &[RecordBatch]) -> Field {
    let is_float = |batch: &RecordBatch| {
        batch
            .column_by_name(field.name())
            .is_some_and(|column| column.data_type() == &DataType::Float64)
    };
    let widen = field.data_type() == &DataType::Int64 && batches.iter().any(is_float);
    Field::new(
        field.name(),
        if widen {
            DataType::Float64
        } else {
            field.data_type().clone()
        },
        true,
    )
}

fn align(schema: &Arc<Schema>, batch: &RecordBatch) -> Result<RecordBatch> {
    if batch.num_columns() != schema.fields().len() {
        return Err(Error::invalid(format!(
            "{} columns instead of {}",
            batch.num_columns(),
            schema.fields().len()
        )));
    }
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let column = crate::columns::column(batch, field.name())?;
        if column.data_type() != field.data_type() && !keeps_all(column, field.data_type()) {
            let (has, wants) = (
                word(column.data_type()).unwrap_or("?"),
                word(field.data_type()).unwrap_or("?"),
            );
            return Err(Error::invalid(format!(
                "column {:?} is {has} instead of {wants}",
                field.name()
            )));
        }
        columns.push(cast(column, field.data_type())?);
    }
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(arrow_error)
}

/// Whether the bytes look like Parquet at all.
fn has_magic(bytes: &Bytes) -> bool {
    bytes.len() >= 12 && bytes.starts_with(b"PAR1")
}
