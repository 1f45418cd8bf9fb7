//! Dataset versions: immutable snapshots of a named table.

use base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::check::CheckReport;

/// Where a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The newest version that passed its rules: what views read.
    Current,
    /// Was current once.
    Superseded,
    /// Broke a rule of severity `error`; kept to look at, never read by a view.
    Quarantined,
}

impl State {
    /// The word in SQL and APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Superseded => "superseded",
            Self::Quarantined => "quarantined",
        }
    }
}

impl std::str::FromStr for State {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "current" => Ok(Self::Current),
            "superseded" => Ok(Self::Superseded),
            "quarantined" => Ok(Self::Quarantined),
            _ => Err(Error::internal(format!(
                "{text:?} is not a state of a dataset version"
            ))),
        }
    }
}

/// One column of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// Its name.
    pub name: String,
    /// `bool`, `int`, `float`, `text`, `date` or `timestamp`; see [`crate::columns`].
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether a value is missing in this version.
    pub nullable: bool,
}

/// An immutable snapshot of a dataset. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetVersion {
    /// The project it belongs to.
    pub project: String,
    /// The dataset's name in the project file.
    pub dataset: String,
    /// Counts from 1; quarantined versions count too.
    pub version: i64,
    /// The version of the Delta table that holds its rows.
    pub delta_version: i64,
    /// 64 hex digits over the values; the same content has the same digest.
    pub digest: String,
    /// How many rows.
    pub rows: i64,
    /// Rows of the file that lie in the future and were left out.
    pub hidden: i64,
    /// The columns, in their order.
    pub schema: Vec<ColumnSchema>,
    /// Where it stands.
    pub state: State,
    /// When it was added.
    pub created_at: i64,
    /// Event time of the newest row, where the dataset has a time column and rows.
    pub until: Option<i64>,
    /// Where its rows came from.
    pub source: String,
    /// What the rules said.
    pub checks: CheckReport,
}

impl DatasetVersion {
    /// What others keep to say which data they used.
    pub fn reference(&self) -> DatasetRef {
        DatasetRef {
            name: self.dataset.clone(),
            version: self.version,
            digest: self.digest.clone(),
        }
    }
}

/// Which data something was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetRef {
    /// The dataset's name.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// The version's digest.
    pub digest: String,
}

/// What adding rows came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Added {
    /// The version that now holds the content.
    #[serde(flatten)]
    pub version: DatasetVersion,
    /// Whether it was made now; adding what is there already makes nothing.
    pub new: bool,
}
