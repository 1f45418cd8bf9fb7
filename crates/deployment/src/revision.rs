//! A revision: one model version and one configuration, fixed for ever, with a number of its own.
//!
//! It names the digest of the version's files, so a file that changes later is noticed when the revision is loaded
//! again. Its state says where it stands in the endpoint's traffic; nothing else about it changes.

use serde::{Deserialize, Serialize};
use store::FromRow;

/// Where a revision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevisionState {
    /// Loaded and self-tested, without traffic yet.
    Ready,
    /// Takes a share of the traffic.
    Serving,
    /// Was replaced; kept so that a rollback is quick.
    Retired,
    /// Its rollout was stopped.
    Failed,
}

impl RevisionState {
    /// The word that is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Serving => "serving",
            Self::Retired => "retired",
            Self::Failed => "failed",
        }
    }
}

/// One stored revision. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
pub struct Revision {
    /// The project that owns the endpoint.
    pub project: String,
    /// The endpoint.
    pub endpoint: String,
    /// 1, 2, 3, … within the endpoint.
    pub revision: i64,
    /// The registered model.
    pub model: String,
    /// Its version.
    pub version: i64,
    /// Digest of the version's files.
    pub digest: String,
    /// Folder of the version's files, as a path of the blob store.
    pub path: String,
    /// The deployment's section of the project file, as JSON text.
    pub config: String,
    /// See [`RevisionState`], as text.
    pub state: String,
    /// Percent of the requests, 0 to 100.
    pub share: i64,
    /// When it was made.
    pub created_at: i64,
}
