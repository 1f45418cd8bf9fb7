//! The sections of EVALUATE: what must be true, and who must agree, before a version moves on.

use base::SignedDuration;
use serde::Serialize;

use super::read::{Choice, Section};
use crate::people::Role;

/// A set of criteria and approvals. A gate that has the name of an alias protects that alias.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateSpec {
    /// Its name: `candidate`, `champion`.
    pub name: String,
    /// The gate that must be passed before.
    pub after: Option<String>,
    /// Ids of criteria.
    pub needs: Vec<String>,
    /// Who must agree.
    pub approve: Vec<ApproveSpec>,
    /// What it means when the author agrees with oneself.
    #[serde(rename = "self")]
    pub self_approval: SelfApproval,
    /// How long a passed gate and its approvals count; for ever if absent.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub valid_for: Option<SignedDuration>,
    /// When no person is needed.
    pub auto: Option<AutoSpec>,
}

/// So many holders of a role must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ApproveSpec {
    /// The role.
    pub role: Role,
    /// How many different people.
    pub count: i64,
}

/// What it means when the author of a version approves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SelfApproval {
    /// It is refused.
    Forbid,
    /// It counts, and is recorded as approved by oneself.
    Record,
}

/// When a version may pass without people: the stakeholder signs this rule with the project file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AutoSpec {
    /// On what occasion.
    pub when: AutoWhen,
    /// By how much the challenger must be better than the champion, in the unit of the optimised metric.
    pub if_better_by: f64,
    /// Who must agree nevertheless.
    pub approve: Vec<ApproveSpec>,
}

/// On what occasion a version may pass without people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AutoWhen {
    /// A retraining of the same file, features and criteria on newer data.
    Retrain,
}

impl Choice for SelfApproval {
    const WORDS: &'static [(&'static str, Self)] =
        &[("forbid", Self::Forbid), ("record", Self::Record)];
}

impl Choice for AutoWhen {
    const WORDS: &'static [(&'static str, Self)] = &[("retrain", Self::Retrain)];
}

impl GateSpec {
    pub(crate) fn read(name: &str, s: &Section<'_>) -> Self {
        Self {
            name: name.to_owned(),
            after: s.text("after"),
            needs: s.need_texts("needs", "[\"accurate\"]"),
            approve: s.tables("approve", ApproveSpec::read),
            self_approval: s.choice("self").unwrap_or(SelfApproval::Forbid),
            valid_for: s.duration("valid_for"),
            auto: s.table("auto", AutoSpec::read),
        }
    }
}

impl ApproveSpec {
    fn read(s: &Section<'_>) -> Self {
        Self {
            role: s.need_choice("role"),
            count: s.integer("count", 1).unwrap_or(1),
        }
    }
}

impl AutoSpec {
    fn read(s: &Section<'_>) -> Self {
        Self {
            when: s.need_choice("when"),
            if_better_by: s.number("if_better_by").unwrap_or_default(),
            approve: s.tables("approve", ApproveSpec::read),
        }
    }
}
