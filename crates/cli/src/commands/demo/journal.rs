//! Where the demo stands, written down before it goes on, so that a kill at any point costs nothing.

use std::path::{Path, PathBuf};

use base::{Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// The demo's position.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    clock: PathBuf,
    state: State,
}

/// What is known so far; absent means not yet.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Which example lives in this folder.
    pub example: String,
    /// The training job that was asked for.
    pub train_job: Option<String>,
    /// The job that evaluated and registered the best run.
    pub evaluate_job: Option<String>,
    /// All hours before this one were answered (ms since the epoch).
    pub replayed_until: Option<i64>,
    /// The monitors looked at everything before this moment, and what they set off is over (ms since the epoch).
    pub checked_until: Option<i64>,
    /// Requests that were answered, in all sessions.
    pub answered: u64,
    /// Requests that failed, in all sessions.
    pub failed: u64,
    /// Outcomes that were reported.
    pub outcomes: u64,
}

impl Journal {
    /// Opens the journal of `home`, which belongs to one example.
    pub fn open(home: &Path, example: &str) -> Result<Self> {
        let path = home.join("demo.json");
        let state = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => State {
                example: example.to_owned(),
                ..State::default()
            },
            Err(error) => return Err(Error::from(error).at(path.display())),
        };
        if state.example != example {
            return Err(Error::conflict(format!(
                "{} holds the demo {:?}",
                home.display(),
                state.example
            ))
            .hint("give this demo another --home"));
        }
        Ok(Self {
            path,
            clock: home.join("clock"),
            state,
        })
    }

    /// What is known so far.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Changes the state and writes it down.
    pub fn note(&mut self, change: impl FnOnce(&mut State)) -> Result<()> {
        change(&mut self.state);
        write(
            &self.path,
            serde_json::to_string_pretty(&self.state)?.as_bytes(),
        )
    }

    /// Where the clock stood.
    pub fn now(&self) -> Option<Timestamp> {
        let text = std::fs::read_to_string(&self.clock).ok()?;
        Timestamp::from_millisecond(text.trim().parse().ok()?).ok()
    }

    /// Writes down where the clock stands; `ironloop up` on this folder goes on from there.
    pub fn set_now(&self, now: Timestamp) -> Result<()> {
        write(&self.clock, now.as_millisecond().to_string().as_bytes())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    std::fs::write(&part, bytes)?;
    Ok(std::fs::rename(part, path)?)
}
