//! The folder that holds a server's state: who owns it now, and where that server listens.
//!
//! One process owns a home at a time. The lock is the operating system's (on the file `lock`), so it goes when its
//! process does, however that ends; the pid inside is only for the message. `server.json` says where to reach the
//! owner and is believed only while the lock is held.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Seek as _, Write as _};
use std::path::Path;

use base::{Clock, Error, Result, Timestamp};
use serde::{Deserialize, Serialize};

/// What `server.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFile {
    /// The process that owns the home.
    pub pid: u32,
    /// Where it listens: `http://127.0.0.1:5000`.
    pub address: String,
}

/// The right to write to a home; given back when dropped.
#[derive(Debug)]
pub(crate) struct HomeLock {
    _file: File,
}

impl HomeLock {
    /// Makes the folder where it is missing and takes its lock, or says which process holds it.
    pub(crate) fn take(home: &Path) -> Result<Self> {
        std::fs::create_dir_all(home).map_err(|error| {
            Error::from(error).at(format_args!("cannot make {}", home.display()))
        })?;
        let path = home.join("lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|error| Error::from(error).at(path.display()))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(home)),
            Err(TryLockError::Error(error)) => return Err(Error::from(error).at(path.display())),
        }
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "{}", std::process::id())?;
        Ok(Self { _file: file })
    }
}

fn held(home: &Path) -> Error {
    let pid = std::fs::read_to_string(home.join("lock")).unwrap_or_default();
    let pid = pid.trim();
    let holder = if pid.is_empty() {
        "another process".to_owned()
    } else {
        format!("process {pid}")
    };
    Error::conflict(format!("{} is in use by {holder}", home.display()))
        .hint("one server owns a home at a time: stop that one, or give this one another --home")
}

/// Says where the owner of `home` listens.
pub(crate) fn write_server_file(home: &Path, server: &ServerFile) -> Result<()> {
    let text = serde_json::to_string_pretty(server)?;
    let temporary = home.join("server.json.new");
    std::fs::write(&temporary, text)?;
    Ok(std::fs::rename(temporary, home.join("server.json"))?)
}

/// The server that owns `home` now, if one does.
pub fn running_server(home: &Path) -> Option<ServerFile> {
    let lock = File::open(home.join("lock")).ok()?;
    // A lock that we can take has no owner, so what server.json says is left from an earlier one.
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) | Err(TryLockError::Error(_)) => return None,
    }
    serde_json::from_slice(&std::fs::read(home.join("server.json")).ok()?).ok()
}

/// The clock of `home`: the system's, or one that stands still at the moment in the file `clock` (milliseconds since
/// the epoch), which a replay of the past leaves there.
pub fn clock_of(home: &Path) -> Result<Clock> {
    let path = home.join("clock");
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Clock::system()),
        Err(error) => return Err(Error::from(error).at(path.display())),
    };
    let at = text
        .trim()
        .parse::<i64>()
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let at = at.ok_or_else(|| {
        Error::invalid(format!(
            "{:?} in {} is not a time in milliseconds",
            text.trim(),
            path.display()
        ))
        .hint("delete the file to return to real time")
    })?;
    Ok(Clock::manual(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_server_on_a_home_hears_who_has_it() {
        let home = tempfile::tempdir().unwrap();
        let first = HomeLock::take(home.path()).unwrap();
        let error = HomeLock::take(home.path()).unwrap_err();
        assert!(
            error
                .message()
                .contains(&format!("process {}", std::process::id())),
            "{error}"
        );
        drop(first);
        assert!(HomeLock::take(home.path()).is_ok());
    }

    #[test]
    fn a_home_that_replays_time_keeps_its_clock() {
        let home = tempfile::tempdir().unwrap();
        assert!(!clock_of(home.path()).unwrap().is_manual());
        std::fs::write(home.path().join("clock"), "1000\n").unwrap();
        let clock = clock_of(home.path()).unwrap();
        assert!(clock.is_manual());
        assert_eq!(clock.now_ms(), 1000);
        std::fs::write(home.path().join("clock"), "soon").unwrap();
        assert!(clock_of(home.path()).is_err());
    }

    #[test]
    fn a_server_file_is_believed_only_while_its_owner_lives() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(running_server(home.path()), None);
        let lock = HomeLock::take(home.path()).unwrap();
        let said = ServerFile {
            pid: std::process::id(),
            address: "http://127.0.0.1:5000".to_owned(),
        };
        write_server_file(home.path(), &said).unwrap();
        assert_eq!(running_server(home.path()), Some(said));
        drop(lock);
        assert_eq!(running_server(home.path()), None);
    }
}
