//! `ironloop demo`: the whole loop on real data, from a goal to a model that was retrained in production.
//!
//! Everything goes through the same HTTP API that a user's tools call; the demo only owns the clock, so that years
//! pass in a minute. Each step looks at the state before it acts and the position is written down, so a demo that
//! was killed anywhere goes on where it was when it is started again on the same folder.
//!
//! Deliberately absent: rules of any stage. What is printed is what the server answered.

mod api;
mod example;
mod journal;
mod loop_steps;
mod replay;
mod report;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

use base::{Clock, Error, Result, Timestamp};
use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use self::api::Api;
use self::journal::Journal;
use self::report::Report;
use crate::args::Global;
use crate::exit::Exit;

/// Which of the examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Example {
    /// Washington's bike share, 2010 to 2019: a number each hour; the city grows and the model decays.
    Bikes,
    /// Departures from New York in 2013: late or not, by airport and carrier.
    Flights,
}

/// The options of `ironloop demo`. `--home` (default `.ironloop-demo`) and `--json` are those of every command.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which example
    #[arg(value_enum, default_value = "bikes")]
    example: Example,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:5000", value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// End after the loop instead of staying up
    #[arg(long)]
    exit: bool,
    /// Replay up to this day only
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<jiff::civil::Date>,
}

impl Demo {
    /// Runs the demo. Steps go to standard error, the summary of `--json` to standard output; the exit code says
    /// whether everything that the demo claims was so.
    pub async fn run(self, global: &Global) -> Result<Exit> {
        let started = Instant::now();
        let home = global
            .home
            .clone()
            .unwrap_or_else(|| PathBuf::from(".ironloop-demo"));
        let example = example::Spec::of(self.example);
        let until = self.until.map(midnight).transpose()?;
        std::fs::create_dir_all(&home)?;
        let folder = example.unpack(&home)?;
        let mut journal = Journal::open(&home, example.name)?;
        let clock = Clock::manual(journal.now().unwrap_or(example.start));

        let config = server::Config {
            listen: self.listen,
            clock: clock.clone(),
            ..server::Config::at(&home)
        };
        let app = server::App::open(config).await?;
        let address = app.address.clone();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(server::serve(app, stop.clone().cancelled_owned()));

        let mut report = Report::new(global.json, example.title);
        let outcome = close_the_loop(
            &Api::new(&address)?,
            &example,
            &folder,
            &clock,
            until,
            &mut journal,
            &mut report,
        )
        .await;
        if outcome.is_ok() {
            report.end(&address, started.elapsed(), self.exit);
            if !self.exit {
                let _ = tokio::signal::ctrl_c().await;
            }
        }
        stop.cancel();
        let served = serving
            .await
            .map_err(|error| Error::internal("the server stopped badly").because(error))?;
        outcome?;
        served?;
        Ok(if report.holds() {
            Exit::Ok
        } else {
            Exit::Failed
        })
    }
}

fn midnight(day: jiff::civil::Date) -> Result<Timestamp> {
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC);
    midnight
        .map(|at| at.timestamp())
        .map_err(|error| Error::invalid(format!("--until {day}: {error}")))
}

/// The steps in their order.
async fn close_the_loop(
    api: &Api,
    example: &example::Spec,
    folder: &std::path::Path,
    clock: &Clock,
    until: Option<Timestamp>,
    journal: &mut Journal,
    report: &mut Report,
) -> Result<()> {
    let steps = loop_steps::Steps {
        api,
        example,
        folder,
    };
    steps.design(report).await?;
    steps.data(report).await?;
    let run = steps.develop(journal, report).await?;
    let version = steps.gate(&run, journal, report).await?;
    steps.deploy(&version, report).await?;
    replay::run(api, example, folder, clock, until, journal, report).await
}
