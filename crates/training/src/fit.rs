//! Fits one candidate with one set of parameters on some rows of the prepared data.

use base::{Error, Result};
use data::Prepared;
use project::CandidateSpec;

use crate::cell::{Reader, readers};
use crate::learner::{Matrix, defaults, learner};
use crate::model::{Model, Origin};
use crate::params::Params;
use crate::prep::{self, Plan};
use crate::signature::{Input, InputKind, Signature};

/// A model of `candidate` with `params` over its own, learnt from `rows` of `data`. Rows without a label are left out.
pub fn fit(
    candidate: &CandidateSpec,
    params: &Params,
    data: &Prepared,
    rows: &[u32],
    seed: u64,
) -> Result<Model> {
    let rows: Vec<u32> = rows
        .iter()
        .copied()
        .filter(|row| {
            data.label
                .get(*row as usize)
                .is_some_and(|truth| truth.is_finite())
        })
        .collect();
    if rows.len() < 2 {
        return Err(Error::invalid(format!(
            "{} rows with a known label are too few to learn from",
            rows.len()
        ))
        .hint("look at [label], [split] and train.window, and at how many rows the dataset has"));
    }
    let params = merged(candidate, params);
    let learner = learner(candidate.algorithm, data.task, &params)?;
    let (signature, readers) = signature(data, &rows)?;
    let prep = prep::fit(&signature, &readers, &rows, &data.label, learner.style())?;
    let plan = Plan::new(&signature, &prep)?;
    let matrix = matrix(&plan, &signature, &readers, &rows)?;
    let label: Vec<f64> = rows.iter().map(|row| data.label[*row as usize]).collect();
    let estimator = learner
        .fit(&matrix, &label, &params, seed)
        .map_err(|error| error.at(format!("candidate {}", candidate.id)))?;
    let origin = Origin {
        candidate: candidate.id.clone(),
        algorithm: candidate.algorithm.as_str().to_owned(),
        params,
        seed,
        rows: rows.len(),
    };
    Model::new(signature, prep, estimator, origin)
}

/// The candidate's own parameters under those of a trial.
pub(crate) fn merged(candidate: &CandidateSpec, params: &Params) -> Params {
    let mut all = candidate.params.clone();
    all.extend(
        params
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    all
}

/// The parameters that count in the end: the algorithm's defaults under the candidate's and the trial's.
pub(crate) fn effective(
    candidate: &CandidateSpec,
    params: &Params,
    data: &Prepared,
) -> Result<Params> {
    let mut all: Params = defaults(candidate.algorithm, data.task)?
        .iter()
        .map(|(name, value)| ((*name).to_owned(), plain(*value)))
        .collect();
    all.extend(merged(candidate, params));
    Ok(all)
}

/// A default as the project file would write it.
pub(crate) fn plain(value: f64) -> serde_json::Value {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        (value as i64).into()
    } else {
        value.into()
    }
}

/// The inputs, with what the training rows say of them: a moment that was always known is needed in every request,
/// since nothing sensible can stand in for it.
fn signature(data: &Prepared, rows: &[u32]) -> Result<(Signature, Vec<Reader>)> {
    let inputs = data
        .features
        .iter()
        .map(|feature| Input {
            name: feature.name.clone(),
            kind: feature.kind,
            nullable: true,
        })
        .collect();
    let mut signature = Signature {
        inputs,
        output: data.label_name.clone(),
        task: data.task,
    };
    let readers = readers(&signature, &data.batch)?;
    for (input, reader) in signature.inputs.iter_mut().zip(&readers) {
        if input.kind == InputKind::Datetime {
            input.nullable = rows.iter().any(|row| reader.is_missing(*row as usize));
        }
    }
    Ok((signature, readers))
}

fn matrix(plan: &Plan, signature: &Signature, readers: &[Reader], rows: &[u32]) -> Result<Matrix> {
    let mut row = vec![0.0; plan.width()];
    let mut text = String::new();
    let mut values = Vec::with_capacity(rows.len() * plan.features());
    for index in rows {
        plan.load(signature, readers, *index as usize, &mut row, &mut text)?;
        plan.run(&mut row);
        values.extend(plan.gather(&row));
    }
    Ok(Matrix {
        rows: rows.len(),
        columns: plan.features(),
        values,
    })
}
