//! An `mlruns` folder, as MLflow's file store lays it out.

use std::path::{Path, PathBuf};

use base::{Error, Result};
use serde_json::{Value, json};

use super::meta::Meta;
use super::source::{Owner, Point};
use super::{list_of, text};

pub(super) struct Folder {
    root: PathBuf,
}

/// Names of what lies in a folder, sorted.
fn names(folder: &Path) -> Result<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries =
        std::fs::read_dir(folder).map_err(|error| Error::from(error).at(folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// Paths of all files below `root`, with `/`; links are not followed.
pub(super) fn below(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let at = if folder.is_empty() {
            root.to_path_buf()
        } else {
            root.join(&folder)
        };
        for name in names(&at)? {
            let kind = std::fs::symlink_metadata(at.join(&name))?;
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Files of a folder as keys with their texts.
fn texts(folder: &Path) -> Result<Vec<(String, String)>> {
    let mut texts = Vec::new();
    for key in below(folder)? {
        let content = std::fs::read_to_string(folder.join(&key))
            .map_err(|error| Error::from(error).at(&key))?;
        texts.push((key, content.trim_end_matches('\n').to_owned()));
    }
    Ok(texts)
}

impl Folder {
    pub fn open(root: PathBuf) -> Self {
        Self { root }
    }

    /// Folders of experiments, in the trash too.
    fn experiment_folders(&self) -> Result<Vec<PathBuf>> {
        let trash = self.root.join(".trash");
        let mut folders = Vec::new();
        for (root, names) in [(&self.root, names(&self.root)?), (&trash, names(&trash)?)] {
            folders.extend(
                names
                    .iter()
                    .filter(|name| name.chars().all(|c| c.is_ascii_digit()))
                    .map(|name| root.join(name))
                    .filter(|folder| folder.join("meta.yaml").is_file()),
            );
        }
        Ok(folders)
    }

    fn experiment_folder(&self, id: &str) -> Result<PathBuf> {
        let named = |folder: &PathBuf| folder.file_name().is_some_and(|name| name == id);
        self.experiment_folders()?
            .into_iter()
            .find(named)
            .ok_or_else(|| Error::not_found(format!("the folder has no experiment {id}")))
    }

    pub fn experiments(&self) -> Result<Vec<Value>> {
        let mut experiments = Vec::new();
        for folder in self.experiment_folders()? {
            let meta = Meta::read(&folder.join("meta.yaml"))?;
            experiments.push(json!({
                "experiment_id": meta.text("experiment_id"),
                "name": meta.text("name"),
                "lifecycle_stage": meta.text("lifecycle_stage"),
                "creation_time": meta.number("creation_time").unwrap_or_default(),
                "last_update_time": meta.number("last_update_time").unwrap_or_default(),
                "tags": list_of(texts(&folder.join("tags"))?),
            }));
        }
        Ok(experiments)
    }

    pub fn runs(&self, experiment: &str) -> Result<Vec<Value>> {
        let folder = self.experiment_folder(experiment)?;
        let mut runs = Vec::new();
        for name in names(&folder)? {
            let run = folder.join(&name);
            if name.len() == 32 && run.join("meta.yaml").is_file() {
                runs.push(read_run(&folder, &run)?);
            }
        }
        Ok(runs)
    }

    pub fn logged_models(&self, experiment: &str) -> Result<Vec<Value>> {
        let folder = self.experiment_folder(experiment)?.join("models");
        let mut models = Vec::new();
        for name in names(&folder)? {
            let place = folder.join(&name);
            if !place.join("meta.yaml").is_file() {
                continue;
            }
            let meta = Meta::read(&place.join("meta.yaml"))?;
            let status = match meta.text("status").as_str() {
                "2" | "READY" => "LOGGED_MODEL_READY",
                "3" | "FAILED" => "LOGGED_MODEL_UPLOAD_FAILED",
                _ => "LOGGED_MODEL_PENDING",
            };
            models.push(json!({
                "info": {
                    "model_id": meta.text("model_id"),
                    "experiment_id": experiment,
                    "name": meta.text("name"),
                    "status": status,
                    "model_type": meta.text("model_type"),
                    "source_run_id": meta.optional("source_run_id"),
                    "creation_timestamp_ms": meta.number("creation_timestamp").unwrap_or_default(),
                    "last_updated_timestamp_ms": meta.number("last_updated_timestamp").unwrap_or_default(),
                    "tags": list_of(texts(&place.join("tags"))?),
                },
                "data": { "params": list_of(texts(&place.join("params"))?) },
            }));
        }
        Ok(models)
    }

    fn owner(&self, owner: Owner<'_>) -> Result<PathBuf> {
        let (document, id, below) = match owner {
            Owner::Run(run) => (run, "run_id", ""),
            Owner::LoggedModel(model) => (model, "model_id", "models"),
        };
        let experiment = self.experiment_folder(&text(&document["info"], "experiment_id"))?;
        Ok(experiment.join(below).join(text(&document["info"], id)))
    }

    pub fn history(&self, run: &Value, key: &str) -> Result<Vec<Point>> {
        let file = self.owner(Owner::Run(run))?.join("metrics").join(key);
        let lines = std::fs::read_to_string(&file)
            .map_err(|error| Error::from(error).at(file.display()))?;
        let point = |line: &str| {
            let mut words = line.split_whitespace();
            let timestamp = words.next()?.parse().ok()?;
            let value = words.next()?.parse().ok()?;
            let step = words.next().map_or(Some(0), |step| step.parse().ok())?;
            Some(Point {
                value,
                timestamp,
                step,
            })
        };
        lines
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                point(line).ok_or_else(|| {
                    Error::invalid(format!(
                        "{}: {line:?} is no point of a metric",
                        file.display()
                    ))
                })
            })
            .collect()
    }

    pub fn files(&self, owner: Owner<'_>) -> Result<Vec<String>> {
        below(&self.owner(owner)?.join("artifacts"))
    }

    pub async fn file(&self, owner: Owner<'_>, path: &str) -> Result<reqwest::Body> {
        open_file(&self.owner(owner)?.join("artifacts").join(path)).await
    }

    pub fn models(&self) -> Result<Vec<Value>> {
        let root = self.root.join("models");
        let mut models = Vec::new();
        for name in names(&root)? {
            let folder = root.join(&name);
            if !folder.join("meta.yaml").is_file() {
                continue;
            }
            let meta = Meta::read(&folder.join("meta.yaml"))?;
            let mut versions = Vec::new();
            for version in names(&folder)?
                .iter()
                .filter(|name| name.starts_with("version-"))
            {
                versions.push(read_version(&folder.join(version))?);
            }
            let aliases: Vec<Value> = texts(&folder.join("aliases"))?
                .into_iter()
                .map(|(alias, version)| json!({ "alias": alias, "version": version }))
                .collect();
            models.push(json!({
                "name": meta.text("name"),
                "description": meta.text("description"),
                "creation_timestamp": meta.number("creation_timestamp").unwrap_or_default(),
                "tags": list_of(texts(&folder.join("tags"))?),
                "aliases": aliases,
                "versions": versions,
            }));
        }
        Ok(models)
    }
}

/// A file as the body of a request.
pub(super) async fn open_file(path: &Path) -> Result<reqwest::Body> {
    let file = tokio::fs::File::open(path)
        .await
        .map_err(|error| Error::from(error).at(path.display()))?;
    Ok(file.into())
}

fn read_run(experiment: &Path, folder: &Path) -> Result<Value> {
    let meta = Meta::read(&folder.join("meta.yaml"))?;
    let status = match meta.text("status").as_str() {
        "1" => "RUNNING".to_owned(),
        "2" => "SCHEDULED".to_owned(),
        "3" => "FINISHED".to_owned(),
        "4" => "FAILED".to_owned(),
        "5" => "KILLED".to_owned(),
        word => word.to_owned(),
    };
    let metrics: Vec<Value> = below(&folder.join("metrics"))?
        .into_iter()
        .map(|key| json!({ "key": key }))
        .collect();
    Ok(json!({
        "info": {
            "run_id": meta.text("run_id"),
            "run_name": meta.text("run_name"),
            "experiment_id": meta.text("experiment_id"),
            "user_id": meta.text("user_id"),
            "status": status,
            "start_time": meta.number("start_time").unwrap_or_default(),
            "end_time": meta.number("end_time"),
            "lifecycle_stage": meta.text("lifecycle_stage"),
        },
        "data": {
            "params": list_of(texts(&folder.join("params"))?),
            "tags": list_of(texts(&folder.join("tags"))?),
            "metrics": metrics,
        },
        "inputs": { "dataset_inputs": datasets(experiment, folder)? },
        "outputs": { "model_outputs": outputs(folder)? },
    }))
}

fn datasets(experiment: &Path, run: &Path) -> Result<Vec<Value>> {
    let mut datasets = Vec::new();
    for name in names(&run.join("inputs"))? {
        let input = Meta::read(&run.join("inputs").join(&name).join("meta.yaml"))?;
        let place = experiment
            .join("datasets")
            .join(input.text("source_id"))
            .join("meta.yaml");
        if !place.is_file() {
            continue;
        }
        let dataset = Meta::read(&place)?;
        // `tags:` is a map of one line each.
        let tags = input.text("tags");
        let tags = tags.split_once(": ").map(|(key, value)| {
            vec![(
                key.trim_matches('\'').to_owned(),
                value.trim_matches('\'').to_owned(),
            )]
        });
        datasets.push(json!({
            "tags": list_of(tags.unwrap_or_default()),
            "dataset": {
                "name": dataset.text("name"),
                "digest": dataset.text("digest"),
                "source_type": dataset.text("source_type"),
                "source": dataset.text("source"),
                "schema": dataset.optional("schema"),
                "profile": dataset.optional("profile"),
            },
        }));
    }
    Ok(datasets)
}

fn outputs(run: &Path) -> Result<Vec<Value>> {
    let mut outputs = Vec::new();
    for name in names(&run.join("outputs"))? {
        let meta = Meta::read(&run.join("outputs").join(&name).join("meta.yaml"))?;
        outputs.push(json!({
            "model_id": meta.text("destination_id"),
            "step": meta.number("step").unwrap_or_default(),
        }));
    }
    Ok(outputs)
}

fn read_version(folder: &Path) -> Result<Value> {
    let meta = Meta::read(&folder.join("meta.yaml"))?;
    Ok(json!({
        "name": meta.text("name"),
        "version": meta.text("version"),
        "source": meta.text("source"),
        "run_id": meta.optional("run_id"),
        "model_id": meta.optional("model_id"),
        "run_link": meta.text("run_link"),
        "description": meta.text("description"),
        "user_id": meta.text("user_id"),
        "current_stage": meta.text("current_stage"),
        "creation_timestamp": meta.number("creation_timestamp").unwrap_or_default(),
        "last_updated_timestamp": meta.number("last_updated_timestamp").unwrap_or_default(),
        "tags": list_of(texts(&folder.join("tags"))?),
    }))
}
