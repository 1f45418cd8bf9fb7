//! The one source of time.
//!
//! A running server uses [`Clock::system`]; a test or a replay uses [`Clock::manual`] and moves it by hand.
//! Leases and time-outs must use `tokio::time` (monotonic) instead.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells what time it is. Cloning is cheap and clones share the same time.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The computer's own clock.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until it is moved with [`Clock::set`] or [`Clock::advance`].
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(AtomicI64::new(
            start.as_millisecond(),
        ))))
    }

    /// Whether this clock only moves when it is told to.
    pub fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }

    /// The present moment, to the millisecond.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the system's clock"
            )]
            Source::System => Timestamp::now(),
            Source::Manual(ms) => {
                Timestamp::from_millisecond(ms.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(&self) -> i64 {
        self.now().as_millisecond()
    }

    /// Moves a manual clock to `to`. A system clock and a move backwards are left alone; the answer tells
    /// whether the clock moved.
    pub fn set(&self, to: Timestamp) -> bool {
        match &self.0 {
            Source::System => false,
            Source::Manual(ms) => {
                let to = to.as_millisecond();
                ms.fetch_max(to, Ordering::SeqCst) < to
            }
        }
    }

    /// Moves a manual clock forward by `by`; see [`Clock::set`].
    pub fn advance(&self, by: SignedDuration) -> bool {
        self.set(self.now().saturating_add(by).unwrap_or(Timestamp::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_only_moves_forward_and_clones_share_it() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        assert!(clock.advance(SignedDuration::from_hours(2)));
        assert_eq!(other.now_ms(), 7_200_000);
        assert!(!clock.set(Timestamp::UNIX_EPOCH));
        assert_eq!(other.now_ms(), 7_200_000);
    }
}
