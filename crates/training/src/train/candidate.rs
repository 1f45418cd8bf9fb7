//! The candidates of a training, trial by trial.

use base::{Error, Result};
use experiments::{Run, RunStatus, Search};
use project::{Algorithm, CandidateSpec, TrainSpec};
use tokio::time::Instant;

use super::log::{self, Trial};
use super::{Entry, Progress, TrainOutcome, TrainRequest, Work, command};
use crate::fit::effective;
use crate::params::Params;
use crate::search::{Measured, Search as ParamSearch};
use crate::trial::{Scores, cross_validate, first_params, loss};

/// The candidate that is always trained: a simpler model must not be better.
const SIMPLEST: &str = "simplest";

/// The candidates that were asked for, `simplest` first.
pub(super) fn chosen<'a>(
    spec: &'a TrainSpec,
    request: &TrainRequest,
) -> Result<Vec<&'a CandidateSpec>> {
    let known: Vec<&str> = spec
        .candidates
        .iter()
        .map(|candidate| candidate.id.as_str())
        .collect();
    if let Some(unknown) = request
        .candidates
        .iter()
        .flatten()
        .find(|id| !known.contains(&id.as_str()))
    {
        return Err(
            Error::not_found(format!("there is no candidate {unknown:?}"))
                .hint(format!("the project file has {}", known.join(", "))),
        );
    }
    let wanted = |candidate: &&CandidateSpec| {
        candidate.id == SIMPLEST
            || request
                .candidates
                .as_ref()
                .is_none_or(|ids| ids.contains(&candidate.id))
    };
    let mut chosen: Vec<&CandidateSpec> = spec.candidates.iter().filter(wanted).collect();
    chosen.sort_by_key(|candidate| candidate.id != SIMPLEST);
    Ok(chosen)
}

/// Measures every candidate with its defaults, searches those with a space, and logs the best model of each.
pub(super) async fn all(work: &Work<'_>, candidates: &[&CandidateSpec]) -> Result<TrainOutcome> {
    let planned = u64::from(
        work.ctx
            .request
            .trials
            .unwrap_or(u32::try_from(work.spec.tune.trials).unwrap_or(1))
            .max(1),
    );
    let total = candidates
        .iter()
        .map(|candidate| {
            if candidate.space.is_empty() {
                1
            } else {
                planned
            }
        })
        .sum();
    let before = finished(work).await?;
    let mut done = Vec::new();
    let mut failed = None;
    for candidate in candidates {
        let params = first_params(candidate, work.data.task)?;
        match one(work, candidate, 0, params, &before).await {
            Ok(trial) => done.push(trial),
            // A user's own program may fail without taking the others down; our own learners may not.
            Err(error) if candidate.algorithm == Algorithm::Command && candidates.len() > 1 => {
                tracing::warn!(candidate = candidate.id, %error, "a candidate failed");
                failed = Some(error);
            }
            Err(error) => return Err(error),
        }
        say(work, done.len() as u64, total, done.last());
    }
    for (place, candidate) in candidates.iter().enumerate() {
        if !candidate.space.is_empty() && done.iter().any(|trial| trial.candidate == candidate.id) {
            search(
                work,
                candidate,
                place as u64,
                planned,
                &before,
                &mut done,
                total,
            )
            .await?;
        }
    }
    finish(work, candidates, done)
        .await
        .map_err(|error| failed.unwrap_or(error))
}

async fn search(
    work: &Work<'_>,
    candidate: &CandidateSpec,
    place: u64,
    planned: u64,
    before: &[Run],
    done: &mut Vec<Trial>,
    total: u64,
) -> Result<()> {
    let search = ParamSearch {
        space: &candidate.space,
        method: work.spec.tune.method,
        trials: planned as usize,
        seed: work
            .spec
            .seed
            .wrapping_add(place.wrapping_mul(0x5851_f42d_4c95_7f2d)),
    };
    for number in 1..planned as usize {
        if work
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            tracing::info!(
                candidate = candidate.id,
                number,
                "the time for the search is up"
            );
            break;
        }
        let measured: Vec<Measured> = done
            .iter()
            .filter(|trial| trial.candidate == candidate.id)
            .map(|trial| Measured {
                params: trial.params.clone(),
                loss: loss(work.metric, trial.scores.mean),
            })
            .collect();
        let params = search.propose(number, &measured);
        match one(work, candidate, number, params, before).await {
            Ok(trial) => done.push(trial),
            Err(error) if candidate.algorithm == Algorithm::Command => {
                tracing::warn!(candidate = candidate.id, %error, "a trial failed");
            }
            Err(error) => return Err(error),
        }
        say(work, done.len() as u64, total, done.last());
    }
    Ok(())
}

/// One trial: read back if it was finished before, measured otherwise.
async fn one(
    work: &Work<'_>,
    candidate: &CandidateSpec,
    number: usize,
    params: Params,
    before: &[Run],
) -> Result<Trial> {
    let key = format!("{}/{number}", candidate.id);
    if let Some(trial) = before
        .iter()
        .find_map(|run| log::read(run, &key, work.metric))
    {
        return Ok(trial);
    }
    let shown = effective(candidate, &params, &work.data)?;
    let run = log::begin(work, candidate, &key, &params, &shown).await?;
    let scores = if candidate.algorithm == Algorithm::Command {
        command::run(work, candidate, &shown, &run).await
    } else {
        measure(work, candidate, &params).await
    };
    match scores {
        Ok(scores) => {
            log::end(work, &run, &scores).await?;
            Ok(Trial {
                run,
                candidate: candidate.id.clone(),
                params,
                scores,
            })
        }
        Err(error) => {
            log::fail(work, &run, &error).await?;
            Err(error.at(format!("trial {key}")))
        }
    }
}

async fn measure(work: &Work<'_>, candidate: &CandidateSpec, params: &Params) -> Result<Scores> {
    let (candidate, params, data) = (candidate.clone(), params.clone(), work.data.clone());
    let (metric, context, seed) = (work.metric, work.context, work.spec.seed);
    tokio::task::spawn_blocking(move || {
        cross_validate(&candidate, &params, &data, metric, &context, seed)
    })
    .await
    .map_err(|error| Error::internal("a trial broke off").because(error))?
}

/// Logs the best model of each candidate and puts the leaderboard together.
async fn finish(
    work: &Work<'_>,
    candidates: &[&CandidateSpec],
    mut done: Vec<Trial>,
) -> Result<TrainOutcome> {
    // The order of equal trials is that of the file: the simpler one wins.
    done.sort_by(|a, b| {
        loss(work.metric, a.scores.mean).total_cmp(&loss(work.metric, b.scores.mean))
    });
    let best = done.first().filter(|trial| trial.scores.mean.is_finite());
    let best_run = best.map(|trial| trial.run.id.clone()).ok_or_else(|| {
        Error::invalid(format!("no trial could be measured by {}", work.metric))
            .hint("look at the runs: the metric is not defined on the folds' rows")
    })?;
    for (place, candidate) in candidates.iter().enumerate() {
        (work.progress)(Progress {
            step: "model".to_owned(),
            done: place as u64,
            total: candidates.len() as u64,
            message: format!(
                "fitting {} on all {} rows",
                candidate.id,
                work.data.train.len()
            ),
        });
        let trial = done
            .iter()
            .find(|trial| trial.candidate == candidate.id && trial.scores.mean.is_finite());
        if let Some(trial) = trial.filter(|_| candidate.algorithm != Algorithm::Command) {
            log::model(work, candidate, trial).await?;
        }
    }
    let leaderboard = done
        .into_iter()
        .map(|trial| Entry {
            run_id: trial.run.id,
            candidate: trial.candidate,
            metric: work.metric.to_string(),
            mean: trial.scores.mean,
            std: trial.scores.std,
            params: trial.params,
        })
        .collect();
    Ok(TrainOutcome {
        parent_run: work.parent.id.clone(),
        best_run,
        leaderboard,
    })
}

/// The trials of this training that were finished before it was cut off. Those that it was cut off in are marked so.
async fn finished(work: &Work<'_>) -> Result<Vec<Run>> {
    let search = Search {
        experiment_ids: vec![work.parent.experiment_id.clone()],
        filter: format!("tags.`mlflow.parentRunId` = '{}'", work.parent.id),
        max_results: Some(5000),
        ..Search::default()
    };
    let (done, others): (Vec<Run>, Vec<Run>) = experiments::search_runs(&work.ctx.db, &search)
        .await?
        .items
        .into_iter()
        .partition(|run| run.status == RunStatus::Finished);
    for cut_off in others.iter().filter(|run| run.status == RunStatus::Running) {
        experiments::end_run(&work.ctx.db, &cut_off.id, RunStatus::Killed).await?;
    }
    Ok(done)
}

fn say(work: &Work<'_>, done: u64, total: u64, last: Option<&Trial>) {
    let message = last.map_or_else(String::new, |trial| {
        format!(
            "{}: {} {:.4}",
            trial.candidate, work.metric, trial.scores.mean
        )
    });
    (work.progress)(Progress {
        step: "trial".to_owned(),
        done,
        total,
        message,
    });
}
