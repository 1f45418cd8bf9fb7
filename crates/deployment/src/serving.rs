//! Serving: the endpoints of this process, their traffic, and the log of what they answered.
//!
//! Changes of traffic are made one at a time and stored before they take effect; answering reads a snapshot and
//! waits for nobody.

mod answer;
mod back;
mod change;
mod deploy;
mod load;
mod view;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use base::{Clock, Error, Result};
use store::{Blobs, Db};

use crate::limits::Gatekeeper;
use crate::log::Log;
use crate::recent::Recent;
use crate::runtime::Engines;
use crate::traffic::{Live, Traffic};

/// All endpoints of this process. Cloning is cheap and clones share the endpoints.
#[derive(Clone)]
pub struct Serving(Arc<Inner>);

struct Inner {
    db: Db,
    blobs: Blobs,
    clock: Clock,
    engines: Engines,
    log: Arc<Log>,
    endpoints: ArcSwap<HashMap<String, Arc<Endpoint>>>,
    /// Held while traffic changes.
    changing: tokio::sync::Mutex<()>,
    draining: AtomicBool,
}

/// One endpoint of this process.
struct Endpoint {
    name: Arc<str>,
    project: Arc<str>,
    traffic: ArcSwap<Traffic>,
    gate: ArcSwap<Gatekeeper>,
    recent: Mutex<Recent>,
}

impl Serving {
    /// Opens serving over `db`; the prediction log goes below `tables_root` (a path or `s3://…`). Nothing is loaded
    /// until [`Serving::restore`] or [`Serving::deploy`]. Must be called inside a tokio runtime.
    pub fn new(db: Db, blobs: Blobs, tables_root: &str, clock: Clock) -> Self {
        Self::with_engines(db, blobs, tables_root, clock, Engines::find(None))
    }

    /// The same, with engines that were found elsewhere.
    pub fn with_engines(
        db: Db,
        blobs: Blobs,
        tables_root: &str,
        clock: Clock,
        engines: Engines,
    ) -> Self {
        let log = Arc::new(Log::new(tables_root));
        tokio::spawn(Log::run(Arc::downgrade(&log)));
        Self(Arc::new(Inner {
            db,
            blobs,
            clock,
            engines,
            log,
            endpoints: ArcSwap::default(),
            changing: tokio::sync::Mutex::default(),
            draining: AtomicBool::new(false),
        }))
    }

    fn endpoint(&self, name: &str) -> Result<Arc<Endpoint>> {
        let found = self.0.endpoints.load().get(name).cloned();
        found.ok_or_else(|| Error::not_found(format!("no endpoint {name:?} serves here")))
    }

    /// Puts `live` into the endpoint's traffic with this share, the others keeping theirs.
    fn put(&self, live: Live, share: i64) -> Arc<Endpoint> {
        let endpoint = self
            .endpoint(&live.revision.endpoint)
            .unwrap_or_else(|_| self.add_endpoint(&live));
        // New limits hold for new requests; those under way leave through the gate that they came in by.
        if endpoint.gate.load().limits != live.settings.limits() {
            endpoint
                .gate
                .store(Arc::new(Gatekeeper::new(live.settings.limits())));
        }
        let mut traffic = Traffic::clone(&endpoint.traffic.load());
        traffic
            .0
            .retain(|(other, _)| other.revision.revision != live.revision.revision);
        traffic.0.push((Arc::new(live), share));
        endpoint.traffic.store(Arc::new(traffic));
        endpoint
    }

    fn add_endpoint(&self, live: &Live) -> Arc<Endpoint> {
        let endpoint = Arc::new(Endpoint {
            name: live.revision.endpoint.as_str().into(),
            project: live.revision.project.as_str().into(),
            traffic: ArcSwap::default(),
            gate: ArcSwap::from_pointee(Gatekeeper::new(live.settings.limits())),
            recent: Mutex::default(),
        });
        // Only one change of traffic happens at a time, so nothing is overwritten here.
        let mut endpoints = HashMap::clone(&self.0.endpoints.load());
        endpoints.insert(live.revision.endpoint.clone(), endpoint.clone());
        self.0.endpoints.store(Arc::new(endpoints));
        endpoint
    }

    /// Writes what the prediction log holds in memory to its tables, and returns when it is there.
    pub async fn flush(&self) -> Result<()> {
        self.0.log.flush().await
    }

    /// Refuses new requests and returns when none is under way and the log is written.
    pub async fn drain(&self) -> Result<()> {
        self.0.draining.store(true, Ordering::SeqCst);
        for endpoint in self.0.endpoints.load().values() {
            endpoint.gate.load_full().drain().await;
        }
        self.flush().await
    }
}
