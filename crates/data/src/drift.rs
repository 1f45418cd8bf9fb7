//! Two tables compared column by column: which have drifted, by our rule or as another tool would have it.
//!
//! Reads whole files (no store, no server), pairs the columns of one name and hands them to [`crate::measure::drift`].
//! What cannot be compared is a third answer with its reason, never "no drift".

mod arrow_table;
mod csv;
mod read;
mod report;
mod table;

use std::collections::HashSet;

use base::{Error, Result};
use rayon::prelude::*;

pub use read::read;
pub use report::{ColumnReport, Report};
pub use table::{Table, Values};

use crate::measure::drift::{
    ALPHA, Answer, Extent, Ours, Pair, Score, benjamini_hochberg, compare_all, decide_pair,
    evidently, nannyml,
};
use table::{Incomparable, pair};

/// Whose choice of method and whose decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Ours: a test corrected over the columns and an effect that matters.
    Default,
    /// Evidently's.
    Evidently,
    /// NannyML's.
    NannyMl,
}

impl Rule {
    /// The rule of a name; ours where there is none.
    pub fn named(name: Option<&str>) -> Result<Self> {
        match name {
            None | Some("default") => Ok(Self::Default),
            Some("evidently") => Ok(Self::Evidently),
            Some("nannyml") => Ok(Self::NannyMl),
            Some(other) => Err(Error::invalid(format!(
                "{other:?} is not a tool whose drift decision is known"
            ))
            .hint("use evidently or nannyml, or leave it out")),
        }
    }

    /// The name on the command line and in a report.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Evidently => "evidently",
            Self::NannyMl => "nannyml",
        }
    }
}

/// Compares the columns that both tables have. An error where none can be compared at all.
pub fn compare(reference: &Table, current: &Table, rule: Rule, extent: Extent) -> Result<Report> {
    let of_current: HashSet<&str> = current.names().collect();
    let of_reference: HashSet<&str> = reference.names().collect();
    let names: Vec<&str> = reference
        .names()
        .filter(|name| of_current.contains(name))
        .collect();
    if names.is_empty() {
        return Err(Error::invalid(format!(
            "{} and {} share no column",
            reference.source(),
            current.source()
        ))
        .hint(format!(
            "the first has {}, the second {}",
            listed(reference.names()),
            listed(current.names())
        )));
    }
    for table in [reference, current] {
        if table.rows() == 0 {
            return Err(Error::invalid(format!("{} holds no rows", table.source()))
                .hint("a comparison needs rows on both sides"));
        }
    }
    let mut columns: Vec<ColumnReport> = names
        .into_par_iter()
        .map(|name| one(name, reference, current, rule, extent))
        .collect();
    if rule == Rule::Default {
        correct(&mut columns);
    }
    if let [only] = columns.as_slice()
        && let (Err(reason), false) = (&only.answer, only.skipped)
        && only.methods.iter().all(|(_, answer)| answer.is_err())
    {
        return Err(Error::invalid(format!("column {:?} {reason}", only.name))
            .hint("there is no other column that both files have"));
    }
    Ok(Report {
        rule,
        columns,
        only_in_reference: reference
            .names()
            .filter(|name| !of_current.contains(name))
            .map(str::to_owned)
            .collect(),
        only_in_current: current
            .names()
            .filter(|name| !of_reference.contains(name))
            .map(str::to_owned)
            .collect(),
        rows: [reference.rows(), current.rows()],
    })
}

fn one(name: &str, reference: &Table, current: &Table, rule: Rule, extent: Extent) -> ColumnReport {
    let mut report = ColumnReport::new(name);
    let pair = match pair(name, reference, current) {
        Ok(pair) => pair,
        Err(Incomparable::Skipped(reason)) => {
            report.skipped = true;
            report.answer = Err(reason);
            return report;
        }
        Err(Incomparable::Broken(reason)) => {
            report.answer = Err(reason);
            return report;
        }
    };
    report.missing = [0, 1].map(|side: usize| {
        let rows = [reference.rows(), current.rows()][side];
        rows - pair.present()[side]
    });
    report.infinite = pair.infinite();
    for (side, table) in [reference, current].into_iter().enumerate() {
        if pair.present()[side] <= report.infinite[side] {
            report.answer = Err(format!("has no finite value in {}", table.source()));
            return report;
        }
    }
    let compared = match rule {
        Rule::Default => {
            ours(&mut report, &pair, extent);
            return report;
        }
        Rule::Evidently => evidently::compare(&pair, extent),
        Rule::NannyMl => nannyml::compare(&pair, extent),
    };
    match compared {
        Ok(comparison) => {
            report.kind = comparison.kind;
            report.method = comparison.method;
            report.answer = comparison.chosen;
            report.methods = comparison.methods;
        }
        Err(reason) => report.answer = Err(reason),
    }
    report
}

fn ours(report: &mut ColumnReport, pair: &Pair, extent: Extent) {
    report.kind = match pair {
        Pair::Numbers { .. } => "number",
        Pair::Codes { .. } => "category",
    };
    let ready = match Ours::new(pair) {
        Ok(ready) => ready,
        Err(reason) => {
            report.answer = Err(reason);
            return;
        }
    };
    report.decision = decide_pair(&ready);
    if extent == Extent::All {
        report.methods = compare_all(&ready);
    }
}

/// The decision over all columns: p-values are corrected together.
fn correct(columns: &mut [ColumnReport]) {
    let p: Vec<f64> = columns
        .iter()
        .filter_map(|column| Some(column.decision?.p))
        .collect();
    let adjusted = benjamini_hochberg(&p);
    let decided = columns
        .iter_mut()
        .filter(|column| column.decision.is_some());
    for (column, p_adjusted) in decided.zip(adjusted) {
        if let Some(decision) = &mut column.decision {
            decision.p_adjusted = p_adjusted;
            decision.drifted = p_adjusted <= ALPHA && decision.effect >= decision.effect_limit;
            column.method = decision.method;
            let answer: Answer = Ok(Score {
                score: decision.effect,
                threshold: decision.effect_limit,
                drifted: decision.drifted,
            });
            column.answer = answer;
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = names.collect();
    let mut text = names[..names.len().min(SHOWN)].join(", ");
    if names.len() > SHOWN {
        text.push_str(", …");
    }
    text
}
