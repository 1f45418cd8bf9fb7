//! The ids of an endpoint's newest predictions: a second request with the same id is the same prediction.

use std::collections::{HashMap, VecDeque};

/// How many ids are remembered. Older duplicates are dropped when the log is read.
const ROOM: usize = 100_000;

/// Ids and when they were answered.
#[derive(Default)]
pub struct Recent {
    at: HashMap<String, i64>,
    order: VecDeque<String>,
}

impl Recent {
    /// Remembers an id; false where it was known.
    pub fn add(&mut self, id: &str, at_ms: i64) -> bool {
        if self.at.contains_key(id) {
            return false;
        }
        if self.order.len() >= ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.at.remove(&oldest);
        }
        self.at.insert(id.to_owned(), at_ms);
        self.order.push_back(id.to_owned());
        true
    }

    /// When the prediction was answered.
    pub fn at(&self, id: &str) -> Option<i64> {
        self.at.get(id).copied()
    }
}
