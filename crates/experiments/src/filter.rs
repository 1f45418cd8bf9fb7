//! The search filter.
