//! `ironloop init`: a commented project file for a data file, with what its columns tell filled in.
//!
//! What a file cannot tell (the goal, what is done today, what an error costs) is left as a sentence to replace.

use std::path::{Path, PathBuf};

use base::{Error, Name, Result};
use clap::Args;
use serde_json::json;

use super::project::count;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::PROJECT_FILE;

mod columns;
mod template;

use columns::{Column, Sort};

#[derive(Debug, Args)]
pub struct Init {
    /// The data: a .parquet or .csv file, one row per example
    data: PathBuf,
    /// The project's name; the data file's if not given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The column to predict; guessed if not given
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// The column that says when a row happened; guessed if not given
    #[arg(long, value_name = "COLUMN")]
    time: Option<String>,
    /// Where to write
    #[arg(long, default_value = PROJECT_FILE, value_name = "FILE")]
    output: PathBuf,
    /// Write over a file that exists
    #[arg(long)]
    force: bool,
}

/// What the columns of a file tell.
#[derive(Debug)]
struct Found<'a> {
    name: String,
    source: String,
    columns: &'a [Column],
    label: &'a Column,
    time: &'a Column,
}

impl Init {
    pub fn run(&self, output: &Output) -> Result<Exit> {
        if self.output.exists() && !self.force {
            return Err(
                Error::already_exists(format!("{} exists", self.output.display()))
                    .hint("write elsewhere with --output FILE, or over it with --force"),
            );
        }
        let columns = columns::read(&self.data)?;
        let time = choose(&columns, self.time.as_deref(), "time", guess_time)?;
        let time = time.ok_or_else(|| {
            Error::invalid("no column says when a row happened")
                .hint("name one with --time COLUMN: rows are split in the order of time")
        })?;
        let label = choose(&columns, self.label.as_deref(), "label", |columns| {
            guess_label(columns, time)
        })?
        .ok_or_else(|| {
            Error::invalid("no column of numbers or of true and false can be predicted")
                .hint("name one with --label COLUMN")
        })?;
        let found = Found {
            name: self.project_name()?,
            source: self.source()?,
            columns: &columns,
            label,
            time,
        };
        let text = template::project_file(&found);
        project::parse(&text)?;
        std::fs::write(&self.output, &text)
            .map_err(|error| Error::from(error).at(self.output.display()))?;

        let answer = json!({
            "file": self.output, "project": found.name, "label": label.name, "time": time.name,
            "columns": columns.iter().map(|column| json!({"name": column.name, "type": column.sort.word()})).collect::<Vec<_>>(),
        });
        output.result(&answer, |output| {
            output.line(format!(
                "{} written for {}",
                self.output.display(),
                count(columns.len(), "column")
            ));
            output.facts(&[
                ("predicts", label.name.clone()),
                ("in the order of", time.name.clone()),
                (
                    "next",
                    "replace the sentences in <…>, then `ironloop apply`".to_owned(),
                ),
            ]);
        });
        Ok(Exit::Ok)
    }

    fn project_name(&self) -> Result<String> {
        let stem = self
            .data
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or("project");
        let clean: String = stem
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_lowercase()
                } else {
                    '-'
                }
            })
            .collect();
        let name: Name = self
            .name
            .clone()
            .unwrap_or_else(|| clean.trim_matches('-').to_owned())
            .parse()?;
        Ok(name.as_str().to_owned())
    }

    /// The data's path as the project file needs it: relative to the file where it is below its folder.
    fn source(&self) -> Result<String> {
        let data = std::path::absolute(&self.data)?;
        let file = std::path::absolute(&self.output)?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        Ok(data
            .strip_prefix(folder)
            .unwrap_or(&data)
            .display()
            .to_string())
    }
}

fn choose<'a>(
    columns: &'a [Column],
    named: Option<&str>,
    what: &str,
    guess: impl FnOnce(&'a [Column]) -> Option<&'a Column>,
) -> Result<Option<&'a Column>> {
    let Some(name) = named else {
        return Ok(guess(columns));
    };
    if let Some(column) = columns.iter().find(|column| column.name == name) {
        return Ok(Some(column));
    }
    let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    Err(
        Error::not_found(format!("the file has no column {name:?} to use as {what}"))
            .hint(format!("it has {}", known.join(", "))),
    )
}

fn guess_time(columns: &[Column]) -> Option<&Column> {
    const NAMES: [&str; 8] = [
        "ts",
        "time",
        "timestamp",
        "datetime",
        "event_time",
        "date",
        "at",
        "created_at",
    ];
    columns
        .iter()
        .find(|column| column.sort == Sort::Time)
        .or_else(|| {
            NAMES.iter().find_map(|name| {
                columns.iter().find(|column| {
                    column.sort == Sort::Text && column.name.eq_ignore_ascii_case(name)
                })
            })
        })
}

/// A column that is named as labels are, or else the last one of numbers or of true and false.
fn guess_label<'a>(columns: &'a [Column], time: &Column) -> Option<&'a Column> {
    const NAMES: [&str; 8] = [
        "label", "target", "y", "outcome", "count", "class", "churned", "price",
    ];
    let fits = |column: &&Column| {
        matches!(column.sort, Sort::Number | Sort::Bool) && time.name != column.name
    };
    NAMES
        .iter()
        .find_map(|name| {
            columns
                .iter()
                .filter(fits)
                .find(|column| column.name.eq_ignore_ascii_case(name))
        })
        .or_else(|| columns.iter().rfind(fits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, sort: Sort) -> Column {
        Column {
            name: name.to_owned(),
            sort,
        }
    }

    #[test]
    fn the_label_is_named_as_one_or_stands_last() {
        let columns = [
            column("ts", Sort::Time),
            column("count", Sort::Number),
            column("tmax", Sort::Number),
        ];
        assert_eq!(guess_label(&columns, &columns[0]).unwrap().name, "count");
        let columns = [
            column("a", Sort::Number),
            column("b", Sort::Number),
            column("c", Sort::Text),
        ];
        assert_eq!(guess_label(&columns, &columns[2]).unwrap().name, "b");
    }

    #[test]
    fn a_written_file_is_one_that_apply_reads() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("My Trips.csv");
        std::fs::write(&data, "ts,city,rain,open,count\n2024-01-01T00:00:00Z,Oslo,0.5,true,3\n2024-01-02T00:00:00Z,Rome,,false,4\n").unwrap();
        let init = Init {
            data,
            name: None,
            label: None,
            time: None,
            output: folder.path().join("ironloop.toml"),
            force: false,
        };
        assert_eq!(init.run(&Output::new(true)).unwrap(), Exit::Ok);
        let text = std::fs::read_to_string(&init.output).unwrap();
        let file = project::parse(&text).unwrap();
        assert_eq!(file.project.name, "my-trips");
        assert!(text.contains("path = \"My Trips.csv\""), "{text}");
        assert!(
            init.run(&Output::new(true)).is_err(),
            "an existing file was overwritten"
        );
    }
}
