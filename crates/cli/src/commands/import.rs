//! `ironloop import mlflow`: brings experiments, runs, logged models, registered models and files in from MLflow.
//!
//! Runs and logged models keep their ids. A run that has been brought in whole is marked with a tag, so a second
//! call goes on where the first one ended, and a third does nothing.

mod folder;
mod meta;
mod remote;
mod source;
mod sql;
mod target;

use std::path::PathBuf;

use base::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::source::Source;
use self::target::{Tally, Target};
use crate::exit::Exit;
use crate::session::Session;
use crate::show;

#[derive(Debug, Subcommand)]
pub enum Import {
    /// From a tracking server, an SQLite or PostgreSQL store, or an `mlruns` folder
    Mlflow(Mlflow),
}

#[derive(Debug, Args)]
pub struct Mlflow {
    /// http://HOST:PORT, sqlite:///PATH, postgresql://USER@HOST/NAME or a folder
    #[arg(long, value_name = "URI|FOLDER")]
    from: String,
    /// For a database: the folder that MLflow's server kept artifacts in
    #[arg(long, value_name = "FOLDER")]
    artifacts: Option<PathBuf>,
}

impl Import {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let Self::Mlflow(mlflow) = self;
        mlflow.run(session).await
    }
}

impl Mlflow {
    async fn run(&self, session: &Session) -> Result<Exit> {
        let source = Source::open(&self.from, self.artifacts.clone()).await?;
        let mut target = Target::new(session, &source);
        for experiment in source.experiments().await? {
            let outcome = self
                .experiment(session, &source, &mut target, &experiment)
                .await;
            target.note(
                outcome,
                &format!("experiment {}", text(&experiment, "name")),
            )?;
        }
        for model in source.models().await? {
            let outcome = target.model(&model).await;
            target.note(outcome, &format!("model {}", text(&model, "name")))?;
        }
        let complete = target.tally.problems.is_empty();
        let answer = target.tally.document();
        session.output.result(&answer, |output| {
            output.heading("Imported");
            output.facts(&facts(&answer));
            for problem in show::list(&answer, "problems") {
                output.line(format!("  {}", problem.as_str().unwrap_or_default()));
            }
        });
        Ok(if complete { Exit::Ok } else { Exit::Failed })
    }

    async fn experiment(
        &self,
        session: &Session,
        source: &Source,
        target: &mut Target<'_>,
        experiment: &Value,
    ) -> Result<()> {
        let theirs = text(experiment, "experiment_id");
        let (ours, added) = target.experiment(experiment).await?;
        for model in source.logged_models(&theirs).await? {
            let outcome = target.logged_model(&ours, &model).await;
            target.note(
                outcome,
                &format!("logged model {}", text(&model["info"], "model_id")),
            )?;
        }
        let runs = source.runs(&theirs).await?;
        let count = runs.len();
        for (at, run) in runs.iter().enumerate() {
            let outcome = target.run(&ours, run).await;
            target.note(outcome, &format!("run {}", text(&run["info"], "run_id")))?;
            if (at + 1) % 100 == 0 {
                session.output.line(format!("{} of {count} runs", at + 1));
            }
        }
        target.end_experiment(&ours, experiment, added).await?;
        session
            .output
            .line(format!("{}: {count} runs", text(experiment, "name")));
        Ok(())
    }
}

fn facts(answer: &Value) -> Vec<(&'static str, String)> {
    Tally::NAMES
        .into_iter()
        .map(|name| {
            let count = &answer[name];
            let text = format!("{} found, {} new", count["found"], count["added"]);
            (name, text)
        })
        .collect()
}

/// The text of a field; empty where it is missing.
pub(super) fn text(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// `{"key": …, "value": …}` of a list.
fn pairs(list: &Value) -> Vec<(String, String)> {
    let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| (text(item, "key"), text(item, "value")))
        .collect()
}

/// A list of pairs as MLflow writes it.
fn list_of(pairs: impl IntoIterator<Item = (String, String)>) -> Value {
    pairs
        .into_iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect()
}
