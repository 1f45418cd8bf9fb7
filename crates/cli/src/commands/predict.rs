//! `ironloop predict`: rows to an endpoint, from the command line or a file.

use std::path::{Path, PathBuf};

use arrow::json::ArrayWriter;
use base::{Error, Result};
use clap::Args;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reqwest::Method;
use serde_json::{Value, json};

use super::deploy::only_endpoint;
use crate::client::{path, read_text};
use crate::exit::Exit;
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
#[group(required = true, multiple = false, id = "rows")]
pub struct Rows {
    /// One row: {"column": value, …}; may be given more than once
    #[arg(long, value_name = "JSON")]
    row: Vec<String>,
    /// Rows in a .csv, .json (a list of rows), .jsonl or .parquet file
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Predict {
    /// The endpoint; the project's only one if not given
    endpoint: Option<String>,
    #[command(flatten)]
    rows: Rows,
}

impl Predict {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => only_endpoint(session).await?,
        };
        let address = format!("{}/invocations", path(&["endpoints", &endpoint]));
        let mut predictions = Vec::new();
        let parts = self.rows.parts()?;
        for part in &parts {
            let request = session.client.request(Method::POST, &address);
            let request = match part {
                Part::Csv(text) => request
                    .header("content-type", "text/csv")
                    .body(text.clone()),
                Part::Records(rows) => request.json(&json!({ "dataframe_records": rows })),
            };
            let mut answer = session.client.json(request).await?;
            match &mut answer["predictions"] {
                Value::Array(more) => predictions.append(more),
                other => {
                    return Err(Error::internal(format!(
                        "{other} is no list of predictions"
                    )));
                }
            }
        }
        let answer = json!({ "predictions": predictions });
        session.output.result(&answer, |output| {
            for prediction in show::list(&answer, "predictions") {
                output.line(show::plain(prediction));
            }
        });
        Ok(Exit::Ok)
    }
}

/// As many rows as one request carries.
enum Part {
    Csv(String),
    Records(Vec<Value>),
}

/// Rows of one request, far below what the server takes at once.
const ROWS: usize = 5000;

impl Rows {
    /// All rows, in requests of at most [`ROWS`]. A text file with quoted line breaks goes as one.
    fn parts(&self) -> Result<Vec<Part>> {
        let csv = self.file.as_deref().filter(|file| extension(file) == "csv");
        let Some(file) = csv else {
            let rows = self.records()?;
            if rows.is_empty() {
                return Err(Error::invalid("there are no rows to send"));
            }
            return Ok(rows
                .chunks(ROWS)
                .map(|part| Part::Records(part.to_vec()))
                .collect());
        };
        let text = read_text(file)?;
        let mut lines = text.lines();
        let head = lines.next().unwrap_or_default();
        let lines: Vec<&str> = lines.collect();
        if lines.len() <= ROWS || text.contains('"') {
            return Ok(vec![Part::Csv(text)]);
        }
        let part = |lines: &[&str]| Part::Csv(format!("{head}\n{}\n", lines.join("\n")));
        Ok(lines.chunks(ROWS).map(part).collect())
    }

    fn records(&self) -> Result<Vec<Value>> {
        let Some(file) = &self.file else {
            return self.row.iter().map(|text| row(text)).collect();
        };
        match extension(file).as_str() {
            "json" => match serde_json::from_str(&read_text(file)?)? {
                Value::Array(rows) => Ok(rows),
                one => Ok(vec![one]),
            },
            "jsonl" | "ndjson" => read_text(file)?
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(row)
                .collect(),
            "parquet" => parquet_rows(file),
            other => Err(Error::invalid(format!(
                "{other:?} is no kind of file that rows are read from"
            ))
            .hint("use .csv, .json, .jsonl or .parquet")),
        }
    }
}

fn row(text: &str) -> Result<Value> {
    match serde_json::from_str(text)? {
        row @ Value::Object(_) => Ok(row),
        other => Err(Error::invalid(format!("{other} is not a row"))
            .hint("a row is an object: {\"column\": value}")),
    }
}

fn parquet_rows(file: &Path) -> Result<Vec<Value>> {
    let wrong =
        |error: &dyn std::fmt::Display| Error::invalid(error.to_string()).at(file.display());
    let opened =
        std::fs::File::open(file).map_err(|error| Error::from(error).at(file.display()))?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(opened)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(|error| wrong(&error))?;
    let mut writer = ArrayWriter::new(Vec::new());
    for batch in reader {
        writer
            .write(&batch.map_err(|error| wrong(&error))?)
            .map_err(|error| wrong(&error))?;
    }
    writer.finish().map_err(|error| wrong(&error))?;
    Ok(serde_json::from_slice(&writer.into_inner())?)
}

fn extension(file: &Path) -> String {
    file.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
        .to_lowercase()
}
