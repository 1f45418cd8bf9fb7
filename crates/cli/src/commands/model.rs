//! `ironloop model …`: models, versions with their gate report, aliases.

use base::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::evaluate::criteria;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::show;

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Models with their newest version and aliases
    List,
    /// A model's versions, or one version with its evaluation and gates
    Show(Show),
    /// Move an alias to a version; refused while its gate does not pass
    Promote(Promote),
}

#[derive(Debug, Args)]
pub struct Show {
    /// The model
    model: String,
    /// One of its versions
    version: Option<u32>,
}

#[derive(Debug, Args)]
pub struct Promote {
    /// The model
    model: String,
    /// The version
    version: u32,
    /// The alias to move
    #[arg(long, default_value = "champion")]
    alias: String,
}

impl ModelCommand {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Self::List => list(session).await,
            Self::Show(Show {
                model,
                version: None,
            }) => versions(session, model).await,
            Self::Show(Show {
                model,
                version: Some(version),
            }) => version_report(session, model, *version).await,
            Self::Promote(promote) => promote.run(session).await,
        }
    }
}

impl Promote {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let address = session
            .at(&[
                "models",
                &self.model,
                "versions",
                &self.version.to_string(),
                "promote",
            ])
            .await?;
        let answer = session
            .client
            .post(&address, &json!({ "alias": self.alias }))
            .await?;
        session.output.result(&answer, |output| {
            let before = match &answer["previous"] {
                Value::Null => String::new(),
                previous => format!(" (before: {})", show::plain(previous)),
            };
            output.line(format!(
                "{}@{} is version {}{before}",
                self.model, self.alias, self.version
            ));
        });
        Ok(Exit::Ok)
    }
}

async fn list(session: &Session) -> Result<Exit> {
    let answer = session.client.get(&session.at(&["models"]).await?).await?;
    session.output.result(&answer, |output| {
        let rows: Vec<Vec<String>> = show::list(&answer, "items")
            .iter()
            .map(|model| {
                vec![
                    show::text(model, "name"),
                    show::text(model, "latest_version"),
                    show::text(model, "aliases"),
                ]
            })
            .collect();
        output.table(&["model", "newest", "aliases"], &rows);
    });
    Ok(Exit::Ok)
}

async fn versions(session: &Session, model: &str) -> Result<Exit> {
    let answer = session
        .client
        .get(&session.at(&["models", model]).await?)
        .await?;
    session.output.result(&answer, |output| {
        let rows: Vec<Vec<String>> = show::list(&answer, "versions")
            .iter()
            .map(|version| {
                vec![
                    show::text(version, "version"),
                    show::text(version, "aliases"),
                    output.verdict(&show::text(version, "verdict")),
                    show::time(&version["created_at"]),
                    show::text(version, "metrics"),
                    show::text(version, "run_id"),
                ]
            })
            .collect();
        output.table(
            &["version", "aliases", "verdict", "made", "metrics", "run"],
            &rows,
        );
    });
    Ok(Exit::Ok)
}

/// The data of the evaluation, as one would say it.
fn dataset(answer: &Value) -> String {
    let on = show::at(answer, "evaluation.dataset");
    if on.is_null() {
        return show::NONE.to_owned();
    }
    let digest = show::text(on, "digest");
    format!(
        "{} version {} ({})",
        show::text(on, "name"),
        show::text(on, "version"),
        digest.get(..12).unwrap_or(&digest)
    )
}

async fn version_report(session: &Session, model: &str, version: u32) -> Result<Exit> {
    let answer = session
        .client
        .get(
            &session
                .at(&["models", model, "versions", &version.to_string()])
                .await?,
        )
        .await?;
    session.output.result(&answer, |output| {
        output.facts(&[
            ("version", format!("{model} {version}")),
            ("aliases", show::text(&answer, "aliases")),
            ("run", show::text(&answer, "run_id")),
            ("digest", show::text(&answer, "digest")),
            ("live in", show::text(&answer, "live_in")),
            ("evaluated on", dataset(&answer)),
            ("rows", show::text(&answer, "evaluation.rows")),
        ]);
        let metrics: Vec<Vec<String>> = show::list(&answer, "evaluation.metrics")
            .iter()
            .map(|metric| {
                vec![
                    show::text(metric, "name"),
                    show::interval(metric),
                    show::text(metric, "today"),
                    show::text(metric, "champion"),
                ]
            })
            .collect();
        output.table(&["metric", "value", "today", "champion"], &metrics);
        for gate in show::list(&answer, "gates") {
            gate_report(output, gate);
        }
    });
    Ok(Exit::Ok)
}

fn gate_report(output: &Output, gate: &Value) {
    output.line("");
    output.heading(&format!(
        "gate {}: {}",
        show::text(gate, "gate"),
        show::text(gate, "verdict")
    ));
    criteria(output, show::list(gate, "criteria"));
    for approval in show::list(gate, "approvals") {
        let given: Vec<String> = show::list(approval, "given")
            .iter()
            .map(|given| show::text(given, "by"))
            .collect();
        let given = if given.is_empty() {
            "nobody yet".to_owned()
        } else {
            given.join(", ")
        };
        output.line(format!(
            "approval by {} × {}: {given}",
            show::text(approval, "needed"),
            show::text(approval, "role")
        ));
    }
}
