//! The command line: one subcommand per verb of the loop, in its order.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand};

use crate::commands;

/// From a business goal to a model that keeps its value in production, and round again.
#[derive(Debug, Parser)]
#[command(name = "ironloop", version, max_term_width = 110, after_help = EXIT_CODES)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done · 1 a check, gate or job failed · 2 bad usage or input · 3 not found · 4 refused · 5 unavailable\n\
Settings: command line, then IRONLOOP_… variables, then config.toml in the home, then defaults (`ironloop config show`).";

/// Options that every command takes.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// The folder that holds all state [env: IRONLOOP_HOME] [default: .ironloop]
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// A server to talk to instead of the home's own [env: IRONLOOP_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub server: Option<String>,
    /// The project; the one of ./ironloop.toml if not given
    #[arg(
        long,
        short,
        global = true,
        value_name = "NAME",
        env = "IRONLOOP_PROJECT"
    )]
    pub project: Option<String>,
    /// Who acts, for the audit log and approvals [env: IRONLOOP_USER] [default: local]
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
    /// Print one JSON document, for scripts
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more on standard error (twice for even more; RUST_LOG decides where it is set)
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server: API, pages, jobs and inference in one process
    Up(commands::up::Up),
    /// Run the whole loop on real data: goal, data, training, gate, deployment, monitoring, retraining
    Demo(commands::demo::Demo),
    /// Write a project file for a data file
    Init(commands::init::Init),
    /// Show what `apply` would change
    Plan(commands::project::Plan),
    /// Make the project what its file says
    Apply(commands::project::Apply),
    /// List projects, with the state of each phase
    Projects,
    /// Questions about the design
    #[command(subcommand)]
    Design(commands::design::Design),
    /// Datasets and their versions
    #[command(subcommand)]
    Data(commands::data::DataCommand),
    /// Tune, compare and fit the candidates
    Train(commands::train::Train),
    /// List runs
    Runs(commands::run::Runs),
    /// Measure a run or a version on the held-out rows, and register a run that passes
    Evaluate(commands::evaluate::Evaluate),
    /// Models, their versions and aliases
    #[command(subcommand)]
    Model(commands::model::ModelCommand),
    /// Approve or reject a version, as a role
    Approve(commands::approve::Approve),
    /// Bring the champion (or a version) to an endpoint, step by step
    Deploy(commands::deploy::Deploy),
    /// Send rows to an endpoint
    Predict(commands::predict::Predict),
    /// Windows of live performance and drift
    #[command(subcommand)]
    Monitor(commands::monitor::Monitor),
    /// Train on newer data and roll out what is better
    Retrain(commands::retrain::Retrain),
    /// Bring in what another tracking server holds
    #[command(subcommand)]
    Import(commands::import::Import),
    /// Write an `mlruns` folder that plain MLflow can open
    Export(commands::export::Export),
    /// Background work
    #[command(subcommand)]
    Jobs(commands::job::Jobs),
    /// Settings and where each comes from
    #[command(subcommand)]
    Config(commands::config::ConfigCommand),
    /// The audit log
    #[command(subcommand)]
    Audit(commands::audit::Audit),
    /// Print a script that completes commands in a shell
    Completions(commands::completions::Completions),
    /// The version of this program, and of the server it talks to
    Version,
}
