//! Typed ids, in MLflow's formats where its client sees them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $label:literal, $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A fresh id, unique and not guessable.
            pub fn fresh() -> Self {
                Self(format!("{}{}", $prefix, uuid::Uuid::new_v4().simple()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = Error;

            /// Letters, digits, `-` and `_`, at most 64 of them.
            fn from_str(text: &str) -> Result<Self> {
                let fits = (1..=64).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                if fits {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(Error::invalid(format!("{:?} is not a {}", text.chars().take(80).collect::<String>(), $label)))
                }
            }
        }
    )*};
}

ids! {
    /// A run: 32 hex digits, as MLflow writes it.
    RunId: "run id", "";
    /// An experiment: decimal digits, as MLflow writes it. Made by the store, not by [`ExperimentId::fresh`].
    ExperimentId: "experiment id", "";
    /// A logged model: `m-` and 32 hex digits, as MLflow writes it.
    LoggedModelId: "logged model id", "m-";
    /// A piece of background work.
    JobId: "job id", "job-";
    /// An evaluation of one model version on one dataset version.
    EvaluationId: "evaluation id", "ev-";
    /// A request for approval.
    ApprovalId: "approval id", "ap-";
}
