//! Roles and who holds them.
//!
//! Deliberately absent: logins and permissions. Until they exist everybody is [`LOCAL`], who holds every role (the
//! solo preset), and what this user signs is recorded as signed by oneself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::file::read::{Choice, Section};

/// The user of a server where nobody logs in.
pub const LOCAL: &str = "local";

/// A named set of duties in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Owns the goals and the budget, signs for the business.
    Stakeholder,
    /// Knows the subject.
    Expert,
    /// Trains and evaluates.
    DataScientist,
    /// Brings the data and keeps it good.
    DataEngineer,
    /// Brings models into production and keeps them there.
    MlEngineer,
    /// Builds what calls the model.
    SoftwareEngineer,
    /// Reads and explains.
    Analyst,
    /// Automates.
    Developer,
}

impl Choice for Role {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("stakeholder", Self::Stakeholder),
        ("expert", Self::Expert),
        ("data_scientist", Self::DataScientist),
        ("data_engineer", Self::DataEngineer),
        ("ml_engineer", Self::MlEngineer),
        ("software_engineer", Self::SoftwareEngineer),
        ("analyst", Self::Analyst),
        ("developer", Self::Developer),
    ];
}

impl Role {
    /// The word in the project file.
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, role)| *role == self)
            .map_or("", |(word, _)| word)
    }

    /// The role of that word.
    pub fn named(word: &str) -> base::Result<Self> {
        Self::WORDS
            .iter()
            .find(|(known, _)| *known == word)
            .map(|(_, role)| *role)
            .ok_or_else(|| {
                base::Error::invalid(format!("{word:?} is not a role")).hint(
                    crate::file::text::advice(word, Self::WORDS.iter().map(|(word, _)| *word)),
                )
            })
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Role → users (`ada`), groups (`group:desk`) or services (`svc:crm`).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct People(pub BTreeMap<Role, Vec<String>>);

impl People {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        let held = Role::WORDS.iter().filter(|(word, _)| {
            // Asking for each word makes the known roles known to "did you mean".
            let _ = s.texts(word);
            s.has(word)
        });
        Self(held.map(|(word, role)| (*role, s.texts(word))).collect())
    }

    /// Who holds `role`, as the file names them.
    pub fn of(&self, role: Role) -> &[String] {
        self.0.get(&role).map_or(&[], Vec::as_slice)
    }

    /// Whether `user` holds `role`. Groups are not resolved before there are logins, so their members do not count.
    pub fn holds(&self, user: &str, role: Role) -> bool {
        user == LOCAL || self.of(role).iter().any(|name| name == user)
    }
}
