//! What a command prints: results on standard output (tables for people, JSON for scripts), the rest on standard
//! error. Colour only on a terminal, and not where `NO_COLOR` is set.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use base::Error;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;

use crate::exit::Exit;

/// Where results go. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Output {
    json: bool,
    colour: bool,
    terminal: bool,
}

/// How a word is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Doubt,
    Faint,
    Strong,
}

impl Output {
    /// For people, or as JSON for scripts.
    pub fn new(json: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            json,
            colour,
            terminal,
        }
    }

    /// Whether a script reads.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Prints `value` as JSON where a script reads; otherwise lets `person` print. Nothing else goes to standard
    /// output, so what a script reads is always one document.
    pub fn result(&self, value: &Value, person: impl FnOnce(&Self)) {
        if self.json {
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            print_line(&text);
        } else {
            person(self);
        }
    }

    /// One line for people.
    pub fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            print_line(text.as_ref());
        }
    }

    /// A heading for people.
    pub fn heading(&self, text: &str) {
        self.line(self.paint(Tone::Strong, text));
    }

    /// `name  value` lines with the values aligned.
    pub fn facts(&self, facts: &[(&str, String)]) {
        let width = facts
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, value) in facts {
            let pad = width - name.chars().count();
            self.line(format!(
                "{}{:pad$}  {value}",
                self.paint(Tone::Faint, name),
                ""
            ));
        }
    }

    /// An aligned table; columns whose cells are all numbers align to the right.
    pub fn table(&self, headers: &[&str], rows: &[Vec<String>]) {
        if self.json {
            return;
        }
        if rows.is_empty() {
            self.line(self.paint(Tone::Faint, "(none)"));
            return;
        }
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        if self.terminal {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(headers.iter().map(|header| self.paint(Tone::Faint, header)));
        for row in rows {
            table.add_row(row);
        }
        for (index, column) in table.column_iter_mut().enumerate() {
            let numbers = rows
                .iter()
                .filter_map(|row| row.get(index))
                .all(|cell| is_number(cell));
            if numbers {
                column.set_cell_alignment(CellAlignment::Right);
            }
            column.set_padding((0, 2));
        }
        for line in table.to_string().lines() {
            print_line(line.trim_end());
        }
    }

    /// `text` in the colour of `tone`, where colours are shown.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Doubt => "33",
            Tone::Faint => "2",
            Tone::Strong => "1",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// A verdict or state in its colour.
    pub fn verdict(&self, word: &str) -> String {
        let tone = match word {
            "pass" | "ok" | "done" | "feasible" | "live" | "current" | "given" | "FINISHED" => {
                Tone::Good
            }
            "fail" | "failed" | "alert" | "not_feasible" | "quarantined" | "FAILED" | "open" => {
                Tone::Bad
            }
            "unknown" | "warn" | "missing" | "queued" | "running" => Tone::Doubt,
            _ => return word.to_owned(),
        };
        self.paint(tone, word)
    }

    /// Says what went wrong and what to do about it; the answer is the exit code.
    pub fn fail(&self, error: &Error) -> ExitCode {
        let mut text = format!("{} {}", self.paint(Tone::Bad, "error:"), error.message());
        if let Some(hint) = error.hint_text() {
            text.extend(["\n", &self.paint(Tone::Doubt, "hint:"), " ", hint]);
        }
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "{text}");
        tracing::debug!("{error:?}");
        Exit::from(error.kind()).into()
    }
}

/// A closed pipe (`ironloop runs | head`) is no error.
fn print_line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn is_number(cell: &str) -> bool {
    cell == "–"
        || cell
            .replace(['_', ',', '%'], "")
            .trim()
            .parse::<f64>()
            .is_ok()
}
