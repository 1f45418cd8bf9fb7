//! `ironloop evaluate`: a run or a version on the held-out rows, against the criteria.

use base::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
pub struct Evaluate {
    /// A run id, or the number of a version of the project's model
    of: String,
}

impl Evaluate {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let body = match self.of.parse::<u32>() {
            Ok(version) if self.of.len() < 8 => json!({ "version": version }),
            _ => json!({ "run_id": self.of }),
        };
        let answer = session
            .client
            .work(&session.at(&["evaluate"]).await?, &body, &session.output)
            .await?;
        let verdict = show::text(&answer, "verdict");
        session.output.result(&answer, |output| {
            criteria(output, show::list(&answer, "criteria"));
            match &answer["version"] {
                Value::Null => output.line("no version: the run does not pass gate.candidate"),
                version => output.line(format!("version {}", show::plain(version))),
            }
            output.line(format!("verdict: {}", output.verdict(&verdict)));
        });
        Ok(Exit::of_verdict(&verdict))
    }
}

/// The criteria of a gate, each with its value and bounds.
pub fn criteria(output: &Output, criteria: &[Value]) {
    let rows: Vec<Vec<String>> = criteria
        .iter()
        .map(|criterion| {
            vec![
                show::text(criterion, "id"),
                output.verdict(&show::text(criterion, "verdict")),
                show::interval(criterion),
                show::text(criterion, "target"),
                show::text(criterion, "baseline"),
                show::text(criterion, "rows"),
                show::text(criterion, "reason"),
            ]
        })
        .collect();
    output.table(
        &[
            "criterion",
            "verdict",
            "value",
            "target",
            "baseline",
            "rows",
            "reason",
        ],
        &rows,
    );
}
