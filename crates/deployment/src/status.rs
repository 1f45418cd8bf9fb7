//! What an endpoint looks like from outside: its revisions with their traffic and latencies, and its rollouts.

use serde::Serialize;

use crate::rollout::Rollout;

/// One endpoint.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointStatus {
    /// The endpoint's name.
    pub name: String,
    /// The project that owns it.
    pub project: String,
    /// The model behind it, `name@alias` as in the file.
    pub model: String,
    /// `live`, `rolling_out`, or `empty` while no revision serves.
    pub state: String,
    /// Newest first.
    pub revisions: Vec<RevisionStatus>,
    /// The inputs and outputs of the revision with the largest share.
    pub signature: Option<Signature>,
    /// Newest first.
    pub rollouts: Vec<Rollout>,
    /// Predictions that could not be logged since the start.
    pub unlogged: u64,
}

/// One revision with its counters since the server started.
#[derive(Clone, Debug, Serialize)]
pub struct RevisionStatus {
    /// Its number.
    pub revision: i64,
    /// The registered model.
    pub model: String,
    /// The model's version.
    pub version: i64,
    /// Digest of the version's files.
    pub digest: String,
    /// Percent of the requests.
    pub share: i64,
    /// `ready`, `serving`, `retired` or `failed`.
    pub state: String,
    /// When it was made, ms since the epoch.
    pub created_at: i64,
    /// Requests answered or refused.
    pub requests: u64,
    /// Requests that ended in an error of ours.
    pub errors: u64,
    /// Median latency, ms.
    pub p50_ms: Option<f64>,
    /// 99th percentile of the latency, ms.
    pub p99_ms: Option<f64>,
    /// The engine that computes it: `native`, `onnx` or `onnxruntime 1.x`; absent while it is not loaded.
    pub runtime: Option<String>,
}

/// The inputs and outputs of a revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// What it wants.
    pub inputs: Vec<Tensor>,
    /// What it answers.
    pub outputs: Vec<Tensor>,
}

/// One input or output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The datatype of the Open Inference Protocol: `FP32`, `FP64`, `INT64`, `BOOL`, `BYTES`, …
    pub datatype: String,
    /// Numbers per row; 1 for a column.
    pub width: usize,
    /// For an input: whether a value may be missing.
    pub nullable: bool,
    /// What the values mean where the datatype does not say it: `datetime` or `category`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<String>,
}
