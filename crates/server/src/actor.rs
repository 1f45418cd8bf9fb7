//! Who acts. Until logins exist a caller on this machine says its name in a header, and is `local` otherwise; the
//! name goes into the audit log and into approvals.

use axum::extract::FromRequestParts;
use base::{Error, Result};
use http::HeaderMap;
use http::request::Parts;

use crate::error::Problem;

/// The header that names the caller.
pub const HEADER: &str = "x-ironloop-user";

/// The name of who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor(pub String);

impl Actor {
    /// The caller that `headers` name; `local` where they name none.
    pub fn of(headers: &HeaderMap) -> Result<Self> {
        let Some(value) = headers.get(HEADER) else {
            return Ok(Self("local".to_owned()));
        };
        let name = value.to_str().unwrap_or_default().trim();
        let fits = (1..=100).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.@+:".contains(&b));
        if fits && name != "ironloop" {
            return Ok(Self(name.to_owned()));
        }
        Err(
            Error::invalid(format!("{name:?} in {HEADER} is not a user's name"))
                .hint("use 1 to 100 letters, digits or -_.@+: ('ironloop' is the system itself)"),
        )
    }
}

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self::of(&parts.headers)?)
    }
}
