//! `cargo xtask tidy`: the rules that no compiler checks.

mod edges;
mod text;

use std::fmt::Write as _;

use anyhow::{Result, bail};

use crate::place;

/// One broken rule: where, and what.
#[derive(Debug)]
pub struct Finding {
    pub at: String,
    pub what: String,
}

/// Checks every rule and reports all that is broken.
pub fn run() -> Result<()> {
    let root = place::root();
    let mut findings = edges::check(&root)?;
    findings.extend(text::check(&root)?);
    if findings.is_empty() {
        println!("tidy: nothing to say");
        return Ok(());
    }
    let mut list = String::new();
    for finding in &findings {
        let _ = write!(list, "\n  {}: {}", finding.at, finding.what);
    }
    bail!("{} findings{list}", findings.len())
}
