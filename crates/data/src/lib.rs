//! DATA: from files to rows that a model may learn from, with proof of what they were.
//!
//! A [`Source`](project::Source) is read into Arrow, cut at the present moment, checked by the project's rules and
//! kept as an immutable [`DatasetVersion`] in a Delta table. Views clean and join versions in SQL; [`Prepared`] is
//! what training sees. [`measure`] holds the metrics and distances that gates, monitors and reports share (pure).
//!
//! Invariants:
//! - Rows whose event time lies after the clock's now do not exist, whatever a file holds.
//! - A version that breaks a rule of severity `error` is quarantined; the last good one stays current, in SQL and
//!   as the newest version of the Delta table that other engines read.
//! - Rows are written first and the SQL row that names them last, so nothing half written is ever visible.
//! - Columns have one of six types (see [`columns`]); the digest of a version depends on its values alone.
//!
//! Deliberately absent: models, runs, HTTP; sources other than files.

pub mod check;
pub mod columns;
mod dataset;
mod digest;
pub mod drift;
mod feasible;
pub mod measure;
mod prepare;
mod profile;
mod service;
mod source;
mod split;
mod store;
mod table;
mod view;

pub use check::{CheckReport, CheckResult};
pub use dataset::{Added, ColumnSchema, DatasetRef, DatasetVersion, State};
pub use feasible::{Feasibility, FeasibilityCheck};
pub use prepare::{FeatureColumn, FeatureKind, Prepared, Task};
pub use profile::{ColumnProfile, Histogram, Profile, TopValue};
pub use service::Data;
pub use split::{Parts, Rows};
pub use store::MIGRATIONS;
pub use view::ViewResult;
