//! `/api/v1`: what MLflow's API and the inference protocol leave out, one file per noun.
//!
//! JSON; times are milliseconds since the epoch; a list is `{items, next}`; an error is a problem document; long
//! work is a job (`202 {"job": …}`).

pub mod extract;
pub mod job;
mod needs;
mod system;

pub(crate) mod approval;
pub(crate) mod dataset;
pub(crate) mod deployment;
pub(crate) mod drift;
pub(crate) mod evaluation;
pub(crate) mod import;
pub(crate) mod model;
pub(crate) mod monitor;
pub(crate) mod outcome;
pub(crate) mod project;
pub(crate) mod retrain;
pub(crate) mod run;
pub(crate) mod train;

use axum::Router;

use crate::app::App;
pub use crate::error::Problem;
pub use extract::{Body, Query};

/// All routes, relative to `/api/v1`.
pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(job::routes())
        .merge(system::routes())
        .merge(needs::routes())
        .merge(project::routes())
        .merge(dataset::routes())
        .merge(drift::routes())
        .merge(train::routes())
        .merge(run::routes())
        .merge(evaluation::routes())
        .merge(model::routes())
        .merge(approval::routes())
        .merge(deployment::routes())
        .merge(outcome::routes())
        .merge(monitor::routes())
        .merge(retrain::routes())
        .merge(import::routes())
}
