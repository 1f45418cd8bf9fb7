//! A rollout: how traffic moves from one revision to the next.
//!
//! Steps are shares in percent and end at 100. A rollout is planned, takes its steps (each held for a while and
//! judged), and ends as done or rolled back. All of it is stored, so a restart goes on where it stood.

use serde::{Deserialize, Serialize};
use store::FromRow;

/// One stored rollout. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
pub struct Rollout {
    /// Unique over all endpoints.
    pub id: String,
    /// The project that owns the endpoint.
    pub project: String,
    /// The endpoint.
    pub endpoint: String,
    /// The revision that had the traffic before; 0 where there was none.
    pub from_revision: i64,
    /// The revision that is to get it.
    pub to_revision: i64,
    /// Shares in percent, rising to 100, as JSON text.
    pub steps: String,
    /// How many steps have been taken.
    pub step: i64,
    /// `planned`, `running`, `done` or `rolled_back`.
    pub state: String,
    /// Why it is in that state.
    pub reason: String,
    /// Who asked for it.
    pub actor: String,
    /// When it began.
    pub at: i64,
    /// When the last step was taken.
    pub step_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
}
