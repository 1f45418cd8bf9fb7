//! A trial as an MLflow run: written, and read back after an interruption.

use std::collections::BTreeMap;

use base::{Error, LoggedModelId, Result};
use data::measure::Metric;
use experiments::{
    Batch, LoggedModelStatus, Metric as Point, ModelOutput, NewLoggedModel, NewRun, Param, Run,
    RunStatus, Tag,
};
use project::CandidateSpec;

use super::Work;
use super::parent::{common_tags, dataset_input};
use crate::fit::fit;
use crate::package::Package;
use crate::params::{Params, text};
use crate::trial::Scores;

const TRIAL_KEY: &str = "ironloop.trial_key";
const PARAMS: &str = "ironloop.params";

/// A trial that was measured.
pub(super) struct Trial {
    pub run: Run,
    pub candidate: String,
    pub params: Params,
    pub scores: Scores,
}

/// Begins the run of a trial. `params` are the trial's own, `shown` those that count in the end.
pub(super) async fn begin(
    work: &Work<'_>,
    candidate: &CandidateSpec,
    key: &str,
    params: &Params,
    shown: &Params,
) -> Result<Run> {
    let db = &work.ctx.db;
    let mut tags = common_tags(work.project, &work.data);
    tags.extend([
        Tag::new("mlflow.parentRunId", work.parent.id.to_string()),
        Tag::new("ironloop.kind", "trial"),
        Tag::new("ironloop.candidate", candidate.id.clone()),
        Tag::new("ironloop.algorithm", candidate.algorithm.as_str()),
        Tag::new(TRIAL_KEY, key),
        Tag::new(PARAMS, serde_json::to_string(params)?),
    ]);
    let new = NewRun {
        experiment_id: work.parent.experiment_id.clone(),
        name: key.to_owned(),
        tags,
        start_time: None,
        user: work.ctx.request.user.clone(),
    };
    let run = experiments::create_run(db, new).await?;
    let params = [
        (
            "algorithm".to_owned(),
            candidate.algorithm.as_str().to_owned(),
        ),
        ("seed".to_owned(), work.spec.seed.to_string()),
    ]
    .into_iter()
    .chain(
        shown
            .iter()
            .map(|(name, value)| (name.clone(), text(value))),
    )
    .map(|(name, value)| Param::new(name, value))
    .collect();
    experiments::log_batch(
        db,
        &run.id,
        Batch {
            params,
            ..Batch::default()
        },
    )
    .await?;
    experiments::log_inputs(
        db,
        &run.id,
        vec![dataset_input(work.project, &work.data)],
        Vec::new(),
    )
    .await?;
    Ok(run)
}

/// Writes the scores and ends the run.
pub(super) async fn end(work: &Work<'_>, run: &Run, scores: &Scores) -> Result<()> {
    let db = &work.ctx.db;
    let now = db.clock().now_ms();
    let metric = work.metric.as_str();
    let mut metrics = vec![
        Point::new(metric, scores.mean, now, 0),
        Point::new(format!("{metric}_std"), scores.std, now, 0),
    ];
    metrics.extend(
        scores
            .folds
            .iter()
            .enumerate()
            .map(|(fold, value)| Point::new(format!("{metric}_fold"), *value, now, fold as i64)),
    );
    metrics.extend(
        scores
            .others
            .iter()
            .map(|(name, value)| Point::new(name.clone(), *value, now, 0)),
    );
    experiments::log_batch(
        db,
        &run.id,
        Batch {
            metrics,
            ..Batch::default()
        },
    )
    .await?;
    experiments::end_run(db, &run.id, RunStatus::Finished).await
}

/// Says in the run why there are no scores.
pub(super) async fn fail(work: &Work<'_>, run: &Run, error: &Error) -> Result<()> {
    let reason: String = error.message().chars().take(2000).collect();
    experiments::set_tags(
        &work.ctx.db,
        &run.id,
        vec![Tag::new("ironloop.error", reason)],
    )
    .await?;
    experiments::end_run(&work.ctx.db, &run.id, RunStatus::Failed).await
}

/// The trial `key` out of a finished run; none if the run is another trial or was not measured by `metric`.
pub(super) fn read(run: &Run, key: &str, metric: Metric) -> Option<Trial> {
    if run.tag(TRIAL_KEY) != Some(key) {
        return None;
    }
    let params: Params = serde_json::from_str(run.tag(PARAMS)?).ok()?;
    let mean = run.metric(metric.as_str())?;
    let std = run.metric(&format!("{metric}_std")).unwrap_or(0.0);
    let candidate = run.tag("ironloop.candidate")?.to_owned();
    let scores = Scores {
        mean,
        std,
        folds: Vec::new(),
        others: BTreeMap::new(),
    };
    Some(Trial {
        run: run.clone(),
        candidate,
        params,
        scores,
    })
}

/// Fits the trial again on all training rows and logs its model, unless that was done before.
pub(super) async fn model(work: &Work<'_>, candidate: &CandidateSpec, trial: &Trial) -> Result<()> {
    let db = &work.ctx.db;
    let run = experiments::get_run(db, &trial.run.id).await?;
    if run.tag("ironloop.model.digest").is_some() {
        return Ok(());
    }
    let new = NewLoggedModel {
        experiment_id: run.experiment_id.clone(),
        name: "model".to_owned(),
        model_type: candidate.algorithm.as_str().to_owned(),
        source_run_id: Some(run.id.clone()),
        params: run.params.clone(),
        tags: vec![
            Tag::new("ironloop.project", work.project.name.clone()),
            Tag::new("ironloop.candidate", candidate.id.clone()),
        ],
    };
    let logged = experiments::create_logged_model(db, new).await?;
    let package = pack(work, candidate, trial, &logged.id).await?;
    for folder in [
        experiments::blob_path(&logged.artifact_uri)?,
        experiments::artifact_path(&run, "model")?,
    ] {
        package.write(&work.ctx.blobs, &folder).await?;
    }
    experiments::finalize_logged_model(db, &logged.id, LoggedModelStatus::Ready).await?;
    experiments::log_outputs(
        db,
        &run.id,
        vec![ModelOutput {
            model_id: logged.id.clone(),
            step: 0,
        }],
    )
    .await?;
    let tags = vec![
        Tag::new("ironloop.model.digest", package.digest()),
        Tag::new("ironloop.model_id", logged.id.to_string()),
    ];
    experiments::set_tags(db, &run.id, tags).await
}

async fn pack(
    work: &Work<'_>,
    candidate: &CandidateSpec,
    trial: &Trial,
    logged: &LoggedModelId,
) -> Result<Package> {
    let (candidate, params, data, seed) = (
        candidate.clone(),
        trial.params.clone(),
        work.data.clone(),
        work.spec.seed,
    );
    let (run, logged, clock) = (
        trial.run.id.clone(),
        logged.clone(),
        work.ctx.db.clock().clone(),
    );
    tokio::task::spawn_blocking(move || {
        let model = fit(&candidate, &params, &data, &data.train, seed)?;
        Package::new(&model, &data, &data.train, &run, &logged, &clock)
    })
    .await
    .map_err(|error| Error::internal("fitting the model broke off").because(error))?
}
