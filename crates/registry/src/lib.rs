//! The registry: models with numbered versions, movable aliases, and the gates before an alias may move.
//!
//! Invariants:
//! - A version's number, source and run never change; only its words, tags, stage and aliases do.
//! - A protected alias moves only past its gate, whoever asks and through whichever API: [`set_alias`] asks
//!   [`guard_alias`] itself, and so do the ways around it (stages, renaming, deleting).
//! - Every change of an alias is in the audit log, in the same transaction.
//! - A gate's result is computed from stored evidence ([`Evaluation`], [`Approval`]) whenever it is asked for; unknown
//!   never passes. An approval binds to digests, so any change of what was approved voids it.
//!
//! Deliberately absent: wire types, traffic, and the bytes of models.

mod alias;
mod approval;
mod evaluation;
mod gate;
mod import;
mod model;
mod package;
mod promotion;
mod source;
mod store;
mod version;

pub use alias::{alias, delete_alias, set_alias};
pub use approval::{
    Approval, ApprovalState, Decision, Signature, approve, open_approvals, request_approvals,
};
pub use evaluation::run::{Context, evaluate};
pub use evaluation::{
    CriterionResult, Evaluation, Measured, MetricResult, SliceResult, Subject, spec_digest,
};
pub use gate::{ApprovalNeed, Before, GateResult, Given, gate_result, gate_results, guard_alias};
pub use import::import_version;
pub use model::{
    Model, ModelSearch, create_model, delete_model, delete_model_tag, describe_model,
    latest_versions, model, rename_model, search_models, set_model_tag,
};
pub use promotion::{
    AutoOutcome, Promotion, Registration, champion_evaluation, evaluate_version, promote,
    promote_automatically, register,
};
pub use source::{REMOTE, refuse_other_hosts};
pub use store::MIGRATIONS;
pub use store::evaluation::{evaluation_of_run, evaluation_of_version, evaluations};
pub use version::{
    ModelVersion, NewVersion, Stage, create_version, delete_version, delete_version_tag,
    describe_version, search_versions, set_version_tag, transition_stage, version,
};
