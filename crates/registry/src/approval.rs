//! Approval: a signed decision about one version at one gate, bound to digests.
//!
//! asked → given | refused | withdrawn. A given approval whose binding is not the present one is void, and one that
//! is older than the gate's `valid_for` is expired; both are computed when read, so nothing has to run for them.
//!
//! Invariants: an approval binds to the model's files, the evaluation, the versions of the criteria, the dataset
//! versions and the gate's definition ([`binding`]), so nothing can be swapped after it was signed. Services cannot
//! approve. Where a gate says `self = "forbid"`, the author of a version cannot approve it; where it says `record`,
//! the approval is marked as the author's own.

use base::{ApprovalId, Error, Result, SignedDuration};
use project::{GateSpec, Project, Role, SelfApproval};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::Db;

use crate::evaluation::Evaluation;
use crate::gate;
use crate::store::approval as stored;
use crate::version::{ModelVersion, version};

/// The role of a decision that the gate's own rule made (`auto`).
pub(crate) const BY_RULE: &str = "auto";
/// Who decides when the gate's own rule does.
pub(crate) const SYSTEM: &str = "ironloop";

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ApprovalState {
    /// Nobody was asked.
    Missing,
    /// It waits for a person.
    Asked,
    /// Somebody agreed.
    Given,
    /// Somebody did not.
    Refused,
    /// It was given too long ago.
    Expired,
    /// It was given for something that has changed since.
    Void,
    /// A newer version took its place before anybody decided.
    Withdrawn,
}

impl ApprovalState {
    /// The word in SQL and APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Asked => "asked",
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Void => "void",
            Self::Withdrawn => "withdrawn",
        }
    }

    pub(crate) fn parse(word: &str) -> Result<Self> {
        [Self::Asked, Self::Given, Self::Refused, Self::Withdrawn]
            .into_iter()
            .find(|state| state.as_str() == word)
            .ok_or_else(|| Error::internal(format!("{word:?} is not the state of an approval")))
    }
}

/// What a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No.
    Reject,
}

/// A question to the holders of a role, and its answer. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Approval {
    /// `ap-…`
    pub id: String,
    /// The project.
    pub project: String,
    /// The gate.
    pub gate: String,
    /// The model.
    pub model: String,
    /// Its version.
    pub version: i64,
    /// Whose decision it is.
    pub role: String,
    /// As stored; see [`GateResult`](crate::GateResult) for what it is worth now.
    pub state: ApprovalState,
    /// What it binds to.
    pub binding: String,
    /// When it was asked for.
    pub asked_at: i64,
    /// When it was decided.
    pub decided_at: Option<i64>,
    /// Who decided.
    pub decided_by: String,
    /// Whether that was the author of the version.
    pub own: bool,
    /// Why, in the person's words.
    pub reason: String,
}

/// Identifies what is approved: any change of the model's files, of what the evaluation found, of a criterion, of the
/// data or of the gate is another binding.
pub fn binding(gate: &GateSpec, evaluation: &Evaluation) -> String {
    let bound = serde_json::json!([
        gate,
        evaluation.model,
        evaluation.version,
        evaluation.content_digest()
    ]);
    hex::encode(Sha256::digest(bound.to_string()))
}

/// What a person signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// For which role the person speaks.
    pub role: Role,
    /// Yes or no.
    pub decision: Decision,
    /// Why, in the person's words.
    pub reason: String,
    /// The person.
    pub actor: String,
}

/// Stores a person's decision about `number` of the project's model at `gate`. Deciding twice the same way is one
/// decision; a person who changes their mind replaces the earlier one.
pub async fn approve(
    db: &Db,
    project: &Project,
    gate: &str,
    number: i64,
    signed: Signature,
) -> Result<Approval> {
    let model = project.file.model_name();
    let spec = gate::spec(project, gate)?;
    check_role(project, spec, signed.role, &signed.actor)?;
    let found = version(db, model, number).await?;
    let own = is_author(db, &found, &signed.actor).await?;
    let state = gate::state(db, project, spec, model, number).await?;
    if signed.decision == Decision::Approve {
        check_approvable(spec, own, &state, &signed.actor)?;
    }
    let Some(bound) = &state.binding else {
        return Err(Error::conflict(format!(
            "version {number} of {model} was never evaluated, so there is nothing to decide about"
        ))
        .hint(format!("run `ironloop evaluate {number}` first")));
    };
    let now = db.clock().now_ms();
    let new = Approval {
        id: ApprovalId::fresh().into(),
        project: project.name.clone(),
        gate: gate.to_owned(),
        model: model.to_owned(),
        version: number,
        role: signed.role.as_str().to_owned(),
        state: match signed.decision {
            Decision::Approve => ApprovalState::Given,
            Decision::Reject => ApprovalState::Refused,
        },
        binding: bound.clone(),
        asked_at: now,
        decided_at: Some(now),
        decided_by: signed.actor,
        own,
        reason: signed.reason,
    };
    stored::decide(db, new).await
}

fn check_role(project: &Project, gate: &GateSpec, role: Role, actor: &str) -> Result<()> {
    let asked = gate
        .approve
        .iter()
        .chain(gate.auto.iter().flat_map(|auto| &auto.approve));
    if !asked.clone().any(|need| need.role == role) {
        let roles: Vec<_> = asked.map(|need| need.role.as_str()).collect();
        let asks = if roles.is_empty() {
            "nobody".to_owned()
        } else {
            roles.join(", ")
        };
        return Err(Error::invalid(format!(
            "gate {} does not ask for the role {role}",
            gate.name
        ))
        .hint(format!("it asks for {asks}")));
    }
    if ["svc:", "ci:", "group:"]
        .iter()
        .any(|prefix| actor.starts_with(prefix))
        || actor == SYSTEM
    {
        return Err(Error::forbidden(format!(
            "{actor:?} is not a person, and only people approve"
        )));
    }
    if !project.file.people.holds(actor, role) {
        let holders = project.file.people.of(role).join(", ");
        return Err(Error::forbidden(format!(
            "{actor:?} does not hold the role {}",
            role.as_str()
        ))
        .hint(format!(
            "it is held by: {}",
            if holders.is_empty() {
                "nobody"
            } else {
                &holders
            }
        )));
    }
    Ok(())
}

fn check_approvable(gate: &GateSpec, own: bool, state: &gate::State, actor: &str) -> Result<()> {
    if own && gate.self_approval == SelfApproval::Forbid {
        return Err(Error::forbidden(format!(
            "{actor:?} made this version, and gate {} forbids to approve one's own work",
            gate.name
        ))
        .hint("ask another holder of the role, or set self = \"record\" in the gate"));
    }
    if let Some(obstacle) = state.result.obstacle() {
        return Err(Error::conflict(format!(
            "there is nothing to approve yet: {obstacle}"
        )));
    }
    Ok(())
}

/// Whether `actor` made the version, or the run behind it.
async fn is_author(db: &Db, version: &ModelVersion, actor: &str) -> Result<bool> {
    if version.user == actor {
        return Ok(true);
    }
    match &version.run_id {
        Some(run) => Ok(experiments::get_run(db, run)
            .await
            .is_ok_and(|run| run.user == actor)),
        None => Ok(false),
    }
}

/// Asks the holders of the roles that a gate still needs, once per binding, and withdraws what was asked for older
/// versions. Where a criterion does not pass there is nothing to ask.
pub async fn request_approvals(db: &Db, project: &Project, gate: &str, number: i64) -> Result<()> {
    let spec = gate::spec(project, gate)?;
    let state = gate::state(db, project, spec, project.file.model_name(), number).await?;
    let Some(bound) = state
        .binding
        .clone()
        .filter(|_| state.result.obstacle().is_none())
    else {
        return Ok(());
    };
    let missing =
        state.result.approvals.iter().filter(|need| {
            need.state != ApprovalState::Given && need.state != ApprovalState::Refused
        });
    let asked = missing.map(|need| Approval {
        id: ApprovalId::fresh().into(),
        project: project.name.clone(),
        gate: gate.to_owned(),
        model: project.file.model_name().to_owned(),
        version: number,
        role: need.role.as_str().to_owned(),
        state: ApprovalState::Asked,
        binding: bound.clone(),
        asked_at: db.clock().now_ms(),
        decided_at: None,
        decided_by: String::new(),
        own: false,
        reason: String::new(),
    });
    stored::ask(db, asked.collect()).await
}

/// What still waits for a person, in one project or (where it is empty) in all, the oldest first.
pub async fn open_approvals(db: &Db, project: &str) -> Result<Vec<Approval>> {
    stored::asked(db, project).await
}

/// When an approval that was given at `at` ends; never where the gate sets no limit.
pub(crate) fn ends_at(at: i64, valid_for: Option<SignedDuration>) -> i64 {
    valid_for.map_or(i64::MAX, |valid_for| {
        at.saturating_add(valid_for.as_millis() as i64)
    })
}
