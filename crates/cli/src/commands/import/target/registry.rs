//! Registered models on their way in, with their versions, stages and aliases.

use base::{Error, Kind, Result};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Target, optional};
use crate::commands::import::{list_of, pairs, text};

impl Target<'_> {
    pub async fn model(&mut self, model: &Value) -> Result<()> {
        let name = text(model, "name");
        let body = json!({ "name": name, "description": text(model, "description"), "tags": list_of(pairs(&model["tags"])) });
        let added = match self.post("registered-models/create", &body).await {
            Ok(_) => true,
            Err(error) if error.message().contains("already exists") => false,
            Err(error) => return Err(error),
        };
        self.tally.count("models", 1, usize::from(added));
        let versions = model["versions"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        let mut versions: Vec<&Value> = versions.iter().collect();
        versions.sort_by_key(|version| text(version, "version").parse::<i64>().unwrap_or_default());
        for version in versions {
            self.version(&name, version).await?;
        }
        let request = self
            .client
            .request(Method::GET, "/api/2.0/mlflow/registered-models/get");
        let here = self.client.json(request.query(&[("name", &name)])).await?;
        let kept = here["registered_model"]["aliases"].as_array();
        for alias in model["aliases"].as_array().into_iter().flatten() {
            // An alias that points somewhere here already is somebody's decision.
            let here = kept
                .into_iter()
                .flatten()
                .find(|kept| kept["alias"] == alias["alias"]);
            if let Some(here) = here {
                if text(here, "version") != text(alias, "version") {
                    self.tally.problems.push(format!(
                        "alias {} of {name} names version {} here and stays there",
                        text(alias, "alias"),
                        text(here, "version")
                    ));
                }
                continue;
            }
            let body =
                json!({ "name": name, "alias": alias["alias"], "version": text(alias, "version") });
            let outcome = self.post("registered-models/alias", &body).await;
            self.note(
                outcome,
                &format!("alias {} of {name}", text(alias, "alias")),
            )?;
        }
        Ok(())
    }

    async fn version(&mut self, name: &str, version: &Value) -> Result<()> {
        let number = text(version, "version");
        let body = json!({
            "name": name,
            "version": number.parse::<i64>().map_err(|_| Error::invalid(format!("{number:?} is not the number of a version")))?,
            "source": place(version),
            "run_id": optional(version, "run_id"),
            "model_id": optional(version, "model_id"),
            "run_link": text(version, "run_link"),
            "description": text(version, "description"),
            "user": optional(version, "user_id"),
            "tags": list_of(pairs(&version["tags"])),
            "created_at": version["creation_timestamp"].as_i64().unwrap_or_default(),
            "updated_at": version["last_updated_timestamp"].as_i64().unwrap_or_default(),
        });
        match self.client.post("/import/version", &body).await {
            Ok(made) => {
                let added = made["added"] == true;
                self.tally.count("versions", 1, usize::from(added));
                if !added {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == Kind::Unavailable => return Err(error),
            Err(error) => {
                self.tally.count("versions", 1, 0);
                self.tally
                    .problems
                    .push(format!("version {number} of {name}: {}", error.message()));
                return Ok(());
            }
        }
        let stage = text(version, "current_stage");
        if !matches!(stage.as_str(), "" | "None") {
            let body = json!({ "name": name, "version": number, "stage": stage, "archive_existing_versions": false });
            let outcome = self.post("model-versions/transition-stage", &body).await;
            self.note(outcome, &format!("stage {stage} of {name}/{number}"))?;
        }
        Ok(())
    }
}

/// Where the files of a version lie here: in its logged model or in its run, where they lay there.
fn place(version: &Value) -> String {
    let source = text(version, "source");
    if source
        .split_once("://")
        .is_some_and(|(scheme, _)| !matches!(scheme, "file" | "mlflow-artifacts"))
    {
        // The files stay where they are.
        return source;
    }
    if let Some(model) = optional(version, "model_id") {
        return format!("models:/{model}");
    }
    let Some(run) = optional(version, "run_id") else {
        return source;
    };
    match source.split_once(&format!("/{run}/artifacts")) {
        Some((_, path)) => format!("runs:/{run}{path}"),
        None => source,
    }
}
