//! The project's own commands: `cargo xtask test | demo | tidy | coverage | ui`.
//!
//! Everything that a fresh clone needs beyond Rust is installed from here, through the ordinary clients of Debian,
//! PyPI, npm and crates.io; nothing is fetched from anywhere else.

mod coverage;
mod demo;
mod install;
mod place;
mod runner;
mod service;
mod test;
mod tidy;
mod ui;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what is missing and run every check and test
    Test {
        /// Only these parts; all where none is named
        phases: Vec<test::Phase>,
    },
    /// Build the release binary with its pages and run the demo
    Demo {
        /// The example (bikes, flights) and options of `ironloop demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Check the rules that no compiler checks
    Tidy,
    /// Print which test proves which statement of docs/seed.md
    Coverage,
    /// Build the web pages into ui/dist
    Ui,
}

fn main() -> ExitCode {
    let outcome = match Args::parse().command {
        Command::Test { phases } => return test::run(&phases),
        Command::Demo { options } => demo::run(&options),
        Command::Tidy => tidy::run(),
        Command::Coverage => coverage::run(),
        Command::Ui => ui::build(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
