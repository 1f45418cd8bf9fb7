//! The columns of a data file, as far as a project file needs them.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Schema};
use base::{Error, Result};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// How many rows of a CSV file are read to tell the types of its columns.
const SAMPLE: usize = 10_000;

/// What sort of values a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Number,
    Text,
    Bool,
    Time,
}

impl Sort {
    /// The word of the project file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Number => "f32",
            Self::Text => "category",
            Self::Bool => "bool",
            Self::Time => "datetime",
        }
    }
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    pub name: String,
    pub sort: Sort,
}

/// The columns of the `.parquet` or `.csv` file at `path`; columns of kinds that no model takes are left out.
pub fn read(path: &Path) -> Result<Vec<Column>> {
    let wrong =
        |error: &dyn std::fmt::Display| Error::invalid(error.to_string()).at(path.display());
    let mut file = File::open(path).map_err(|error| Error::from(error).at(path.display()))?;
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
        .to_lowercase();
    let schema: Arc<Schema> = match extension.as_str() {
        "parquet" => ParquetRecordBatchReaderBuilder::try_new(file)
            .map_err(|error| wrong(&error))?
            .schema()
            .clone(),
        "csv" => {
            let format = Format::default().with_header(true);
            Arc::new(
                format
                    .infer_schema(&mut file, Some(SAMPLE))
                    .map_err(|error| wrong(&error))?
                    .0,
            )
        }
        _ => {
            return Err(Error::invalid(format!(
                "{} is neither .parquet nor .csv",
                path.display()
            )));
        }
    };
    Ok(schema
        .fields()
        .iter()
        .filter_map(|field| {
            let sort = sort(field.data_type())?;
            Some(Column {
                name: field.name().clone(),
                sort,
            })
        })
        .collect())
}

fn sort(data_type: &DataType) -> Option<Sort> {
    match data_type {
        DataType::Boolean => Some(Sort::Bool),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Dictionary(..) => {
            Some(Sort::Text)
        }
        DataType::Timestamp(..) | DataType::Date32 | DataType::Date64 => Some(Sort::Time),
        numeric if numeric.is_numeric() => Some(Sort::Number),
        _ => None,
    }
}
