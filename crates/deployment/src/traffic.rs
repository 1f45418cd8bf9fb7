//! Traffic: which loaded revision answers a request.
//!
//! The choice depends on nothing but the prediction's id and the shares, so a request that is sent again meets the
//! same revision. Traffic is replaced as a whole; a request keeps the one that it began with.

use std::sync::Arc;
use std::time::Duration;

use base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::counters::Counters;
use crate::limits::Limits;
use crate::revision::Revision;
use crate::runtime::Runtime;
use crate::status::Signature;

/// What a revision fixes beside the version: the deployment's section of the project file, with the criteria that
/// stop a rollout spelt out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Percent of the traffic at each step.
    pub steps: Vec<i64>,
    /// How long each step is held, ms.
    pub hold_ms: i64,
    /// What ends a rollout.
    pub stop_on: Vec<Stop>,
    /// Share of the requests that is logged.
    pub log_share: f64,
    /// Columns that are not logged.
    pub log_drop: Vec<String>,
    /// Requests that are computed at the same time.
    pub in_flight: usize,
    /// Requests that wait.
    pub queue: usize,
    /// How long they wait, ms.
    pub timeout_ms: u64,
}

impl Settings {
    /// The limits of the endpoint.
    pub fn limits(&self) -> Limits {
        Limits {
            in_flight: self.in_flight,
            queue: self.queue,
            timeout: Duration::from_millis(self.timeout_ms),
        }
    }
}

/// A limit on how a revision behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stop {
    /// The criterion's name.
    pub id: String,
    /// `latency_p99_ms`, `latency_p50_ms` or `error_rate`.
    pub metric: String,
    /// `<=`, `<`, `>=` or `>`.
    pub op: String,
    /// The target.
    pub value: f64,
}

impl Stop {
    /// The value now, where it does not meet the target. What nobody can tell stops nothing.
    fn broken(&self, counters: &Counters) -> Option<f64> {
        let observed = match self.metric.as_str() {
            "latency_p99_ms" => counters.quantile_ms(0.99),
            "latency_p50_ms" => counters.quantile_ms(0.5),
            "error_rate" if counters.requests() > 0 => {
                Some(counters.errors() as f64 / counters.requests() as f64)
            }
            _ => None,
        }?;
        let holds = match self.op.as_str() {
            "<=" => observed <= self.value,
            "<" => observed < self.value,
            ">=" => observed >= self.value,
            _ => observed > self.value,
        };
        (!holds).then_some(observed)
    }
}

/// A revision that is loaded.
pub struct Live {
    /// What it is.
    pub revision: Revision,
    /// The model's name, shared with the log.
    pub model: Arc<str>,
    /// What computes it.
    pub runtime: Box<dyn Runtime>,
    /// What goes in and comes out, with the widths that the self-test found.
    pub signature: Arc<Signature>,
    /// How it is run.
    pub settings: Settings,
    /// What was counted since it was loaded.
    pub counters: Counters,
    /// Latencies of the self-test, for as long as there are few requests.
    pub warm: Counters,
}

/// Fewer requests than this say nothing about latency.
const FEW: u64 = 20;

impl Live {
    /// The first limit that this revision does not keep, in words.
    pub fn broken(&self) -> Option<String> {
        let counters = if self.counters.requests() < FEW {
            &self.warm
        } else {
            &self.counters
        };
        self.settings.stop_on.iter().find_map(|stop| {
            let observed = stop.broken(counters)?;
            Some(format!(
                "criterion {} failed: {} is {observed:.3}, wanted {} {}",
                stop.id, stop.metric, stop.op, stop.value
            ))
        })
    }
}

/// The loaded revisions of an endpoint and their shares in percent.
#[derive(Clone, Default)]
pub struct Traffic(pub Vec<(Arc<Live>, i64)>);

impl Traffic {
    /// The revision for a prediction's id, or the one that is asked for by number.
    pub fn pick(&self, id: &str, asked: Option<i64>) -> Result<&Arc<Live>> {
        if let Some(number) = asked {
            return self
                .find(number)
                .ok_or_else(|| Error::not_found(format!("revision {number} is not loaded")));
        }
        let point = (fnv(id.as_bytes()) % 100) as i64;
        let mut upper = 0;
        for (live, share) in &self.0 {
            upper += share;
            if point < upper {
                return Ok(live);
            }
        }
        // Shares that end below 100 belong to a revision that could not be loaded: the largest one stands in.
        self.largest()
            .ok_or_else(|| Error::unavailable("no revision serves"))
    }

    /// The revision with this number, if it is loaded.
    pub fn find(&self, number: i64) -> Option<&Arc<Live>> {
        self.0
            .iter()
            .find(|(live, _)| live.revision.revision == number)
            .map(|(live, _)| live)
    }

    /// The revision with the largest share, the newer one where two are equal.
    pub fn largest(&self) -> Option<&Arc<Live>> {
        let found = self.0.iter().filter(|(_, share)| *share > 0);
        found
            .max_by_key(|(live, share)| (*share, live.revision.revision))
            .map(|(live, _)| live)
    }
}

/// FNV-1a with a final mix: the same on every machine and in every version.
pub fn fnv(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}
