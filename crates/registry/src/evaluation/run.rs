//! Evaluate: measure a model on the held-out rows and store what was found.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::UInt32Array;
use arrow::compute::take_record_batch;
use arrow::record_batch::RecordBatch;
use base::{Error, EvaluationId, Kind, Result};
use data::measure::{Metric, days};
use data::{Data, Prepared, Task};
use project::{CriterionKind, Project, Versus};
use sha2::{Digest as _, Sha256};
use store::{Blobs, Db};

use super::judge::{judge, judge_system, unknown};
use super::predictor::Predictor;
use super::rows::{Baseline, Rows, answered};
use super::{
    CriterionResult, Evaluation, MetricResult, SliceResult, Subject, known, spec_digest, timing,
};
use crate::store::evaluation as stored;
use crate::{alias, package, version};

/// What the verbs of the registry need.
#[derive(Clone, Debug)]
pub struct Context {
    /// The control plane.
    pub db: Db,
    /// Where models lie.
    pub blobs: Blobs,
    /// Where rows lie.
    pub data: Data,
}

/// The model under evaluation.
struct Candidate {
    version: Option<i64>,
    run_id: Option<String>,
    folder: String,
}

/// Measures `subject` on the held-out rows of the current dataset versions: every metric with bounds, each slice,
/// today's rule and the champion on the same rows, and what each criterion says. The result is stored.
pub async fn evaluate(
    ctx: &Context,
    project: &Project,
    subject: &Subject,
    actor: &str,
) -> Result<Evaluation> {
    let model_name = project.file.model_name().to_owned();
    let candidate = candidate(ctx, &model_name, subject).await?;
    let model_digest = package::digest(&ctx.blobs, &candidate.folder).await?;
    let prepared = Arc::new(ctx.data.prepare(project).await?);
    let holdout = Holdout::of(&prepared)?;
    let model = Predictor::load(&ctx.blobs, &candidate.folder, prepared.task).await?;
    let champion = champion(ctx, &model_name).await?;
    let rows = Rows {
        task: prepared.task,
        payoff: project.file.payoff.as_ref().map(|payoff| payoff.amounts),
        seed: seed(project),
        truth: holdout.pick(&prepared.label),
        model: model.predict(&holdout.batch).await?,
        today: today(&prepared, &holdout),
        champion: predictions_of_champion(ctx, champion.as_ref(), &candidate, &prepared, &holdout)
            .await,
        simplest: simplest(project, &prepared, &holdout).await?,
        days: prepared
            .time_ms
            .as_ref()
            .map(|times| days(&holdout.pick(times)))
            .unwrap_or_default(),
        slices: prepared
            .slices
            .iter()
            .map(|(column, values)| (column.clone(), holdout.pick(values)))
            .collect(),
    };
    let key = holdout_key(project, &prepared);
    let uses = stored::holdout_uses(&ctx.db, &project.name, &key, &model_digest).await?;
    let versions = criterion_versions(&ctx.db, project).await?;
    let measuring = Measuring {
        project: project.clone(),
        rows,
        times: times(project, &model, &holdout).await?,
        versions,
        uses,
    };
    let found = tokio::task::spawn_blocking(move || measuring.run())
        .await
        .map_err(|error| Error::internal(format!("the evaluation broke: {error}")))?;
    let evaluation = Evaluation {
        id: EvaluationId::fresh().into(),
        project: project.name.clone(),
        project_version: project.version,
        model: model_name,
        version: candidate.version,
        run_id: candidate.run_id,
        model_digest,
        spec_digest: spec_digest(&project.file),
        dataset: prepared.dataset.clone(),
        datasets: prepared.datasets.clone(),
        rows: found.rows as i64,
        holdout_uses: uses,
        champion: champion.map(|champion| champion.version),
        metrics: found.metrics,
        slices: found.slices,
        criteria: found.criteria,
        created_at: ctx.db.clock().now_ms(),
        created_by: actor.to_owned(),
    };
    stored::save(&ctx.db, &evaluation, &key).await?;
    Ok(evaluation)
}

async fn candidate(ctx: &Context, model: &str, subject: &Subject) -> Result<Candidate> {
    match subject {
        Subject::Version(number) => {
            let found = version(&ctx.db, model, *number).await?;
            Ok(Candidate {
                version: Some(found.version),
                run_id: found.run_id.as_ref().map(ToString::to_string),
                folder: package::of_version(&found)?,
            })
        }
        Subject::Run(id) => {
            let run = experiments::get_run(&ctx.db, id).await?;
            Ok(Candidate {
                version: None,
                run_id: Some(id.to_string()),
                folder: package::of_run(&run)?,
            })
        }
    }
}

async fn champion(ctx: &Context, model: &str) -> Result<Option<crate::ModelVersion>> {
    match alias(&ctx.db, model, Versus::Champion.as_str()).await {
        Ok(version) => Ok(Some(version)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn criterion_versions(db: &Db, project: &Project) -> Result<BTreeMap<String, i64>> {
    let mut versions = BTreeMap::new();
    for criterion in &project.file.criteria {
        versions.insert(
            criterion.id.clone(),
            project::criterion_version(db, &project.name, &criterion.id).await?,
        );
    }
    Ok(versions)
}

/// The same rows held out of the same data have the same key.
fn holdout_key(project: &Project, prepared: &Prepared) -> String {
    let key = serde_json::json!([
        project.file.split,
        project.file.label,
        project.file.views,
        prepared.datasets
    ]);
    hex::encode(Sha256::digest(key.to_string()))
}

/// Held-out rows whose truth is known.
struct Holdout {
    rows: Vec<u32>,
    batch: RecordBatch,
}

impl Holdout {
    fn of(prepared: &Prepared) -> Result<Self> {
        let rows: Vec<u32> = prepared
            .holdout
            .iter()
            .copied()
            .filter(|row| prepared.label[*row as usize].is_finite())
            .collect();
        if rows.is_empty() {
            return Err(Error::conflict("no row with a known truth is held out")
                .hint("add data, or change [split] or the label's horizon"));
        }
        let batch = take_record_batch(&prepared.batch, &UInt32Array::from(rows.clone())).map_err(
            |error| Error::internal("the held-out rows could not be taken").because(error),
        )?;
        Ok(Self { rows, batch })
    }

    fn pick<T: Clone>(&self, of: &[T]) -> Vec<T> {
        self.rows
            .iter()
            .map(|row| of[*row as usize].clone())
            .collect()
    }
}

fn seed(project: &Project) -> u64 {
    project
        .file
        .train
        .as_ref()
        .map(|train| train.seed)
        .unwrap_or_default()
}

fn today(prepared: &Prepared, holdout: &Holdout) -> Baseline {
    match &prepared.today {
        Some(today) => Baseline::Predicted(holdout.pick(today)),
        None => Baseline::Unknown("charter.today_sql does not say today's rule".to_owned()),
    }
}

async fn predictions_of_champion(
    ctx: &Context,
    champion: Option<&crate::ModelVersion>,
    candidate: &Candidate,
    prepared: &Prepared,
    holdout: &Holdout,
) -> Baseline {
    let Some(champion) = champion else {
        return Baseline::None;
    };
    if Some(champion.version) == candidate.version {
        return Baseline::Itself;
    }
    let predicted = async {
        let folder = package::of_version(champion)?;
        Predictor::load(&ctx.blobs, &folder, prepared.task)
            .await?
            .predict(&holdout.batch)
            .await
    };
    baseline("the champion", predicted.await)
}

/// The candidate called "simplest", fitted on the training rows; only where a criterion asks for it.
async fn simplest(
    project: &Project,
    prepared: &Arc<Prepared>,
    holdout: &Holdout,
) -> Result<Baseline> {
    let wanted = project
        .file
        .criteria
        .iter()
        .any(|criterion| criterion.versus == Some(Versus::Simplest));
    let candidates = project
        .file
        .train
        .iter()
        .filter(|_| wanted)
        .flat_map(|train| &train.candidates);
    let Some(spec) = candidates
        .clone()
        .find(|candidate| candidate.id == "simplest")
        .cloned()
    else {
        return Ok(Baseline::None);
    };
    let (prepared, batch, seed) = (prepared.clone(), holdout.batch.clone(), seed(project));
    let fitted = tokio::task::spawn_blocking(move || {
        training::fit(&spec, &spec.params, &prepared, &prepared.train, seed)?.predict(&batch)
    })
    .await
    .map_err(|error| Error::internal(format!("the simplest candidate broke: {error}")))?;
    Ok(baseline("the simplest candidate", fitted))
}

fn baseline(who: &str, answer: Result<Vec<f64>>) -> Baseline {
    match answer {
        Ok(predicted) => Baseline::Predicted(predicted),
        Err(error) => Baseline::Unknown(format!("{who} cannot predict these rows: {error}")),
    }
}

/// Times of single requests, where a criterion asks for them and the model runs in this process.
async fn times(
    project: &Project,
    model: &Predictor,
    holdout: &Holdout,
) -> Result<Option<timing::Times>> {
    let asked = project
        .file
        .criteria
        .iter()
        .any(|criterion| criterion.kind == CriterionKind::System && !criterion.is_live_only());
    if asked {
        model.times(&holdout.batch).await
    } else {
        Ok(None)
    }
}

/// Everything that measuring needs, so that it can leave the async threads.
struct Measuring {
    project: Project,
    rows: Rows,
    times: Option<timing::Times>,
    versions: BTreeMap<String, i64>,
    uses: i64,
}

struct Found {
    rows: usize,
    metrics: Vec<MetricResult>,
    slices: Vec<SliceResult>,
    criteria: Vec<CriterionResult>,
}

impl Measuring {
    fn run(&self) -> Found {
        Found {
            rows: self.rows.truth.len(),
            metrics: self.metrics(&self.rows),
            slices: slices(&self.rows, &self.wanted()),
            criteria: self.criteria(&self.rows),
        }
    }

    /// The metrics that are shown: those of the criteria, the optimised one and the usual ones of the task.
    fn wanted(&self) -> Vec<(Metric, Option<i64>)> {
        let usual: &[&str] = match self.rows.task {
            Task::Regression => &["mae", "rmse", "wape", "r2", "bias"],
            Task::Binary => &[
                "roc_auc",
                "pr_auc",
                "log_loss",
                "brier",
                "precision",
                "recall",
                "f1",
                "ece",
            ],
        };
        let file = &self.project.file;
        let of_criteria = file
            .criteria
            .iter()
            .filter(|it| it.kind != CriterionKind::System)
            .map(|it| (it.metric.as_str(), it.k));
        let optimised = file
            .train
            .iter()
            .map(|train| (train.optimise.metric.as_str(), None));
        let payoff = file.payoff.iter().map(|_| ("payoff_per_1000", None));
        let mut wanted: Vec<(Metric, Option<i64>)> = Vec::new();
        for (name, k) in of_criteria
            .chain(optimised)
            .chain(payoff)
            .chain(usual.iter().map(|name| (*name, None)))
        {
            if let Ok(metric) = name.parse::<Metric>()
                && metric.task().is_none_or(|task| task == self.rows.task)
                && !wanted.iter().any(|(known, _)| *known == metric)
            {
                wanted.push((metric, k));
            }
        }
        wanted
    }

    fn metrics(&self, rows: &Rows) -> Vec<MetricResult> {
        let all = rows.all();
        let mut results = Vec::new();
        for (metric, k) in self.wanted() {
            // A metric that cannot be computed on this label is not shown.
            let Ok(interval) = rows.interval(metric, k, None, &all) else {
                continue;
            };
            let of = |baseline: &Baseline| match baseline {
                Baseline::Predicted(predicted) => rows
                    .value(metric, k, predicted, &answered(predicted, &all))
                    .ok()
                    .and_then(known),
                _ => None,
            };
            let over_champion = match &rows.champion {
                Baseline::Predicted(champion) => rows
                    .difference(metric, k, None, champion, &answered(champion, &all))
                    .ok()
                    .map(Into::into),
                _ => None,
            };
            results.push(MetricResult {
                name: metric.as_str().to_owned(),
                measured: interval.into(),
                today: of(&rows.today),
                champion: of(&rows.champion),
                over_champion,
            });
        }
        results
    }

    fn criteria(&self, rows: &Rows) -> Vec<CriterionResult> {
        let file = &self.project.file;
        let limit = file
            .split
            .as_ref()
            .and_then(|split| split.max_holdout_uses)
            .unwrap_or(i64::MAX);
        let told = file
            .criteria
            .iter()
            .filter(|criterion| !criterion.is_live_only());
        told.map(|criterion| {
                let version = self.versions.get(&criterion.id).copied().unwrap_or_default();
                if criterion.kind == CriterionKind::System {
                    let value = self.times.as_ref().and_then(|times| times.metric(&criterion.metric));
                    return judge_system(criterion, version, value, timing::REQUESTS);
                }
                if self.uses > limit {
                    let reason = format!("the holdout has judged {} models, {limit} are allowed: it has been tuned on, a fresh one is needed", self.uses);
                    return unknown(criterion, version, rows.truth.len(), reason);
                }
                judge(criterion, version, rows)
            })
            .collect()
    }
}

fn slices(rows: &Rows, metrics: &[(Metric, Option<i64>)]) -> Vec<SliceResult> {
    let mut results = Vec::new();
    for column in rows.slices.keys() {
        for (value, at) in rows.by_value(column).unwrap_or_default() {
            let measured = metrics.iter().filter_map(|(metric, k)| {
                let value = rows
                    .value(*metric, *k, &rows.model, &at)
                    .ok()
                    .and_then(known)?;
                Some((metric.as_str().to_owned(), value))
            });
            results.push(SliceResult {
                column: column.clone(),
                value: value.to_owned(),
                rows: at.len() as i64,
                metrics: measured.collect(),
            });
        }
    }
    results
}
