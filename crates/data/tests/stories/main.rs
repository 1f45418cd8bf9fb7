//! What happens to rows between a file and training, on both databases.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod add;
mod defects;
mod formats;
mod prepare;
mod shop;
