//! `ironloop evaluate`: a run or a version on the held-out rows, against the criteria.

use base::{Error, Result};
use clap::Args;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
pub struct Evaluate {
    /// A run id, or the number of a version of the project's model; the best run of the newest training if not given
    of: Option<String>,
}

impl Evaluate {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let of = match &self.of {
            Some(of) => of.clone(),
            None => best_run(session).await?,
        };
        let body = match of.parse::<u32>() {
            Ok(version) if of.len() < 8 => json!({ "version": version }),
            _ => json!({ "run_id": of }),
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

/// The run that the newest finished training found best.
async fn best_run(session: &Session) -> Result<String> {
    let project = session.project().await?;
    let address = format!("/jobs?project={project}&limit=200");
    let jobs = session.client.get(&address).await?;
    let found = show::list(&jobs, "items")
        .iter()
        .filter(|job| job["kind"] == "train" && job["state"] == "done")
        .find_map(|job| job["result"]["best_run"].as_str());
    found.map(str::to_owned).ok_or_else(|| {
        Error::not_found(format!("{project} has no finished training"))
            .hint("run `ironloop train`, or name a run: `ironloop runs` lists them with their ids")
    })
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
