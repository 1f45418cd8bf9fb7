//! `[view.…]`, `[features.…]`, `[label]` and `[split]`: from tables to rows that a model may learn from.

use base::SignedDuration;
use serde::Serialize;

use super::read::{Choice, Section};

/// SQL that cleans or joins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ViewSpec {
    /// The name in the file.
    pub name: String,
    /// Datasets or views it reads; the first one is counted against the result.
    pub from: Vec<String>,
    /// One select statement.
    pub sql: String,
}

/// Inputs of the model, by one definition for training and serving.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureSet {
    /// The name in the file.
    pub name: String,
    /// A view or dataset.
    pub from: String,
    /// What predictions are about.
    pub entity: Option<String>,
    /// The column with the time of the row.
    pub time: Option<String>,
    /// The inputs, in the order of the model's signature.
    pub feature: Vec<FeatureSpec>,
}

/// One input.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureSpec {
    /// The name callers send.
    pub name: String,
    /// Its SQL over the columns of the view; the column of the same name if absent.
    pub sql: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: FeatureType,
    /// Why an expert believes in it.
    pub why: Option<String>,
}

/// Type of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureType {
    /// A number, stored in 32 bits.
    F32,
    /// A number, stored in 64 bits.
    F64,
    /// A whole number.
    I64,
    /// A word from a list that training learns.
    Category,
    /// A moment.
    Datetime,
    /// Yes or no.
    Bool,
}

/// The truth that the model learns.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Label {
    /// Its name.
    pub name: String,
    /// A view or dataset.
    pub from: String,
    /// What it is about.
    pub entity: Option<String>,
    /// SQL over the columns of `from`.
    pub sql: String,
    /// A number or yes/no; by the type of the SQL if absent.
    #[serde(rename = "type")]
    pub kind: Option<LabelType>,
    /// A row younger than this has no label yet: unknown, not negative.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub horizon: SignedDuration,
}

/// What a label is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LabelType {
    /// A number: regression.
    Number,
    /// Yes or no: binary classification.
    Bool,
}

/// How rows are parted into training and holdout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Split {
    /// By what.
    pub by: SplitBy,
    /// The newest rows of this length of time, or (with `every`) the length of each held-out block.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub holdout: SignedDuration,
    /// One held-out block in each of these, counted from a fixed Monday.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub every: Option<SignedDuration>,
    /// Folds inside the training rows.
    pub validate: Validate,
    /// After so many evaluations on one holdout its results are unknown: it has been tuned on.
    pub max_holdout_uses: Option<i64>,
}

/// By what rows are parted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SplitBy {
    /// By the time of the row.
    Time,
}

/// Folds, in order of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Validate {
    /// How many.
    pub folds: i64,
    /// Left out between training and validation rows.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub gap: Option<SignedDuration>,
}

impl Choice for FeatureType {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("f32", Self::F32),
        ("f64", Self::F64),
        ("i64", Self::I64),
        ("category", Self::Category),
        ("datetime", Self::Datetime),
        ("bool", Self::Bool),
    ];
}

impl Choice for LabelType {
    const WORDS: &'static [(&'static str, Self)] =
        &[("number", Self::Number), ("bool", Self::Bool)];
}

impl Choice for SplitBy {
    const WORDS: &'static [(&'static str, Self)] = &[("time", Self::Time)];
}

impl ViewSpec {
    pub(crate) fn read(name: &str, s: &Section<'_>) -> Self {
        Self {
            name: name.to_owned(),
            from: s.need_texts("from", "[\"trips\"]"),
            sql: s.need_text("sql", "select * from trips"),
        }
    }
}

impl FeatureSet {
    pub(crate) fn read(name: &str, s: &Section<'_>) -> Self {
        let feature = s.tables("feature", FeatureSpec::read);
        if feature.is_empty() {
            s.problem("feature", "there are no features; write for example feature = [{ name = \"age\", type = \"f32\" }]");
        }
        Self {
            name: name.to_owned(),
            from: s.need_text("from", "hours"),
            entity: s.text("entity"),
            time: s.text("time"),
            feature,
        }
    }
}

impl FeatureSpec {
    fn read(s: &Section<'_>) -> Self {
        Self {
            name: s.need_text("name", "age"),
            sql: s.text("sql"),
            kind: s.need_choice("type"),
            why: s.text("why"),
        }
    }
}

impl Label {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        Self {
            name: s.need_text("name", "left_in_30d"),
            from: s.need_text("from", "hours"),
            entity: s.text("entity"),
            sql: s.need_text("sql", "count"),
            kind: s.choice("type"),
            horizon: s.duration("horizon").unwrap_or_default(),
        }
    }
}

impl Split {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        if !s.has("holdout") {
            s.problem("", "has no holdout; write for example holdout = \"60d\"");
        }
        let split = Self {
            by: s.need_choice("by"),
            holdout: s.duration("holdout").unwrap_or_default(),
            every: s.duration("every"),
            validate: s
                .table("validate", |s| Validate {
                    folds: s.integer("folds", 2).unwrap_or(5),
                    gap: s.duration("gap"),
                })
                .unwrap_or(Validate {
                    folds: 5,
                    gap: None,
                }),
            max_holdout_uses: s.integer("max_holdout_uses", 1),
        };
        if split.holdout.is_zero() && s.has("holdout") {
            s.problem(
                "holdout",
                "holds nothing out; write for example holdout = \"60d\"",
            );
        }
        if split.every.is_some_and(|every| every <= split.holdout) {
            s.problem(
                "every",
                "must be longer than holdout, or no row is left to train on",
            );
        }
        split
    }
}
