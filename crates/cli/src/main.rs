//! `ironloop`: the server and every step of the loop as a command.
//!
//! Each command is a client of the HTTP API, so there is one code path however a step is asked for; where no server
//! runs on the home, a command starts one inside itself for its own duration. Exit codes are in `exit.rs`.
//!
//! Deliberately absent: rules. What passes a gate or makes a version is decided by the stages behind the API.

mod args;
mod client;
mod commands;
mod exit;
mod output;
mod progress;
mod session;
mod settings;
mod show;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = args::Args::parse();
    start_log(
        args.global.verbose,
        matches!(args.command, args::Command::Up(_)),
    );
    // Two TLS providers are linked (see `deny.toml`); the choice must be made before the first connection.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let output = output::Output::new(args.global.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return output.fail(&error.into()),
    };
    match runtime.block_on(commands::run(args, &output)) {
        Ok(code) => code.into(),
        Err(error) => output.fail(&error),
    }
}

/// The log goes to standard error, so that standard output stays for results. `RUST_LOG` decides where it is set. A
/// command says by itself what went wrong; a server has only its log.
fn start_log(verbose: u8, server: bool) {
    let level = match verbose + u8::from(server) {
        0 => "error",
        1 => "info",
        _ => "debug",
    };
    // The Delta kernel logs as errors what it also returns, a table that is not there yet among them.
    let quiet =
        "datafusion=warn,deltalake=warn,delta_kernel=off,buoyant_kernel=off,sqlx=warn,hyper=warn";
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},{quiet}")));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
}
