//! Criterion: a condition on a metric that a machine can check, written once and used by gates, rollouts, monitors
//! and reports.
//!
//! Criteria are versioned by [`Criterion::digest`]: another definition is another version (see `store`).

use std::fmt::Write as _;

use base::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::file::read::{Choice, Section};
use crate::file::text;
use crate::metric::{self, About};

/// What came out of a check. Unknown is a third result everywhere: it never passes a gate and never shows green.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The condition holds.
    Pass,
    /// It does not.
    Fail,
    /// Nobody can tell.
    Unknown,
}

impl Verdict {
    /// The word in APIs and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }

    /// Pass only if all pass; one failure fails; without a failure, one unknown is unknown. Nothing to check passes.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Pass;
        for verdict in verdicts {
            match verdict {
                Self::Fail => return Self::Fail,
                Self::Unknown => all = Self::Unknown,
                Self::Pass => {}
            }
        }
        all
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a criterion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CriterionKind {
    /// How good the predictions are.
    Model,
    /// How the running system behaves.
    System,
    /// What it is worth.
    Business,
}

/// On which rows a criterion is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// The held-out rows, before anything is live.
    Holdout,
    /// Live predictions joined with their outcomes.
    Live,
}

/// The comparison with the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Op {
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// Less than.
    #[serde(rename = "<")]
    Less,
    /// More than.
    #[serde(rename = ">")]
    More,
}

/// What a metric is compared with, instead of a fixed value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Versus {
    /// The rule of today (`charter.today_sql`).
    Today,
    /// The version that has the alias `champion`.
    Champion,
    /// The candidate with the id `simplest`.
    Simplest,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Criterion {
    /// The name that gates and monitors refer to.
    pub id: String,
    /// The goal it serves; without one it is technical.
    pub goal: Option<String>,
    /// What it is about.
    pub kind: CriterionKind,
    /// The name of a metric of the catalogue.
    pub metric: String,
    /// For `precision_at_k`.
    pub k: Option<i64>,
    /// On which rows. A system criterion without it is measured wherever it is asked: a gate times the loaded model,
    /// a rollout looks at live requests.
    pub on: Option<On>,
    /// The comparison.
    pub op: Op,
    /// The target; absent where `versus` is set.
    pub value: Option<f64>,
    /// The baseline; absent where `value` is set.
    pub versus: Option<Versus>,
    /// What is added to the baseline before the comparison.
    pub margin: f64,
    /// If set, the bound of this two-sided interval must pass, not the point estimate.
    pub confidence: Option<f64>,
    /// A column: the condition must hold in each of its values.
    pub slice: Option<String>,
    /// Fewer rows than this are unknown (or, in a slice, left out).
    pub min_rows: Option<i64>,
    /// The length of time that a live measurement covers.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub window: Option<SignedDuration>,
}

impl Choice for CriterionKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("model", Self::Model),
        ("system", Self::System),
        ("business", Self::Business),
    ];
}

impl Choice for On {
    const WORDS: &'static [(&'static str, Self)] =
        &[("holdout", Self::Holdout), ("live", Self::Live)];
}

impl Choice for Op {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("<=", Self::AtMost),
        (">=", Self::AtLeast),
        ("<", Self::Less),
        (">", Self::More),
    ];
}

impl Choice for Versus {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("today", Self::Today),
        ("champion", Self::Champion),
        ("simplest", Self::Simplest),
    ];
}

impl Versus {
    /// The word in the project file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Champion => "champion",
            Self::Simplest => "simplest",
        }
    }
}

impl Op {
    /// The sign that people read.
    pub fn sign(self) -> &'static str {
        match self {
            Self::AtMost => "≤",
            Self::AtLeast => "≥",
            Self::Less => "<",
            Self::More => ">",
        }
    }

    /// Whether `value` meets `target`. NaN meets nothing.
    pub fn holds(self, value: f64, target: f64) -> bool {
        match self {
            Self::AtMost => value <= target,
            Self::AtLeast => value >= target,
            Self::Less => value < target,
            Self::More => value > target,
        }
    }

    /// Whether small values pass, so that the upper bound is the one that must.
    pub fn wants_small(self) -> bool {
        matches!(self, Self::AtMost | Self::Less)
    }
}

impl Criterion {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        let criterion = Self {
            id: s.need_name("id", "accurate"),
            goal: s.text("goal"),
            kind: s.need_choice("kind"),
            metric: s.need_text("metric", "wape"),
            k: s.integer("k", 1),
            on: s.choice("on"),
            op: s.need_choice("op"),
            value: s.number("value"),
            versus: s.choice("versus"),
            margin: s.number("margin").unwrap_or_default(),
            confidence: s.number_within("confidence", 0.5, 0.9999),
            slice: s.text("slice"),
            min_rows: s.integer("min_rows", 1),
            window: s.duration("window"),
        };
        criterion.check_metric(s);
        criterion.check_target(s);
        criterion
    }

    fn check_metric(&self, s: &Section<'_>) {
        if self.metric.is_empty() {
            return;
        }
        let Some(metric) = metric::find(&self.metric) else {
            let advice = text::advice(&self.metric, metric::names());
            s.problem(
                "metric",
                format!("{:?} is not a metric; {advice}", self.metric),
            );
            return;
        };
        if (metric.about == About::System) != (self.kind == CriterionKind::System) {
            let kind = if metric.about == About::System {
                "system"
            } else {
                "model"
            };
            s.problem(
                "kind",
                format!("{:?} is measured with kind = {kind:?}", self.metric),
            );
        }
        if self.metric == "precision_at_k" && self.k.is_none() {
            s.problem("metric", "\"precision_at_k\" needs k, the number of highest scores that count; write for example k = 500");
        }
    }

    fn check_target(&self, s: &Section<'_>) {
        match (self.value, self.versus) {
            (None, None) if !s.has("value") && !s.has("versus") => s.problem("", "has no target; write value = … for a fixed one, or versus = \"today\" or \"champion\""),
            (Some(_), Some(_)) => s.problem("value", "stands beside versus; a criterion has one target, remove one of the two"),
            _ => {}
        }
        if self.kind == CriterionKind::System && self.versus.is_some() {
            s.problem(
                "versus",
                "cannot be used with kind = \"system\"; write value = … instead",
            );
        }
        if self.kind != CriterionKind::System && self.on.is_none() && !s.has("on") {
            s.problem("", "does not say on which rows it is measured; write on = \"holdout\" or on = \"live\"");
        }
        if self.window.is_some() && self.on == Some(On::Holdout) {
            s.problem(
                "window",
                "only live measurements have a window; remove it or write on = \"live\"",
            );
        }
    }

    /// Whether only live data can tell.
    pub fn is_live_only(&self) -> bool {
        self.on == Some(On::Live)
    }

    /// The target as people read it: `wape ≤ 0.30 (95 % bound) on holdout`.
    pub fn target_text(&self) -> String {
        let mut text = match self.k {
            Some(k) => format!("{} (k = {k}) {} ", self.metric, self.op.sign()),
            None => format!("{} {} ", self.metric, self.op.sign()),
        };
        match (self.value, self.versus) {
            (Some(value), _) => text.push_str(&plain(value)),
            (None, Some(versus)) => {
                text.push_str(versus.as_str());
                if self.margin != 0.0 {
                    let sign = if self.margin < 0.0 { '−' } else { '+' };
                    let _ = write!(text, " {sign} {}", plain(self.margin.abs()));
                }
            }
            (None, None) => text.push('?'),
        }
        if let Some(confidence) = self.confidence {
            let _ = write!(text, " ({} % bound)", plain_trimmed(confidence * 100.0));
        }
        match self.on {
            Some(On::Holdout) => text.push_str(" on holdout"),
            Some(On::Live) => text.push_str(" on live data"),
            None => {}
        }
        if let Some(slice) = &self.slice {
            let _ = write!(text, ", each {slice}");
        }
        if let Some(window) = self.window {
            let _ = write!(text, ", {} window", crate::duration::text(window));
        }
        text
    }

    /// What identifies this definition: another digest is another version of the criterion. The goal it serves does
    /// not change what is measured, and stays out.
    pub fn digest(&self) -> String {
        let mut definition = serde_json::to_value(self).unwrap_or_default();
        if let Some(fields) = definition.as_object_mut() {
            fields.remove("goal");
            fields.sort_keys();
        }
        hex::encode(Sha256::digest(definition.to_string()))
    }
}

/// `0.30`, `20`, `0.125`: at least two digits after the point where there is a fraction.
fn plain(value: f64) -> String {
    if value.fract() == 0.0 {
        return format!("{value:.0}");
    }
    let shortest = value.to_string();
    let digits = shortest
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    if digits < 2 {
        format!("{value:.2}")
    } else {
        shortest
    }
}

fn plain_trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
