//! `[dataset.…]`: named tables and where their rows come from.

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
