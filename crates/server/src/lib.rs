//! The HTTP boundary: three wire APIs over the stages of the life cycle.
//!
//! `mlflow` speaks MLflow's REST, `inference` the Open Inference Protocol and MLflow's scoring protocol, `v1` is our
//! own. Routes translate and services decide: a handler reads its input, calls one function of a stage and writes
//! the answer.
//!
//! Invariants:
//! - There is one router ([`router`]) and one guard around all of it, fallbacks included (`guard.rs`).
//! - Only this crate knows wire types; no stage knows HTTP.
//! - The server listens on loopback only, until logins exist.
//!
//! Deliberately absent: SQL, rules about gates or data, command-line flags.

mod actor;
mod app;
mod assets;
pub mod error;
mod events;
mod guard;
mod home;
mod inference;
pub mod jobs;
mod mlflow;
mod reconcile;
mod serve;
mod telemetry;
pub mod v1;

pub use actor::Actor;
pub use app::{App, Config};
pub use home::{ServerFile, clock_of, running_server};
pub use serve::{router, serve};
