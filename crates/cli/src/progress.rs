//! Progress of long work, on standard error: a bar with rate and remaining time on a terminal, plain lines elsewhere.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::output::Output;
use crate::show;

/// Shows how far one piece of work is.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    step: String,
    last: String,
    quiet: bool,
}

impl Progress {
    /// Nothing is shown to scripts that read JSON and are not on a terminal.
    pub fn new(output: &Output) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let quiet = bar.is_none() && output.is_json();
        Self {
            bar,
            step: String::new(),
            last: String::new(),
            quiet,
        }
    }

    /// Takes `{step, done, total, message}` as a job reports it.
    pub fn update(&mut self, progress: &Value) {
        let step = progress["step"].as_str().unwrap_or_default();
        if step.is_empty() || self.quiet {
            return;
        }
        let (done, total) = (
            progress["done"].as_u64().unwrap_or(0),
            progress["total"].as_u64().unwrap_or(0),
        );
        let message = show::text(progress, "message");
        let message = if message == show::NONE {
            String::new()
        } else {
            message
        };
        match &self.bar {
            Some(bar) => {
                if step != self.step {
                    bar.reset();
                    bar.set_style(style(total > 0));
                }
                if total > 0 {
                    bar.set_length(total);
                }
                bar.set_position(done);
                bar.set_prefix(step.to_owned());
                bar.set_message(message);
            }
            None => self.say(step, done, total, &message),
        }
        step.clone_into(&mut self.step);
    }

    fn say(&mut self, step: &str, done: u64, total: u64, message: &str) {
        let count = if total > 0 {
            format!(" {done}/{total}")
        } else {
            String::new()
        };
        let line = format!("{step}{count} {message}").trim_end().to_owned();
        if line != self.last {
            let _ = writeln!(std::io::stderr(), "{line}");
            self.last = line;
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(counted: bool) -> ProgressStyle {
    let template = if counted {
        "{spinner} {prefix} {bar:24} {pos}/{len} {per_sec} eta {eta} {wide_msg}"
    } else {
        "{spinner} {prefix} {elapsed} {wide_msg}"
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}
