//! The verbs of monitoring: record outcomes, judge what is due, show the series.

use std::sync::Arc;

use ::store::{Blobs, Db};
use base::{Error, Result};
use data::Data;
use deployment::Serving;
use project::{MonitorSpec, Project};

use crate::outcome::{Outcome, Recorded, record_outcomes};
use crate::reference::References;

/// Everything that monitoring needs. Cloning is cheap and clones share the references of drift.
#[derive(Clone)]
pub struct Monitoring(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) db: Db,
    pub(crate) blobs: Blobs,
    pub(crate) data: Data,
    pub(crate) serving: Serving,
    pub(crate) references: References,
    /// One pass at a time in this process; another process does no harm, only work that is done already.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

impl Monitoring {
    /// Monitoring of the endpoints that `serving` answers for.
    pub fn new(db: Db, blobs: Blobs, data: Data, serving: Serving) -> Self {
        Self(Arc::new(Inner {
            db,
            blobs,
            data,
            serving,
            references: References::default(),
            turn: tokio::sync::Mutex::default(),
        }))
    }

    /// Stores outcomes of an endpoint, each once; see [`Recorded`] for what may become of one.
    pub async fn record(
        &self,
        project: &Project,
        endpoint: &str,
        outcomes: Vec<Outcome>,
    ) -> Result<Recorded> {
        known_endpoint(project, endpoint)?;
        let ids: Vec<String> = outcomes
            .iter()
            .map(|outcome| outcome.prediction_id.clone())
            .collect();
        let predicted_at = self
            .0
            .serving
            .predicted_at(&project.name, endpoint, &ids)
            .await?;
        record_outcomes(
            &self.0.db,
            &project.name,
            endpoint,
            outcomes,
            predicted_at,
            late_until(project, endpoint),
        )
        .await
    }
}

/// How long after its prediction an outcome still counts, in milliseconds.
pub(crate) fn late_until(project: &Project, endpoint: &str) -> Option<i64> {
    let outcome = project.file.feedback.outcome.as_ref()?;
    let late = outcome
        .late_until
        .filter(|_| outcome.deployment == endpoint)?;
    i64::try_from(late.as_millis()).ok()
}

/// Refuses an endpoint that the project file does not have.
pub(crate) fn known_endpoint(project: &Project, endpoint: &str) -> Result<()> {
    if project.file.deployments.contains_key(endpoint) {
        return Ok(());
    }
    let names: Vec<&str> = project
        .file
        .deployments
        .keys()
        .map(String::as_str)
        .collect();
    let hint = if names.is_empty() {
        "its file has no [deployment.…] section".to_owned()
    } else {
        format!("its endpoints are {}", names.join(", "))
    };
    Err(Error::not_found(format!(
        "project {} has no endpoint {endpoint:?}",
        project.name
    ))
    .hint(hint))
}

/// The monitors of one endpoint.
pub(crate) fn monitors_of<'a>(project: &'a Project, endpoint: &str) -> Vec<&'a MonitorSpec> {
    project
        .file
        .monitors
        .iter()
        .filter(|monitor| monitor.deployment == endpoint)
        .collect()
}
