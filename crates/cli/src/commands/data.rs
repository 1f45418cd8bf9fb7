//! `ironloop data …`: dataset versions, their rules and their profile.

mod drift;

use std::path::PathBuf;

use base::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output::{Output, Tone};
use crate::session::Session;
use crate::show;

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Make a version of a dataset from its source, or from a file (exit code 1 if a rule stops it)
    Add(Add),
    /// Run the rules on a version again (exit code 1 if one of severity error fails)
    Check(Version),
    /// Compare two files or versions column by column (exit code 1 if they drifted apart)
    Drift(drift::Drift),
    /// Statistics of each column
    Profile(Version),
    /// One version: schema, rules and digest
    Show(Version),
    /// Datasets with their current version
    List,
}

#[derive(Debug, Args)]
pub struct Add {
    /// The dataset, as the project file names it
    dataset: String,
    /// A file to read instead of the dataset's source
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The same, by name
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    from: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Version {
    /// The dataset, as the project file names it
    dataset: String,
    /// Which version: a number, or `current`
    #[arg(default_value = "current")]
    version: String,
}

impl DataCommand {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Self::Add(add) => add.run(session).await,
            Self::Check(version) => version.check(session).await,
            Self::Profile(version) => version.profile(session).await,
            Self::Show(version) => version.show(session).await,
            Self::List => list(session).await,
            Self::Drift(drift) => drift.of_versions(session).await,
        }
    }
}

impl Add {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let file = self.file.as_ref().or(self.from.as_ref());
        let path = file.map(std::path::absolute).transpose()?;
        let address = session.at(&["datasets", &self.dataset, "versions"]).await?;
        let answer = session
            .client
            .work(&address, &json!({ "path": path }), &session.output)
            .await?;
        let state = show::text(&answer, "state");
        session.output.result(&answer, |output| {
            let rows = show::text(&answer, "rows");
            let version = show::text(&answer, "version");
            output.line(format!(
                "{} version {version}: {rows} rows, {}",
                self.dataset,
                output.verdict(&state)
            ));
            rules(output, &answer);
            if state == "quarantined" {
                output.line(output.paint(
                    Tone::Bad,
                    "a rule of severity error failed: the last good version stays current",
                ));
            }
        });
        Ok(if state == "quarantined" {
            Exit::Failed
        } else {
            Exit::Ok
        })
    }
}

impl Version {
    async fn at(&self, session: &Session, tail: &[&str]) -> Result<String> {
        let mut segments = vec!["datasets", &self.dataset, "versions", &self.version];
        segments.extend(tail);
        session.at(&segments).await
    }

    async fn check(&self, session: &Session) -> Result<Exit> {
        let answer = session
            .client
            .work(
                &self.at(session, &["check"]).await?,
                &json!({}),
                &session.output,
            )
            .await?;
        session
            .output
            .result(&answer, |output| rules(output, &answer));
        let failed = checks(&answer)
            .iter()
            .any(|check| check["severity"] == "error" && check["verdict"] != "pass");
        Ok(if failed { Exit::Failed } else { Exit::Ok })
    }

    async fn profile(&self, session: &Session) -> Result<Exit> {
        let answer = session
            .client
            .get(&self.at(session, &["profile"]).await?)
            .await?;
        session.output.result(&answer, |output| {
            output.line(format!("{} rows", show::text(&answer, "rows")));
            let rows: Vec<Vec<String>> =
                show::list(&answer, "columns").iter().map(column).collect();
            output.table(
                &[
                    "column",
                    "type",
                    "missing",
                    "distinct",
                    "min",
                    "mean",
                    "max",
                    "std",
                    "most frequent",
                ],
                &rows,
            );
        });
        Ok(Exit::Ok)
    }

    async fn show(&self, session: &Session) -> Result<Exit> {
        let answer = session.client.get(&self.at(session, &[]).await?).await?;
        session.output.result(&answer, |output| {
            output.facts(&[
                ("dataset", self.dataset.clone()),
                ("version", show::text(&answer, "version")),
                ("state", output.verdict(&show::text(&answer, "state"))),
                ("rows", show::text(&answer, "rows")),
                ("newest", show::time(&answer["until"])),
                ("made", show::time(&answer["created_at"])),
                ("digest", show::text(&answer, "digest")),
            ]);
            let columns: Vec<Vec<String>> = show::list(&answer, "schema")
                .iter()
                .map(|column| {
                    vec![
                        show::text(column, "name"),
                        show::text(column, "type"),
                        show::text(column, "nullable"),
                    ]
                })
                .collect();
            output.table(&["column", "type", "nullable"], &columns);
            rules(output, &answer);
        });
        Ok(Exit::Ok)
    }
}

async fn list(session: &Session) -> Result<Exit> {
    let answer = session
        .client
        .get(&session.at(&["datasets"]).await?)
        .await?;
    session.output.result(&answer, |output| {
        let rows: Vec<Vec<String>> = show::list(&answer, "items")
            .iter()
            .map(|set| {
                vec![
                    show::text(set, "name"),
                    show::text(set, "version"),
                    output.verdict(&show::text(set, "state")),
                    show::text(set, "rows"),
                    show::text(set, "columns"),
                    show::text(set, "passed"),
                    show::text(set, "failed"),
                    show::text(set, "warned"),
                    show::time(&set["checked_at"]),
                ]
            })
            .collect();
        output.table(
            &[
                "dataset", "version", "state", "rows", "columns", "passed", "failed", "warned",
                "checked",
            ],
            &rows,
        );
    });
    Ok(Exit::Ok)
}

/// Rules are a list, or a report that holds one.
fn checks(answer: &Value) -> &[Value] {
    match &answer["checks"] {
        Value::Array(checks) => checks,
        report => show::list(report, "checks"),
    }
}

fn rules(output: &Output, answer: &Value) {
    let rows: Vec<Vec<String>> = checks(answer)
        .iter()
        .map(|check| {
            vec![
                show::text(check, "id"),
                show::text(check, "severity"),
                output.verdict(&show::text(check, "verdict")),
                show::text(check, "observed"),
                show::text(check, "limit"),
                show::text(check, "failing_rows"),
            ]
        })
        .collect();
    output.table(
        &[
            "rule",
            "severity",
            "verdict",
            "observed",
            "limit",
            "failing rows",
        ],
        &rows,
    );
}

fn column(column: &Value) -> Vec<String> {
    let top = show::list(column, "top").first().map_or_else(
        || show::NONE.to_owned(),
        |top| {
            format!(
                "{} × {}",
                show::text(top, "count"),
                show::text(top, "value")
            )
        },
    );
    // Statistics of a moment are milliseconds; the spread of moments says nothing to a person.
    let is_time = column["type"] == "timestamp";
    let number = |key: &str| match (is_time, key) {
        (false, _) => show::text(column, key),
        (true, "std") => show::NONE.to_owned(),
        (true, _) => show::time(&serde_json::json!(column[key].as_f64().map(|ms| ms as i64))),
    };
    let mut cells: Vec<String> = ["name", "type", "missing", "distinct"]
        .iter()
        .map(|key| show::text(column, key))
        .collect();
    cells.extend(["min", "mean", "max", "std"].map(number));
    cells.push(top);
    cells
}
