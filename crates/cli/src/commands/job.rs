//! `ironloop jobs …`: background work.

use base::Result;
use clap::{Args, Subcommand};

use crate::client::path;
use crate::exit::Exit;
use crate::session::Session;
use crate::show;

#[derive(Debug, Subcommand)]
pub enum Jobs {
    /// The newest jobs
    List {
        /// At most this many
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: u32,
    },
    /// One job
    Show(One),
    /// Wait for a job's end (exit code 1 if it fails)
    Wait(One),
}

#[derive(Debug, Args)]
pub struct One {
    /// `job-…`
    id: String,
}

impl Jobs {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Self::List { limit } => list(session, *limit).await,
            Self::Show(one) => {
                let job = session.client.get(&path(&["jobs", &one.id])).await?;
                session.output.result(&job, |output| {
                    output.facts(&[
                        ("job", one.id.clone()),
                        ("kind", show::text(&job, "kind")),
                        ("project", show::text(&job, "project")),
                        ("state", output.verdict(&show::text(&job, "state"))),
                        ("asked for", show::time(&job["created_at"])),
                        ("began", show::time(&job["started_at"])),
                        ("ended", show::time(&job["finished_at"])),
                        ("error", show::text(&job, "error")),
                    ]);
                });
                Ok(Exit::Ok)
            }
            Self::Wait(one) => {
                let result = session.client.wait(&one.id, &session.output).await?;
                session.output.result(&result, |output| {
                    output.line(format!("{} {}", one.id, output.verdict("done")));
                });
                Ok(Exit::Ok)
            }
        }
    }
}

async fn list(session: &Session, limit: u32) -> Result<Exit> {
    let answer = session.client.get(&format!("/jobs?limit={limit}")).await?;
    session.output.result(&answer, |output| {
        let rows: Vec<Vec<String>> = show::list(&answer, "items")
            .iter()
            .map(|job| {
                let why = if job["state"] == "failed" {
                    show::text(job, "error")
                } else {
                    show::text(job, "progress.message")
                };
                vec![
                    show::text(job, "id"),
                    show::text(job, "kind"),
                    show::text(job, "project"),
                    output.verdict(&show::text(job, "state")),
                    show::time(&job["created_at"]),
                    why,
                ]
            })
            .collect();
        output.table(
            &["job", "kind", "project", "state", "asked for", "last word"],
            &rows,
        );
    });
    Ok(Exit::Ok)
}
