//! `ironloop monitor …`: windows of an endpoint's life.

use base::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::deploy::only_endpoint;
use super::project::count;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;
use crate::show;

#[derive(Debug, Subcommand)]
pub enum Monitor {
    /// Compute the windows that are due now, and react to what they show
    Run,
    /// Windows with live values, drift and checks; exit code 1 while an alert is open
    Show(Show),
}

/// When there is something to compute.
const WHEN: &str = "one is due when it has ended and the truth of its requests had time to arrive";

#[derive(Debug, Args)]
pub struct Show {
    /// The endpoint; the project's only one if not given
    endpoint: Option<String>,
    /// At most this many of the newest windows
    #[arg(long, default_value_t = 24, value_name = "N")]
    last: usize,
}

impl Monitor {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Self::Run => run_due(session).await,
            Self::Show(show) => show.run(session).await,
        }
    }
}

async fn run_due(session: &Session) -> Result<Exit> {
    let answer = session
        .client
        .work(
            &session.at(&["monitors", "run"]).await?,
            &json!({}),
            &session.output,
        )
        .await?;
    session.output.result(&answer, |output| {
        let windows = show::list(&answer, "windows");
        let computed = count(windows.len(), "window");
        output.line(if windows.is_empty() {
            format!("{computed} computed: {WHEN}")
        } else {
            format!("{computed} computed")
        });
        table(output, windows, "");
    });
    Ok(Exit::Ok)
}

impl Show {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let endpoint = match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => only_endpoint(session).await?,
        };
        let answer = session
            .client
            .get(&session.at(&["monitoring", &endpoint]).await?)
            .await?;
        let open: Vec<&Value> = show::list(&answer, "alerts")
            .iter()
            .filter(|alert| alert["state"] != "resolved")
            .collect();
        session.output.result(&answer, |output| {
            let windows = show::list(&answer, "windows");
            let first = windows.len().saturating_sub(self.last);
            if windows.is_empty() {
                output.line(format!("{endpoint} has no window yet: {WHEN}"));
            }
            table(output, &windows[first..], &show::text(&answer, "metric"));
            for alert in &open {
                let since = show::day(&alert["opened_at"]);
                output.line(format!(
                    "{} since {since}: {}",
                    output.verdict("alert"),
                    show::text(alert, "message")
                ));
            }
        });
        Ok(if open.is_empty() {
            Exit::Ok
        } else {
            Exit::Failed
        })
    }
}

fn table(output: &Output, windows: &[Value], metric: &str) {
    if windows.is_empty() {
        return;
    }
    let live = |window: &Value| match metric {
        "" | show::NONE => show::plain(&window["live"]),
        name => show::interval(&window["live"][name]),
    };
    let rows: Vec<Vec<String>> = windows
        .iter()
        .map(|window| {
            let drifted = window["drift"].as_object().map_or(0, |drift| {
                drift
                    .values()
                    .filter(|column| column["drifted"] == true)
                    .count()
            });
            let checks: Vec<String> = show::list(window, "checks")
                .iter()
                .map(|check| {
                    format!(
                        "{} {}",
                        show::text(check, "monitor"),
                        output.verdict(&show::text(check, "state"))
                    )
                })
                .collect();
            vec![
                show::day(&window["start"]),
                show::day(&window["end"]),
                show::text(window, "version"),
                show::text(window, "requests"),
                show::text(window, "labels"),
                live(window),
                drifted.to_string(),
                checks.join(", "),
            ]
        })
        .collect();
    let live_header = if metric.is_empty() || metric == show::NONE {
        "live".to_owned()
    } else {
        format!("live {metric}")
    };
    output.table(
        &[
            "from",
            "to",
            "version",
            "requests",
            "labels",
            &live_header,
            "drifted",
            "checks",
        ],
        &rows,
    );
}
