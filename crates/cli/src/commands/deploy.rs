//! `ironloop deploy`: a version to an endpoint, in the steps that the project file says, and back.

use base::{Error, Result};
use clap::Args;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
pub struct Deploy {
    /// The endpoint; the project's only one if not given
    endpoint: Option<String>,
    /// A version instead of the one that the endpoint's alias names
    #[arg(long, value_name = "N", conflicts_with_all = ["rollback", "status"])]
    version: Option<u32>,
    /// Return to the revision before
    #[arg(long, conflicts_with = "status")]
    rollback: bool,
    /// Only show what is live
    #[arg(long)]
    status: bool,
}

impl Deploy {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => only_endpoint(session).await?,
        };
        let address = session.at(&["deployments", &endpoint]).await?;
        let mut exit = Exit::Ok;
        if self.rollback {
            session
                .client
                .work(&format!("{address}/rollback"), &json!({}), &session.output)
                .await?;
        } else if !self.status {
            let mut body = json!({});
            if let Some(version) = self.version {
                body["version"] = json!(version);
            }
            let answer = session
                .client
                .work(&format!("{address}/deploy"), &body, &session.output)
                .await?;
            if matches!(
                answer["state"].as_str(),
                Some("rolled_back" | "failed" | "stopped")
            ) {
                exit = Exit::Failed;
            }
        }
        let answer = session.client.get(&address).await?;
        session.output.result(&answer, |output| {
            report(output, &answer, &endpoint, session.client.address());
        });
        Ok(exit)
    }
}

/// The endpoint of a project that has one.
pub async fn only_endpoint(session: &Session) -> Result<String> {
    let answer = session
        .client
        .get(&session.at(&["deployments"]).await?)
        .await?;
    let items = show::list(&answer, "items");
    if let [one] = items {
        return Ok(show::text(one, "name"));
    }
    let names: Vec<String> = items.iter().map(|item| show::text(item, "name")).collect();
    let hint = if names.is_empty() {
        "add [deployment.NAME] to the project file".to_owned()
    } else {
        format!("name one of {}", names.join(", "))
    };
    Err(Error::invalid("which endpoint is meant?").hint(hint))
}

fn report(output: &Output, answer: &Value, endpoint: &str, server: &str) {
    output.facts(&[
        ("endpoint", endpoint.to_owned()),
        ("state", output.verdict(&show::text(answer, "state"))),
        ("V2", format!("POST {server}/v2/models/{endpoint}/infer")),
        (
            "MLflow",
            format!("POST {server}/endpoints/{endpoint}/invocations"),
        ),
    ]);
    let rows: Vec<Vec<String>> = show::list(answer, "revisions")
        .iter()
        .map(|revision| {
            vec![
                show::text(revision, "revision"),
                show::text(revision, "version"),
                show::text(revision, "share"),
                output.verdict(&show::text(revision, "state")),
                show::text(revision, "requests"),
                show::text(revision, "errors"),
                show::text(revision, "p50_ms"),
                show::text(revision, "p99_ms"),
                show::time(&revision["created_at"]),
            ]
        })
        .collect();
    output.table(
        &[
            "revision", "version", "share", "state", "requests", "errors", "p50 ms", "p99 ms",
            "made",
        ],
        &rows,
    );
}
