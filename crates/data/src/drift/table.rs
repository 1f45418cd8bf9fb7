//! A table whose columns are numbers, yes and no, or words as codes.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;
use base::Result;

use super::arrow_table::Columns;
use crate::measure::drift::{MISSING, Pair};

/// The values of one column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers; NaN is missing. `whole` by type: an integer column without a missing value.
    Numbers {
        /// In the order of the rows.
        values: Vec<f64>,
        /// See above.
        whole: bool,
    },
    /// 0 is no, 1 is yes.
    Truth(Vec<u32>),
    /// Codes that count into `names`, which are in no order.
    Words {
        /// In the order of the rows.
        codes: Vec<u32>,
        /// What each code means.
        names: Vec<String>,
    },
    /// Something that is not compared, by its name.
    Other(&'static str),
}

/// Columns of one length, and where they come from.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    source: String,
    rows: usize,
    columns: Vec<(String, Values)>,
}

impl Table {
    pub(super) fn new(source: String, rows: usize, columns: Vec<(String, Values)>) -> Self {
        Self {
            source,
            rows,
            columns,
        }
    }

    /// Rows that are in memory already.
    pub fn of_batch(source: String, batch: &RecordBatch) -> Result<Self> {
        let mut columns = Columns::new(batch.schema_ref())?;
        columns.push(batch)?;
        Ok(columns.finish(source))
    }

    /// Where it comes from, for people.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Names of the columns, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    fn column(&self, name: &str) -> Option<&Values> {
        self.columns
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, values)| values)
    }
}

/// Why two columns of one name are not compared.
#[derive(Debug, PartialEq)]
pub(super) enum Incomparable {
    /// By intention: such columns are never compared.
    Skipped(String),
    /// Something is wrong with the data.
    Broken(String),
}

/// The column of this name on both sides.
pub(super) fn pair(name: &str, reference: &Table, current: &Table) -> Result<Pair, Incomparable> {
    let (Some(before), Some(now)) = (reference.column(name), current.column(name)) else {
        return Err(Incomparable::Broken("is not in both tables".to_owned()));
    };
    let empty = |values: &Values| matches!(values, Values::Numbers { values, .. } if values.iter().all(|value| value.is_nan()));
    Ok(match (before, now) {
        (Values::Other(kind), _) | (_, Values::Other(kind)) => {
            return Err(Incomparable::Skipped(format!(
                "holds {kind}, which are not compared"
            )));
        }
        (
            Values::Numbers { values, whole },
            Values::Numbers {
                values: others,
                whole: other_whole,
            },
        ) => Pair::Numbers {
            values: [values.clone(), others.clone()],
            whole: [*whole, *other_whole],
        },
        (Values::Truth(codes), Values::Truth(others)) => Pair::Codes {
            codes: [codes.clone(), others.clone()],
            kinds: 2,
            words: false,
        },
        (
            Values::Words { codes, names },
            Values::Words {
                codes: others,
                names: other_names,
            },
        ) => in_order([(codes, names), (others, other_names)]),
        (before, now) if empty(before) || empty(now) => {
            let side = if empty(before) { reference } else { current };
            return Err(Incomparable::Broken(format!(
                "has no value in {}",
                side.source()
            )));
        }
        (before, now) => {
            return Err(Incomparable::Broken(format!(
                "is {} in {} and {} in {}",
                word(before),
                reference.source(),
                word(now),
                current.source()
            )));
        }
    })
}

fn word(values: &Values) -> &'static str {
    match values {
        Values::Numbers { .. } => "numbers",
        Values::Truth(_) => "yes or no",
        Values::Words { .. } => "text",
        Values::Other(kind) => kind,
    }
}

/// Codes of both sides that count into the sorted names of both.
fn in_order(sides: [(&Vec<u32>, &Vec<String>); 2]) -> Pair {
    let all: BTreeSet<&str> = sides
        .iter()
        .flat_map(|(_, names)| names.iter().map(String::as_str))
        .collect();
    let sorted: Vec<&str> = all.into_iter().collect();
    let codes = sides.map(|(codes, names)| {
        let place: Vec<u32> = names
            .iter()
            .map(|name| {
                sorted
                    .binary_search(&name.as_str())
                    .map_or(MISSING, |at| at as u32)
            })
            .collect();
        codes
            .iter()
            .map(|code| place.get(*code as usize).copied().unwrap_or(MISSING))
            .collect()
    });
    Pair::Codes {
        codes,
        kinds: sorted.len(),
        words: true,
    }
}

/// A column for a test.
#[cfg(test)]
pub(super) fn tests_column(table: &Table, name: &str) -> Values {
    table
        .column(name)
        .cloned()
        .unwrap_or(Values::Other("nothing"))
}
