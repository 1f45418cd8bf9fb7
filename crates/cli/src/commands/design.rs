//! `ironloop design check`: whether the data can carry the goal.

use base::Result;
use clap::Subcommand;
use serde_json::json;

use crate::exit::Exit;
use crate::session::Session;
use crate::show;

#[derive(Debug, Subcommand)]
pub enum Design {
    /// Say from the data whether the project is feasible (exit code 1 if it is not, or nobody can tell)
    Check,
}

impl Design {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let answer = session
            .client
            .work(
                &session.at(&["design-check"]).await?,
                &json!({}),
                &session.output,
            )
            .await?;
        session.output.result(&answer, |output| {
            let rows: Vec<Vec<String>> = show::list(&answer, "checks")
                .iter()
                .map(|check| {
                    let verdict = output.verdict(&show::text(check, "verdict"));
                    vec![
                        show::text(check, "id"),
                        verdict,
                        show::text(check, "value"),
                        show::text(check, "limit"),
                        show::text(check, "reason"),
                    ]
                })
                .collect();
            output.table(&["check", "verdict", "value", "limit", "reason"], &rows);
            output.line(format!(
                "verdict: {}",
                output.verdict(&show::text(&answer, "verdict"))
            ));
        });
        Ok(if answer["verdict"] == "feasible" {
            Exit::Ok
        } else {
            Exit::Failed
        })
    }
}
