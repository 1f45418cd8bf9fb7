//! A trial: one candidate with one set of parameters, measured on time-ordered folds.

use std::collections::BTreeMap;

use base::{Error, Result};
use data::measure::{Context, Metric, compute};
use data::{Prepared, Task};
use project::metric::Better;
use project::{CandidateSpec, Range};
use rayon::prelude::*;

use crate::fit::{fit, plain};
use crate::learner::defaults;
use crate::params::Params;

/// What cross-validation said.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The optimised metric, mean over the folds.
    pub mean: f64,
    /// Its population deviation over the folds.
    pub std: f64,
    /// Its value per fold, the oldest first.
    pub folds: Vec<f64>,
    /// Means of the other metrics that are always shown.
    pub others: BTreeMap<String, f64>,
}

/// What is measured in each trial beside the optimised metric.
pub(crate) fn usual_metrics(task: Task) -> &'static [Metric] {
    match task {
        Task::Regression => &[Metric::Mae, Metric::Rmse, Metric::R2],
        Task::Binary => &[Metric::RocAuc, Metric::LogLoss],
    }
}

/// A number that is smaller for better trials; infinite where nothing was measured.
pub(crate) fn loss(metric: Metric, value: f64) -> f64 {
    let loss = match metric.direction() {
        Better::Lower => value,
        Better::Higher => -value,
        Better::Zero => value.abs(),
    };
    if loss.is_nan() { f64::INFINITY } else { loss }
}

/// Fits the candidate on the older part of each fold and measures it on the newer one.
pub(crate) fn cross_validate(
    candidate: &CandidateSpec,
    params: &Params,
    data: &Prepared,
    metric: Metric,
    context: &Context,
    seed: u64,
) -> Result<Scores> {
    if data.folds.is_empty() {
        return Err(Error::invalid("there are no folds to validate on")
            .hint("say how many in [split]: validate = { folds = 4 }"));
    }
    let mut metrics = vec![metric];
    metrics.extend(
        usual_metrics(data.task)
            .iter()
            .filter(|usual| **usual != metric),
    );
    let measured: Vec<Vec<f64>> = data
        .folds
        .par_iter()
        .map(|(learn, validate)| {
            let model = fit(candidate, params, data, learn, seed)?;
            score(&model, data, validate, &metrics, context)
        })
        .collect::<Result<_>>()?;
    let column =
        |place: usize| -> Vec<f64> { measured.iter().map(|values| values[place]).collect() };
    let folds = column(0);
    let (mean, std) = mean_and_deviation(&folds);
    let others = metrics
        .iter()
        .enumerate()
        .skip(1)
        .map(|(place, metric)| (metric.to_string(), mean_and_deviation(&column(place)).0))
        .collect();
    Ok(Scores {
        mean,
        std,
        folds,
        others,
    })
}

fn score(
    model: &crate::Model,
    data: &Prepared,
    rows: &[u32],
    metrics: &[Metric],
    context: &Context,
) -> Result<Vec<f64>> {
    let known: Vec<u32> = rows
        .iter()
        .copied()
        .filter(|row| data.label[*row as usize].is_finite())
        .collect();
    let predicted = model.predict_some(&data.batch, &known)?;
    let truth: Vec<f64> = known.iter().map(|row| data.label[*row as usize]).collect();
    metrics
        .iter()
        .map(|metric| compute(*metric, &truth, &predicted, context))
        .collect()
}

fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let std = (values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / count)
        .sqrt();
    (mean, std)
}

/// The first trial of a candidate: the algorithm's defaults, moved into the space where the file searches elsewhere.
pub(crate) fn first_params(candidate: &CandidateSpec, task: Task) -> Result<Params> {
    let defaults = defaults(candidate.algorithm, task)?;
    let mut params = Params::new();
    for (name, range) in &candidate.space {
        let default = candidate
            .params
            .get(name)
            .and_then(serde_json::Value::as_f64)
            .or_else(|| {
                defaults
                    .iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value)| *value)
            });
        let value = match range {
            Range::Int(low, high) => {
                let middle = f64::midpoint(*low as f64, *high as f64);
                plain(
                    default
                        .unwrap_or(middle)
                        .round()
                        .clamp(*low as f64, *high as f64),
                )
            }
            Range::Float(low, high) => default
                .unwrap_or(f64::midpoint(*low, *high))
                .clamp(*low, *high)
                .into(),
            Range::Log(low, high) => default
                .unwrap_or((low * high).sqrt())
                .clamp(*low, *high)
                .into(),
            Range::Choice(values) => {
                let chosen = default
                    .map(plain)
                    .filter(|default| values.contains(default));
                chosen
                    .or_else(|| values.first().cloned())
                    .unwrap_or_default()
            }
        };
        params.insert(name.clone(), value);
    }
    Ok(params)
}
