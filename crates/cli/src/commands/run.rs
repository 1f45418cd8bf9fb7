//! `ironloop runs`: the project's runs, a page at a time.

use base::Result;
use clap::Args;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::exit::Exit;
use crate::session::Session;
use crate::show;

#[derive(Debug, Args)]
pub struct Runs {
    /// A filter in MLflow's language: "metrics.wape < 0.3 and params.trees = '100'"
    #[arg(long)]
    filter: Option<String>,
    /// An order in MLflow's language: "metrics.wape asc"
    #[arg(long)]
    order_by: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 20, value_name = "N")]
    limit: u32,
    /// The next page's token, as the page before printed it
    #[arg(long)]
    token: Option<String>,
}

impl Runs {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let mut address = format!("{}?limit={}", session.at(&["runs"]).await?, self.limit);
        for (key, value) in [
            ("filter", &self.filter),
            ("order_by", &self.order_by),
            ("token", &self.token),
        ] {
            if let Some(value) = value {
                address.extend(["&", key, "="]);
                address.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
            }
        }
        let answer = session.client.get(&address).await?;
        session.output.result(&answer, |output| {
            let items = show::list(&answer, "items");
            let metrics = metric_names(items);
            let mut headers = vec!["run", "name", "status", "started", "candidate"];
            headers.extend(metrics.iter().map(String::as_str));
            let rows: Vec<Vec<String>> = items
                .iter()
                .map(|run| {
                    let mut row = vec![
                        show::text(run, "run_id"),
                        show::text(run, "name"),
                        output.verdict(&show::text(run, "status")),
                        show::time(&run["start_time"]),
                        show::text(run, "candidate"),
                    ];
                    row.extend(
                        metrics
                            .iter()
                            .map(|metric| show::plain(&run["metrics"][metric])),
                    );
                    row
                })
                .collect();
            output.table(&headers, &rows);
            if let Some(next) = answer["next"].as_str() {
                output.line(format!("more: --token {next}"));
            }
        });
        Ok(Exit::Ok)
    }
}

/// The metrics that most of the runs have, at most four: a table has a width.
fn metric_names(runs: &[Value]) -> Vec<String> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for name in runs
        .iter()
        .filter_map(|run| run["metrics"].as_object())
        .flat_map(serde_json::Map::keys)
    {
        match counts.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name.clone(), 1)),
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().take(4).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_metrics_of_most_runs_are_shown() {
        let runs = [
            json!({"metrics": {"a": 1}}),
            json!({"metrics": {"b": 1, "a": 2}}),
            json!({"metrics": {"b": 1, "c": 1, "a": 0}}),
        ];
        assert_eq!(metric_names(&runs), ["a", "b", "c"]);
    }
}
