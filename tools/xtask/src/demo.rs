//! `cargo xtask demo`: the whole loop on real data, from a clone to an address to look at.

use anyhow::Result;

use crate::runner::{self, command};
use crate::{place, ui};

/// Builds the pages (Node.js is installed where it is missing) and the release binary, and runs the demo with
/// `options`: the name of an example first, bikes where there is none.
pub fn run(options: &[String]) -> Result<()> {
    let (example, options) = match options.split_first() {
        Some((example, rest)) if !example.starts_with('-') => (example.as_str(), rest),
        _ => ("bikes", options),
    };
    ui::build()?;
    let root = place::root();
    runner::run(
        command(
            place::cargo(),
            ["build", "--release", "--package", "ironloop-cli"],
        )
        .current_dir(&root),
    )?;
    let binary = place::target()?.join("release/ironloop");
    runner::run(
        command(binary, ["demo", example])
            .args(options)
            .current_dir(root),
    )
}
