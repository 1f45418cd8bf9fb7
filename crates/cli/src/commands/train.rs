//! `ironloop train`: tunes the candidates and compares them.

use base::Result;
use clap::Args;
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
pub struct Train {
    /// Only these candidates of the project file
    #[arg(long = "candidate", value_name = "ID")]
    candidates: Vec<String>,
    /// Trials per candidate, instead of what the project file says
    #[arg(long, value_name = "N")]
    trials: Option<u32>,
}

impl Train {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let mut body = json!({});
        if !self.candidates.is_empty() {
            body["candidates"] = json!(self.candidates);
        }
        if let Some(trials) = self.trials {
            body["trials"] = json!(trials);
        }
        let answer = session
            .client
            .work(&session.at(&["train"]).await?, &body, &session.output)
            .await?;
        session
            .output
            .result(&answer, |output| leaderboard(output, &answer));
        Ok(Exit::Ok)
    }
}

fn leaderboard(output: &Output, answer: &Value) {
    let entries = show::list(answer, "leaderboard");
    let metric = entries
        .first()
        .map_or_else(|| "value".to_owned(), |entry| show::text(entry, "metric"));
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let mean = entry
                .get("mean")
                .or_else(|| entry.get("value"))
                .unwrap_or(&Value::Null);
            vec![
                show::text(entry, "candidate"),
                show::plain(mean),
                show::text(entry, "std"),
                show::text(entry, "params"),
                show::text(entry, "run_id"),
            ]
        })
        .collect();
    output.table(&["candidate", &metric, "std", "params", "run"], &rows);
    output.line(format!("best run: {}", show::text(answer, "best_run")));
    output.line(format!(
        "next: ironloop evaluate {}",
        show::text(answer, "best_run")
    ));
}
