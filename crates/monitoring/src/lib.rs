//! Monitoring: does the live model still do what it was let in for?
//!
//! It reads the prediction log, joins outcomes as they arrive, cuts time into windows, judges each monitor of the
//! project file on each window, and keeps alerts.
//!
//! Invariants:
//! - An outcome counts once, for the window in which its prediction was made, however late it arrives.
//! - A monitor is judged on a window when the window has ended, in order of time; late outcomes fill in windows
//!   that were judged before. Doing the work twice changes nothing.
//! - Where there is too little to judge by, the check is `unknown`; that never opens an alert and never resolves one.
//!
//! Deliberately absent: who reacts to an alert (the stage to the right), estimates of performance without outcomes,
//! reviews by people, messages to the outside (later slices).

mod alert;
mod check;
mod drift;
mod jobs;
mod judge;
mod live;
mod outcome;
mod reference;
mod rows;
mod sample;
mod series;
mod service;
mod store;
#[cfg(test)]
mod stories;
mod window;

pub use alert::{Alert, AlertState, Change, acknowledge, alerts, change, open_alerts};
pub use check::{Bounded, Check, State, judge, judge_limits};
pub use drift::{ALERT_ALPHA, ColumnDrift, Limits, compare, overall, summary};
pub use outcome::{MAX_BATCH, Outcome, Recorded, record_outcomes};
pub use sample::{Sample, Values};
pub use series::{CheckMark, LiveCriterion, RolloutMark, Series, Shown, live_criteria};
pub use service::Monitoring;
pub use store::MIGRATIONS;
pub use window::{Schedule, Window, month_of};
