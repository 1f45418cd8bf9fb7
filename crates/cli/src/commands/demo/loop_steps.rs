//! From the goal to the first deployment.

use std::path::Path;

use base::{Error, Result, Timestamp};
use serde_json::{Value, json};

use super::api::{Api, said};
use super::example::Spec;
use super::journal::{Journal, State};
use super::report::Report;
use super::world;

/// How far an answer of the API may be from the model's own: the model speaks f64, the wire speaks JSON.
const TOLERANCE: f64 = 1e-6;

/// The first five steps.
pub struct Steps<'a> {
    pub api: &'a Api,
    pub example: &'a Spec,
    pub folder: &'a Path,
}

impl Steps<'_> {
    fn path(&self, rest: &str) -> String {
        format!("/api/v1/projects/{}{rest}", self.example.name)
    }

    /// The charter, its criteria, and whether the data can carry them.
    pub async fn design(&self, report: &mut Report) -> Result<()> {
        report.step("1  Design: what is it for, and when is it good enough?");
        let text = std::fs::read_to_string(self.folder.join("ironloop.toml"))?;
        let applied = self
            .api
            .post(
                "/api/v1/projects/apply",
                &json!({ "text": text, "base_dir": self.folder }),
            )
            .await?;
        let changes = applied["changes"].as_array().map_or(0, Vec::len);
        let project = self.api.get(&self.path("")).await?;
        for goal in project["goals"].as_array().into_iter().flatten() {
            report.say(format!("goal: {}", word(&goal["text"])));
        }
        report.say(format!("today: {}", word(&project["charter"]["today"])));
        for criterion in project["criteria"].as_array().into_iter().flatten() {
            report.say(format!(
                "criterion {:<16} {}",
                word(&criterion["id"]),
                word(&criterion["target"])
            ));
        }
        report.say(format!(
            "applied the project file: {changes} objects new or changed"
        ));
        Ok(())
    }

    /// A dataset version whose rules hold, a broken file that is stopped, and the feasibility of the goal.
    pub async fn data(&self, report: &mut Report) -> Result<()> {
        report.step("2  Data: versions that passed their rules");
        let versions = self.path(&format!("/datasets/{}/versions", self.example.dataset));
        let first = self.job(&versions, &json!({}), report).await?;
        report.say(format!(
            "{} version {}: {} rows, digest {}, {}",
            self.example.dataset,
            first["version"],
            first["rows"],
            short(&first["digest"]),
            rules(&first)
        ));
        let broken = self.folder.join(self.example.broken);
        let stopped = self
            .job(&versions, &json!({ "path": broken }), report)
            .await?;
        let failed: Vec<&str> = failing(&stopped).collect();
        report.say(format!(
            "{}: {} by {}",
            self.example.broken,
            word(&stopped["state"]),
            failed.join(", ")
        ));
        report.claim(
            "a broken file is stopped by the name of its rule",
            !failed.is_empty() && stopped["state"] == "quarantined",
        );
        let current = self.api.get(&format!("{versions}/current")).await?;
        report.claim(
            "the last good version stays current",
            current["digest"] == first["digest"],
        );

        let feasible = self
            .api
            .post(&self.path("/design-check"), &json!({}))
            .await?;
        report.say(format!("design check: {}", word(&feasible["verdict"])));
        for check in feasible["checks"].as_array().into_iter().flatten() {
            report.say(format!(
                "  {:<16} {:<12} {}",
                word(&check["id"]),
                word(&check["verdict"]),
                word(&check["reason"])
            ));
        }
        report.claim(
            "the data can carry the goal",
            feasible["verdict"] == "feasible",
        );
        Ok(())
    }

    /// Trials of every candidate; the answer is the best run's id.
    pub async fn develop(&self, journal: &mut Journal, report: &mut Report) -> Result<String> {
        report.step("3  Develop: candidates tuned and compared on time-ordered folds");
        let job = self
            .asked_once(journal, |state| &mut state.train_job, "/train", &json!({}))
            .await?;
        let outcome = self
            .api
            .wait(&job, |progress| report.progress(word(&progress["message"])))
            .await?;
        let leaderboard = outcome["leaderboard"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut shown: Vec<&str> = Vec::new();
        for trial in &leaderboard {
            let candidate = word(&trial["candidate"]);
            if !shown.contains(&candidate) {
                shown.push(candidate);
                report.say(format!(
                    "{:<10} {} {:.4} ± {:.4}   {}",
                    candidate,
                    word(&trial["metric"]),
                    trial["mean"].as_f64().unwrap_or(f64::NAN),
                    trial["std"].as_f64().unwrap_or(f64::NAN),
                    params(&trial["params"])
                ));
            }
        }
        report.say(format!(
            "{} trials, each an MLflow run; the best of each candidate above",
            leaderboard.len()
        ));
        report.claim("three kinds of model were compared", shown.len() >= 3);
        report.fact("trials", leaderboard.len());
        outcome["best_run"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Error::internal("training named no best run"))
    }

    /// The evaluation, the gate, the refusal without approval, the approval and the promotion.
    pub async fn gate(
        &self,
        run: &str,
        journal: &mut Journal,
        report: &mut Report,
    ) -> Result<String> {
        report.step("4  Evaluate and gate: bounds, slices, approval");
        let job = self
            .asked_once(
                journal,
                |state| &mut state.evaluate_job,
                "/evaluate",
                &json!({ "run_id": run }),
            )
            .await?;
        let outcome = self.api.wait(&job, |_| {}).await?;
        for criterion in outcome["criteria"].as_array().into_iter().flatten() {
            report.say(criterion_line(criterion));
        }
        let version = outcome["version"]
            .as_str()
            .map(str::to_owned)
            .or_else(|| outcome["version"].as_i64().map(|n| n.to_string()))
            .ok_or_else(|| {
                Error::conflict(
                    "the best run did not pass gate.candidate, so there is no model version",
                )
            })?;
        let at = self.path(&format!(
            "/models/{}/versions/{version}",
            self.example.model
        ));
        let champion = self
            .api
            .get(&self.path(&format!("/models/{}", self.example.model)))
            .await?["aliases"]["champion"]
            .clone();
        if champion.is_null() {
            self.refuse_then_promote(&at, &version, report).await?;
        }
        let shown = self.api.get(&at).await?;
        for metric in shown["evaluation"]["metrics"]
            .as_array()
            .into_iter()
            .flatten()
        {
            report.say(format!(
                "  {:<16} {} [{}, {}]   today {}",
                word(&metric["name"]),
                figure(&metric["value"]),
                figure(&metric["lower"]),
                figure(&metric["upper"]),
                figure(&metric["today"])
            ));
        }
        report.say(format!("champion = version {version}"));
        Ok(version)
    }

    async fn refuse_then_promote(
        &self,
        at: &str,
        version: &str,
        report: &mut Report,
    ) -> Result<()> {
        let client_call =
            json!({ "name": self.example.model, "alias": "champion", "version": version });
        let (status, answer) = self
            .api
            .try_post("/api/2.0/mlflow/registered-models/alias", &client_call)
            .await?;
        report.say(format!(
            "set_registered_model_alias without approval: {} {}",
            status.as_u16(),
            said(&answer)
        ));
        report.claim(
            "the mlflow client cannot move a protected alias past its gate",
            answer["error_code"] == "PERMISSION_DENIED",
        );
        let (status, answer) = self
            .api
            .try_post(&format!("{at}/promote"), &json!({ "alias": "champion" }))
            .await?;
        report.claim("nor can Ironloop's own API", status.as_u16() == 403);
        report.say(format!(
            "promote without approval: {} {}",
            status.as_u16(),
            said(&answer)
        ));
        let (user, role) = self.example.signer;
        let decision =
            json!({ "role": role, "decision": "approve", "reason": self.example.approval });
        self.api
            .post_as(user, &format!("{at}/approve"), &decision)
            .await?;
        report.say(format!("{user} approved as {role}"));
        self.api
            .post(&format!("{at}/promote"), &json!({ "alias": "champion" }))
            .await?;
        Ok(())
    }

    /// The champion behind an address, and whether it answers as it did in training.
    pub async fn deploy(&self, version: &str, report: &mut Report) -> Result<()> {
        report.step("5  Deploy: the same answers as in training");
        let at = self.path(&format!("/deployments/{}", self.example.endpoint));
        let (status, state) = self.api.try_get(&at).await?;
        let live = status.is_success()
            && state["revisions"]
                .as_array()
                .is_some_and(|all| all.iter().any(|r| r["share"].as_f64() > Some(0.0)));
        if !live {
            self.job(&format!("{at}/deploy"), &json!({}), report)
                .await?;
        }
        let state = self.api.get(&at).await?;
        for revision in state["revisions"].as_array().into_iter().flatten() {
            report.say(format!(
                "revision {}: version {}, {} of traffic, engine {}",
                revision["revision"],
                revision["version"],
                share(&revision["share"]),
                word(&revision["runtime"])
            ));
        }
        let model = self
            .api
            .get(&self.path(&format!(
                "/models/{}/versions/{version}",
                self.example.model
            )))
            .await?;
        let run = model["run_id"]
            .as_str()
            .ok_or_else(|| Error::internal("the version names no run"))?
            .to_owned();
        let run = self
            .api
            .get(&format!("/api/2.0/mlflow/runs/get?run_id={run}"))
            .await?;
        let uri = run["run"]["info"]["artifact_uri"]
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("mlflow-artifacts:/")
            .to_owned();
        let bytes = self
            .api
            .artifact(&format!(
                "{}/model/model.ironloop.json",
                uri.trim_start_matches('/')
            ))
            .await?;
        let model = training::Model::from_json(&bytes)?;
        let largest = self.compare(&model, report).await?;
        report.claim(
            "the API answers as the training process does, to 1e-6 for 1,000 rows",
            largest <= TOLERANCE,
        );
        report.fact("largest_difference", largest);
        Ok(())
    }

    /// Sends 1,000 rows that no model saw to the API, scores the same rows in this process, and tells the largest
    /// difference. Sent with the header that keeps them out of the prediction log: nobody acts on them.
    async fn compare(&self, model: &training::Model, report: &mut Report) -> Result<f64> {
        let until = self.example.start + jiff::SignedDuration::from_hours(24 * 42);
        let events = world::events(self.example, self.folder, self.example.start, Some(until))?;
        let probe = world::batch(&events[..events.len().min(1000)])?;
        let answer = self
            .api
            .probe(
                &format!("/v2/models/{}/infer", self.example.endpoint),
                &probe.request,
            )
            .await?;
        let served: Vec<f64> = answer["outputs"][0]["data"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_f64)
            .collect();
        let own = model.predict(&probe.rows)?;
        if served.len() != own.len() || own.is_empty() {
            return Err(Error::internal(format!(
                "the API answered {} rows of {}",
                served.len(),
                own.len()
            )));
        }
        let largest = served
            .iter()
            .zip(&own)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        report.say(format!(
            "{} rows through /v2/models/{}/infer: largest difference {largest:.1e}",
            own.len(),
            self.example.endpoint
        ));
        Ok(largest)
    }

    /// The job that the journal names in `place`, or one that is asked for and written down there.
    async fn asked_once(
        &self,
        journal: &mut Journal,
        place: impl Fn(&mut State) -> &mut Option<String>,
        path: &str,
        body: &Value,
    ) -> Result<String> {
        let mut known = None;
        journal.note(|state| known.clone_from(place(state)))?;
        if let Some(job) = known {
            return Ok(job);
        }
        let job = job_id(&self.api.post(&self.path(path), body).await?)?;
        journal.note(|state| *place(state) = Some(job.clone()))?;
        Ok(job)
    }

    /// Asks for a job and waits for its result.
    async fn job(&self, path: &str, body: &Value, report: &mut Report) -> Result<Value> {
        let job = job_id(&self.api.post(path, body).await?)?;
        self.api
            .wait(&job, |progress| report.progress(word(&progress["message"])))
            .await
    }
}

/// The job that a 202 answer names.
pub fn job_id(answer: &Value) -> Result<String> {
    answer["job"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::internal(format!("no job was named: {answer}")))
}

/// A criterion's verdict with the numbers behind it, on one line.
pub fn criterion_line(criterion: &Value) -> String {
    let sign = match criterion["verdict"].as_str() {
        Some("pass") => "✓ pass   ",
        Some("fail") => "✗ fail   ",
        _ => "? unknown",
    };
    format!(
        "{sign} {:<16} {} [{}, {}]  {}",
        criterion["id"].as_str().unwrap_or_default(),
        figure(&criterion["value"]),
        figure(&criterion["lower"]),
        figure(&criterion["upper"]),
        criterion["reason"]
            .as_str()
            .or(criterion["target"].as_str())
            .unwrap_or_default()
    )
}

/// Text of a JSON string, nothing for anything else.
pub fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A number with four significant places, a dash where there is none.
pub fn figure(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if number.abs() >= 100.0 => format!("{number:.1}"),
        Some(number) => format!("{number:.4}"),
        None => "–".to_owned(),
    }
}

/// A moment as its day.
pub fn day(ms: i64) -> String {
    Timestamp::from_millisecond(ms)
        .map_or_else(|_| ms.to_string(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn share(value: &Value) -> String {
    value
        .as_f64()
        .map_or_else(String::new, |share| format!("{share:.0} %"))
}

fn short(value: &Value) -> &str {
    let text = word(value);
    text.get(..12).unwrap_or(text)
}

fn failing(version: &Value) -> impl Iterator<Item = &str> {
    let checks = version["checks"]
        .as_array()
        .or_else(|| version["checks"]["results"].as_array());
    checks
        .into_iter()
        .flatten()
        .filter(|check| check["verdict"] == "fail")
        .filter_map(|check| check["id"].as_str())
}

fn rules(version: &Value) -> String {
    let checks = version["checks"]
        .as_array()
        .or_else(|| version["checks"]["results"].as_array());
    let all = checks.map_or(0, Vec::len);
    let failed = failing(version).count();
    format!("{} of {all} rules hold", all - failed)
}

fn params(value: &Value) -> String {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .map(|(key, value)| {
            format!(
                "{key}={}",
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            )
        })
        .collect::<Vec<_>>()
        .join(" ")
}
