//! `ironloop data drift`: two files compared column by column, without a server.

use std::path::PathBuf;

use base::Result;
use clap::{Args, ValueEnum};
use data::drift::{ColumnReport, Report, Rule, compare, read};
use data::measure::drift::Extent;

use crate::exit::Exit;
use crate::output::{Output, Tone};
use crate::show;

#[derive(Debug, Args)]
pub struct Drift {
    /// What the data looked like: a .csv, .tsv, .parquet, .jsonl or .arrow file
    reference: PathBuf,
    /// What it looks like now
    current: PathBuf,
    /// Choose methods and decide as this tool does, its faults included
    #[arg(long, value_enum, value_name = "TOOL")]
    compat: Option<Tool>,
    /// List every method that fits a column, by the tool's own names
    #[arg(long)]
    all: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tool {
    /// Evidently 0.7
    Evidently,
    /// NannyML 0.13
    Nannyml,
}

impl Drift {
    /// Exit code 0 without drift; 1 with drift, or where a column could not be judged.
    pub fn run(&self, output: &Output) -> Result<Exit> {
        let rule = match self.compat {
            None => Rule::Default,
            Some(Tool::Evidently) => Rule::Evidently,
            Some(Tool::Nannyml) => Rule::NannyMl,
        };
        let extent = if self.all {
            Extent::All
        } else {
            Extent::Chosen
        };
        let (reference, current) = std::thread::scope(|scope| {
            let first = scope.spawn(|| read(&self.reference));
            let second = read(&self.current);
            (first.join(), second)
        });
        let reference =
            reference.map_err(|_| base::Error::internal("reading the reference broke off"))??;
        let report = compare(&reference, &current?, rule, extent)?;
        output.result(&report.to_json(), |output| print(output, &report));
        Ok(match report.drifted() {
            Some(false) => Exit::Ok,
            Some(true) | None => Exit::Failed,
        })
    }
}

fn print(output: &Output, report: &Report) {
    let (drifted, compared) = report.counts();
    let verdict = match report.drifted() {
        Some(true) => output.paint(Tone::Bad, "drift"),
        Some(false) => output.paint(Tone::Good, "no drift"),
        None => output.paint(Tone::Doubt, "unknown"),
    };
    output.line(format!(
        "{verdict}: {drifted} of {compared} columns drifted; {} rows before, {} now",
        report.rows[0], report.rows[1]
    ));
    if report.rule == Rule::Default {
        let rows: Vec<Vec<String>> = report.columns.iter().map(|c| own_row(output, c)).collect();
        output.table(
            &[
                "column",
                "type",
                "test",
                "p",
                "p adjusted",
                "effect",
                "from",
                "drifted",
                "note",
            ],
            &rows,
        );
    } else {
        let rows: Vec<Vec<String>> = report.columns.iter().map(|c| tool_row(output, c)).collect();
        output.table(
            &[
                "column",
                "type",
                "method",
                "score",
                "threshold",
                "drifted",
                "note",
            ],
            &rows,
        );
    }
    for (what, names) in [
        ("only in the reference", &report.only_in_reference),
        ("only now", &report.only_in_current),
    ] {
        if !names.is_empty() {
            output.line(output.paint(Tone::Doubt, &format!("{what}: {}", names.join(", "))));
        }
    }
    for column in report.columns.iter().filter(|c| !c.methods.is_empty()) {
        output.line("");
        output.heading(&column.name);
        let rows: Vec<Vec<String>> = column
            .methods
            .iter()
            .map(|(name, answer)| match answer {
                Ok(score) => vec![
                    (*name).to_owned(),
                    show::short(score.score),
                    show::short(score.threshold),
                    yes_or_no(output, Some(score.drifted)),
                    String::new(),
                ],
                Err(reason) => vec![
                    (*name).to_owned(),
                    show::NONE.to_owned(),
                    show::NONE.to_owned(),
                    show::NONE.to_owned(),
                    reason.clone(),
                ],
            })
            .collect();
        output.table(&["method", "score", "threshold", "drifted", "note"], &rows);
    }
}

fn own_row(output: &Output, column: &ColumnReport) -> Vec<String> {
    let cell = |value: Option<f64>| value.map_or_else(|| show::NONE.to_owned(), show::short);
    let decision = column.decision.as_ref();
    vec![
        column.name.clone(),
        or_none(column.kind),
        or_none(column.method),
        cell(decision.map(|decision| decision.p)),
        cell(decision.map(|decision| decision.p_adjusted)),
        cell(decision.map(|decision| decision.effect)),
        cell(decision.map(|decision| decision.effect_limit)),
        yes_or_no(output, column.drifted()),
        note(column),
    ]
}

fn tool_row(output: &Output, column: &ColumnReport) -> Vec<String> {
    let score = column.answer.as_ref().ok();
    let cell = |value: Option<f64>| value.map_or_else(|| show::NONE.to_owned(), show::short);
    vec![
        column.name.clone(),
        or_none(column.kind),
        or_none(column.method),
        cell(score.map(|score| score.score)),
        cell(score.map(|score| score.threshold)),
        yes_or_no(output, column.drifted()),
        note(column),
    ]
}

fn or_none(text: &str) -> String {
    if text.is_empty() { show::NONE } else { text }.to_owned()
}

fn yes_or_no(output: &Output, drifted: Option<bool>) -> String {
    match drifted {
        Some(true) => output.paint(Tone::Bad, "yes"),
        Some(false) => "no".to_owned(),
        None => output.paint(Tone::Doubt, "unknown"),
    }
}

fn note(column: &ColumnReport) -> String {
    if let Err(reason) = &column.answer {
        return reason.clone();
    }
    match column.infinite {
        [0, 0] => String::new(),
        [before, now] => format!("{before} infinite values before and {now} now"),
    }
}
