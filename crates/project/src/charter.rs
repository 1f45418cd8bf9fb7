//! Charter and goals: why this project exists, in the stakeholder's words.

use base::SignedDuration;
use jiff::civil::Date;
use serde::Serialize;

use crate::criterion::Op;
use crate::file::read::Section;

/// What the model is for, what it must not be used for, and what is done today.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Charter {
    /// The problem, in the stakeholder's words.
    pub problem: String,
    /// The decision that predictions feed.
    pub decision: String,
    /// What the model may be used for.
    pub intended_use: Option<String>,
    /// What it must not be used for.
    pub not_for: Vec<String>,
    /// How it is done today, in words: what a model must beat.
    pub today: Option<String>,
    /// The same rule as SQL over the view's columns, so that it can be measured.
    pub today_sql: Option<String>,
    /// Who feels the effect.
    pub people_affected: Option<String>,
    /// What must be true of the data before work begins.
    pub feasible: Option<Feasible>,
}

/// Limits that `design check` holds against the data.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Feasible {
    /// Rows with a known label.
    pub min_rows: Option<i64>,
    /// Rows of the positive class.
    pub min_positives: Option<i64>,
    /// Share of missing values in any feature.
    pub max_missing: Option<f64>,
    /// Time from the event to its label.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub max_label_delay: Option<SignedDuration>,
}

/// A business need with a number and a date.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Goal {
    /// The name that criteria refer to.
    pub id: String,
    /// The need, in the stakeholder's words.
    pub text: String,
    /// The time series that shows whether it is met.
    pub kpi: Option<String>,
    /// The value wanted of the KPI.
    pub target: Option<GoalTarget>,
    /// By when.
    #[serde(serialize_with = "serialize_date")]
    pub by: Option<Date>,
}

/// `>= 500 per 1h`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoalTarget {
    /// In which direction.
    pub op: Op,
    /// How much.
    pub value: f64,
    /// Of which length of time.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub per: Option<SignedDuration>,
}

impl Charter {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        s.later(&["budget"]);
        Self {
            problem: s.need_text("problem", "Stations run empty at rush hour."),
            decision: s.need_text("decision", "Each hour the dispatcher sends trucks."),
            intended_use: s.text("intended_use"),
            not_for: s.texts("not_for"),
            today: s.text("today"),
            today_sql: s.text("today_sql"),
            people_affected: s.text("people_affected"),
            feasible: s.table("feasible", Feasible::read),
        }
    }
}

impl Feasible {
    fn read(s: &Section<'_>) -> Self {
        Self {
            min_rows: s.integer("min_rows", 0),
            min_positives: s.integer("min_positives", 0),
            max_missing: s.number_within("max_missing", 0.0, 1.0),
            max_label_delay: s.duration("max_label_delay"),
        }
    }
}

impl Goal {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        Self {
            id: s.need_name("id", "keep-revenue"),
            text: s.need_text("text", "At least 500 EUR an hour less lost"),
            kpi: s.text("kpi"),
            target: s.table("target", |s| GoalTarget {
                op: s.need_choice("op"),
                value: s.need_number("value", "500.0"),
                per: s.duration("per"),
            }),
            by: s.date("by"),
        }
    }
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde calls"
)]
fn serialize_date<S: serde::Serializer>(date: &Option<Date>, to: S) -> Result<S::Ok, S::Error> {
    match date {
        Some(date) => to.collect_str(date),
        None => to.serialize_none(),
    }
}
