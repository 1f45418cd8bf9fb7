//! Subcommands, one file per noun or verb; each asks the API and prints the answer.

pub mod approve;
pub mod audit;
pub mod completions;
pub mod config;
pub mod data;
pub mod demo;
pub mod deploy;
pub mod design;
pub mod evaluate;
pub mod export;
pub mod import;
pub mod init;
pub mod job;
pub mod model;
pub mod monitor;
pub mod predict;
pub mod project;
pub mod retrain;
pub mod run;
pub mod train;
pub mod up;
mod version;

use base::Result;

use crate::args::{Args, Command};
use crate::client::JobFailed;
use crate::exit::Exit;
use crate::output::Output;
use crate::session::Session;

/// Runs the command; the answer is how it ended.
pub async fn run(args: Args, output: &Output) -> Result<Exit> {
    let global = &args.global;
    match args.command {
        Command::Up(up) => up.run(global, output).await,
        Command::Demo(demo) => demo.run(global).await,
        Command::Init(init) => init.run(output),
        Command::Config(config) => config.run(global, output),
        Command::Completions(completions) => completions.run(),
        Command::Version => version::run(global, output).await,
        Command::Data(data::DataCommand::Drift(drift)) if !drift.needs_server() => {
            drift.of_files(output)
        }
        command => {
            let session = Session::open(global, output).await?;
            let outcome = with_server(command, &session).await;
            let closed = session.client.close().await;
            match outcome {
                Err(error) if JobFailed::is(&error) => {
                    output.fail(&error);
                    Ok(Exit::Failed)
                }
                // What went wrong first says more than what the end of the server adds.
                outcome => outcome.and_then(|exit| closed.map(|()| exit)),
            }
        }
    }
}

async fn with_server(command: Command, session: &Session) -> Result<Exit> {
    match command {
        Command::Plan(plan) => plan.run(session).await,
        Command::Apply(apply) => apply.run(session).await,
        Command::Projects => project::list(session).await,
        Command::Design(design) => design.run(session).await,
        Command::Data(data) => data.run(session).await,
        Command::Train(train) => train.run(session).await,
        Command::Runs(runs) => runs.run(session).await,
        Command::Evaluate(evaluate) => evaluate.run(session).await,
        Command::Model(model) => model.run(session).await,
        Command::Approve(approve) => approve.run(session).await,
        Command::Deploy(deploy) => deploy.run(session).await,
        Command::Predict(predict) => predict.run(session).await,
        Command::Monitor(monitor) => monitor.run(session).await,
        Command::Retrain(retrain) => retrain.run(session).await,
        Command::Import(import) => import.run(session).await,
        Command::Export(export) => export.run(session).await,
        Command::Jobs(jobs) => jobs.run(session).await,
        Command::Audit(audit) => audit.run(session).await,
        Command::Up(_)
        | Command::Demo(_)
        | Command::Init(_)
        | Command::Config(_)
        | Command::Completions(_)
        | Command::Version => Err(base::Error::internal("this command needs no server")),
    }
}
