//! The web pages: `ui/` built into `ui/dist`, which the binary embeds.

use std::process::Command;

use anyhow::Result;

use crate::runner::{command, run};
use crate::{install, place};

/// Builds the pages; installs Node.js and the packages where they are missing.
pub fn build() -> Result<()> {
    install::node()?;
    install::npm(&place::root().join("ui"))?;
    run(&mut npm("build"))
}

/// Types and lint.
pub fn check() -> Result<()> {
    run(&mut npm("typecheck"))?;
    run(&mut npm("lint"))
}

/// The command that runs the pages' unit tests.
pub fn unit_tests() -> Command {
    npm("test")
}

fn npm(script: &str) -> Command {
    let mut npm = command("npm", ["run", script]);
    npm.current_dir(place::root().join("ui"))
        .env("PATH", install::path());
    npm
}
