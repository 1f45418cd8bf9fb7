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

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = args::Args::parse();
    start_log(args.global.verbose);
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

/// The log goes to standard error, so that standard output stays for results. `RUST_LOG` decides where it is set.
fn start_log(verbose: u8) {
    let level = match verbose {
        0 => "warn",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        EnvFilter::new(format!(
            "{level},datafusion=warn,deltalake=warn,delta_kernel=warn,sqlx=warn,hyper=warn"
        ))
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .init();
}
