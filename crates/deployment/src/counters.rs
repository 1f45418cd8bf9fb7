//! Requests and latencies of one revision, counted without locks.
//!
//! Latencies go into buckets whose bounds grow by an eighth, so a percentile is exact to about 12 %.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Eight buckets per doubling, from 1 µs to over an hour.
const PER_DOUBLING: usize = 8;
const BUCKETS: usize = 32 * PER_DOUBLING;

/// The counters of one revision since it was loaded.
pub struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            requests: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

impl Counters {
    /// Counts a request that was answered.
    pub fn answered(&self, latency: Duration) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.observe(latency);
    }

    /// Counts a request that failed and was not the caller's fault.
    pub fn failed(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds a latency without counting a request.
    pub fn observe(&self, latency: Duration) {
        let us = u64::try_from(latency.as_micros())
            .unwrap_or(u64::MAX)
            .max(1);
        self.buckets[bucket(us)].fetch_add(1, Ordering::Relaxed);
    }

    /// Requests that were answered or failed.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests that failed.
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    /// The latency below which the share `q` of the requests lies, in ms (the upper bound of its bucket).
    pub fn quantile_ms(&self, q: f64) -> Option<f64> {
        let counts: Vec<u64> = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .collect();
        let total: u64 = counts.iter().sum();
        let wanted = ((q * total as f64).ceil() as u64).max(1);
        let mut below = 0;
        let at = counts.iter().position(|count| {
            below += count;
            below >= wanted
        })?;
        (total > 0).then(|| upper_us(at) / 1000.0)
    }
}

fn bucket(us: u64) -> usize {
    let doubling = us.ilog2() as usize;
    let within = if doubling >= 3 {
        (us >> (doubling - 3)) as usize & 7
    } else {
        ((us as usize) << (3 - doubling)) & 7
    };
    (doubling * PER_DOUBLING + within).min(BUCKETS - 1)
}

/// The upper bound of a bucket, in µs.
fn upper_us(bucket: usize) -> f64 {
    let (doubling, within) = (bucket / PER_DOUBLING, bucket % PER_DOUBLING);
    2_f64.powi(doubling as i32) * (1.0 + (within as f64 + 1.0) / 8.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_to_an_eighth() {
        let counters = Counters::default();
        for us in 1..=1000 {
            counters.answered(Duration::from_micros(us));
        }
        for (q, exact) in [(0.5, 0.5), (0.9, 0.9), (0.99, 0.99)] {
            let found = counters.quantile_ms(q).unwrap();
            assert!(found >= exact && found <= exact * 1.13, "{q}: {found}");
        }
        assert_eq!(Counters::default().quantile_ms(0.5), None);
    }
}
