//! The examples that the binary carries, so that the demo needs no download and no clone.

use std::path::{Path, PathBuf};

use base::{Result, Timestamp};

use super::Example;

type Files = &'static [(&'static str, &'static [u8])];

macro_rules! file {
    ($path:literal) => {
        (
            $path,
            include_bytes!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../examples/",
                $path
            )),
        )
    };
}

const BIKES: Files = &[
    file!("bikes/ironloop.toml"),
    file!("bikes/trips.parquet"),
    file!("bikes/broken/trips.parquet"),
    file!("bikes/LICENSE-data.txt"),
];

const FLIGHTS: Files = &[
    file!("flights/ironloop.toml"),
    file!("flights/flights.parquet"),
    file!("flights/broken/departures.parquet"),
    file!("flights/LICENSE-data.txt"),
];

/// What the demo must know of an example beside its project file.
#[derive(Debug)]
pub struct Spec {
    /// Folder and project name.
    pub name: &'static str,
    /// For the first line.
    pub title: &'static str,
    /// The dataset that is loaded, its file and the broken one beside it.
    pub dataset: &'static str,
    /// All rows that the world has, future ones included.
    pub data: &'static str,
    /// A file that must be stopped by a rule.
    pub broken: &'static str,
    /// Registered model and endpoint.
    pub model: &'static str,
    /// Where callers send rows.
    pub endpoint: &'static str,
    /// Who signs, and as what.
    pub signer: (&'static str, &'static str),
    /// Why the signer approves the first version.
    pub approval: &'static str,
    /// The monitor of the live criterion that must raise the alert.
    pub live_monitor: &'static str,
    /// When the story begins: what is older is history.
    pub start: Timestamp,
    /// How long the truth takes to arrive.
    pub delay_hours: i64,
    /// Length of a monitoring window.
    pub window_days: i64,
    files: Files,
}

impl Spec {
    /// The facts of `example`.
    pub fn of(example: Example) -> Self {
        match example {
            Example::Bikes => Self {
                name: "bikes",
                title: "Washington's bike share: how many trips in the next hour?",
                dataset: "trips",
                data: "trips.parquet",
                broken: "broken/trips.parquet",
                model: "bikes",
                endpoint: "bikes-api",
                signer: ("fleet-lead", "stakeholder"),
                approval: "beats last week's numbers on every held-out week",
                live_monitor: "still-right",
                start: second(1_325_376_000), // 2012-01-01
                delay_hours: 24,
                window_days: 28,
                files: BIKES,
            },
            Example::Flights => Self {
                name: "flights",
                title: "Departures from New York: which arrive late?",
                dataset: "departures",
                data: "flights.parquet",
                broken: "broken/departures.parquet",
                model: "flights",
                endpoint: "flights-api",
                signer: ("operations-lead", "stakeholder"),
                approval: "ranks tomorrow's departures better than last month's rates",
                live_monitor: "still-calibrated",
                start: second(1_370_044_800), // 2013-06-01
                delay_hours: 24,
                window_days: 14,
                files: FLIGHTS,
            },
        }
    }

    /// Writes the example's files below `home` where they are missing; the answer is their folder.
    pub fn unpack(&self, home: &Path) -> Result<PathBuf> {
        let examples = std::path::absolute(home)?.join("examples");
        for (path, bytes) in self.files {
            let path = examples.join(path);
            if std::fs::metadata(&path).is_ok_and(|meta| meta.len() == bytes.len() as u64) {
                continue;
            }
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let part = path.with_extension("part");
            std::fs::write(&part, bytes)?;
            std::fs::rename(part, path)?;
        }
        Ok(examples.join(self.name))
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}
