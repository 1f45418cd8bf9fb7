//! Steps with their time, and what the test runners inside them counted.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use regex::Regex;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

/// Runs steps one after the other and adds up their tests.
#[derive(Debug, Default)]
pub struct Runner {
    pub total: Count,
    times: Vec<(String, f64)>,
}

impl Runner {
    /// Runs `work` as a step called `name`; says how long it took.
    pub fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n── {name}");
        let start = Instant::now();
        let outcome = work().with_context(|| format!("step `{name}` failed"));
        let seconds = start.elapsed().as_secs_f64();
        let word = if outcome.is_ok() { "done" } else { "FAILED" };
        println!("── {name}: {word} in {seconds:.1} s");
        self.times.push((name.to_owned(), seconds));
        outcome
    }

    /// Runs a test runner as a step and counts what it says it ran. A runner that ran nothing has failed.
    pub fn tests(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let mut count = Count::default();
        let outcome = self.step(name, || {
            let success = stream(command, |line| count.add(summary(line)))?;
            if !success {
                bail!("{} passed, {} failed", count.passed, count.failed);
            }
            if count.passed == 0 {
                bail!("no test ran");
            }
            Ok(())
        });
        self.total.add(count);
        if outcome.is_err() && count.failed == 0 {
            self.total.failed += 1;
        }
        outcome
    }

    /// The table of steps and times.
    pub fn report(&self) {
        println!("\n── time per step");
        for (name, seconds) in &self.times {
            println!("{seconds:>8.1} s  {name}");
        }
        let all: f64 = self.times.iter().map(|(_, seconds)| seconds).sum();
        println!("{all:>8.1} s  in all");
    }
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// A command that is shown when it runs.
pub fn command<I, S>(program: impl AsRef<OsStr>, args: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null());
    // `cargo xtask` says which package runs. A cargo below it would take that for a change of what build scripts look
    // at, and compile nearly everything again.
    for (name, _) in std::env::vars_os() {
        let about_us = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if about_us {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end; its failure is an error.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    println!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("cannot run {shown}"))?;
    if !status.success() {
        bail!("{shown} ended with {status}");
    }
    Ok(())
}

/// The standard output of a command; its failure is an error.
pub fn read(command: &mut Command) -> Result<String> {
    let shown = shown(command);
    let output = command
        .output()
        .with_context(|| format!("cannot run {shown}"))?;
    if !output.status.success() {
        bail!(
            "{shown} ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a command ends well; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Passes both outputs of a command on, line by line, and lets `see` look at each.
fn stream(command: &mut Command, mut see: impl FnMut(&str)) -> Result<bool> {
    let shown = shown(command);
    println!("$ {shown}");
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {shown}"))?;
    let (sender, lines) = std::sync::mpsc::channel();
    let outputs: [Option<Box<dyn std::io::Read + Send>>; 2] = [
        child.stdout.take().map(|output| Box::new(output) as Box<_>),
        child.stderr.take().map(|output| Box::new(output) as Box<_>),
    ];
    for output in outputs.into_iter().flatten() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
    }
    drop(sender);
    for line in lines {
        println!("{line}");
        see(&line);
    }
    let _ = std::io::stdout().flush();
    Ok(child
        .wait()
        .with_context(|| format!("cannot wait for {shown}"))?
        .success())
}

fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    command.get_args().fold(program, |line, arg| {
        format!("{line} {}", arg.to_string_lossy())
    })
}

/// What one line of output says about how many tests passed and failed: the closing lines of nextest, pytest, vitest
/// and node's test runner.
fn summary(line: &str) -> Count {
    static COLOURS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new("\u{1b}\\[[0-9;]*m").ok());
    static CLOSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^\s*(Summary \[.*tests? run:|(=+ )?[0-9]+ (passed|failed|errors?)\b.* in [0-9.]+s( \([0-9:]+\))?( =+)?$|Tests\s+[0-9])").ok()
    });
    static NODE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[#ℹ] (pass|fail) ([0-9]+)$").ok());
    static NUMBER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"([0-9]+) (passed|failed|errors?|timed out)").ok());
    let (Some(colours), Some(closing), Some(node), Some(number)) =
        (&*COLOURS, &*CLOSING, &*NODE, &*NUMBER)
    else {
        return Count::default();
    };
    let line = colours.replace_all(line, "");
    let mut count = Count::default();
    let mut add = |word: &str, number: &str| {
        let number = number.parse().unwrap_or(0);
        match word {
            "pass" | "passed" => count.passed += number,
            _ => count.failed += number,
        }
    };
    if let Some(found) = node.captures(line.trim_end()) {
        add(&found[1], &found[2]);
    } else if closing.is_match(&line) {
        for found in number.captures_iter(&line) {
            add(&found[2], &found[1]);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_of_the_runners_are_counted_and_nothing_else() {
        for (line, passed, failed) in [
            (
                "     Summary [   1.2s] 12 tests run: 10 passed (1 slow), 2 failed, 0 skipped",
                10,
                2,
            ),
            (
                "\u{1b}[32m==== \u{1b}[1m7 passed\u{1b}[0m, 1 failed, 2 errors in 3.21s ====\u{1b}[0m",
                7,
                3,
            ),
            ("82 passed, 8 warnings in 7.82s", 82, 0),
            ("1 failed, 81 passed in 61.02s (0:01:01)", 81, 1),
            ("      Tests  9 passed (9)", 9, 0),
            ("      Tests  1 failed | 8 passed (9)", 8, 1),
            ("ℹ pass 4", 4, 0),
            ("# fail 1", 0, 1),
            (" Test Files  3 passed (3)", 0, 0),
            ("we saw 5 passed cars", 0, 0),
            ("tests/x.py::test_a PASSED", 0, 0),
        ] {
            assert_eq!(summary(line), Count { passed, failed }, "{line}");
        }
    }
}
