//! Looking at endpoints: status, signatures, logged predictions.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use base::{Error, Result};

use super::Serving;
use crate::counters::Counters;
use crate::sql;
use crate::status::{EndpointStatus, RevisionStatus, Signature};

impl Serving {
    /// One endpoint of a project.
    pub async fn status(&self, project: &str, endpoint: &str) -> Result<EndpointStatus> {
        let row = sql::endpoint(&self.0.db, project, endpoint).await?;
        let rollouts = sql::rollouts(&self.0.db, endpoint).await?;
        let traffic = self
            .endpoint(endpoint)
            .ok()
            .map(|endpoint| endpoint.traffic.load_full());
        let live = |number: i64| traffic.as_ref().and_then(|traffic| traffic.find(number));
        let revisions: Vec<RevisionStatus> = sql::revisions(&self.0.db, endpoint)
            .await?
            .into_iter()
            .map(|revision| {
                let live = live(revision.revision);
                let counters = live.map(|live| &live.counters);
                RevisionStatus {
                    requests: counters.map_or(0, Counters::requests),
                    errors: counters.map_or(0, Counters::errors),
                    p50_ms: counters.and_then(|counters| counters.quantile_ms(0.5)),
                    p99_ms: counters.and_then(|counters| counters.quantile_ms(0.99)),
                    runtime: live.map(|live| live.runtime.engine().to_owned()),
                    revision: revision.revision,
                    model: revision.model,
                    version: revision.version,
                    digest: revision.digest,
                    share: revision.share,
                    state: revision.state,
                    created_at: revision.created_at,
                }
            })
            .collect();
        let under_way = rollouts
            .iter()
            .any(|rollout| matches!(rollout.state.as_str(), "planned" | "running"));
        let serves = traffic
            .as_ref()
            .is_some_and(|traffic| traffic.largest().is_some());
        Ok(EndpointStatus {
            name: row.name,
            project: row.project,
            model: row.model,
            state: if under_way {
                "rolling_out"
            } else if serves {
                "live"
            } else {
                "empty"
            }
            .to_owned(),
            revisions,
            signature: self
                .signature(endpoint, None)
                .ok()
                .map(|signature| Signature::clone(&signature)),
            rollouts,
            unlogged: self.0.log.lost(project, endpoint),
        })
    }

    /// All endpoints of a project that were ever deployed, by name.
    pub async fn endpoints(&self, project: &str) -> Result<Vec<EndpointStatus>> {
        let mut all = Vec::new();
        for row in sql::endpoints(&self.0.db, project).await? {
            all.push(self.status(&row.project, &row.name).await?);
        }
        Ok(all)
    }

    /// The names of all endpoints that serve, of all projects.
    pub fn names(&self) -> Vec<String> {
        let endpoints = self.0.endpoints.load();
        let mut names: Vec<String> = endpoints
            .iter()
            .filter(|(_, endpoint)| endpoint.traffic.load().largest().is_some())
            .map(|(name, _)| name.clone())
            .collect();
        names.sort();
        names
    }

    /// The numbers of an endpoint's loaded revisions, oldest first.
    pub fn loaded(&self, endpoint: &str) -> Result<Vec<i64>> {
        let traffic = self.endpoint(endpoint)?.traffic.load_full();
        let mut numbers: Vec<i64> = traffic
            .0
            .iter()
            .map(|(live, _)| live.revision.revision)
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The inputs and outputs of the revision with the largest share (or of `revision`).
    pub fn signature(&self, endpoint: &str, revision: Option<i64>) -> Result<Arc<Signature>> {
        self.with_live(endpoint, revision, |live| live.signature.clone())
    }

    /// The engine of the revision with the largest share (or of `revision`).
    pub fn engine(&self, endpoint: &str, revision: Option<i64>) -> Result<String> {
        self.with_live(endpoint, revision, |live| live.runtime.engine().to_owned())
    }

    fn with_live<T>(
        &self,
        endpoint: &str,
        revision: Option<i64>,
        read: impl Fn(&crate::traffic::Live) -> T,
    ) -> Result<T> {
        let traffic = self.endpoint(endpoint)?.traffic.load_full();
        let live = match revision {
            Some(number) => traffic.find(number).ok_or_else(|| {
                Error::not_found(format!("revision {number} of {endpoint:?} is not loaded"))
            })?,
            None => traffic
                .largest()
                .ok_or_else(|| Error::unavailable(format!("no revision of {endpoint:?} serves")))?,
        };
        Ok(read(live))
    }

    /// The logged predictions of an endpoint with `from_ms <= at < to_ms`, oldest first, each id once. What is still
    /// in memory is written first. Columns: `prediction_id` Utf8, `at` Timestamp(us, UTC), `endpoint`, `revision`
    /// Int64, `model`, `version` Int64, `latency_us` Int64, `output` Float64, then the inputs as `in_<name>`.
    pub async fn predictions(
        &self,
        project: &str,
        endpoint: &str,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<RecordBatch> {
        self.flush().await?;
        self.0.log.read(project, endpoint, from_ms, to_ms).await
    }

    /// When each of these predictions was answered, in ms; `None` for one that was not logged. Recent ids are found
    /// in memory; for others the log is read once.
    pub async fn predicted_at(
        &self,
        project: &str,
        endpoint: &str,
        ids: &[String],
    ) -> Result<Vec<Option<i64>>> {
        let mut found: Vec<Option<i64>> = match self.endpoint(endpoint) {
            Ok(endpoint) => {
                let recent = endpoint
                    .recent
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                ids.iter().map(|id| recent.at(id)).collect()
            }
            Err(_) => vec![None; ids.len()],
        };
        if found.iter().all(Option::is_some) {
            return Ok(found);
        }
        let logged = self
            .predictions(project, endpoint, i64::MIN, i64::MAX)
            .await?;
        let (Some(names), Some(times)) = (
            logged.column_by_name("prediction_id"),
            logged.column_by_name("at"),
        ) else {
            return Ok(found);
        };
        let (names, times) = (
            names.as_string::<i32>(),
            times.as_primitive::<TimestampMicrosecondType>(),
        );
        let at: HashMap<&str, i64> = (0..names.len())
            .map(|row| (names.value(row), times.value(row).div_euclid(1000)))
            .collect();
        for (id, found) in ids.iter().zip(&mut found) {
            *found = found.or_else(|| at.get(id.as_str()).copied());
        }
        Ok(found)
    }

    /// When the first logged prediction of an endpoint was answered, in ms.
    pub async fn first_prediction_at(&self, project: &str, endpoint: &str) -> Result<Option<i64>> {
        self.flush().await?;
        self.0.log.first(project, endpoint).await
    }
}
