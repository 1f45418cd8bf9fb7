//! `ironloop export`: an `mlruns` folder that plain MLflow can open.
//!
//! The layout is that of MLflow's file store. Runs, their series and files, and registered models go out; logged
//! models and traces stay.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base::{Error, Result};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::import::text;
use crate::exit::Exit;
use crate::session::Session;

#[derive(Debug, Args)]
pub struct Export {
    /// The folder to write; it must be empty or not exist
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Only this experiment
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
}

#[derive(Debug, Default)]
struct Count {
    experiments: usize,
    runs: usize,
    points: usize,
    files: usize,
    models: usize,
    versions: usize,
}

impl Export {
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        let root = std::path::absolute(&self.to)?;
        std::fs::create_dir_all(&root)?;
        if std::fs::read_dir(&root)?.next().is_some() {
            return Err(
                Error::already_exists(format!("{} is not empty", root.display()))
                    .hint("name a folder that is empty or does not exist"),
            );
        }
        let mut count = Count::default();
        let body = json!({ "max_results": 1000, "view_type": "ALL" });
        for experiment in session
            .client
            .pages("experiments/search", body, "experiments")
            .await?
        {
            let wanted = self.experiment.as_ref();
            if wanted.is_none_or(|name| experiment["name"] == name.as_str()) {
                write_experiment(session, &root, &experiment, &mut count).await?;
            }
        }
        write_models(session, &root, &mut count).await?;
        let answer = json!({
            "folder": root.display().to_string(),
            "experiments": count.experiments,
            "runs": count.runs,
            "metric_points": count.points,
            "files": count.files,
            "models": count.models,
            "versions": count.versions,
        });
        session.output.result(&answer, |output| {
            output.heading("Exported");
            output.facts(&[
                ("folder", root.display().to_string()),
                ("experiments", count.experiments.to_string()),
                ("runs", count.runs.to_string()),
                ("metric points", count.points.to_string()),
                ("files", count.files.to_string()),
                ("models", count.models.to_string()),
                ("versions", count.versions.to_string()),
            ]);
        });
        Ok(Exit::Ok)
    }
}

async fn query(session: &Session, address: &str, query: &[(&str, &str)]) -> Result<Value> {
    let request = session.client.request(Method::GET, address);
    session.client.json(request.query(query)).await
}

fn items<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// A file of a key; keys have been checked to stay below their folder when they were logged.
fn write_key(folder: &Path, key: &str, value: &str) -> Result<()> {
    let file = folder.join(key);
    if key.split('/').any(|part| part == ".." || part.is_empty()) {
        return Err(Error::invalid(format!(
            "{key:?} cannot be the name of a file"
        )));
    }
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&file, value).map_err(|error| Error::from(error).at(file.display()))
}

fn write_pairs(folder: &Path, pairs: &[Value]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    pairs
        .iter()
        .try_for_each(|pair| write_key(folder, &text(pair, "key"), &text(pair, "value")))
}

/// A `meta.yaml`: JSON scalars are YAML too.
fn write_meta(folder: &Path, fields: &[(&str, Value)]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let lines = fields
        .iter()
        .fold(String::new(), |mut lines, (key, value)| {
            let _ = writeln!(lines, "{key}: {value}");
            lines
        });
    std::fs::write(folder.join("meta.yaml"), lines)?;
    Ok(())
}

fn file_uri(path: &Path) -> Value {
    json!(format!("file://{}", path.display()))
}

async fn write_experiment(
    session: &Session,
    root: &Path,
    experiment: &Value,
    count: &mut Count,
) -> Result<()> {
    let id = text(experiment, "experiment_id");
    let deleted = experiment["lifecycle_stage"] == "deleted";
    let folder = if deleted {
        root.join(".trash")
    } else {
        root.to_path_buf()
    }
    .join(&id);
    write_meta(
        &folder,
        &[
            ("artifact_location", file_uri(&folder)),
            ("creation_time", experiment["creation_time"].clone()),
            ("experiment_id", json!(id)),
            ("last_update_time", experiment["last_update_time"].clone()),
            ("lifecycle_stage", experiment["lifecycle_stage"].clone()),
            ("name", experiment["name"].clone()),
        ],
    )?;
    write_pairs(&folder.join("tags"), items(experiment, "tags"))?;
    count.experiments += 1;
    let body = json!({ "experiment_ids": [id], "max_results": 1000, "run_view_type": "ALL" });
    for run in session.client.pages("runs/search", body, "runs").await? {
        write_run(session, &folder, &run, count).await?;
    }
    Ok(())
}

async fn write_run(
    session: &Session,
    experiment: &Path,
    run: &Value,
    count: &mut Count,
) -> Result<()> {
    let info = &run["info"];
    let id = text(info, "run_id");
    let folder = experiment.join(&id);
    let status = match text(info, "status").as_str() {
        "RUNNING" => 1,
        "SCHEDULED" => 2,
        "FINISHED" => 3,
        "FAILED" => 4,
        _ => 5,
    };
    write_meta(
        &folder,
        &[
            ("artifact_uri", file_uri(&folder.join("artifacts"))),
            ("end_time", info["end_time"].clone()),
            ("entry_point_name", json!("")),
            ("experiment_id", json!(text(info, "experiment_id"))),
            ("lifecycle_stage", info["lifecycle_stage"].clone()),
            ("run_id", json!(id)),
            ("run_name", json!(text(info, "run_name"))),
            ("run_uuid", json!(id)),
            ("source_name", json!("")),
            ("source_type", json!(4)),
            ("source_version", json!("")),
            ("start_time", info["start_time"].clone()),
            ("status", json!(status)),
            ("tags", json!([])),
            ("user_id", json!(text(info, "user_id"))),
        ],
    )?;
    write_pairs(&folder.join("params"), items(&run["data"], "params"))?;
    write_pairs(&folder.join("tags"), items(&run["data"], "tags"))?;
    std::fs::create_dir_all(folder.join("metrics"))?;
    for metric in items(&run["data"], "metrics") {
        let key = text(metric, "key");
        let lines = series(session, &id, &key, count).await?;
        write_key(&folder.join("metrics"), &key, &lines)?;
    }
    write_files(session, &id, &folder.join("artifacts"), count).await?;
    count.runs += 1;
    Ok(())
}

/// A point a line: `timestamp value step`.
async fn series(session: &Session, run: &str, key: &str, count: &mut Count) -> Result<String> {
    let mut lines = String::new();
    let mut token = String::new();
    loop {
        let mut asked = vec![
            ("run_id", run),
            ("metric_key", key),
            ("max_results", "25000"),
        ];
        if !token.is_empty() {
            asked.push(("page_token", &token));
        }
        let page = query(session, "/api/2.0/mlflow/metrics/get-history", &asked).await?;
        for point in items(&page, "metrics") {
            let value = match &point["value"] {
                Value::String(word) if word == "NaN" => "nan".to_owned(),
                Value::String(word) => word.replace("Infinity", "inf"),
                number => number.to_string(),
            };
            let _ = writeln!(lines, "{} {value} {}", point["timestamp"], point["step"]);
            count.points += 1;
        }
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return Ok(lines),
        }
    }
}

async fn write_files(session: &Session, run: &str, folder: &Path, count: &mut Count) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut folders = vec![String::new()];
    while let Some(inner) = folders.pop() {
        let asked = [("run_id", run), ("path", &inner)];
        // Files in a place of the user's own stay there.
        let Ok(page) = query(session, "/api/2.0/mlflow/artifacts/list", &asked).await else {
            return Ok(());
        };
        for file in items(&page, "files") {
            let path = text(file, "path");
            if file["is_dir"] == true {
                folders.push(path);
                continue;
            }
            let request = session.client.request(Method::GET, "/get-artifact");
            let request = request.query(&[("run_id", run), ("path", &path)]);
            session
                .client
                .download(request, &folder.join(&path))
                .await?;
            count.files += 1;
        }
    }
    Ok(())
}

async fn write_models(session: &Session, root: &Path, count: &mut Count) -> Result<()> {
    let found = query(
        session,
        "/api/2.0/mlflow/registered-models/search",
        &[("max_results", "1000")],
    )
    .await?;
    for model in items(&found, "registered_models") {
        let name = text(model, "name");
        let folder = root.join("models").join(&name);
        write_meta(
            &folder,
            &[
                ("creation_timestamp", model["creation_timestamp"].clone()),
                ("description", json!(text(model, "description"))),
                (
                    "last_updated_timestamp",
                    model["last_updated_timestamp"].clone(),
                ),
                ("latest_versions", json!([])),
                ("name", json!(name)),
            ],
        )?;
        write_pairs(&folder.join("tags"), items(model, "tags"))?;
        std::fs::create_dir_all(folder.join("aliases"))?;
        for alias in items(model, "aliases") {
            write_key(
                &folder.join("aliases"),
                &text(alias, "alias"),
                &text(alias, "version"),
            )?;
        }
        count.models += 1;
        let filter = format!("name = '{}'", name.replace('\'', "''"));
        let versions = query(
            session,
            "/api/2.0/mlflow/model-versions/search",
            &[("filter", &filter), ("max_results", "10000")],
        )
        .await?;
        for version in items(&versions, "model_versions") {
            write_version(&folder, version)?;
            count.versions += 1;
        }
    }
    Ok(())
}

fn write_version(model: &Path, version: &Value) -> Result<()> {
    let folder = model.join(format!("version-{}", text(version, "version")));
    write_meta(
        &folder,
        &[
            ("creation_timestamp", version["creation_timestamp"].clone()),
            ("current_stage", version["current_stage"].clone()),
            ("description", json!(text(version, "description"))),
            (
                "last_updated_timestamp",
                version["last_updated_timestamp"].clone(),
            ),
            ("name", version["name"].clone()),
            ("run_id", json!(text(version, "run_id"))),
            ("run_link", json!(text(version, "run_link"))),
            ("source", json!(text(version, "source"))),
            ("status", json!("READY")),
            ("status_message", Value::Null),
            ("storage_location", json!(text(version, "source"))),
            ("user_id", json!(text(version, "user_id"))),
            ("version", json!(text(version, "version"))),
        ],
    )?;
    write_pairs(&folder.join("tags"), items(version, "tags"))
}
