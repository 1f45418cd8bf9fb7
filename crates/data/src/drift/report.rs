//! What a comparison found, and its JSON.

use serde_json::{Map, Value, json};

use super::Rule;
use crate::measure::drift::{Answer, Decision, evidently};

/// One column.
#[derive(Clone, Debug)]
pub struct ColumnReport {
    /// The column.
    pub name: String,
    /// What it was taken for, by the rule's own word.
    pub kind: &'static str,
    /// The method that decides; empty where none could be chosen.
    pub method: &'static str,
    /// Its answer, or why there is none.
    pub answer: Answer,
    /// Whether such columns are never compared (moments, lists).
    pub skipped: bool,
    /// Every method, if asked for.
    pub methods: Vec<(&'static str, Answer)>,
    /// Test and effect of our own rule.
    pub decision: Option<Decision>,
    /// Missing values of the reference and now.
    pub missing: [usize; 2],
    /// Infinite values of the reference and now.
    pub infinite: [usize; 2],
}

impl ColumnReport {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            kind: "",
            method: "",
            answer: Err("was not compared".to_owned()),
            skipped: false,
            methods: Vec::new(),
            decision: None,
            missing: [0, 0],
            infinite: [0, 0],
        }
    }

    /// Whether it drifted; `None` if nobody knows.
    pub fn drifted(&self) -> Option<bool> {
        self.answer.as_ref().ok().map(|score| score.drifted)
    }
}

/// All columns that both sides have.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whose decision.
    pub rule: Rule,
    /// In the order of the reference.
    pub columns: Vec<ColumnReport>,
    /// Columns that are gone.
    pub only_in_reference: Vec<String>,
    /// Columns that are new.
    pub only_in_current: Vec<String>,
    /// Rows of both sides.
    pub rows: [usize; 2],
}

impl Report {
    /// How many columns drifted, of how many that were compared.
    pub fn counts(&self) -> (usize, usize) {
        let known: Vec<bool> = self
            .columns
            .iter()
            .filter_map(ColumnReport::drifted)
            .collect();
        (
            known.iter().filter(|drifted| **drifted).count(),
            known.len(),
        )
    }

    /// The verdict on the whole: for Evidently at least half of the compared columns, else any column. `None` if no
    /// drift was found but a column could not be judged.
    pub fn drifted(&self) -> Option<bool> {
        let (drifted, known) = self.counts();
        let whole = match self.rule {
            Rule::Evidently => drifted > 0 && self.share() >= evidently::DRIFT_SHARE,
            Rule::Default | Rule::NannyMl => drifted > 0,
        };
        let unknown = self
            .columns
            .iter()
            .any(|column| column.answer.is_err() && !column.skipped);
        match (whole, unknown || known == 0) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }

    /// Share of drifted columns among the compared.
    pub fn share(&self) -> f64 {
        let (drifted, known) = self.counts();
        drifted as f64 / known.max(1) as f64
    }

    /// `{"columns": {name: {"method", "score", "drifted", …}}, …}`; what JSON has no number for is `"nan"`, `"inf"` or
    /// `"-inf"`.
    pub fn to_json(&self) -> Value {
        let (drifted, known) = self.counts();
        let columns: Map<String, Value> = self
            .columns
            .iter()
            .map(|column| (column.name.clone(), column_json(column)))
            .collect();
        let mut whole = json!({
            "rule": self.rule.as_str(),
            "drifted": self.drifted(),
            "columns_drifted": drifted,
            "columns_compared": known,
            "drift_share": number(self.share()),
            "rows": { "reference": self.rows[0], "current": self.rows[1] },
            "only_in_reference": self.only_in_reference,
            "only_in_current": self.only_in_current,
            "columns": columns,
        });
        if self.rule == Rule::Evidently {
            whole["drift_share_limit"] = json!(evidently::DRIFT_SHARE);
        }
        whole
    }
}

fn column_json(column: &ColumnReport) -> Value {
    let mut answer = answer_json(&column.answer);
    let mut entry = Map::new();
    let method = (!column.method.is_empty()).then_some(column.method);
    entry.insert("method".to_owned(), json!(method));
    if let Value::Object(answer) = &mut answer {
        entry.append(answer);
    }
    if !column.kind.is_empty() {
        entry.insert("type".to_owned(), json!(column.kind));
    }
    if column.skipped {
        entry.insert("skipped".to_owned(), json!(true));
    }
    if let Some(decision) = &column.decision {
        entry.insert("statistic".to_owned(), number(decision.statistic));
        entry.insert("p".to_owned(), number(decision.p));
        entry.insert("p_adjusted".to_owned(), number(decision.p_adjusted));
        entry.insert("effect".to_owned(), number(decision.effect));
    }
    for (name, both) in [("missing", column.missing), ("infinite", column.infinite)] {
        if both != [0, 0] {
            entry.insert(
                name.to_owned(),
                json!({ "reference": both[0], "current": both[1] }),
            );
        }
    }
    if !column.methods.is_empty() {
        let methods: Map<String, Value> = column
            .methods
            .iter()
            .map(|(name, answer)| ((*name).to_owned(), answer_json(answer)))
            .collect();
        entry.insert("methods".to_owned(), Value::Object(methods));
    }
    Value::Object(entry)
}

fn answer_json(answer: &Answer) -> Value {
    match answer {
        Ok(score) => json!({
            "score": number(score.score),
            "threshold": number(score.threshold),
            "drifted": score.drifted,
        }),
        Err(reason) => json!({ "score": null, "drifted": null, "error": reason }),
    }
}

fn number(value: f64) -> Value {
    if value.is_nan() {
        json!("nan")
    } else if value == f64::INFINITY {
        json!("inf")
    } else if value == f64::NEG_INFINITY {
        json!("-inf")
    } else {
        json!(value)
    }
}
