//! What the demo tells: a line a fact while it runs, a summary at the end.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Collects and prints what happened.
#[derive(Debug)]
pub struct Report {
    json: bool,
    live: bool,
    step: Option<(String, Instant)>,
    steps: Vec<Value>,
    /// Facts of the summary, by name.
    facts: serde_json::Map<String, Value>,
    /// What must be so for the loop to count as closed, and whether it was.
    claims: Vec<(String, bool)>,
}

impl Report {
    /// Starts with the demo's title.
    pub fn new(json: bool, title: &str) -> Self {
        eprintln!("{title}\n");
        Self {
            json,
            live: std::io::stderr().is_terminal(),
            step: None,
            steps: Vec::new(),
            facts: serde_json::Map::new(),
            claims: Vec::new(),
        }
    }

    /// Begins a step of the life cycle.
    pub fn step(&mut self, name: &str) {
        self.close_step();
        eprintln!("{name}");
        self.step = Some((name.to_owned(), Instant::now()));
    }

    /// A fact of the step that runs.
    pub fn say(&mut self, text: impl AsRef<str>) {
        self.clear();
        eprintln!("    {}", text.as_ref());
    }

    /// How far long work is: one line that is written over on a terminal, nothing elsewhere.
    pub fn progress(&mut self, text: impl AsRef<str>) {
        if self.live {
            let text: String = text.as_ref().chars().take(100).collect();
            eprint!("\r\x1b[2K    {text}");
            let _ = std::io::stderr().flush();
        }
    }

    /// A number for the summary.
    pub fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    /// Something that must be so.
    pub fn claim(&mut self, text: impl Into<String>, holds: bool) {
        let text = text.into();
        if !holds {
            self.say(format!("✗ not so: {text}"));
        }
        self.claims.push((text, holds));
    }

    fn clear(&self) {
        if self.live {
            eprint!("\r\x1b[2K");
        }
    }

    fn close_step(&mut self) {
        if let Some((name, since)) = self.step.take() {
            let seconds = since.elapsed().as_secs_f64();
            self.say(format!("({seconds:.1} s)\n"));
            self.steps
                .push(json!({ "step": name, "seconds": (seconds * 1000.0).round() / 1000.0 }));
        }
    }

    /// Ends the report with where to look, or with the summary.
    pub fn end(&mut self, address: &str, took: Duration, exits: bool) {
        self.close_step();
        eprintln!("The loop closed in {:.0} s.", took.as_secs_f64());
        if self.json {
            let claims: serde_json::Map<_, _> = self
                .claims
                .iter()
                .map(|(text, holds)| (text.clone(), json!(holds)))
                .collect();
            let mut summary =
                json!({ "seconds": took.as_secs_f64(), "steps": self.steps, "claims": claims });
            if let Some(summary) = summary.as_object_mut() {
                summary.extend(self.facts.clone());
            }
            println!("{summary:#}");
        }
        if !exits {
            eprintln!("\n    Look around:        {address}");
            eprintln!("    With your client:   export MLFLOW_TRACKING_URI={address}");
            eprintln!("    Ctrl-C stops it.");
        }
    }

    /// Whether everything that must be so was.
    pub fn holds(&self) -> bool {
        self.claims.iter().all(|(_, holds)| *holds)
    }
}
