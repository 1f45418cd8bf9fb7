//! A tracking server, asked through its REST API.

use base::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::source::{Owner, Point};
use super::text;
use crate::client::Client;
use crate::show;

pub(super) struct Remote {
    client: Client,
}

const API: &str = "/api/2.0/mlflow/";

impl Remote {
    pub async fn open(url: &str) -> Result<Self> {
        let remote = Self {
            client: Client::at(url, None)?,
        };
        remote
            .post("experiments/search", &json!({ "max_results": 1 }))
            .await?;
        Ok(remote)
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self.client.request(Method::POST, &format!("{API}{path}"));
        self.client.json(request.json(body)).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value> {
        let request = self.client.request(Method::GET, &format!("{API}{path}"));
        self.client.json(request.query(query)).await
    }

    pub async fn experiments(&self) -> Result<Vec<Value>> {
        let body = json!({ "max_results": 1000, "view_type": "ALL" });
        self.client
            .pages("experiments/search", body, "experiments")
            .await
    }

    pub async fn runs(&self, experiment: &str) -> Result<Vec<Value>> {
        let body =
            json!({ "experiment_ids": [experiment], "max_results": 1000, "run_view_type": "ALL" });
        self.client.pages("runs/search", body, "runs").await
    }

    /// Servers before MLflow 3 have none.
    pub async fn logged_models(&self, experiment: &str) -> Result<Vec<Value>> {
        let body = json!({ "experiment_ids": [experiment], "max_results": 100 });
        match self
            .client
            .pages("logged-models/search", body, "models")
            .await
        {
            Err(error) if error.kind() == base::Kind::NotFound => Ok(Vec::new()),
            found => found,
        }
    }

    pub async fn history(&self, run: &Value, key: &str) -> Result<Vec<Point>> {
        let id = text(&run["info"], "run_id");
        let mut points = Vec::new();
        let mut token = String::new();
        loop {
            let mut query = vec![
                ("run_id", id.as_str()),
                ("metric_key", key),
                ("max_results", "25000"),
            ];
            if !token.is_empty() {
                query.push(("page_token", &token));
            }
            let page = self.get("metrics/get-history", &query).await?;
            for point in show::list(&page, "metrics") {
                let value = match &point["value"] {
                    Value::String(word) => word.parse().unwrap_or(f64::NAN),
                    number => number.as_f64().unwrap_or(f64::NAN),
                };
                points.push(Point {
                    value,
                    timestamp: point["timestamp"].as_i64().unwrap_or_default(),
                    step: point["step"].as_i64().unwrap_or_default(),
                });
            }
            match page["next_page_token"].as_str() {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => return Ok(points),
            }
        }
    }

    pub async fn models(&self) -> Result<Vec<Value>> {
        // Prompts are registered models that a list leaves out unless it is asked for them.
        let mut models = Vec::new();
        for filter in ["", "tags.`mlflow.prompt.is_prompt` = 'true'"] {
            models.extend(
                self.queried("registered-models/search", filter, "registered_models")
                    .await?,
            );
        }
        for model in &mut models {
            let name = text(model, "name").replace('\'', "''");
            let mut filter = format!("name = '{name}'");
            let tags = super::pairs(&model["tags"]);
            if tags.iter().any(|(key, _)| key == "mlflow.prompt.is_prompt") {
                filter.push_str(" and tags.`mlflow.prompt.is_prompt` = 'true'");
            }
            model["versions"] = self
                .queried("model-versions/search", &filter, "model_versions")
                .await?
                .into();
        }
        Ok(models)
    }

    async fn queried(&self, path: &str, filter: &str, list: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut token = String::new();
        loop {
            let mut query = vec![("filter", filter), ("max_results", "1000")];
            if !token.is_empty() {
                query.push(("page_token", &token));
            }
            let mut page = self.get(path, &query).await?;
            if let Value::Array(items) = page[list].take() {
                all.extend(items);
            }
            match page["next_page_token"].as_str() {
                Some(next) if !next.is_empty() => next.clone_into(&mut token),
                _ => return Ok(all),
            }
        }
    }

    pub async fn files(&self, owner: Owner<'_>) -> Result<Vec<String>> {
        let mut files = Vec::new();
        let mut folders = vec![String::new()];
        while let Some(folder) = folders.pop() {
            let page = match owner {
                Owner::Run(run) => {
                    let id = text(&run["info"], "run_id");
                    self.get("artifacts/list", &[("run_id", &id), ("path", &folder)])
                        .await?
                }
                Owner::LoggedModel(model) => {
                    let id = text(&model["info"], "model_id");
                    let path = format!("logged-models/{id}/artifacts/directories");
                    self.get(&path, &[("artifact_directory_path", &folder)])
                        .await?
                }
            };
            for file in show::list(&page, "files") {
                let path = text(file, "path");
                if file["is_dir"] == true {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        Ok(files)
    }

    pub async fn file(&self, owner: Owner<'_>, path: &str) -> Result<reqwest::Body> {
        let request = match owner {
            Owner::Run(run) => {
                let id = text(&run["info"], "run_id");
                let request = self.client.request(Method::GET, "/get-artifact");
                request.query(&[("run_id", id.as_str()), ("path", path)])
            }
            Owner::LoggedModel(model) => {
                let id = text(&model["info"], "model_id");
                let address = format!("/ajax-api/2.0/mlflow/logged-models/{id}/artifacts/files");
                let request = self.client.request(Method::GET, &address);
                request.query(&[("artifact_file_path", path)])
            }
        };
        self.client.stream(request).await
    }
}
