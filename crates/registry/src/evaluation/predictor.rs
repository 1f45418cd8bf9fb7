//! A model that is loaded to be evaluated: ours in this process, a Python model in a process of its own.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use base::{Error, Result};
use data::Task;
use store::Blobs;
use training::{Model, PythonModel};

use super::timing;

/// A loaded model.
pub(crate) enum Predictor {
    Ours(Arc<Model>),
    Python(PythonModel),
}

impl Predictor {
    /// Loads the package in `folder`.
    pub(crate) async fn load(blobs: &Blobs, folder: &str, task: Task) -> Result<Self> {
        if training::is_ours(blobs, folder).await? {
            return Ok(Self::Ours(Arc::new(training::load(blobs, folder).await?)));
        }
        Ok(Self::Python(PythonModel::load(blobs, folder, task).await?))
    }

    /// One prediction per row.
    pub(crate) async fn predict(&self, batch: &RecordBatch) -> Result<Vec<f64>> {
        match self {
            Self::Ours(model) => {
                let (model, batch) = (model.clone(), batch.clone());
                tokio::task::spawn_blocking(move || model.predict(&batch))
                    .await
                    .map_err(broke)?
            }
            Self::Python(model) => model.predict(batch).await,
        }
    }

    /// Times of single rows; `None` for a model that does not run in this process, whose times only live requests
    /// can tell.
    pub(crate) async fn times(&self, batch: &RecordBatch) -> Result<Option<timing::Times>> {
        let Self::Ours(model) = self else {
            return Ok(None);
        };
        let (model, batch) = (model.clone(), batch.clone());
        tokio::task::spawn_blocking(move || timing::measure(&model, &batch))
            .await
            .map_err(broke)?
            .map(Some)
    }
}

fn broke(error: tokio::task::JoinError) -> Error {
    Error::internal(format!("the model broke while it predicted: {error}"))
}
