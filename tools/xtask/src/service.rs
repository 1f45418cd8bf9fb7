//! Servers that the tests need; each ends when it is dropped, however the tests end.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::install;
use crate::runner::{command, run, succeeds};

/// A running server and the folder that goes with it.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    child: Child,
    signal: &'static str,
    log: PathBuf,
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    _folder: TempDir,
}

impl Service {
    fn start(
        name: &'static str,
        mut command: Command,
        signal: &'static str,
        port: u16,
        folder: TempDir,
    ) -> Result<Self> {
        let log = folder.path().join("log");
        let output = File::create(&log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            name,
            child,
            signal,
            log,
            port,
            _folder: folder,
        })
    }

    /// Waits until `ready` says so, for at most `limit`.
    fn wait(mut self, limit: Duration, mut ready: impl FnMut(u16) -> bool) -> Result<Self> {
        let start = Instant::now();
        loop {
            if ready(self.port) {
                println!(
                    "{} answers on port {} after {:.1} s",
                    self.name,
                    self.port,
                    start.elapsed().as_secs_f64()
                );
                return Ok(self);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name, self.last_words());
            }
            if start.elapsed() > limit {
                bail!(
                    "{} does not answer after {} s:\n{}",
                    self.name,
                    limit.as_secs(),
                    self.last_words()
                );
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The end of its log.
    pub fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let id = self.child.id().to_string();
        succeeds(&mut command("kill", [self.signal, &id]));
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(15) {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// PostgreSQL in a temporary folder, without fsync: its data dies with the tests.
pub fn postgres() -> Result<Service> {
    let programs = if let Some(programs) = postgres_programs() {
        programs
    } else {
        install::apt(&["postgresql"])?;
        postgres_programs()
            .context("PostgreSQL's programs are missing after installing postgresql")?
    };
    let folder = tempfile::Builder::new()
        .prefix("ironloop-postgres-")
        .tempdir()?;
    let data = folder.path().join("data");
    let root = install::is_root()?;
    if root {
        // PostgreSQL refuses to run as root.
        run(&mut command(
            "chown",
            ["postgres".as_ref(), folder.path().as_os_str()],
        ))?;
    }
    let as_postgres = |program: &str| {
        let program = programs.join(program);
        if root {
            // Unlike runuser and su, it becomes the program, which then gets our signals.
            let mut wrapped = command(
                "setpriv",
                [
                    "--reuid=postgres",
                    "--regid=postgres",
                    "--init-groups",
                    "--",
                ],
            );
            wrapped.arg(program).current_dir("/");
            wrapped
        } else {
            command(program, [""; 0])
        }
    };
    let mut initdb = as_postgres("initdb");
    initdb
        .args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
            "-D",
        ])
        .arg(&data);
    run(initdb.stdout(Stdio::null()))?;
    let port = free_port()?;
    let mut server = as_postgres("postgres");
    server
        .arg("-D")
        .arg(&data)
        .args(["-p", &port.to_string(), "-h", "127.0.0.1"]);
    for setting in [
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "max_connections=500",
    ] {
        server.args(["-c", setting]);
    }
    server.arg("-c").arg(format!(
        "unix_socket_directories={}",
        folder.path().display()
    ));
    let ready = programs.join("pg_isready");
    // SIGINT is its fast shutdown: open sessions are ended.
    Service::start("PostgreSQL", server, "-INT", port, folder)?.wait(
        Duration::from_mins(1),
        |port| {
            succeeds(&mut command(
                &ready,
                [
                    "-q",
                    "-h",
                    "127.0.0.1",
                    "-p",
                    &port.to_string(),
                    "-U",
                    "postgres",
                ],
            ))
        },
    )
}

fn postgres_programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions.pop()
}

/// An S3 server with the bucket `ironloop-test`.
pub fn s3(python: &Path) -> Result<Service> {
    let port = free_port()?;
    let folder = tempfile::Builder::new().prefix("ironloop-s3-").tempdir()?;
    let server = command(
        python.join("moto_server"),
        ["-H", "127.0.0.1", "-p", &port.to_string()],
    );
    let service = Service::start("S3", server, "-TERM", port, folder)?
        .wait(Duration::from_mins(1), listens)?;
    let make = format!(
        "import urllib.request as r; r.urlopen(r.Request('http://127.0.0.1:{port}/ironloop-test', method='PUT', headers={{'Authorization': 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0'}}))"
    );
    run(&mut command(python.join("python"), ["-c", &make]))?;
    Ok(service)
}

/// `ironloop up` on `home`, with `python` for people's own scripts.
pub fn ironloop(binary: &Path, home: &Path, python: &Path) -> Result<Service> {
    let port = free_port()?;
    let folder = tempfile::Builder::new().prefix("ironloop-up-").tempdir()?;
    let mut server = command(
        binary,
        ["up", "--listen", &format!("127.0.0.1:{port}"), "--home"],
    );
    server
        .arg(home)
        .env("IRONLOOP_PYTHON", python.join("python"));
    Service::start("ironloop", server, "-TERM", port, folder)?.wait(Duration::from_mins(1), healthy)
}

/// Whether `GET /health` answers 200.
fn healthy(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut connection) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let request =
        format!("GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    connection
        .set_read_timeout(Some(Duration::from_secs(2)))
        .is_ok()
        && connection.write_all(request.as_bytes()).is_ok()
        && connection.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_ends_with_its_owner() {
        let service = postgres().unwrap();
        let port = service.port;
        assert!(listens(port));
        drop(service);
        assert!(!listens(port), "PostgreSQL outlived its owner");
    }

    #[test]
    fn a_server_that_cannot_start_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let broken = command("sh", ["-c", "echo no such option; exit 3"]);
        let started = Service::start("the server", broken, "-TERM", 1, folder).unwrap();
        let error = started
            .wait(Duration::from_secs(5), |_| false)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("exit status: 3") && error.contains("no such option"),
            "{error}"
        );
    }
}
