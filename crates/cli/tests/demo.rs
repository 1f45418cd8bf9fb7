//! The whole loop, and what a crash between any two of its steps costs: nothing.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// Long enough for an alert, a retraining and a rollout.
const UNTIL: &str = "2012-03-05";

fn demo(home: &Path, example: &str, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ironloop"));
    command
        .args([
            "demo",
            example,
            "--exit",
            "--json",
            "--listen",
            "127.0.0.1:0",
        ])
        .args(options)
        .arg("--home")
        .arg(home)
        .env_remove("IRONLOOP_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn bikes(home: &Path) -> Command {
    demo(home, "bikes", &["--until", UNTIL])
}

/// Runs the demo until it prints a line that begins with `mark`, then kills it as a power cut would.
fn killed_at(home: &Path, mark: &str) {
    let mut child: Child = bikes(home).spawn().expect("the demo starts");
    let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut seen = Vec::new();
    let reached = lines.map_while(Result::ok).any(|line| {
        let found = line.trim_start().starts_with(mark);
        seen.push(line);
        found
    });
    child.kill().expect("kill -9");
    child.wait().expect("the child is gone");
    assert!(
        reached,
        "the demo never said {mark:?}:\n{}",
        seen.join("\n")
    );
}

fn summary(mut demo: Command) -> Value {
    let output = demo.output().expect("the demo runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the demo failed:\n{told}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}:\n{told}"))
}

// proves S01 S02 S05 S06 S10 S13 S24 S31 S44 S45 S51
#[test]
fn the_loop_closes_and_a_kill_between_any_two_steps_costs_nothing() {
    let home = tempfile::tempdir().expect("a temporary folder");
    for step in [
        "2  Data",
        "3  Develop",
        "4  Evaluate",
        "5  Deploy",
        "6  Monitor",
    ] {
        killed_at(home.path(), step);
    }
    // In the middle of the replay: after the first turn of the loop.
    killed_at(home.path(), "2012-01-30");
    let summary = summary(bikes(home.path()));
    let claims = summary["claims"].as_object().expect("claims");
    assert!(claims.len() >= 6, "{summary:#}");
    assert!(claims.values().all(|held| held == true), "{summary:#}");
    assert_eq!(summary["failed_requests"], 0);
    assert!(summary["promoted"].as_u64() >= Some(1), "{summary:#}");
    assert_eq!(
        summary["retrainings"],
        summary["turns"].as_array().expect("turns").len()
    );

    let verified = Command::new(env!("CARGO_BIN_EXE_ironloop"))
        .args(["audit", "verify", "--home"])
        .arg(home.path())
        .env_remove("IRONLOOP_URL")
        .output()
        .expect("audit verify runs");
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stderr)
    );
}

// proves S13 S24 S31 S44
#[test]
fn a_second_example_with_a_yes_or_no_label_goes_through_the_same_loop() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let summary = summary(demo(home.path(), "flights", &["--until", "2013-10-08"]));
    let claims = summary["claims"].as_object().expect("claims");
    assert!(claims.values().all(|held| held == true), "{summary:#}");
    assert_eq!(summary["failed_requests"], 0);
    assert!(summary["promoted"].as_u64() >= Some(1), "{summary:#}");
}
