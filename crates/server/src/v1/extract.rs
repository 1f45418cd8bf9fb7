//! Axum's extractors, with rejections that are problem documents.

use axum::extract::{FromRequest, FromRequestParts};

use crate::error::Problem;

/// A JSON body.
#[derive(Clone, Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Body<T>(pub T);

/// The query of the address.
#[derive(Clone, Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);
