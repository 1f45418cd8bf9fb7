//! `ironloop plan`, `apply` and `projects`.

use std::path::{Path, PathBuf};

use base::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::client::read_text;
use crate::exit::Exit;
use crate::output::{Output, Tone};
use crate::session::{PROJECT_FILE, Session, folder_of};
use crate::show;

#[derive(Debug, Args)]
pub struct Plan {
    /// The project file
    #[arg(default_value = PROJECT_FILE)]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub struct Apply {
    /// The project file
    #[arg(default_value = PROJECT_FILE)]
    file: PathBuf,
}

impl Plan {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let answer = session
            .client
            .post("/projects/plan", &body(&self.file)?)
            .await?;
        session
            .output
            .result(&answer, |output| changes(output, &answer, "would change"));
        Ok(Exit::Ok)
    }
}

impl Apply {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let answer = session
            .client
            .post("/projects/apply", &body(&self.file)?)
            .await?;
        session
            .output
            .result(&answer, |output| changes(output, &answer, "changed"));
        Ok(Exit::Ok)
    }
}

/// `ironloop projects`
pub async fn list(session: &Session) -> Result<Exit> {
    let answer = session.client.get("/projects").await?;
    session.output.result(&answer, |output| {
        let rows: Vec<Vec<String>> = show::list(&answer, "items")
            .iter()
            .map(|project| {
                let phase = |name: &str| output.verdict(&show::text(&project["phases"], name));
                let champion = match &project["champion"] {
                    Value::Null => show::NONE.to_owned(),
                    champion => format!(
                        "{} {}",
                        show::text(champion, "model"),
                        show::text(champion, "version")
                    ),
                };
                vec![
                    show::text(project, "name"),
                    show::text(project, "owner"),
                    phase("design"),
                    phase("data"),
                    phase("develop"),
                    phase("deploy"),
                    phase("maintain"),
                    champion,
                    show::text(project, "alerts"),
                ]
            })
            .collect();
        output.table(
            &[
                "project", "owner", "design", "data", "develop", "deploy", "maintain", "champion",
                "alerts",
            ],
            &rows,
        );
    });
    Ok(Exit::Ok)
}

fn body(file: &Path) -> Result<Value> {
    Ok(json!({ "text": read_text(file)?, "base_dir": folder_of(file)? }))
}

fn changes(output: &Output, answer: &Value, verb: &str) {
    let changes = show::list(answer, "changes");
    let project = match &answer["project"] {
        Value::Object(project) => show::plain(&project["name"]),
        name => show::plain(name),
    };
    if changes.is_empty() {
        output.line(format!("{project}: nothing {verb}"));
    } else {
        output.line(format!(
            "{project}: {} {verb}",
            count(changes.len(), "object")
        ));
        for change in changes {
            output.line(line(output, change));
        }
    }
    for warning in show::list(answer, "warnings") {
        output.line(format!(
            "{} {}",
            output.paint(Tone::Doubt, "warning:"),
            show::plain(warning)
        ));
    }
}

fn line(output: &Output, change: &Value) -> String {
    let object = show::text(change, "object");
    match change["kind"].as_str() {
        Some("add") => output.paint(Tone::Good, &format!("  + {object}")),
        Some("remove") => output.paint(Tone::Bad, &format!("  - {object}")),
        _ => output.paint(Tone::Doubt, &format!("  ~ {object}")),
    }
}

/// `1 object`, `2 objects`
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
