//! Promotion: a run becomes a version, a version receives an alias.
//!
//! A version passes a gate by criteria and people, or (only for retrainings) by the gate's own rule, which the
//! stakeholder signed with the project file.

use base::{ApprovalId, Error, Kind, Result, RunId};
use data::measure::Metric;
use project::metric::Better;
use project::{Project, Risk, Verdict};
use serde::Serialize;
use store::{AuditEntry, Db};

use crate::alias::{alias, check_alias};
use crate::approval::{Approval, ApprovalState, BY_RULE, SYSTEM, request_approvals};
use crate::evaluation::number::shown;
use crate::evaluation::run::{Context, evaluate};
use crate::evaluation::{Evaluation, MetricResult, Subject, spec_digest};
use crate::gate::{self, GateResult, gate_result, guard_alias};
use crate::model::By;
use crate::store::approval as stored;
use crate::store::evaluation as evaluations;
use crate::{ModelVersion, NewVersion, create_model, create_version};

/// The gate between runs and versions.
const CANDIDATE: &str = "candidate";
/// The alias that remembers where another one pointed.
const PREVIOUS: &str = "previous";

/// An alias that was moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Promotion {
    /// The alias.
    pub alias: String,
    /// The version it names now.
    pub version: i64,
    /// The version it named before.
    pub previous: Option<i64>,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Registration {
    /// The version; absent if the run did not pass the gate.
    pub version: Option<ModelVersion>,
    /// What was measured.
    pub evaluation: Evaluation,
    /// Why there is no version.
    pub refusal: Option<String>,
}

/// What the gate's own rule decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AutoOutcome {
    /// Whether the alias was moved.
    pub promoted: bool,
    /// Why, or why not.
    pub why: String,
}

/// Evaluates a run's model and, if it passes the gate `candidate`, makes it a version of the project's model. A run
/// that is a version already is only evaluated again.
pub async fn register(
    ctx: &Context,
    project: &Project,
    run: &RunId,
    actor: &str,
) -> Result<Registration> {
    if let Some(version) = version_of_run(ctx, project, run).await? {
        let evaluation = evaluate_version(ctx, project, version.version, actor).await?;
        return Ok(Registration {
            version: Some(version),
            evaluation,
            refusal: None,
        });
    }
    let evaluation = evaluate(ctx, project, &Subject::Run(run.clone()), actor).await?;
    if let Some(refusal) = candidate_refusal(project, &evaluation) {
        return Ok(Registration {
            version: None,
            evaluation,
            refusal: Some(refusal),
        });
    }
    let version = make_version(ctx, project, run, actor).await?;
    let evaluation = evaluate_version(ctx, project, version.version, actor).await?;
    Ok(Registration {
        version: Some(version),
        evaluation,
        refusal: None,
    })
}

/// Evaluates a version, and asks the people whom a gate now waits for.
pub async fn evaluate_version(
    ctx: &Context,
    project: &Project,
    number: i64,
    actor: &str,
) -> Result<Evaluation> {
    let evaluation = evaluate(ctx, project, &Subject::Version(number), actor).await?;
    if gate::champion(&ctx.db, project).await? != Some(number) {
        for gate in project
            .file
            .gates
            .values()
            .filter(|gate| !gate.approve.is_empty())
        {
            request_approvals(&ctx.db, project, &gate.name, number).await?;
        }
    }
    Ok(evaluation)
}

/// Why a run may not become a version, with criterion, value, bound and data.
fn candidate_refusal(project: &Project, evaluation: &Evaluation) -> Option<String> {
    let gate = project.file.gates.get(CANDIDATE)?;
    let criteria: Vec<_> = gate
        .needs
        .iter()
        .filter_map(|id| evaluation.criterion(id).cloned())
        .collect();
    let result = GateResult {
        gate: CANDIDATE.to_owned(),
        verdict: Verdict::all(criteria.iter().map(|it| it.verdict)),
        after: None,
        criteria,
        approvals: Vec::new(),
        evaluation: Some(evaluation.id.clone()),
        dataset: Some(format!(
            "{} version {}",
            evaluation.dataset.name, evaluation.dataset.version
        )),
    };
    result.obstacle()
}

async fn version_of_run(
    ctx: &Context,
    project: &Project,
    run: &RunId,
) -> Result<Option<ModelVersion>> {
    let search = crate::ModelSearch {
        filter: format!(
            "name = '{}' AND run_id = '{run}'",
            project.file.model_name().replace('\'', "''")
        ),
        ..Default::default()
    };
    Ok(crate::search_versions(&ctx.db, &search)
        .await?
        .items
        .into_iter()
        .next())
}

async fn make_version(
    ctx: &Context,
    project: &Project,
    id: &RunId,
    actor: &str,
) -> Result<ModelVersion> {
    let name = project.file.model_name();
    match create_model(&ctx.db, name, &project.file.project.title, Vec::new()).await {
        Ok(_) => {}
        Err(error) if error.kind() == Kind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    let run = experiments::get_run(&ctx.db, id).await?;
    create_version(
        &ctx.db,
        NewVersion {
            name: name.to_owned(),
            source: format!("runs:/{id}/model"),
            run_id: Some(id.clone()),
            model_id: run
                .model_outputs
                .last()
                .map(|output| output.model_id.clone()),
            user: actor.to_owned(),
            ..NewVersion::default()
        },
    )
    .await
}

/// Moves an alias of the project's model to a version. A protected alias moves only past its gate; where it pointed
/// before stays known as the alias `previous`.
pub async fn promote(
    db: &Db,
    project: &Project,
    number: i64,
    name: &str,
    actor: &str,
) -> Result<Promotion> {
    let model = project.file.model_name();
    let before = match alias(db, model, name).await {
        Ok(version) => Some(version.version),
        Err(error) if error.kind() == Kind::NotFound => None,
        Err(error) => return Err(error),
    };
    if before == Some(number) {
        return Ok(Promotion {
            alias: name.to_owned(),
            version: number,
            previous: before,
        });
    }
    check_alias(name)?;
    crate::version(db, model, number).await?;
    guard_alias(db, model, name, number).await?;
    let mut moves = vec![(name.to_owned(), number)];
    if let Some(before) =
        before.filter(|_| name != PREVIOUS && project.file.gates.contains_key(name))
    {
        guard_alias(db, model, PREVIOUS, before).await?;
        moves.insert(0, (PREVIOUS.to_owned(), before));
    }
    let by = By::of(db, model, actor).await?;
    let promoted = AuditEntry {
        actor: actor.to_owned(),
        action: "registry.promoted".to_owned(),
        project: project.name.clone(),
        object: format!("model/{model}/{number}"),
        detail: serde_json::json!({"alias": name, "previous": before}),
    };
    let model = model.to_owned();
    db.write(move |tx| {
        let (model, moves, by, promoted) =
            (model.clone(), moves.clone(), by.clone(), promoted.clone());
        Box::pin(async move {
            for (alias, number) in &moves {
                crate::alias::move_to(tx, &by, &model, alias, *number).await?;
            }
            tx.audit(&promoted).await
        })
    })
    .await?;
    Ok(Promotion {
        alias: name.to_owned(),
        version: number,
        previous: before,
    })
}

/// Promotes a retrained version without people, if the gate `name` has a rule for it (`auto`), the spec is the one by
/// which the present champion passed, every criterion passes, and the version is better by more than the rule asks.
/// Where the rule does not apply, people are asked.
pub async fn promote_automatically(
    db: &Db,
    project: &Project,
    number: i64,
    name: &str,
) -> Result<AutoOutcome> {
    match rule_allows(db, project, number, name).await? {
        Err(why) => {
            if project.file.gates.contains_key(name) {
                request_approvals(db, project, name, number).await?;
            }
            Ok(AutoOutcome {
                promoted: false,
                why,
            })
        }
        Ok(why) => {
            sign_by_rule(db, project, number, name, &why).await?;
            let result = gate_result(db, project, name, project.file.model_name(), number).await?;
            if let Some(reason) = result.reason() {
                return Ok(AutoOutcome {
                    promoted: false,
                    why: format!("{why}, but {reason}"),
                });
            }
            promote(db, project, number, name, SYSTEM).await?;
            Ok(AutoOutcome {
                promoted: true,
                why,
            })
        }
    }
}

async fn rule_allows(
    db: &Db,
    project: &Project,
    number: i64,
    name: &str,
) -> Result<Result<String, String>> {
    let model = project.file.model_name();
    let spec = gate::spec(project, name)?;
    let state = gate::state(db, project, spec, model, number).await?;
    if let Some(obstacle) = state.result.obstacle() {
        return Ok(Err(obstacle));
    }
    let Some(auto) = &spec.auto else {
        return Ok(Err(format!(
            "gate {name} has no rule for automatic promotion, so people decide"
        )));
    };
    if project.file.project.risk == Risk::High {
        return Ok(Err(
            "the project's risk is high, so people decide".to_owned()
        ));
    }
    let Some(champion) = gate::champion(db, project).await? else {
        return Ok(Err(
            "there is no champion yet: people decide about the first one".to_owned(),
        ));
    };
    let spec_now = spec_digest(&project.file);
    let passed = stored::passed_spec(db, &project.name, name, model, champion).await?;
    let evaluated = state
        .evaluation
        .as_ref()
        .map(|evaluation| evaluation.spec_digest.as_str());
    if passed.as_deref() != Some(&spec_now) || evaluated != Some(&spec_now) {
        return Ok(Err(format!(
            "criteria, features, split, training or gates are not those by which version {champion} became champion, so people decide"
        )));
    }
    let optimised = project
        .file
        .train
        .as_ref()
        .map(|train| train.optimise.metric.as_str())
        .unwrap_or_default();
    let result = state
        .evaluation
        .as_ref()
        .and_then(|evaluation| evaluation.metric(optimised));
    Ok(better_by(result, optimised, champion, auto.if_better_by))
}

/// Whether the version is better than the champion by more than `least`, in words.
fn better_by(
    result: Option<&MetricResult>,
    name: &str,
    champion: i64,
    least: f64,
) -> Result<String, String> {
    let difference = result
        .and_then(|result| result.over_champion)
        .and_then(|it| it.value);
    let (Some(difference), Ok(metric)) = (difference, name.parse::<Metric>()) else {
        return Err(format!(
            "{name} could not be compared with version {champion}, so people decide"
        ));
    };
    let better = match metric.direction() {
        Better::Higher => difference,
        Better::Lower => -difference,
        Better::Zero => {
            return Err(format!(
                "{name} has no direction in which it is better, so people decide"
            ));
        }
    };
    if better > least {
        Ok(format!(
            "{name} is better than that of version {champion} by {}, more than the {} that the rule asks",
            shown(better),
            shown(least)
        ))
    } else {
        Err(format!(
            "{name} is better than that of version {champion} by {}, not more than the {} that the rule asks",
            shown(better),
            shown(least)
        ))
    }
}

async fn sign_by_rule(
    db: &Db,
    project: &Project,
    number: i64,
    name: &str,
    why: &str,
) -> Result<()> {
    let model = project.file.model_name();
    let state = gate::state(db, project, gate::spec(project, name)?, model, number).await?;
    if state.by_rule {
        return Ok(());
    }
    let binding = state.binding.ok_or_else(|| {
        Error::conflict(format!("version {number} of {model} was never evaluated"))
    })?;
    let now = db.clock().now_ms();
    let decision = Approval {
        id: ApprovalId::fresh().into(),
        project: project.name.clone(),
        gate: name.to_owned(),
        model: model.to_owned(),
        version: number,
        role: BY_RULE.to_owned(),
        state: ApprovalState::Given,
        binding,
        asked_at: now,
        decided_at: Some(now),
        decided_by: SYSTEM.to_owned(),
        own: false,
        reason: format!("the rule of gate {name}: {why}"),
    };
    stored::decide(db, decision).await?;
    Ok(())
}

/// The newest evaluation of the model that is champion.
pub async fn champion_evaluation(db: &Db, project: &Project) -> Result<Option<Evaluation>> {
    match gate::champion(db, project).await? {
        Some(number) => {
            evaluations::evaluation_of_version(db, &project.name, project.file.model_name(), number)
                .await
        }
        None => Ok(None),
    }
}
