//! Where an import comes from. Every kind answers with documents as MLflow's REST API has them.

use std::path::PathBuf;

use base::{Error, Result};
use serde_json::Value;

use super::folder::Folder;
use super::remote::Remote;
use super::sql::Sql;

/// What is brought in.
pub(super) enum Source {
    /// A tracking server.
    Remote(Remote),
    /// An `mlruns` folder.
    Folder(Folder),
    /// A database that MLflow keeps.
    Sql(Sql),
}

/// A point of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub value: f64,
    pub timestamp: i64,
    pub step: i64,
}

/// Whose files are meant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner<'v> {
    Run(&'v Value),
    LoggedModel(&'v Value),
}

impl Source {
    pub async fn open(from: &str, artifacts: Option<PathBuf>) -> Result<Self> {
        if from.starts_with("http://") || from.starts_with("https://") {
            return Ok(Self::Remote(Remote::open(from).await?));
        }
        if from.contains("://") && !from.starts_with("file:") {
            return Ok(Self::Sql(Sql::open(from, artifacts).await?));
        }
        let path = PathBuf::from(from.trim_start_matches("file://"));
        if !path.is_dir() {
            return Err(Error::not_found(format!("{from:?} is no folder"))
                .hint("name an mlruns folder, http://HOST:PORT, sqlite:///PATH or postgresql://USER@HOST/NAME"));
        }
        Ok(Self::Folder(Folder::open(path)))
    }

    /// All experiments, the deleted ones included.
    pub async fn experiments(&self) -> Result<Vec<Value>> {
        match self {
            Self::Remote(remote) => remote.experiments().await,
            Self::Folder(folder) => folder.experiments(),
            Self::Sql(sql) => sql.experiments().await,
        }
    }

    /// All runs of an experiment, the deleted ones included.
    pub async fn runs(&self, experiment: &str) -> Result<Vec<Value>> {
        match self {
            Self::Remote(remote) => remote.runs(experiment).await,
            Self::Folder(folder) => folder.runs(experiment),
            Self::Sql(sql) => sql.runs(experiment).await,
        }
    }

    pub async fn logged_models(&self, experiment: &str) -> Result<Vec<Value>> {
        match self {
            Self::Remote(remote) => remote.logged_models(experiment).await,
            Self::Folder(folder) => folder.logged_models(experiment),
            Self::Sql(sql) => sql.logged_models(experiment).await,
        }
    }

    /// The whole series of a metric.
    pub async fn history(&self, run: &Value, key: &str) -> Result<Vec<Point>> {
        match self {
            Self::Remote(remote) => remote.history(run, key).await,
            Self::Folder(folder) => folder.history(run, key),
            Self::Sql(sql) => sql.history(run, key).await,
        }
    }

    /// Registered models, each with its `versions`.
    pub async fn models(&self) -> Result<Vec<Value>> {
        match self {
            Self::Remote(remote) => remote.models().await,
            Self::Folder(folder) => folder.models(),
            Self::Sql(sql) => sql.models().await,
        }
    }

    /// Paths of all files; `None` where they lie in a place of their own and stay there.
    pub async fn files(&self, owner: Owner<'_>) -> Result<Option<Vec<String>>> {
        match self {
            Self::Remote(remote) => remote.files(owner).await.map(Some),
            Self::Folder(folder) => folder.files(owner).map(Some),
            Self::Sql(sql) => sql.files(owner),
        }
    }

    /// A file as a stream.
    pub async fn file(&self, owner: Owner<'_>, path: &str) -> Result<reqwest::Body> {
        match self {
            Self::Remote(remote) => remote.file(owner, path).await,
            Self::Folder(folder) => folder.file(owner, path).await,
            Self::Sql(sql) => sql.file(owner, path).await,
        }
    }
}
