//! The table of criteria: target, the best run, the champion, and live.

use base::Result;
use project::{Criterion, Project, Verdict};
use registry::{CriterionResult, Evaluation};
use serde_json::{Value, json};

use crate::app::App;

/// Evaluations that are looked through for the best run.
const EVALUATIONS: usize = 100;

pub(super) async fn rows(app: &App, project: &Project) -> Result<Vec<Value>> {
    let evaluations = registry::evaluations(&app.db, &project.name, EVALUATIONS).await?;
    let champion = registry::champion_evaluation(&app.db, project).await?;
    let live = monitoring::live_criteria(&app.db, project).await?;
    let mut rows = Vec::new();
    for criterion in &project.file.criteria {
        let version = project::criterion_version(&app.db, &project.name, &criterion.id).await?;
        rows.push(json!({
            "id": criterion.id, "version": version, "kind": criterion.kind, "metric": criterion.metric, "on": criterion.on,
            "target": criterion.target_text(), "goal": criterion.goal,
            "best_run": best_run(criterion, version, &evaluations),
            "champion": champion.as_ref().and_then(|champion| of_champion(champion, criterion, version)),
            "live": live.get(&criterion.id),
        }));
    }
    Ok(rows)
}

/// The best of the runs that were measured by the present version of the criterion; one that passes comes before one
/// that does not.
fn best_run(criterion: &Criterion, version: i64, evaluations: &[Evaluation]) -> Option<Value> {
    let sign = if criterion.op.wants_small() {
        -1.0
    } else {
        1.0
    };
    let measured = evaluations.iter().filter_map(|evaluation| {
        let result = evaluation
            .criterion(&criterion.id)
            .filter(|result| result.version == version)?;
        Some((evaluation.run_id.as_ref()?, result, result.measured.value?))
    });
    let rank =
        |result: &CriterionResult, value: f64| (result.verdict == Verdict::Pass, value * sign);
    let best = measured.max_by(|a, b| {
        let (a, b) = (rank(a.1, a.2), rank(b.1, b.2));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    })?;
    Some(json!({"run_id": best.0, "value": best.2, "verdict": best.1.verdict}))
}

/// What was measured by an older version of the criterion says nothing about the present one.
fn of_champion(evaluation: &Evaluation, criterion: &Criterion, version: i64) -> Option<Value> {
    let result = evaluation.criterion(&criterion.id)?;
    let verdict = if result.version == version {
        result.verdict
    } else {
        Verdict::Unknown
    };
    Some(json!({
        "version": evaluation.version, "value": result.measured.value, "lower": result.measured.lower,
        "upper": result.measured.upper, "verdict": verdict, "reason": result.reason,
    }))
}
