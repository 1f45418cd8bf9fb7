//! `cargo xtask demo`: the whole loop on real data, from a clone to an address to look at.

use anyhow::Result;

use crate::runner::{self, command};
use crate::{install, place, ui};

/// Builds the pages (where Node.js is there) and the release binary, and runs the demo with `options`.
pub fn run(options: &[String]) -> Result<()> {
    if install::exists("node") {
        ui::build()?;
    } else {
        println!(
            "Node.js is not installed: the binary will carry a placeholder instead of the pages (`cargo xtask ui` installs it)"
        );
    }
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
        command(binary, ["demo", "bikes"])
            .args(options)
            .current_dir(root),
    )
}
