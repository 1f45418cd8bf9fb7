//! Where an import goes to: this server, through its own API and MLflow's.

mod registry;

use std::collections::BTreeMap;

use base::{Kind, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

use super::source::{Owner, Source};
use super::{list_of, pairs, text};
use crate::client::Client;
use crate::session::Session;

/// The tag on a run that has been brought in whole.
const DONE: &str = "ironloop.imported";
/// Points, params and tags that are sent at once.
const METRICS: usize = 1000;
const OTHERS: usize = 100;

/// What stays as it is in the path of an artifact.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.');

/// How many of what were found and are new, and what could not be brought in.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<&'static str, (u64, u64)>,
    pub problems: Vec<String>,
}

impl Tally {
    pub const NAMES: [&'static str; 7] = [
        "experiments",
        "runs",
        "metric points",
        "files",
        "logged models",
        "models",
        "versions",
    ];

    fn count(&mut self, name: &'static str, found: usize, added: usize) {
        let (all, new) = self.counts.entry(name).or_default();
        *all += found as u64;
        *new += added as u64;
    }

    /// For scripts.
    pub fn document(&self) -> Value {
        let mut document = json!({ "problems": self.problems });
        for name in Self::NAMES {
            let (found, added) = self.counts.get(name).copied().unwrap_or_default();
            document[name] = json!({ "found": found, "added": added });
        }
        document
    }
}

pub(super) struct Target<'s> {
    client: &'s Client,
    source: &'s Source,
    pub tally: Tally,
}

impl<'s> Target<'s> {
    pub fn new(session: &'s Session, source: &'s Source) -> Self {
        Self {
            client: &session.client,
            source,
            tally: Tally::default(),
        }
    }

    async fn mlflow(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let request = self
            .client
            .request(method, &format!("/api/2.0/mlflow/{path}"));
        self.client.json(request.json(body)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.mlflow(Method::POST, path, body).await
    }

    /// The experiment of this name: its id here, and whether it was made now.
    pub async fn experiment(&mut self, experiment: &Value) -> Result<(String, bool)> {
        let made = self
            .client
            .post(
                "/import/experiment",
                &json!({
                    "name": experiment["name"],
                    "created_at": experiment["creation_time"].as_i64().unwrap_or_default(),
                    "updated_at": experiment["last_update_time"].as_i64().unwrap_or_default(),
                    "tags": list_of(pairs(&experiment["tags"])),
                }),
            )
            .await?;
        let added = made["added"] == true;
        self.tally.count("experiments", 1, usize::from(added));
        Ok((text(&made, "id"), added))
    }

    /// An experiment that is deleted there is deleted here, after its runs came; one that was here before, or was
    /// restored, stays as it is.
    pub async fn end_experiment(
        &mut self,
        id: &str,
        experiment: &Value,
        added: bool,
    ) -> Result<()> {
        if text(experiment, "lifecycle_stage") != "deleted" {
            return Ok(());
        }
        if !added {
            let request = self
                .client
                .request(Method::GET, "/api/2.0/mlflow/experiments/get");
            let here = self
                .client
                .json(request.query(&[("experiment_id", id)]))
                .await?;
            if here["experiment"]["lifecycle_stage"] != "deleted" {
                self.tally.problems.push(format!(
                    "experiment {} is deleted there; here it was before, and stays",
                    text(experiment, "name")
                ));
            }
            return Ok(());
        }
        match self
            .post("experiments/delete", &json!({ "experiment_id": id }))
            .await
        {
            Err(error) if !matches!(error.kind(), Kind::NotFound | Kind::Conflict) => Err(error),
            _ => Ok(()),
        }
    }

    pub async fn logged_model(&mut self, experiment: &str, model: &Value) -> Result<()> {
        let info = &model["info"];
        let id = text(info, "model_id");
        let made = self
            .client
            .post(
                "/import/logged-model",
                &json!({
                    "id": id,
                    "experiment_id": experiment,
                    "name": info["name"],
                    "status": info["status"],
                    "model_type": text(info, "model_type"),
                    "source_run_id": optional(info, "source_run_id"),
                    "created_at": info["creation_timestamp_ms"].as_i64().unwrap_or_default(),
                    "updated_at": info["last_updated_timestamp_ms"].as_i64().unwrap_or_default(),
                    "params": list_of(pairs(&model["data"]["params"])),
                    "tags": list_of(pairs(&info["tags"])),
                }),
            )
            .await?;
        let added = made["added"] == true;
        self.tally.count("logged models", 1, usize::from(added));
        let here = self
            .mlflow(Method::GET, &format!("logged-models/{id}"), &json!({}))
            .await?;
        let uri = text(&here["model"]["info"], "artifact_uri");
        self.files(Owner::LoggedModel(model), &uri).await
    }

    pub async fn run(&mut self, experiment: &str, run: &Value) -> Result<()> {
        let info = &run["info"];
        let id = text(info, "run_id");
        let made = self
            .client
            .post(
                "/import/run",
                &json!({
                    "id": id,
                    "experiment_id": experiment,
                    "name": text(info, "run_name"),
                    "user": text(info, "user_id"),
                    "status": info["status"],
                    "start_time": info["start_time"].as_i64().unwrap_or_default(),
                    "end_time": info["end_time"].as_i64(),
                }),
            )
            .await?;
        let here = self.run_here(&id).await?;
        let done = pairs(&here["data"]["tags"])
            .iter()
            .any(|(key, _)| key == DONE);
        self.tally
            .count("runs", 1, usize::from(made["added"] == true));
        if done {
            return Ok(());
        }
        let problems = self.tally.problems.len();
        self.logged(&id, run).await?;
        self.files(Owner::Run(run), &text(&here["info"], "artifact_uri"))
            .await?;
        self.linked(&id, run).await?;
        self.compare(&id, run).await?;
        // What could not come in is tried again by the next call.
        if self.tally.problems.len() == problems {
            let tag = json!({ "run_id": id, "key": DONE, "value": "mlflow" });
            self.post("runs/set-tag", &tag).await?;
        }
        if text(info, "lifecycle_stage") == "deleted" {
            self.post("runs/delete", &json!({ "run_id": id })).await?;
        }
        Ok(())
    }

    async fn run_here(&self, id: &str) -> Result<Value> {
        let request = self.client.request(Method::GET, "/api/2.0/mlflow/runs/get");
        let mut answer = self.client.json(request.query(&[("run_id", id)])).await?;
        Ok(answer["run"].take())
    }

    /// Params, tags and series; logging the same again changes nothing.
    async fn logged(&mut self, id: &str, run: &Value) -> Result<()> {
        for name in ["params", "tags"] {
            let all = pairs(&run["data"][name]);
            for part in all.chunks(OTHERS) {
                let mut body = json!({ "run_id": id });
                body[name] = list_of(part.iter().cloned());
                match self.post("runs/log-batch", &body).await {
                    Err(error) if error.kind() == Kind::Invalid => {
                        self.one_by_one(id, name, part).await?;
                    }
                    outcome => drop(outcome?),
                }
            }
        }
        let metrics = run["data"]["metrics"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        for metric in metrics {
            let key = text(metric, "key");
            let points = self.source.history(run, &key).await?;
            self.tally
                .count("metric points", points.len(), points.len());
            for part in points.chunks(METRICS) {
                let points: Vec<Value> = part
                    .iter()
                    .map(|point| {
                        json!({ "key": key, "value": number(point.value), "timestamp": point.timestamp, "step": point.step })
                    })
                    .collect();
                self.post(
                    "runs/log-batch",
                    &json!({ "run_id": id, "metrics": points }),
                )
                .await?;
            }
        }
        Ok(())
    }

    /// Among params or tags of a run are some that no client may log: the others come in.
    async fn one_by_one(
        &mut self,
        id: &str,
        name: &'static str,
        pairs: &[(String, String)],
    ) -> Result<()> {
        for (key, value) in pairs {
            let mut body = json!({ "run_id": id });
            body[name] = list_of([(key.clone(), value.clone())]);
            let outcome = self.post("runs/log-batch", &body).await;
            self.note(outcome, &format!("{name} {key:?} of run {id}"))?;
        }
        Ok(())
    }

    /// Datasets, and logged models that it read and made.
    async fn linked(&mut self, id: &str, run: &Value) -> Result<()> {
        let datasets = &run["inputs"]["dataset_inputs"];
        let models = |list: &Value| -> Vec<Value> {
            let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
            items
                .iter()
                .map(|model| json!({ "model_id": model["model_id"], "step": model["step"].as_i64().unwrap_or_default() }))
                .collect()
        };
        let inputs = models(&run["inputs"]["model_inputs"]);
        if datasets.as_array().is_some_and(|all| !all.is_empty()) || !inputs.is_empty() {
            let body = json!({ "run_id": id, "datasets": datasets, "models": inputs });
            self.note(
                self.post("runs/log-inputs", &body).await,
                &format!("inputs of run {id}"),
            )?;
        }
        let outputs = models(&run["outputs"]["model_outputs"]);
        if !outputs.is_empty() {
            let body = json!({ "run_id": id, "models": outputs });
            self.note(
                self.post("runs/outputs", &body).await,
                &format!("outputs of run {id}"),
            )?;
        }
        Ok(())
    }

    /// Writes down what was refused; a server or disk that failed is an error.
    pub fn note<T>(&mut self, outcome: Result<T>, what: &str) -> Result<()> {
        let Err(error) = outcome else { return Ok(()) };
        if matches!(
            error.kind(),
            Kind::Unavailable | Kind::StorageFull | Kind::Internal
        ) {
            return Err(error);
        }
        self.tally
            .problems
            .push(format!("{what}: {}", error.message()));
        Ok(())
    }

    /// Says which of a run's keys did not arrive.
    async fn compare(&mut self, id: &str, run: &Value) -> Result<()> {
        let here = self.run_here(id).await?;
        for name in ["params", "tags", "metrics"] {
            let there = pairs(&run["data"][name]);
            let arrived = pairs(&here["data"][name]);
            let missing: Vec<&str> = there
                .iter()
                .map(|(key, _)| key.as_str())
                .filter(|key| !arrived.iter().any(|(other, _)| other == key))
                .collect();
            if !missing.is_empty() {
                self.tally
                    .problems
                    .push(format!("run {id} lost {name}: {}", missing.join(", ")));
            }
        }
        Ok(())
    }

    /// Copies files that do not lie here yet to `uri`.
    async fn files(&mut self, owner: Owner<'_>, uri: &str) -> Result<()> {
        let Some(files) = self.source.files(owner).await? else {
            let (Owner::Run(document) | Owner::LoggedModel(document)) = owner;
            let info = &document["info"];
            let from = text(info, "artifact_uri");
            self.tally.problems.push(format!(
                "the files of {}{} stay at {from}: name the folder that the server kept them in with --artifacts, where it is one",
                text(info, "run_id"),
                text(info, "model_id"),
            ));
            return Ok(());
        };
        let place = experiments::blob_path(uri)?;
        let mut copied = 0;
        for path in &files {
            match self.copy(owner, path, &place).await {
                Ok(()) => copied += 1,
                Err(error) if matches!(error.kind(), Kind::Unavailable | Kind::StorageFull) => {
                    return Err(error);
                }
                // A name that no artifact may have, say.
                Err(error) => self
                    .tally
                    .problems
                    .push(format!("file {path} of {place}: {}", error.message())),
            }
        }
        self.tally.count("files", files.len(), copied);
        Ok(())
    }

    async fn copy(&self, owner: Owner<'_>, path: &str, place: &str) -> Result<()> {
        let body = self.source.file(owner, path).await?;
        let address = format!(
            "/api/2.0/mlflow-artifacts/artifacts/{}",
            utf8_percent_encode(&format!("{place}/{path}"), IN_PATH)
        );
        let request = self.client.request(Method::PUT, &address).body(body);
        self.client.json(request).await?;
        Ok(())
    }
}

fn optional(value: &Value, key: &str) -> Option<String> {
    Some(text(value, key)).filter(|text| !text.is_empty())
}

/// JSON has no NaN and no infinities; MLflow's API takes words for them.
fn number(value: f64) -> Value {
    if value.is_finite() {
        json!(value)
    } else if value.is_nan() {
        json!("NaN")
    } else if value > 0.0 {
        json!("Infinity")
    } else {
        json!("-Infinity")
    }
}
