//! `ironloop data drift`: two files, or two versions of datasets, compared column by column.
//!
//! Files are compared in this process, without a server; versions by the server that keeps them. Both answer with the
//! same document.

use std::path::Path;

use base::{Error, Result};
use clap::{Args, ValueEnum};
use data::drift::{Rule, compare, read};
use data::measure::drift::Extent;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::exit::Exit;
use crate::output::{Output, Tone};
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
pub struct Drift {
    /// What the data looked like: a .csv, .tsv, .parquet, .jsonl or .arrow file, or a version like trips@1
    reference: String,
    /// What it looks like now: a file, or a version like trips@current
    current: String,
    /// Choose methods and decide as this tool does, its faults included
    #[arg(long, value_enum, value_name = "TOOL")]
    compat: Option<Tool>,
    /// List every method that fits a column, by the tool's own names
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tool {
    /// Evidently 0.7
    Evidently,
    /// NannyML 0.13
    Nannyml,
}

impl Drift {
    /// Whether a server must be asked: both are versions and neither is a file.
    pub fn needs_server(&self) -> bool {
        version(&self.reference).is_some() && version(&self.current).is_some()
    }

    fn rule(&self) -> Rule {
        match self.compat {
            None => Rule::Default,
            Some(Tool::Evidently) => Rule::Evidently,
            Some(Tool::Nannyml) => Rule::NannyMl,
        }
    }

    /// Exit code 0 without drift; 1 with drift, or where a column could not be judged.
    pub fn of_files(&self, output: &Output) -> Result<Exit> {
        let extent = if self.all {
            Extent::All
        } else {
            Extent::Chosen
        };
        let (reference, current) = std::thread::scope(|scope| {
            let first = scope.spawn(|| read(Path::new(&self.reference)));
            let second = read(Path::new(&self.current));
            (first.join(), second)
        });
        let reference =
            reference.map_err(|_| Error::internal("reading the reference broke off"))??;
        let report = compare(&reference, &current?, self.rule(), extent)?;
        Ok(answer(output, &report.to_json()))
    }

    /// The same for versions.
    pub async fn of_versions(&self, session: &Session) -> Result<Exit> {
        let (Some((dataset, old)), Some((name, new))) =
            (version(&self.reference), version(&self.current))
        else {
            return self.of_files(&session.output);
        };
        let address = session
            .at(&["datasets", name, "versions", new, "drift"])
            .await?;
        let coded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let report = session
            .client
            .get(&format!(
                "{address}?dataset={}&reference={}&compat={}&all={}",
                coded(dataset),
                coded(old),
                self.rule().as_str(),
                self.all
            ))
            .await?;
        Ok(answer(&session.output, &report))
    }
}

/// `name@version`, where no file has that name.
fn version(text: &str) -> Option<(&str, &str)> {
    text.rsplit_once('@')
        .filter(|(name, version)| !name.is_empty() && !version.is_empty())
        .filter(|_| !Path::new(text).exists())
}

fn answer(output: &Output, report: &Value) -> Exit {
    output.result(report, |output| print(output, report));
    match report["drifted"].as_bool() {
        Some(false) => Exit::Ok,
        Some(true) | None => Exit::Failed,
    }
}

fn print(output: &Output, report: &Value) {
    let verdict = match report["drifted"].as_bool() {
        Some(true) => output.paint(Tone::Bad, "drift"),
        Some(false) => output.paint(Tone::Good, "no drift"),
        None => output.paint(Tone::Doubt, "unknown"),
    };
    output.line(format!(
        "{verdict}: {} of {} columns drifted; {} rows before, {} now",
        show::text(report, "columns_drifted"),
        show::text(report, "columns_compared"),
        show::text(report, "rows.reference"),
        show::text(report, "rows.current"),
    ));
    let none = Map::new();
    let columns = report["columns"].as_object().unwrap_or(&none);
    let ours = report["rule"] == "default";
    let (headers, keys): (&[&str], &[&str]) = if ours {
        (
            &[
                "column",
                "type",
                "test",
                "p",
                "p adjusted",
                "effect",
                "from",
                "drifted",
                "note",
            ],
            &["type", "method", "p", "p_adjusted", "effect", "threshold"],
        )
    } else {
        (
            &[
                "column",
                "type",
                "method",
                "score",
                "threshold",
                "drifted",
                "note",
            ],
            &["type", "method", "score", "threshold"],
        )
    };
    let rows: Vec<Vec<String>> = columns
        .iter()
        .map(|(name, column)| row(output, name, column, keys))
        .collect();
    output.table(headers, &rows);
    for (what, key) in [
        ("only in the reference", "only_in_reference"),
        ("only now", "only_in_current"),
    ] {
        if !show::list(report, key).is_empty() {
            let names = show::text(report, key);
            output.line(output.paint(Tone::Doubt, &format!("{what}: {names}")));
        }
    }
    for (name, column) in columns {
        let Some(methods) = column["methods"].as_object() else {
            continue;
        };
        output.line("");
        output.heading(name);
        let rows: Vec<Vec<String>> = methods
            .iter()
            .map(|(method, answer)| row(output, method, answer, &["score", "threshold"]))
            .collect();
        output.table(&["method", "score", "threshold", "drifted", "note"], &rows);
    }
}

fn row(output: &Output, name: &str, answer: &Value, keys: &[&str]) -> Vec<String> {
    let mut cells = vec![name.to_owned()];
    cells.extend(keys.iter().map(|key| show::text(answer, key)));
    cells.push(match answer["drifted"].as_bool() {
        Some(true) => output.paint(Tone::Bad, "yes"),
        Some(false) => "no".to_owned(),
        None if answer["skipped"] == true => show::NONE.to_owned(),
        None => output.paint(Tone::Doubt, "unknown"),
    });
    let note = match (&answer["error"], &answer["infinite"]) {
        (Value::String(reason), _) => reason.clone(),
        (_, Value::Object(_)) => format!(
            "infinite values: {} before, {} now",
            show::text(answer, "infinite.reference"),
            show::text(answer, "infinite.current")
        ),
        _ => String::new(),
    };
    cells.push(note);
    cells
}
