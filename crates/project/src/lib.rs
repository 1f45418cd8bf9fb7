//! DESIGN: what a project is for, who takes part, and what counts as success.
//!
//! One TOML file says the whole loop of one project. This crate reads it ([`parse`]), shows what it would change
//! ([`plan`](fn@plan)) and makes it so ([`apply`]). The nouns are [`Charter`], [`Goal`], [`Criterion`], [`Payoff`]
//! and [`Role`]; the sections of later stages are typed here too (in [`file`]), since one file is checked as a whole.
//!
//! Invariants: applying a file twice changes nothing the second time; a criterion whose definition changed has a
//! higher version, and the old versions stay readable; a change, its versions and its audit entry commit together.
//!
//! Deliberately absent: data, runs and models. Whether a column exists, or a metric is reached, is told by the
//! stages that own them.

pub mod charter;
pub mod criterion;
pub mod duration;
pub mod file;
pub mod metric;
pub mod payoff;
pub mod people;
mod plan;
mod service;
mod store;

pub use charter::{Charter, Goal};
pub use criterion::{Criterion, CriterionKind, On, Op, Verdict, Versus};
pub use file::dataset::{ColumnUse, DatasetSpec, Sensitivity, Source};
pub use file::deploy::{
    DeploymentSpec, Feedback, LogSpec, ModelRef, OutcomeSpec, Protocol, RolloutKind, RolloutSpec,
    ScaleSpec,
};
pub use file::expect::{Check, ExpectationSpec, Severity};
pub use file::features::{
    FeatureSet, FeatureSpec, FeatureType, Label, LabelType, Split, SplitBy, Validate, ViewSpec,
};
pub use file::gate::{ApproveSpec, AutoSpec, AutoWhen, GateSpec, SelfApproval};
pub use file::improve::{Action, Event, Guard, PipelineSpec, Step, TriggerSpec};
pub use file::monitor::{DriftMethod, DriftOf, MonitorCheck, MonitorSpec, Reference};
pub use file::train::{
    Algorithm, CandidateSpec, Direction, Objective, Range, TrainSpec, Tune, TuneMethod,
};
pub use file::{ProjectFile, ProjectSection, Risk, SCHEMA, parse};
pub use payoff::{Amounts, Payoff};
pub use people::{LOCAL, People, Role};
pub use plan::{Change, ChangeKind, Plan};
pub use service::{Project, apply, criterion_version, plan, project, projects};
pub use store::{CriterionVersion, MIGRATIONS, criterion_versions, project_versions};
