//! Runs a program of the user: own process group, few variables, a time limit, its output kept.
//!
//! The program sees `PATH`, `HOME`, `LANG` and what it is given; no secrets of the server. When the time is up, or the
//! caller goes away, the whole group is killed. Deliberately absent: a sandbox.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base::{Error, Result};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// At most this much of each output is kept.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None when it was killed.
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: Vec<u8>,
    /// Whether it was killed because its time was up.
    pub late: bool,
}

impl Ended {
    /// The last lines that it wrote, for an error message.
    pub fn last_words(&self) -> String {
        let text = String::from_utf8_lossy(if self.err.is_empty() {
            &self.out
        } else {
            &self.err
        });
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = lines[lines.len().saturating_sub(3)..].join(" | ");
        last.chars().take(600).collect()
    }
}

/// A process group, by the id of its first process; killed when dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            // The shell's own `kill` reaches a whole group without unsafe code of ours. It fails where the group has
            // ended by itself: then there is nobody to kill.
            let _ = std::process::Command::new("sh")
                .args(["-c", &format!("kill -s KILL -- -{id} 2>/dev/null")])
                .stdin(Stdio::null())
                .status();
        }
    }
}

/// Runs `program` with `arguments` in `folder`, feeding it `input`.
pub(crate) async fn run(
    program: &str,
    arguments: &[&str],
    folder: &Path,
    variables: &[(&str, String)],
    input: Vec<u8>,
    limit: Duration,
) -> Result<Ended> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    for name in ["HOME", "LANG", "TMPDIR"] {
        if let Ok(value) = std::env::var(name) {
            command.env(name, value);
        }
    }
    command
        .env("PATH", search_path())
        .env("PYTHONUNBUFFERED", "1");
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut child = command.spawn().map_err(|error| {
        Error::from(error).at(format!("cannot start {program:?} in {}", folder.display()))
    })?;
    let group = Group(child.id());
    let (out, err, stdin) = (child.stdout.take(), child.stderr.take(), child.stdin.take());
    let feed = async move {
        if let Some(mut stdin) = stdin {
            // A program that does not read its input is not at fault.
            let _ = stdin.write_all(&input).await;
        }
    };
    let work = async { tokio::join!(keep(out), keep(err), feed, child.wait()) };
    let Ok((out, err, (), status)) = tokio::time::timeout(limit, work).await else {
        drop(group);
        return Ok(Ended {
            code: None,
            out: Vec::new(),
            err: Vec::new(),
            late: true,
        });
    };
    drop(group);
    let code = status.map_err(Error::from)?.code();
    Ok(Ended {
        code,
        out,
        err,
        late: false,
    })
}

/// Reads everything, keeps the first [`MOST_OUTPUT`] bytes.
async fn keep(stream: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let Some(mut stream) = stream else {
        return kept;
    };
    let mut room = vec![0; 64 * 1024];
    while let Ok(count) = stream.read(&mut room).await {
        if count == 0 {
            break;
        }
        let fits = count.min(MOST_OUTPUT.saturating_sub(kept.len()));
        kept.extend_from_slice(&room[..fits]);
    }
    kept
}

/// `IRONLOOP_PYTHON`, or the `python3` on the path.
pub(crate) fn python() -> String {
    std::env::var("IRONLOOP_PYTHON")
        .ok()
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| "python3".to_owned())
}

/// The path for programs: the folder of `IRONLOOP_PYTHON` first, so that `python` means that one.
fn search_path() -> String {
    let path = std::env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned());
    match Path::new(&python())
        .parent()
        .filter(|folder| folder.is_absolute())
    {
        Some(folder) => format!("{}:{path}", folder.display()),
        None => path,
    }
}
