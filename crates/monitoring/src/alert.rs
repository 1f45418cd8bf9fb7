//! Alerts: open problems, one per monitor, from the check that found it until a check that is ok again.
//!
//! `open → acknowledged → resolved`. A second bad window of the same monitor does not open a second alert; a check
//! that is `warn` or `unknown` changes nothing, since neither says that the cause is gone.

use ::store::Db;
use base::{Error, Page, PageRequest, Result};
use serde::{Deserialize, Serialize};

use crate::check::{Check, State};
use crate::store::alert as rows;

/// Where an alert stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Nobody has seen it yet.
    Open,
    /// Somebody has, and it still holds.
    Acknowledged,
    /// The cause is gone.
    Resolved,
}

impl AlertState {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    pub(crate) fn read(text: &str) -> Result<Self> {
        match text {
            "open" => Ok(Self::Open),
            "acknowledged" => Ok(Self::Acknowledged),
            "resolved" => Ok(Self::Resolved),
            other => Err(Error::internal(format!(
                "{other:?} is not the state of an alert"
            ))),
        }
    }
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// `alert-…`
    pub id: String,
    /// In which project.
    pub project: String,
    /// On which endpoint.
    pub endpoint: String,
    /// Whose check opened it.
    pub monitor: String,
    /// Where it stands.
    pub state: AlertState,
    /// When it was opened.
    pub opened_at: i64,
    /// Who acknowledged it.
    pub acknowledged_by: Option<String>,
    /// When the cause was gone.
    pub resolved_at: Option<i64>,
    /// The end of the window that opened it.
    pub window_end: i64,
    /// What is wrong, with value, target and window.
    pub message: String,
}

/// What a check does to the alert of its monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A new alert.
    Open,
    /// The alert that there is has an end.
    Resolve,
    /// Nothing.
    Keep,
}

/// The state machine: `unresolved` tells whether the monitor has an alert that is not resolved.
pub fn change(check: State, unresolved: Option<AlertState>) -> Change {
    match (check, unresolved) {
        (State::Alert, None | Some(AlertState::Resolved)) => Change::Open,
        (State::Ok, Some(AlertState::Open | AlertState::Acknowledged)) => Change::Resolve,
        _ => Change::Keep,
    }
}

/// What an alert says.
pub fn message(check: &Check) -> String {
    let window = check.window.text();
    format!(
        "{}: {} (must be {}; predictions from {window})",
        check.monitor, check.reason, check.target
    )
}

/// Alerts that are not resolved, of one project (or of all, where it is empty), newest first.
pub async fn open_alerts(db: &Db, project: &str) -> Result<Vec<Alert>> {
    rows::unresolved(db, project).await
}

/// The newest alerts first, of one project (or of all, where it is empty), resolved ones too.
pub async fn alerts(db: &Db, project: &str, page: &PageRequest) -> Result<Page<Alert>> {
    rows::page(db, project, page).await
}

/// Notes that `actor` has seen the alert. Doing it again changes nothing; a resolved one cannot be acknowledged.
pub async fn acknowledge(db: &Db, project: &str, id: &str, actor: &str) -> Result<Alert> {
    rows::acknowledge(db, project, id, actor).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Window;

    #[test]
    fn a_problem_opens_one_alert_and_only_a_good_window_resolves_it() {
        let mut state = None;
        let mut seen = Vec::new();
        for check in [
            State::Ok,
            State::Alert,
            State::Alert,
            State::Warn,
            State::Unknown,
            State::Ok,
            State::Ok,
            State::Alert,
        ] {
            let next = change(check, state);
            match next {
                Change::Open => state = Some(AlertState::Open),
                Change::Resolve => state = Some(AlertState::Resolved),
                Change::Keep => {}
            }
            seen.push(next);
        }
        use Change::{Keep, Open, Resolve};
        assert_eq!(seen, [Keep, Open, Keep, Keep, Keep, Resolve, Keep, Open]);
    }

    #[test]
    fn an_acknowledged_alert_is_not_opened_again() {
        assert_eq!(
            change(State::Alert, Some(AlertState::Acknowledged)),
            Change::Keep
        );
        assert_eq!(
            change(State::Ok, Some(AlertState::Acknowledged)),
            Change::Resolve
        );
    }

    #[test]
    fn an_alert_says_value_target_and_window() {
        let check = Check {
            monitor: "still-right".to_owned(),
            window: Window {
                start: 1_325_376_000_000,
                end: 1_327_795_200_000,
            },
            state: State::Alert,
            value: Some(0.43),
            target: "wape ≤ 0.4 on live".to_owned(),
            reason: "wape is 0.43 over 650 outcomes".to_owned(),
        };
        assert_eq!(
            message(&check),
            "still-right: wape is 0.43 over 650 outcomes (must be wape ≤ 0.4 on live; predictions from 2012-01-01T00:00Z to 2012-01-29T00:00Z)"
        );
    }
}
