//! How many requests one endpoint computes and keeps waiting; what is over that is refused at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base::{Error, Result};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The limits of one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests that are computed at the same time.
    pub in_flight: usize,
    /// Requests that wait for one of those places.
    pub queue: usize,
    /// How long a request waits at most.
    pub timeout: Duration,
}

/// Hands out the places.
pub struct Gatekeeper {
    /// What it was made with.
    pub limits: Limits,
    places: Semaphore,
    waiting: AtomicUsize,
}

impl Gatekeeper {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            places: Semaphore::new(limits.in_flight),
            waiting: AtomicUsize::new(0),
        }
    }

    /// A place, at once or after a short wait.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.limits.queue {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::unavailable(format!(
                "{} requests are being answered and {} wait already",
                self.limits.in_flight, self.limits.queue
            )));
        }
        let place = tokio::time::timeout(self.limits.timeout, self.places.acquire()).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        match place {
            Ok(Ok(place)) => Ok(place),
            _ => Err(Error::unavailable(format!(
                "no place was free within {} ms",
                self.limits.timeout.as_millis()
            ))),
        }
    }

    /// Returns when nothing is being computed any more; from then on nothing gets a place.
    pub async fn drain(&self) {
        let all = u32::try_from(self.limits.in_flight).unwrap_or(u32::MAX);
        if let Ok(places) = self.places.acquire_many(all).await {
            places.forget();
        }
    }
}
