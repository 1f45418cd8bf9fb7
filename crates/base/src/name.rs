//! Names that a person chose, safe to use in addresses, paths and file names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The name of a project, dataset, criterion, endpoint and the like: 1 to 100 letters, digits, `-`, `_` or `.`,
/// beginning with a letter or digit. Names of MLflow's objects (experiments, models) follow MLflow's rules and
/// are plain strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut chars = text.chars();
        let starts = chars.next().is_some_and(|c| c.is_ascii_alphanumeric());
        let rest = chars.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if starts && rest && text.len() <= 100 {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(120).collect();
        Err(Error::invalid(format!("{shown:?} is not a name")).hint(
            "use 1 to 100 letters, digits, '-', '_' or '.', beginning with a letter or digit",
        ))
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        for bad in [
            "", ".", "..", "../x", "a/b", "a\\b", "-x", "a b", "a\0b", "é",
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?} was accepted");
        }
        for good in ["bikes", "bikes-api", "v1.2_x", "0"] {
            assert!(good.parse::<Name>().is_ok(), "{good:?} was refused");
        }
    }
}
