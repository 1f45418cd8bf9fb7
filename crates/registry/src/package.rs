//! The files of a model: where they lie and what identifies them.

use base::{Error, Result};
use experiments::{Run, artifact_path, blob_path};
use sha2::{Digest as _, Sha256};
use store::Blobs;

use crate::version::ModelVersion;

/// The folder of a run's model, as training and `mlflow.<flavour>.log_model(name="model")` write it.
const FOLDER: &str = "model";

/// Where a version's files lie in `store::Blobs`.
pub(crate) fn of_version(version: &ModelVersion) -> Result<String> {
    blob_path(&version.storage)
}

/// Where a run's model lies in `store::Blobs`.
pub(crate) fn of_run(run: &Run) -> Result<String> {
    artifact_path(run, FOLDER)
}

/// `sha256:` and the digest over the names and contents of all files, the same that a revision pins.
pub(crate) async fn digest(blobs: &Blobs, folder: &str) -> Result<String> {
    let prefix = format!("{folder}/");
    let mut names: Vec<String> = blobs
        .list_all(folder)
        .await?
        .into_iter()
        .map(|file| file.path)
        .collect();
    names.sort();
    if names.is_empty() {
        return Err(Error::not_found(format!("no model lies at {folder}"))
            .hint("log one under the name \"model\", or train with Ironloop"));
    }
    let mut hash = Sha256::new();
    for path in names {
        let content = blobs.get_bytes(&path).await?;
        for part in [
            path.strip_prefix(&prefix).unwrap_or(&path).as_bytes(),
            &content,
        ] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    Ok(format!("sha256:{}", hex::encode(hash.finalize())))
}
