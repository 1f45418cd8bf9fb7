//! Deployment: endpoints that answer with a model version, and the change from one version to the next.
//!
//! Invariants:
//! - A revision pins digests. An alias is resolved when a rollout begins, never per request.
//! - A revision takes traffic only after it was loaded, its files' digest was checked and its self-test passed.
//! - A change of traffic fails no request: one that is under way ends on the revision it began with.
//! - The prediction log loses at most one second on a crash, counts what it could not take, and is never torn.
//!
//! Deliberately absent: HTTP (the server translates), drift and outcomes (monitoring reads the log), gRPC, shadow
//! traffic and caution rules (later slices).

mod counters;
mod limits;
mod log;
mod onnx;
mod package;
mod predict;
mod recent;
mod revision;
mod rollout;
mod runtime;
mod selftest;
mod serving;
mod sql;
mod status;
mod traffic;

pub use predict::{Answer, Output, Request, RequestKind, Values};
pub use revision::{Revision, RevisionState};
pub use rollout::Rollout;
pub use runtime::Engines;
pub use serving::Serving;
pub use sql::MIGRATIONS;
pub use status::{EndpointStatus, RevisionStatus, Signature, Tensor};
