//! Arrow batches as a table, batch by batch.

use std::collections::HashMap;

use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Schema};
use base::{Error, Result};

use super::table::{Table, Values};
use crate::columns::cast;
use crate::measure::drift::MISSING;

/// Columns under construction.
pub(super) struct Columns {
    rows: usize,
    columns: Vec<(String, Building)>,
}

enum Building {
    Numbers { values: Vec<f64>, whole: bool },
    Truth(Vec<u32>),
    Words(Words),
    Other(&'static str),
}

/// Words as codes in the order in which they are met.
#[derive(Default)]
pub(super) struct Words {
    codes: Vec<u32>,
    seen: HashMap<String, u32>,
    names: Vec<String>,
}

impl Words {
    pub(super) fn push(&mut self, word: Option<&str>) {
        let code = word.map_or(MISSING, |word| {
            self.seen.get(word).copied().unwrap_or_else(|| {
                let code = self.names.len() as u32;
                self.seen.insert(word.to_owned(), code);
                self.names.push(word.to_owned());
                code
            })
        });
        self.codes.push(code);
    }

    pub(super) fn finish(self) -> Values {
        Values::Words {
            codes: self.codes,
            names: self.names,
        }
    }
}

impl Columns {
    pub(super) fn new(schema: &Schema) -> Result<Self> {
        let mut columns: Vec<(String, Building)> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            if columns.iter().any(|(name, _)| name == field.name()) {
                return Err(
                    Error::invalid(format!("two columns are called {:?}", field.name()))
                        .hint("give each column a name of its own"),
                );
            }
            columns.push((field.name().clone(), building(field.data_type())));
        }
        Ok(Self { rows: 0, columns })
    }

    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        for ((name, column), array) in self.columns.iter_mut().zip(batch.columns()) {
            column
                .push(array)
                .map_err(|error| error.at(format_args!("column {name:?}")))?;
        }
        Ok(())
    }

    pub(super) fn finish(self, source: String) -> Table {
        let columns = self
            .columns
            .into_iter()
            .map(|(name, column)| (name, column.finish()))
            .collect();
        Table::new(source, self.rows, columns)
    }
}

fn building(kind: &DataType) -> Building {
    match kind {
        DataType::Boolean => Building::Truth(Vec::new()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            Building::Words(Words::default())
        }
        DataType::Dictionary(_, values) => building(values),
        DataType::Date32 | DataType::Date64 | DataType::Timestamp(..) => Building::Other("moments"),
        DataType::Time32(_) | DataType::Time64(_) => Building::Other("times of day"),
        kind if kind.is_numeric() || kind == &DataType::Null => Building::Numbers {
            values: Vec::new(),
            whole: kind.is_integer(),
        },
        _ => Building::Other("lists, structures or bytes"),
    }
}

impl Building {
    fn push(&mut self, array: &ArrayRef) -> Result<()> {
        match self {
            Self::Numbers { values, whole } => {
                *whole &= array.null_count() == 0;
                let floats = cast(array, &DataType::Float64)?;
                let floats = floats.as_primitive::<Float64Type>();
                if floats.null_count() == 0 {
                    values.extend_from_slice(floats.values());
                } else {
                    values.extend(floats.iter().map(|value| value.unwrap_or(f64::NAN)));
                }
            }
            Self::Truth(codes) => {
                let truth = cast(array, &DataType::Boolean)?;
                codes.extend(
                    truth
                        .as_boolean()
                        .iter()
                        .map(|value| value.map_or(MISSING, u32::from)),
                );
            }
            Self::Words(words) => {
                let texts = cast(array, &DataType::Utf8)?;
                for text in texts.as_string::<i32>() {
                    words.push(text);
                }
            }
            Self::Other(_) => {}
        }
        Ok(())
    }

    fn finish(self) -> Values {
        match self {
            Self::Numbers { values, whole } => Values::Numbers { values, whole },
            Self::Truth(codes) => Values::Truth(codes),
            Self::Words(words) => words.finish(),
            Self::Other(kind) => Values::Other(kind),
        }
    }
}
