//! What every stage shares: typed ids, names, the clock, errors and pages.
//!
//! Invariants: no input or output, no async, no knowledge of any stage.
//! Time is always read from a [`Clock`] that was passed in, so a test or a replay can own it.

mod clock;
mod error;
mod id;
mod name;
mod page;

pub use clock::Clock;
pub use error::{Error, Kind, Result};
pub use id::{ApprovalId, EvaluationId, ExperimentId, JobId, LoggedModelId, RunId};
pub use jiff::{SignedDuration, Timestamp};
pub use name::Name;
pub use page::{Page, PageRequest};
