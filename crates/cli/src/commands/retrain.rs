//! `ironloop retrain`: the loop once more, on newer data.

use base::Result;
use clap::Args;
use serde_json::json;

use crate::exit::Exit;
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
pub struct Retrain {
    /// Why
    #[arg(long, default_value = "asked for by hand")]
    reason: String,
}

impl Retrain {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let body = json!({ "reason": self.reason });
        let answer = session
            .client
            .work(&session.at(&["retrain"]).await?, &body, &session.output)
            .await?;
        session.output.result(&answer, |output| {
            let rows: Vec<Vec<String>> = show::list(&answer, "steps")
                .iter()
                .map(|step| {
                    vec![
                        show::text(step, "step"),
                        output.verdict(&show::text(step, "state")),
                        show::text(step, "detail"),
                    ]
                })
                .collect();
            output.table(&["step", "state", "detail"], &rows);
            let promoted = if answer["promoted"] == true {
                "promoted"
            } else {
                "not promoted"
            };
            output.line(format!(
                "challenger {}: {promoted} ({})",
                show::text(&answer, "challenger"),
                show::text(&answer, "why")
            ));
        });
        // A challenger that is not better is an answer of the gate, and not an error of the command.
        Ok(Exit::Ok)
    }
}
