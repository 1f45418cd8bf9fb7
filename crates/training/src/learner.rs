//! Learners: from a matrix of features and a label to an [`Estimator`].
//!
//! Invariant: the same matrix, parameters and seed give the same estimator, on any number of threads.
//! Deliberately absent: users' own programs (see [`crate::command`]), which bring their own model.

use base::{Error, Result};
use project::Algorithm;

use crate::estimator::{Estimator, Link};
use crate::params::{Params, check_names};
use crate::prep::Style;
use crate::signature::Task;

mod ensemble;
mod linear;

/// Features row by row; NaN is missing.
pub(crate) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Vec<f64>,
}

/// Something that learns.
pub(crate) trait Learner: Sync {
    /// How it wants its features.
    fn style(&self) -> Style;

    /// Its parameters and what they are when nobody says otherwise.
    fn defaults(&self) -> &'static [(&'static str, f64)];

    /// Learns `label` from `matrix`.
    fn fit(&self, matrix: &Matrix, label: &[f64], params: &Params, seed: u64) -> Result<Estimator>;
}

/// The learner of `algorithm`, checked against the task and the parameters' names.
pub(crate) fn learner(
    algorithm: Algorithm,
    task: Task,
    params: &Params,
) -> Result<&'static dyn Learner> {
    let learner = find(algorithm, task)?;
    check_names(algorithm.as_str(), learner.defaults(), params)?;
    Ok(learner)
}

/// The parameters of `algorithm` when nobody says otherwise; none are known of a user's own program.
pub(crate) fn defaults(algorithm: Algorithm, task: Task) -> Result<&'static [(&'static str, f64)]> {
    if algorithm == Algorithm::Command {
        Ok(&[])
    } else {
        Ok(find(algorithm, task)?.defaults())
    }
}

fn find(algorithm: Algorithm, task: Task) -> Result<&'static dyn Learner> {
    match (algorithm, task) {
        (Algorithm::Ridge, Task::Regression) => Ok(&linear::Ridge),
        (Algorithm::LogisticRegression, Task::Binary) => Ok(&linear::Logistic),
        (Algorithm::RandomForest, Task::Regression) => Ok(&ensemble::Forest {
            link: Link::Identity,
        }),
        (Algorithm::RandomForest, Task::Binary) => Ok(&ensemble::Forest {
            link: Link::Probability,
        }),
        (Algorithm::GradientBoosting, Task::Regression) => Ok(&ensemble::Boosting {
            link: Link::Identity,
        }),
        (Algorithm::GradientBoosting, Task::Binary) => Ok(&ensemble::Boosting {
            link: Link::Logistic,
        }),
        (Algorithm::Ridge, Task::Binary) => Err(Error::invalid(
            "the algorithm ridge predicts a number, but the label is yes or no",
        )
        .hint("use logistic_regression")),
        (Algorithm::LogisticRegression, Task::Regression) => Err(Error::invalid(
            "the algorithm logistic_regression predicts yes or no, but the label is a number",
        )
        .hint("use ridge")),
        (Algorithm::Command, _) => Err(Error::internal("a command is run, not fitted")),
    }
}
