//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! Fails at the first step that fails, with the reason; what was started is stopped on every way out. The last line
//! is `N passed, M failed`, over all runners.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::runner::{self, Runner, command};
use crate::{install, place, service, tidy, ui};

/// How far the demo's years are replayed here; a full replay is for people.
const DEMO_UNTIL: &str = "2013-07-01";

/// A part of the checks, for a shorter round; all of them run where none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Phase {
    /// Format and house rules
    Rules,
    /// Types, lint, unit tests and build of the web pages
    Pages,
    /// Clippy
    Clippy,
    /// Rust tests, on both databases and S3
    Rust,
    /// The demo, and what its server answers to other people's clients and to a browser
    BlackBox,
}

fn run_phases(runner: &mut Runner, wanted: &[Phase]) -> Result<()> {
    let has = |phase| wanted.is_empty() || wanted.contains(&phase);
    if has(Phase::Rules) {
        runner.step("rustfmt", || run_cargo(&["fmt", "--all", "--check"]))?;
        runner.step("tidy", tidy::run)?;
    }
    if has(Phase::Pages) || has(Phase::BlackBox) {
        runner.step("install: Node.js", install::node)?;
    }
    if has(Phase::Pages) {
        pages(runner)?;
    }
    if has(Phase::Clippy) {
        let clippy = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ];
        runner.step("clippy", || run_cargo(&clippy))?;
    }
    if has(Phase::Rust) || has(Phase::BlackBox) {
        let python = runner.step("install: Python packages", install::python)?;
        if has(Phase::Rust) {
            rust_tests(runner, &python)?;
        }
        if has(Phase::BlackBox) {
            black_box(runner, &python)?;
        }
    }
    Ok(())
}

fn pages(runner: &mut Runner) -> Result<()> {
    runner.step("install: packages of the pages", || {
        install::npm(&place::root().join("ui"))
    })?;
    runner.step("pages: types and lint", ui::check)?;
    runner.tests("pages: unit tests", &mut ui::unit_tests())?;
    runner.step("pages: build", ui::build)
}

fn rust_tests(runner: &mut Runner, python: &Path) -> Result<()> {
    runner.step("install: cargo-nextest", install::nextest)?;
    let postgres = runner.step("start: PostgreSQL", service::postgres)?;
    let s3 = runner.step("start: S3", || service::s3(python))?;
    let mut nextest = cargo(&["nextest", "run", "--workspace", "--no-fail-fast"]);
    nextest
        .env(
            "IRONLOOP_TEST_POSTGRES",
            format!("postgres://postgres@127.0.0.1:{}/postgres", postgres.port),
        )
        .env("IRONLOOP_TEST_S3", "s3://ironloop-test")
        .env("IRONLOOP_PYTHON", python.join("python"))
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", s3.port))
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_ALLOW_HTTP", "true")
        .env("AWS_DEFAULT_REGION", "us-east-1");
    runner.tests("Rust tests", &mut nextest)
}

fn demo(binary: &Path, home: &Path, python: &Path) -> Result<()> {
    let mut demo = command(
        binary,
        ["demo", "bikes", "--exit", "--until", DEMO_UNTIL, "--home"],
    );
    demo.arg(home)
        .current_dir(place::root())
        .env("PATH", install::path())
        .env("IRONLOOP_PYTHON", python.join("python"));
    runner::run(&mut demo)
}

/// The demo fills a home; the suites see a server on it as its users do, through its addresses only.
fn black_box(runner: &mut Runner, python: &Path) -> Result<()> {
    runner.step("install: Chromium", || {
        install::program("chromium", &["chromium"])
    })?;
    // The same targets as for the tests: other ones would mean other features and so another build of everything.
    runner.step("build", || {
        run_cargo(&["build", "--workspace", "--all-targets"])
    })?;
    let binary = &place::target()?.join("debug/ironloop");
    let folder = tempfile::Builder::new()
        .prefix("ironloop-test-")
        .tempdir()?;
    let home = folder.path().join("home");
    runner.step("demo", || demo(binary, &home, python))?;
    let cases = folder.path().join("onnx");
    runner.step("write ONNX cases", || {
        let example = binary.with_file_name("examples").join("onnx_cases");
        runner::run(command(example, [""; 0]).arg(&cases))
    })?;
    let server = runner.step("start: ironloop up", || {
        service::ironloop(binary, &home, python)
    })?;
    let url = format!("http://127.0.0.1:{}", server.port);
    let outcome = suites()
        .iter()
        .try_for_each(|suite| {
            let mut pytest = command(
                python.join("python"),
                [
                    "-m",
                    "pytest",
                    "-q",
                    "-p",
                    "no:cacheprovider",
                    "--durations=5",
                ],
            );
            pytest
                .arg(suite)
                .current_dir(suite)
                .env("IRONLOOP_ONNX_CASES", &cases)
                .env(
                    "IRONLOOP_OLD_CLIENT",
                    python.with_file_name(install::OLD_CLIENT),
                );
            runner.tests(
                &format!("suite: {}", name(suite)),
                with_server(&mut pytest, &url, binary),
            )
        })
        .and_then(|()| {
            let stories = place::root().join("tests/e2e");
            runner.step("install: packages of the stories", || {
                install::npm(&stories)
            })?;
            let mut node = command("npm", ["test"]);
            node.current_dir(&stories);
            runner.tests(
                "stories in the browser",
                with_server(&mut node, &url, binary),
            )
        });
    if outcome.is_err() {
        println!("\nthe server's last words:\n{}", server.last_words());
    }
    outcome
}

fn with_server<'c>(command: &'c mut Command, url: &str, binary: &Path) -> &'c mut Command {
    command
        .env("IRONLOOP_URL", url)
        .env("IRONLOOP_BINARY", binary)
        .env("MLFLOW_TRACKING_URI", url)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PATH", install::path())
}

/// Folders below `tests/` that hold Python tests.
fn suites() -> Vec<PathBuf> {
    let mut suites: Vec<PathBuf> = std::fs::read_dir(place::root().join("tests"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|folder| {
            place::files(folder, &["py"])
                .iter()
                .any(|file| name(file).starts_with("test_"))
        })
        .collect();
    suites.sort();
    suites
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn cargo(args: &[&str]) -> Command {
    let mut cargo = command(place::cargo(), args);
    cargo.current_dir(place::root());
    cargo
}

fn run_cargo(args: &[&str]) -> Result<()> {
    runner::run(&mut cargo(args))
}

fn run_and_report(wanted: &[Phase]) -> bool {
    let mut runner = Runner::default();
    let outcome = run_phases(&mut runner, wanted);
    runner.report();
    if let Err(error) = &outcome {
        println!("\nfailed: {error:#}");
        // A step that is no test runner counts as one failure, so that the last line never says "0 failed" for it.
        runner.total.failed = runner.total.failed.max(1);
    }
    println!(
        "\n{} passed, {} failed",
        runner.total.passed, runner.total.failed
    );
    outcome.is_ok()
}

/// Runs the phases (all where none is named) and says how it went.
pub fn run(wanted: &[Phase]) -> ExitCode {
    if run_and_report(wanted) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
