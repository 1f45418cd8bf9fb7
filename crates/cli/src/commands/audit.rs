//! `ironloop audit …`: who did what, and whether the log is whole.

use base::Result;
use clap::Subcommand;

use crate::exit::Exit;
use crate::session::Session;
use crate::show;

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// The newest entries
    Show {
        /// At most this many
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: u32,
    },
    /// Walk the chain of hashes from the first entry to the last
    Verify,
}

impl Audit {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Self::Show { limit } => list(session, *limit).await,
            Self::Verify => {
                let answer = session.client.get("/audit/verify").await?;
                session.output.result(&answer, |output| {
                    output.line(format!(
                        "{} entries, the chain is whole",
                        show::text(&answer, "entries")
                    ));
                });
                Ok(Exit::Ok)
            }
        }
    }
}

async fn list(session: &Session, limit: u32) -> Result<Exit> {
    let answer = session.client.get(&format!("/audit?limit={limit}")).await?;
    session.output.result(&answer, |output| {
        let rows: Vec<Vec<String>> = show::list(&answer, "items")
            .iter()
            .map(|entry| {
                vec![
                    show::text(entry, "seq"),
                    show::time(&entry["at"]),
                    show::text(entry, "actor"),
                    show::text(entry, "action"),
                    show::text(entry, "project"),
                    show::text(entry, "object"),
                ]
            })
            .collect();
        output.table(&["#", "at", "actor", "action", "project", "object"], &rows);
    });
    Ok(Exit::Ok)
}
