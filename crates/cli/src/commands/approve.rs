//! `ironloop approve`: a person's decision on a version, bound to what it was shown.

use base::Result;
use clap::Args;
use serde_json::json;

use crate::exit::Exit;
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
pub struct Approve {
    /// The model
    model: String,
    /// The version
    version: u32,
    /// As which role the decision is made
    #[arg(long, default_value = "stakeholder")]
    role: String,
    /// Reject instead of approving
    #[arg(long)]
    reject: bool,
    /// Why
    #[arg(long, default_value = "")]
    reason: String,
}

impl Approve {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let decision = if self.reject { "reject" } else { "approve" };
        let address = session
            .at(&[
                "models",
                &self.model,
                "versions",
                &self.version.to_string(),
                "approve",
            ])
            .await?;
        let body = json!({ "role": self.role, "decision": decision, "reason": self.reason });
        let answer = session.client.post(&address, &body).await?;
        session.output.result(&answer, |output| {
            let state = show::text(&answer, "state");
            let state = if state == show::NONE {
                String::new()
            } else {
                format!(": {state}")
            };
            output.line(format!(
                "{decision} of {} {} as {}{state}",
                self.model, self.version, self.role
            ));
        });
        Ok(Exit::Ok)
    }
}
