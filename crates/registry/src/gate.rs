//! Gate: the criteria and approvals before an alias may move.
//!
//! A gate's result is computed from stored evidence each time it is asked for: the newest evaluation of the version
//! and the approvals that bind to it. Nobody ticks it by hand, and unknown never passes.
//!
//! A gate that has the name of an alias protects that alias ([`guard_alias`]).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base::{Error, Kind, Result};
use project::{ApproveSpec, GateSpec, Project, Role, Verdict, Versus};
use serde::Serialize;
use store::{BoxFuture, Db};

use crate::approval::{self, Approval, ApprovalState, BY_RULE};
use crate::evaluation::number::shown;
use crate::evaluation::{CriterionResult, Evaluation, Measured};
use crate::store::{approval as stored, evaluation as evaluations};
use crate::version::version;

/// What a gate says about a version.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateResult {
    /// The gate.
    pub gate: String,
    /// Pass only if every criterion passes and every approval is given.
    pub verdict: Verdict,
    /// The gate before it, where there is one.
    pub after: Option<Before>,
    /// What each criterion says, by the version of the criterion that holds now.
    pub criteria: Vec<CriterionResult>,
    /// Who must agree, and who did.
    pub approvals: Vec<ApprovalNeed>,
    /// The evaluation it rests on.
    pub evaluation: Option<String>,
    /// The data it was measured on, as `trips version 3`.
    pub dataset: Option<String>,
}

/// The gate that comes before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Before {
    /// Its name.
    pub gate: String,
    /// What it says.
    pub verdict: Verdict,
    /// Why it does not pass.
    pub obstacle: Option<String>,
}

/// One role that must agree.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ApprovalNeed {
    /// The role.
    pub role: Role,
    /// How many different people.
    pub needed: i64,
    /// Who agreed, and it still counts.
    pub given: Vec<Given>,
    /// Where it stands as a whole.
    pub state: ApprovalState,
}

/// An approval that counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Given {
    /// Who.
    pub by: String,
    /// When.
    pub at: i64,
    /// Whether it was the author's own.
    pub own: bool,
    /// Why, in the person's words.
    pub reason: String,
}

impl GateResult {
    /// Why the gate does not even wait for people: the gate before it, or the first criterion that does not pass.
    pub fn obstacle(&self) -> Option<String> {
        if let Some(before) = self
            .after
            .as_ref()
            .filter(|before| before.verdict != Verdict::Pass)
        {
            let why = before.obstacle.as_deref().unwrap_or("it is not passed");
            return Some(format!("gate {} comes before it: {why}", before.gate));
        }
        let failing = self.criteria.iter().find(|it| it.verdict == Verdict::Fail);
        let open = self
            .criteria
            .iter()
            .find(|it| it.verdict == Verdict::Unknown);
        failing.or(open).map(|criterion| self.sentence(criterion))
    }

    /// Why the gate is not passed, with criterion, value, bound and data; `None` if it is.
    pub fn reason(&self) -> Option<String> {
        self.obstacle().or_else(|| {
            let open = self
                .approvals
                .iter()
                .find(|need| need.state != ApprovalState::Given)?;
            let given = open.given.len();
            Some(match open.state {
                ApprovalState::Refused => format!("a {} has refused it", open.role),
                ApprovalState::Void => format!(
                    "the approval by a {} is void: what was approved has changed since",
                    open.role
                ),
                ApprovalState::Expired => format!("the approval by a {} has expired", open.role),
                _ => format!(
                    "it waits for the approval of {} {} ({given} given)",
                    open.needed, open.role
                ),
            })
        })
    }

    fn sentence(&self, criterion: &CriterionResult) -> String {
        let verb = if criterion.verdict == Verdict::Fail {
            "fails"
        } else {
            "is unknown"
        };
        let Measured {
            value,
            lower,
            upper,
        } = criterion.measured;
        let mut text = format!(
            "criterion {} (version {}) {verb}: wanted {}",
            criterion.id, criterion.version, criterion.target
        );
        if let Some(value) = value {
            let _ = write!(text, ", got {}", shown(value));
            if let (Some(lower), Some(upper)) = (lower, upper) {
                let _ = write!(text, " ({} to {})", shown(lower), shown(upper));
            }
        }
        if let Some(dataset) = &self.dataset {
            let _ = write!(text, ", on {dataset}");
        }
        if !criterion.reason.is_empty() {
            let _ = write!(text, "; {}", criterion.reason);
        }
        text
    }
}

/// A result together with what an approval of it would bind to.
pub(crate) struct State {
    pub result: GateResult,
    pub binding: Option<String>,
    pub evaluation: Option<Evaluation>,
    /// The gate's own rule decided instead of people.
    pub by_rule: bool,
}

/// The gate of that name.
pub(crate) fn spec<'p>(project: &'p Project, gate: &str) -> Result<&'p GateSpec> {
    project.file.gates.get(gate).ok_or_else(|| {
        let names: Vec<_> = project.file.gates.keys().map(String::as_str).collect();
        Error::not_found(format!("project {:?} has no gate {gate:?}", project.name))
            .hint(format!("its gates are: {}", names.join(", ")))
    })
}

/// What `gate` says about a version of a model now.
pub async fn gate_result(
    db: &Db,
    project: &Project,
    gate: &str,
    model: &str,
    number: i64,
) -> Result<GateResult> {
    Ok(state(db, project, spec(project, gate)?, model, number)
        .await?
        .result)
}

/// What every gate of the project says about a version, in the order in which they are passed.
pub async fn gate_results(
    db: &Db,
    project: &Project,
    model: &str,
    number: i64,
) -> Result<Vec<GateResult>> {
    let mut gates: Vec<&GateSpec> = project.file.gates.values().collect();
    gates.sort_by_key(|gate| (depth(project, gate), gate.name.clone()));
    let mut results = Vec::new();
    for gate in gates {
        results.push(state(db, project, gate, model, number).await?.result);
    }
    Ok(results)
}

fn depth(project: &Project, gate: &GateSpec) -> usize {
    let mut depth = 0;
    let mut gate = gate;
    // The file's check has ruled out circles; the limit is only a belt.
    while let Some(before) = gate
        .after
        .as_ref()
        .and_then(|name| project.file.gates.get(name))
        .filter(|_| depth < 100)
    {
        depth += 1;
        gate = before;
    }
    depth
}

/// Recursive over `after`, hence boxed.
pub(crate) fn state<'a>(
    db: &'a Db,
    project: &'a Project,
    gate: &'a GateSpec,
    model: &'a str,
    number: i64,
) -> BoxFuture<'a, Result<State>> {
    Box::pin(async move {
        let evaluation =
            evaluations::evaluation_of_version(db, &project.name, model, number).await?;
        let criteria = criteria(db, project, gate, evaluation.as_ref(), number).await?;
        let after = match gate
            .after
            .as_ref()
            .and_then(|name| project.file.gates.get(name))
        {
            Some(before) => {
                let result = state(db, project, before, model, number).await?.result;
                Some(Before {
                    obstacle: result.reason(),
                    verdict: result.verdict,
                    gate: result.gate,
                })
            }
            None => None,
        };
        let binding = evaluation
            .as_ref()
            .map(|evaluation| approval::binding(gate, evaluation));
        let decided = stored::of_version(db, &project.name, &gate.name, model, number).await?;
        let now = db.clock().now_ms();
        let by_rule = binding.as_ref().is_some_and(|binding| {
            decided
                .iter()
                .any(|it| it.role == BY_RULE && it.binding == *binding)
        });
        let needed: &[ApproveSpec] = match (&gate.auto, by_rule) {
            (Some(auto), true) => &auto.approve,
            _ => &gate.approve,
        };
        let approvals: Vec<_> = needed
            .iter()
            .map(|need| approval_need(need, gate, &decided, binding.as_deref(), now))
            .collect();
        let verdicts = criteria
            .iter()
            .map(|it| it.verdict)
            .chain(after.iter().map(|it| it.verdict));
        let verdict = Verdict::all(verdicts.chain(approvals.iter().map(verdict_of)));
        let result = GateResult {
            gate: gate.name.clone(),
            verdict,
            after,
            criteria,
            approvals,
            evaluation: evaluation.as_ref().map(|evaluation| evaluation.id.clone()),
            dataset: evaluation
                .as_ref()
                .map(|it| format!("{} version {}", it.dataset.name, it.dataset.version)),
        };
        Ok(State {
            result,
            binding,
            evaluation,
            by_rule,
        })
    })
}

/// A missing decision is unknown; a refusal fails.
fn verdict_of(need: &ApprovalNeed) -> Verdict {
    match need.state {
        ApprovalState::Given => Verdict::Pass,
        ApprovalState::Refused => Verdict::Fail,
        _ => Verdict::Unknown,
    }
}

fn approval_need(
    need: &ApproveSpec,
    gate: &GateSpec,
    decided: &[Approval],
    binding: Option<&str>,
    now: i64,
) -> ApprovalNeed {
    let mine: Vec<&Approval> = decided
        .iter()
        .filter(|it| it.role == need.role.as_str())
        .collect();
    let present = |it: &&&Approval| binding == Some(it.binding.as_str());
    let alive = |it: &&&Approval| {
        now < approval::ends_at(it.decided_at.unwrap_or(it.asked_at), gate.valid_for)
    };
    let in_state = |state: ApprovalState| mine.iter().filter(move |it| it.state == state);
    let mut people = BTreeSet::new();
    let given: Vec<Given> = in_state(ApprovalState::Given)
        .filter(present)
        .filter(alive)
        .filter(|it| people.insert(it.decided_by.clone()))
        .map(|it| Given {
            by: it.decided_by.clone(),
            at: it.decided_at.unwrap_or(it.asked_at),
            own: it.own,
            reason: it.reason.clone(),
        })
        .collect();
    let state = if in_state(ApprovalState::Refused).any(|it| binding == Some(it.binding.as_str())) {
        ApprovalState::Refused
    } else if given.len() as i64 >= need.count {
        ApprovalState::Given
    } else if in_state(ApprovalState::Given)
        .filter(present)
        .any(|it| !alive(&it))
    {
        ApprovalState::Expired
    } else if in_state(ApprovalState::Given).any(|it| binding != Some(it.binding.as_str())) {
        ApprovalState::Void
    } else if in_state(ApprovalState::Asked).any(|it| binding == Some(it.binding.as_str())) {
        ApprovalState::Asked
    } else {
        ApprovalState::Missing
    };
    ApprovalNeed {
        role: need.role,
        needed: need.count,
        given,
        state,
    }
}

/// What the evaluation says about each criterion of the gate, held against what holds now.
async fn criteria(
    db: &Db,
    project: &Project,
    gate: &GateSpec,
    evaluation: Option<&Evaluation>,
    number: i64,
) -> Result<Vec<CriterionResult>> {
    let champion = champion(db, project).await?;
    let mut results = Vec::new();
    for id in &gate.needs {
        let Some(criterion) = project.file.criterion(id) else {
            continue;
        };
        let now = project::criterion_version(db, &project.name, id).await?;
        let mut result = match evaluation.and_then(|evaluation| evaluation.criterion(id)) {
            Some(result) => result.clone(),
            None => CriterionResult {
                id: id.clone(),
                version: now,
                target: criterion.target_text(),
                verdict: Verdict::Unknown,
                measured: Measured::default(),
                baseline: None,
                difference: None,
                rows: 0,
                reason: match evaluation {
                    Some(_) => "it was not part of the evaluation; evaluate again".to_owned(),
                    None => "the version was never evaluated".to_owned(),
                },
            },
        };
        if let Some(stale) = evaluation.and_then(|it| {
            stale(
                gate,
                it,
                &result,
                now,
                criterion.versus,
                champion,
                number,
                db.clock().now_ms(),
            )
        }) {
            result.verdict = Verdict::Unknown;
            result.reason = stale;
        }
        results.push(result);
    }
    Ok(results)
}

/// Why a result does not count any more.
#[expect(
    clippy::too_many_arguments,
    reason = "each is one fact that can make a result stale"
)]
fn stale(
    gate: &GateSpec,
    evaluation: &Evaluation,
    result: &CriterionResult,
    version_now: i64,
    versus: Option<Versus>,
    champion: Option<i64>,
    number: i64,
    now: i64,
) -> Option<String> {
    if result.version != version_now {
        return Some(format!(
            "it was measured by version {} of the criterion, now there is version {version_now}; evaluate again",
            result.version
        ));
    }
    if now >= approval::ends_at(evaluation.created_at, gate.valid_for) {
        let age = project::duration::text(gate.valid_for.unwrap_or_default());
        return Some(format!(
            "the evaluation is older than {age}; evaluate again"
        ));
    }
    if versus == Some(Versus::Champion)
        && champion != evaluation.champion
        && champion != Some(number)
    {
        let name = |version: Option<i64>| {
            version.map_or("none".to_owned(), |version| format!("version {version}"))
        };
        return Some(format!(
            "the champion was {} then and is {} now; evaluate again",
            name(evaluation.champion),
            name(champion)
        ));
    }
    None
}

/// Which version of the project's model is champion.
pub(crate) async fn champion(db: &Db, project: &Project) -> Result<Option<i64>> {
    match crate::alias(db, project.file.model_name(), Versus::Champion.as_str()).await {
        Ok(version) => Ok(Some(version.version)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses with the gate's state where `alias` is protected and its gate is not passed by `version`. An alias that no
/// project protects may move. A refusal that only waits for people asks them (once).
pub async fn guard_alias(db: &Db, model: &str, alias: &str, number: i64) -> Result<()> {
    for project in project::projects(db).await? {
        let Some(gate) = project
            .file
            .gates
            .get(alias)
            .filter(|_| project.file.model_name() == model)
        else {
            continue;
        };
        version(db, model, number).await?;
        let state = state(db, &project, gate, model, number).await?;
        let Some(reason) = state
            .result
            .reason()
            .filter(|_| state.result.verdict != Verdict::Pass)
        else {
            if let (Some(binding), Some(evaluation)) = (&state.binding, &state.evaluation) {
                let place = (project.name.as_str(), alias, model);
                stored::remember_pass(db, place, number, binding, &evaluation.spec_digest).await?;
            }
            continue;
        };
        approval::request_approvals(db, &project, alias, number).await?;
        let link = format!("/p/{}/models/{model}/{number}", project.name);
        return Err(Error::forbidden(format!(
            "the alias {alias:?} of {model} is protected, and version {number} has not passed the gate: {reason}. See {link}"
        ))
        .hint(format!("the gate report is at {link}")));
    }
    Ok(())
}
