//! The search filter: `metrics.wape < 0.3 AND params.model = 'ridge' AND tags."my key" LIKE 'a%'`.
//!
//! [`parse`] makes a tree of what a caller wrote; [`Shape`] says what a list can be filtered and ordered by;
//! [`Query`] puts a tree into SQL. Invariants: parsing never panics and is linear in the text; nothing of the text
//! becomes part of the SQL, every value and key is bound.
//!
//! Deliberately absent: `OR`, parentheses around conditions and functions. MLflow's clients know none of them.

mod order;
mod parse;
mod query;
mod reader;
mod shape;
mod value;

pub use order::{Order, parse_order};
pub use parse::{Clause, Field, Literal, Op, parse};
pub use query::Query;
pub use shape::{Attribute, Shape, Side};

use base::{Error, Result};

/// Where the page after `page_token` begins.
pub fn page_start(page_token: Option<&str>) -> Result<usize> {
    match page_token {
        None | Some("") => Ok(0),
        Some(token) => token
            .strip_prefix("after-")
            .and_then(|number| number.parse().ok())
            .filter(|start| *start <= 1_000_000_000)
            .ok_or_else(|| Error::invalid("Invalid page token, could not base64-decode")),
    }
}

/// Cuts `items`, of which one more than `limit` was read, to a page that began at `start`.
pub fn page_of<T>(mut items: Vec<T>, start: usize, limit: usize) -> base::Page<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    base::Page {
        items,
        next: more.then(|| format!("after-{}", start + limit)),
    }
}
