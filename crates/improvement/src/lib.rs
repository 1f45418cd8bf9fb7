//! Improvement: an alert, new data or a date sets off a retraining, and a better model takes over.
//!
//! Invariants:
//! - An event is delivered at least once and has an effect once: trigger and event are a key.
//! - The loop cannot run away: a trigger has a cooldown, a project a guard, and failures in a row open a circuit
//!   that only a person, or a retraining that works, closes.
//! - A challenger meets the same gates as any version; one that is not better is recorded and goes no further.
//! - A retraining that was interrupted goes on with the step that had not ended.
//!
//! Deliberately absent: HTTP, what a check or a gate is (the stages to the left), shadow traffic (a later slice).

mod gates;
mod jobs;
mod pipeline;
mod retraining;
mod service;
mod steps;
mod store;
#[cfg(test)]
mod stories;
mod task;
mod trigger;

pub use jobs::{Firing, react};
pub use pipeline::{Execute, Next, Progress, StepResult, run};
pub use retraining::{
    RetrainOutcome, Retraining, RetrainingState, StepRecord, StepState, retraining, retrainings,
};
pub use service::{Context, ask, retrain, run_retraining};
pub use store::MIGRATIONS;
pub use task::{Task, finish_task, open_tasks, tasks};
pub use trigger::{Decision, Facts, Occurrence, decide, last_due};
