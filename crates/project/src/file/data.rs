//! The sections of DATA: datasets, rules, views, features, label and split.

use std::collections::BTreeMap;

use base::SignedDuration;
use serde::Serialize;

use super::read::{Choice, Section};

/// A named table and where its rows come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DatasetSpec {
    /// The name in the file.
    pub name: String,
    /// Where rows come from.
    pub source: Source,
    /// The column with the time of the event.
    pub time: Option<String>,
    /// How often it should be loaded.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub refresh: Option<SignedDuration>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// How careful one must be with it.
    pub sensitivity: Sensitivity,
    /// Columns with a restricted use.
    pub columns: BTreeMap<String, ColumnUse>,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Source {
    /// Files beside the project file; `path` may be a pattern.
    File {
        /// Relative to the folder of the project file.
        path: String,
    },
    /// A kind that this version cannot read yet; its name.
    Later {
        /// `sql`, `s3`, `http`, `push`
        name: String,
    },
}

/// How careful one must be with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// Anybody may see it.
    Public,
    /// Members of the organisation may.
    Internal,
    /// About people.
    Personal,
    /// Few may.
    Secret,
}

/// What a column may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnUse {
    /// For nothing: barred from features, slices and labels.
    Never,
    /// For slices only.
    Slice,
}

/// A rule on a dataset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExpectationSpec {
    /// The name in reports.
    pub id: String,
    /// The dataset it is about.
    pub dataset: String,
    /// What happens when it does not hold.
    pub severity: Severity,
    /// The rule.
    #[serde(flatten)]
    pub check: Check,
}

/// What happens when a rule does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The version is quarantined and the last good one stays.
    Error,
    /// It is only shown.
    Warn,
}

/// What a rule says. `at_least` is the share of rows that must satisfy it, 1 if absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Check {
    /// These columns exist.
    Columns {
        /// Names; others may exist too.
        columns: Vec<String>,
    },
    /// No two rows agree in all of these columns.
    Unique {
        /// Names.
        columns: Vec<String>,
    },
    /// The value is there.
    NotNull {
        /// Name.
        column: String,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The value is within limits, both included; a missing value passes.
    Between {
        /// Name.
        column: String,
        /// Lower limit.
        min: Option<f64>,
        /// Upper limit.
        max: Option<f64>,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The value is one of these; a missing value passes.
    InSet {
        /// Name.
        column: String,
        /// Texts, numbers or truth values.
        values: Vec<serde_json::Value>,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The text matches a regular expression; a missing value passes.
    Regex {
        /// Name.
        column: String,
        /// The expression, anchored nowhere by itself.
        pattern: String,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The text has so many characters; a missing value passes.
    Length {
        /// Name.
        column: String,
        /// Lower limit.
        min: Option<i64>,
        /// Upper limit.
        max: Option<i64>,
        /// Share of rows.
        at_least: Option<f64>,
    },
    /// The number of rows is within limits.
    RowCount {
        /// Lower limit.
        min: Option<i64>,
        /// Upper limit.
        max: Option<i64>,
    },
    /// The newest event is not older than this.
    MaxAge {
        /// Age.
        #[serde(serialize_with = "crate::duration::serialize")]
        value: SignedDuration,
    },
}

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

impl Choice for Sensitivity {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("public", Self::Public),
        ("internal", Self::Internal),
        ("personal", Self::Personal),
        ("secret", Self::Secret),
    ];
}

impl Choice for ColumnUse {
    const WORDS: &'static [(&'static str, Self)] =
        &[("never", Self::Never), ("slice", Self::Slice)];
}

impl Choice for Severity {
    const WORDS: &'static [(&'static str, Self)] = &[("error", Self::Error), ("warn", Self::Warn)];
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

/// The kinds of checks, only to read the word.
#[derive(Clone, Copy)]
enum CheckKind {
    Columns,
    Unique,
    NotNull,
    Between,
    InSet,
    Regex,
    Length,
    RowCount,
    MaxAge,
}

impl Choice for CheckKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("columns", Self::Columns),
        ("unique", Self::Unique),
        ("not_null", Self::NotNull),
        ("between", Self::Between),
        ("in_set", Self::InSet),
        ("regex", Self::Regex),
        ("length", Self::Length),
        ("row_count", Self::RowCount),
        ("max_age", Self::MaxAge),
    ];
}

#[derive(Clone, Copy)]
enum SourceKind {
    File,
    Later(&'static str),
}

impl Choice for SourceKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("file", Self::File),
        ("sql", Self::Later("sql")),
        ("s3", Self::Later("s3")),
        ("http", Self::Later("http")),
        ("push", Self::Later("push")),
    ];
}

impl DatasetSpec {
    pub(crate) fn read(name: &str, s: &Section<'_>) -> Self {
        if !s.has("source") {
            s.problem("", "has no source; write for example source = { kind = \"file\", path = \"rows.parquet\" }");
        }
        Self {
            name: name.to_owned(),
            source: s.table("source", Source::read).unwrap_or(Source::File {
                path: String::new(),
            }),
            time: s.text("time"),
            refresh: s.duration("refresh"),
            owner: s.text("owner"),
            sensitivity: s.choice("sensitivity").unwrap_or(Sensitivity::Internal),
            columns: s.maps("columns", |_, column| column.need_choice("use")),
        }
    }
}

impl Source {
    fn read(s: &Section<'_>) -> Self {
        match s.need_choice("kind") {
            SourceKind::File => Self::File {
                path: s.need_text("path", "rows.parquet"),
            },
            SourceKind::Later(name) => {
                s.accept(&["connection", "query", "url", "path"]);
                Self::Later {
                    name: name.to_owned(),
                }
            }
        }
    }
}

impl ExpectationSpec {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        Self {
            id: s.need_name("id", "age-plausible"),
            dataset: s.need_text("dataset", "trips"),
            severity: s.choice("severity").unwrap_or(Severity::Error),
            check: Check::read(s),
        }
    }
}

impl Check {
    fn read(s: &Section<'_>) -> Self {
        let column = || s.need_text("column", "age");
        let columns = || s.need_texts("columns", "[\"age\"]");
        let at_least = || s.number_within("at_least", 0.0, 1.0);
        match s.need_choice("check") {
            CheckKind::Columns => Self::Columns { columns: columns() },
            CheckKind::Unique => Self::Unique { columns: columns() },
            CheckKind::NotNull => Self::NotNull {
                column: column(),
                at_least: at_least(),
            },
            CheckKind::Between => Self::Between {
                column: column(),
                min: s.limit("min", "max"),
                max: s.limit("max", "min"),
                at_least: at_least(),
            },
            CheckKind::InSet => Self::InSet {
                column: column(),
                values: s.values("values"),
                at_least: at_least(),
            },
            CheckKind::Regex => Self::Regex {
                column: column(),
                pattern: Self::pattern(s),
                at_least: at_least(),
            },
            CheckKind::Length => Self::Length {
                column: column(),
                min: s.integer("min", 0),
                max: s.integer("max", 0),
                at_least: at_least(),
            },
            CheckKind::RowCount => Self::RowCount {
                min: s.integer("min", 0),
                max: s.integer("max", 0),
            },
            CheckKind::MaxAge => {
                if !s.has("value") {
                    s.problem("", "max_age has no value; write for example value = \"2d\"");
                }
                Self::MaxAge {
                    value: s.duration("value").unwrap_or_default(),
                }
            }
        }
    }
}

impl Check {
    fn pattern(s: &Section<'_>) -> String {
        let pattern = s.need_text("pattern", "^[A-Z]{2}$");
        if let Err(error) = regex::Regex::new(&pattern) {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim();
            s.problem(
                "pattern",
                format!("{pattern:?} is not a regular expression: {reason}"),
            );
        }
        pattern
    }
}

impl Section<'_> {
    /// One of two limits, at least one of which is needed.
    fn limit(&self, key: &'static str, other: &str) -> Option<f64> {
        if key == "min" && !self.has(key) && !self.has(other) {
            self.problem("", "has neither min nor max; write at least one of them");
        }
        self.number(key)
    }
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
