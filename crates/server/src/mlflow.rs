//! MLflow's REST API, as its unmodified Python client speaks it.
//!
//! One file per noun, each with its wire types and its routes. Handlers read MLflow's fields, call one function of
//! `experiments` or `registry` and write MLflow's answer. Every route answers below `/api/2.0/mlflow` and, for
//! MLflow's own pages, below `/ajax-api/2.0/mlflow`.
//!
//! Invariants: field names and error codes are MLflow's; 64-bit numbers are JSON numbers; an address that MLflow has
//! and we do not answers `ENDPOINT_NOT_FOUND`.
//!
//! Deliberately absent: the AI gateway, scorers, evaluation datasets, review queues, users and permissions, MLflow's
//! pages. `error::no_such_endpoint` says so by name.

mod alias;
mod artifact;
mod error;
mod experiment;
mod info;
mod input;
mod logged_model;
mod metric;
mod model;
mod place;
mod request;
mod run;
mod trace;
mod version;
mod wire;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodRouter, any};

use crate::app::App;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .merge(experiment::routes())
        .merge(run::routes())
        .merge(metric::routes())
        .merge(input::routes())
        .merge(logged_model::routes())
        .merge(model::routes())
        .merge(version::routes())
        .merge(alias::routes())
        .merge(artifact::routes())
        .merge(trace::routes())
        .merge(info::routes())
        .method_not_allowed_fallback(error::no_such_endpoint)
        .merge(unknown())
        .layer(middleware::from_fn(no_workspaces))
}

/// A client that means a workspace must not get what belongs to none.
async fn no_workspaces(request: Request, next: Next) -> Response {
    let named = request.headers().get("x-mlflow-workspace");
    if named.is_some_and(|name| !name.is_empty()) {
        return error::no_workspaces();
    }
    next.run(request).await
}

/// Whatever else begins like MLflow's API.
fn unknown() -> Router<App> {
    let mut router = Router::new();
    for prefix in ["/api/2.0", "/api/3.0", "/ajax-api/2.0", "/ajax-api/3.0"] {
        router = router.route(&format!("{prefix}/{{*rest}}"), any(error::no_such_endpoint));
    }
    router
}

/// `path` below both prefixes of MLflow's API.
fn both(router: Router<App>, path: &str, methods: MethodRouter<App>) -> Router<App> {
    router
        .route(&format!("/api/2.0/mlflow/{path}"), methods.clone())
        .route(&format!("/ajax-api/2.0/mlflow/{path}"), methods)
}
