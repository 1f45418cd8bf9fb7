//! The run that stands for a whole training.

use base::{Error, Result};
use data::Prepared;
use experiments::{
    Batch, DatasetInput, DatasetRef, Metric, NewRun, Param, Run, RunStatus, Search, Tag,
};
use project::{Project, TrainSpec};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{TrainContext, TrainOutcome, Work};

/// The tag that says which training a parent run stands for.
const TRAIN_KEY: &str = "ironloop.train_key";

/// Goes on in the run that was left unfinished by the same training, or begins a new one.
pub(super) async fn begin(
    ctx: &TrainContext,
    project: &Project,
    spec: &TrainSpec,
    data: &Prepared,
) -> Result<Run> {
    let experiment = experiments::experiment_named(&ctx.db, &spec.experiment).await?;
    let key = key(ctx, project, spec, data)?;
    let unfinished = Search {
        experiment_ids: vec![experiment.id.clone()],
        filter: format!("tags.`{TRAIN_KEY}` = '{key}' AND attributes.status = 'RUNNING'"),
        max_results: Some(1),
        ..Search::default()
    };
    if let Some(run) = experiments::search_runs(&ctx.db, &unfinished)
        .await?
        .items
        .into_iter()
        .next()
    {
        tracing::info!(run_id = %run.id, "the training goes on where it was cut off");
        return Ok(run);
    }
    let mut tags = common_tags(project, data);
    tags.push(Tag::new(TRAIN_KEY, key));
    tags.push(Tag::new("ironloop.kind", "training"));
    let new = NewRun {
        experiment_id: experiment.id,
        name: format!("train {}", project.name),
        tags,
        start_time: None,
        user: ctx.request.user.clone(),
    };
    let run = experiments::create_run(&ctx.db, new).await?;
    experiments::log_inputs(
        &ctx.db,
        &run.id,
        vec![dataset_input(project, data)],
        Vec::new(),
    )
    .await?;
    Ok(run)
}

/// What makes two trainings the same: project, data, what is asked for, and the program's version.
fn key(ctx: &TrainContext, project: &Project, spec: &TrainSpec, data: &Prepared) -> Result<String> {
    let datasets: Vec<_> = data
        .datasets
        .iter()
        .map(|dataset| (&dataset.name, dataset.version, &dataset.digest))
        .collect();
    let text = serde_json::to_string(&json!({
        "project": project.name, "train": spec, "split": project.file.split, "label": project.file.label,
        "features": project.file.features, "views": project.file.views, "datasets": datasets, "train_rows": data.train.len(),
        "candidates": ctx.request.candidates, "trials": ctx.request.trials, "version": env!("CARGO_PKG_VERSION"),
    }))?;
    Ok(hex::encode(&Sha256::digest(text)[..16]))
}

/// What every run of the project says.
pub(super) fn common_tags(project: &Project, data: &Prepared) -> Vec<Tag> {
    vec![
        Tag::new("ironloop.project", project.name.clone()),
        Tag::new("ironloop.project.version", project.version.to_string()),
        Tag::new("ironloop.dataset", data.dataset.name.clone()),
        Tag::new("ironloop.dataset.version", data.dataset.version.to_string()),
        Tag::new("ironloop.dataset.digest", data.dataset.digest.clone()),
        Tag::new("ironloop.split", json!({"train": data.train.len(), "holdout": data.holdout.len(), "folds": data.folds.len()}).to_string()),
    ]
}

/// The dataset as MLflow describes one.
pub(super) fn dataset_input(project: &Project, data: &Prepared) -> DatasetInput {
    let source = json!({"project": project.name, "dataset": data.dataset.name, "version": data.dataset.version});
    let schema: Vec<_> = data
        .batch
        .schema()
        .fields()
        .iter()
        .map(|field| json!({"name": field.name(), "type": field.data_type().to_string()}))
        .collect();
    let dataset = DatasetRef {
        name: data.dataset.name.clone(),
        // MLflow's digests have at most 36 characters; the whole one is in the tags.
        digest: data.dataset.digest.chars().take(32).collect(),
        source_type: "ironloop".to_owned(),
        source: source.to_string(),
        schema: Some(json!({"columns": schema}).to_string()),
        profile: Some(json!({"rows": data.batch.num_rows(), "train": data.train.len(), "holdout": data.holdout.len()}).to_string()),
    };
    DatasetInput {
        dataset,
        tags: vec![Tag::new("mlflow.data.context", "train")],
    }
}

/// Writes what came of the training, and ends its run.
pub(super) async fn end(work: &Work<'_>, outcome: &TrainOutcome) -> Result<()> {
    let (db, id) = (&work.ctx.db, &work.parent.id);
    let now = db.clock().now_ms();
    let mut batch = Batch::default();
    if let Some(best) = outcome.leaderboard.first() {
        batch.metrics = vec![
            Metric::new(best.metric.clone(), best.mean, now, 0),
            Metric::new(format!("{}_std", best.metric), best.std, now, 0),
        ];
        batch.params = vec![
            Param::new("candidate", best.candidate.clone()),
            Param::new("optimise", best.metric.clone()),
            Param::new("seed", work.spec.seed.to_string()),
        ];
    }
    batch.metrics.push(Metric::new(
        "trials",
        outcome.leaderboard.len() as f64,
        now,
        0,
    ));
    batch.tags = vec![Tag::new("ironloop.best_run", outcome.best_run.to_string())];
    experiments::log_batch(db, id, batch).await?;
    experiments::end_run(db, id, RunStatus::Finished).await
}

/// Says in the run why the training ended early.
pub(super) async fn fail(work: &Work<'_>, error: &Error) -> Result<()> {
    let (db, id) = (&work.ctx.db, &work.parent.id);
    let reason: String = error.message().chars().take(2000).collect();
    experiments::set_tags(db, id, vec![Tag::new("ironloop.error", reason)]).await?;
    experiments::end_run(db, id, RunStatus::Failed).await
}
