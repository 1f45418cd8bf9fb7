//! A database that MLflow's SQL store keeps, read with MLflow's own tables.
//!
//! An SQLite file is read as a copy, so that nothing changes it.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use base::{Clock, Error, Result};
use serde_json::{Value, json};
use store::{Db, dynamic_sql};

use super::folder::{below, open_file};
use super::source::{Owner, Point};
use super::{list_of, text};

pub(super) struct Sql {
    db: Db,
    artifacts: Option<PathBuf>,
    /// Holds the copy of an SQLite file.
    _copy: Option<tempfile::TempDir>,
}

/// Id, name, user, status, start, end, lifecycle stage, address of the artifacts.
type RunRow = (
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    String,
    String,
);
/// Keys and values by their owner.
type Pairs = HashMap<String, Vec<(String, String)>>;

impl Sql {
    pub async fn open(uri: &str, artifacts: Option<PathBuf>) -> Result<Self> {
        let (url, copy) = if let Some(path) = uri.strip_prefix("sqlite:///") {
            let folder = tempfile::tempdir()?;
            let copy = folder.path().join("mlflow.db");
            for end in ["", "-wal"] {
                let from = PathBuf::from(format!("{path}{end}"));
                if end.is_empty() || from.exists() {
                    std::fs::copy(&from, format!("{}{end}", copy.display()))
                        .map_err(|error| Error::from(error).at(from.display()))?;
                }
            }
            (format!("sqlite:{}", copy.display()), Some(folder))
        } else {
            let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
            if !scheme.starts_with("postgres") {
                return Err(
                    Error::invalid(format!("{uri:?} is no database that can be read"))
                        .hint("use sqlite:///PATH or postgresql://USER@HOST/NAME"),
                );
            }
            (format!("postgresql://{rest}"), None)
        };
        Ok(Self {
            db: Db::open(&url, Clock::system()).await?,
            artifacts,
            _copy: copy,
        })
    }

    /// Rows of an owner with a key and a value, by owner.
    async fn pairs(&self, sql: &str, id: &str) -> Result<Pairs> {
        let rows: Vec<(String, String, String)> = self
            .db
            .rows(dynamic_sql(sql.to_owned()), &[id.into()])
            .await?;
        let mut by_owner = Pairs::new();
        for (owner, key, value) in rows {
            by_owner.entry(owner).or_default().push((key, value));
        }
        Ok(by_owner)
    }

    pub async fn experiments(&self) -> Result<Vec<Value>> {
        let mut tags = self
            .pairs("select cast(experiment_id as text), key, coalesce(value, '') from experiment_tags where $1 = ''", "")
            .await?;
        let rows: Vec<(String, String, String, i64, i64)> = self
            .db
            .rows(
                "select cast(experiment_id as text), name, lifecycle_stage, cast(coalesce(creation_time, 0) as bigint), cast(coalesce(last_update_time, 0) as bigint) from experiments order by experiment_id",
                &[],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(id, name, stage, created, updated)| {
                json!({
                    "tags": list_of(tags.remove(&id).unwrap_or_default()),
                    "experiment_id": id,
                    "name": name,
                    "lifecycle_stage": stage,
                    "creation_time": created,
                    "last_update_time": updated,
                })
            })
            .collect())
    }

    pub async fn runs(&self, experiment: &str) -> Result<Vec<Value>> {
        let of = |table: &str| {
            format!(
                "select t.run_uuid, t.key, coalesce(t.value, '') from {table} t join runs r on r.run_uuid = t.run_uuid where cast(r.experiment_id as text) = $1 order by t.key"
            )
        };
        let mut params = self.pairs(&of("params"), experiment).await?;
        let mut tags = self.pairs(&of("tags"), experiment).await?;
        let mut metrics = self
            .pairs("select l.run_uuid, l.key, '' from latest_metrics l join runs r on r.run_uuid = l.run_uuid where cast(r.experiment_id as text) = $1 order by l.key", experiment)
            .await?;
        let mut datasets = self.datasets(experiment).await?;
        let mut outputs = self
            .pairs("select i.source_id, i.destination_id, cast(i.step as text) from inputs i join runs r on r.run_uuid = i.source_id where i.source_type = 'RUN_OUTPUT' and cast(r.experiment_id as text) = $1", experiment)
            .await?;
        let rows: Vec<RunRow> = self
            .db
            .rows(
                "select run_uuid, coalesce(name, ''), coalesce(user_id, ''), coalesce(status, 'FINISHED'), cast(coalesce(start_time, 0) as bigint), cast(end_time as bigint), lifecycle_stage, coalesce(artifact_uri, '') from runs where cast(experiment_id as text) = $1 order by start_time, run_uuid",
                &[experiment.into()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(id, name, user, status, start, end, stage, uri)| {
                let outputs: Vec<Value> = outputs
                    .remove(&id)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(model, step)| json!({ "model_id": model, "step": step.parse::<i64>().unwrap_or_default() }))
                    .collect();
                json!({
                    "data": {
                        "params": list_of(params.remove(&id).unwrap_or_default()),
                        "tags": list_of(tags.remove(&id).unwrap_or_default()),
                        "metrics": list_of(metrics.remove(&id).unwrap_or_default()),
                    },
                    "inputs": { "dataset_inputs": datasets.remove(&id).unwrap_or_default() },
                    "outputs": { "model_outputs": outputs },
                    "info": {
                        "run_id": id,
                        "run_name": name,
                        "experiment_id": experiment,
                        "user_id": user,
                        "status": status,
                        "start_time": start,
                        "end_time": end,
                        "lifecycle_stage": stage,
                        "artifact_uri": uri,
                    },
                })
            })
            .collect())
    }

    async fn datasets(&self, experiment: &str) -> Result<HashMap<String, Vec<Value>>> {
        type Row = (
            String,
            String,
            String,
            String,
            String,
            Option<String>,
            Option<String>,
            Option<String>,
        );
        let rows: Vec<Row> = self
            .db
            .rows(
                "select i.destination_id, d.name, d.digest, d.dataset_source_type, d.dataset_source, d.dataset_schema, d.dataset_profile, t.value from inputs i join datasets d on d.dataset_uuid = i.source_id left join input_tags t on t.input_uuid = i.input_uuid and t.name = 'mlflow.data.context' where i.source_type = 'DATASET' and cast(d.experiment_id as text) = $1",
                &[experiment.into()],
            )
            .await?;
        let mut by_run: HashMap<String, Vec<Value>> = HashMap::new();
        for (run, name, digest, source_type, source, schema, profile, context) in rows {
            let tags = context.map(|context| ("mlflow.data.context".to_owned(), context));
            by_run.entry(run).or_default().push(json!({
                "tags": list_of(tags),
                "dataset": { "name": name, "digest": digest, "source_type": source_type, "source": source, "schema": schema, "profile": profile },
            }));
        }
        Ok(by_run)
    }

    /// Stores before MLflow 3 have none.
    pub async fn logged_models(&self, experiment: &str) -> Result<Vec<Value>> {
        type Row = (
            String,
            String,
            i64,
            i64,
            String,
            String,
            Option<String>,
            String,
        );
        let Ok(rows) = self
            .db
            .rows::<Row>(
                "select model_id, name, cast(creation_timestamp_ms as bigint), cast(last_updated_timestamp_ms as bigint), cast(status as text), coalesce(model_type, ''), source_run_id, artifact_location from logged_models where lifecycle_stage = 'active' and cast(experiment_id as text) = $1 order by creation_timestamp_ms, model_id",
                &[experiment.into()],
            )
            .await
        else {
            return Ok(Vec::new());
        };
        let of = |name: &str| {
            format!(
                "select model_id, {name}_key, {name}_value from logged_model_{name}s where cast(experiment_id as text) = $1"
            )
        };
        let mut params = self.pairs(&of("param"), experiment).await?;
        let mut tags = self.pairs(&of("tag"), experiment).await?;
        Ok(rows
            .into_iter()
            .map(
                |(id, name, created, updated, status, model_type, run, uri)| {
                    let status = match status.as_str() {
                        "2" => "LOGGED_MODEL_READY",
                        "3" => "LOGGED_MODEL_UPLOAD_FAILED",
                        _ => "LOGGED_MODEL_PENDING",
                    };
                    json!({
                        "data": { "params": list_of(params.remove(&id).unwrap_or_default()) },
                        "info": {
                            "tags": list_of(tags.remove(&id).unwrap_or_default()),
                            "model_id": id,
                            "experiment_id": experiment,
                            "name": name,
                            "status": status,
                            "model_type": model_type,
                            "source_run_id": run,
                            "artifact_uri": uri,
                            "creation_timestamp_ms": created,
                            "last_updated_timestamp_ms": updated,
                        },
                    })
                },
            )
            .collect())
    }

    pub async fn history(&self, run: &Value, key: &str) -> Result<Vec<Point>> {
        let rows: Vec<(f64, i64, i64, i64)> = self
            .db
            .rows(
                "select cast(value as double precision), cast(timestamp as bigint), cast(step as bigint), cast(case when is_nan then 1 else 0 end as bigint) from metrics where run_uuid = $1 and key = $2 order by timestamp, step",
                &[text(&run["info"], "run_id").into(), key.into()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|(value, timestamp, step, nan)| Point {
                value: if nan == 1 { f64::NAN } else { value },
                timestamp,
                step,
            })
            .collect())
    }

    pub async fn models(&self) -> Result<Vec<Value>> {
        let mut tags = self
            .pairs(
                "select name, key, coalesce(value, '') from registered_model_tags where $1 = ''",
                "",
            )
            .await?;
        let mut aliases = self
            .pairs("select name, alias, cast(version as text) from registered_model_aliases where $1 = ''", "")
            .await?;
        let rows: Vec<(String, String, i64)> = self
            .db
            .rows(
                "select name, coalesce(description, ''), cast(coalesce(creation_time, 0) as bigint) from registered_models order by name",
                &[],
            )
            .await?;
        let mut models = Vec::new();
        for (name, description, created) in rows {
            let aliases: Vec<Value> = aliases
                .remove(&name)
                .unwrap_or_default()
                .into_iter()
                .map(|(alias, version)| json!({ "alias": alias, "version": version }))
                .collect();
            models.push(json!({
                "description": description,
                "creation_timestamp": created,
                "tags": list_of(tags.remove(&name).unwrap_or_default()),
                "aliases": aliases,
                "versions": self.versions(&name).await?,
                "name": name,
            }));
        }
        Ok(models)
    }

    async fn versions(&self, name: &str) -> Result<Vec<Value>> {
        type Row = (
            String,
            String,
            Option<String>,
            String,
            String,
            String,
            String,
            i64,
            i64,
        );
        let mut tags = self
            .pairs("select cast(version as text), key, coalesce(value, '') from model_version_tags where name = $1", name)
            .await?;
        let rows: Vec<Row> = self
            .db
            .rows(
                "select cast(version as text), coalesce(source, ''), run_id, coalesce(run_link, ''), coalesce(description, ''), coalesce(user_id, ''), coalesce(current_stage, 'None'), cast(coalesce(creation_time, 0) as bigint), cast(coalesce(last_updated_time, 0) as bigint) from model_versions where name = $1 and current_stage <> 'Deleted_Internal' order by version",
                &[name.into()],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(
                |(version, source, run, run_link, description, user, stage, created, updated)| {
                    // The store has no column for it: the source names the logged model.
                    let model = source
                        .strip_prefix("models:/")
                        .filter(|id| id.starts_with("m-"));
                    json!({
                        "name": name,
                        "model_id": model,
                        "tags": list_of(tags.remove(&version).unwrap_or_default()),
                        "version": version,
                        "run_id": run,
                        "run_link": run_link,
                        "description": description,
                        "user_id": user,
                        "current_stage": stage,
                        "creation_timestamp": created,
                        "last_updated_timestamp": updated,
                        "source": source,
                    })
                },
            )
            .collect())
    }

    /// The folder of an owner's files: where the address is one, or below the folder that the server kept them in.
    fn folder(&self, owner: Owner<'_>) -> Option<PathBuf> {
        let (Owner::Run(document) | Owner::LoggedModel(document)) = owner;
        let uri = text(&document["info"], "artifact_uri");
        if let Some(path) = uri.strip_prefix("mlflow-artifacts:") {
            // mlflow-artifacts://HOST/PATH names the server as well.
            let path = match path.strip_prefix("//") {
                Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
                None => path,
            };
            let path = Path::new(path.trim_start_matches('/'));
            let inside = path
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            return inside.then_some(self.artifacts.as_ref()?.join(path));
        }
        let path = uri.strip_prefix("file://").unwrap_or(&uri);
        (!path.contains("://")).then(|| PathBuf::from(path))
    }

    pub fn files(&self, owner: Owner<'_>) -> Result<Option<Vec<String>>> {
        self.folder(owner).map(|folder| below(&folder)).transpose()
    }

    pub async fn file(&self, owner: Owner<'_>, path: &str) -> Result<reqwest::Body> {
        let folder = self
            .folder(owner)
            .ok_or_else(|| Error::internal("a file lies in no folder"))?;
        open_file(&folder.join(path)).await
    }
}
