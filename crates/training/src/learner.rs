//! Learners: from a matrix of features and a label to an [`Estimator`].
//!
//! Invariant: the same matrix, parameters and seed give the same estimator, on any number of threads.
//! Deliberately absent: users' own programs (see [`crate::command`]), which bring their own model.

use base::{Error, Result};

use crate::estimator::Estimator;
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

/// The learner called `algorithm`, checked against the task and the parameters' names.
pub(crate) fn learner(algorithm: &str, task: Task, params: &Params) -> Result<&'static dyn Learner> {
    let learner = find(algorithm, task)?;
    check_names(algorithm, learner.defaults(), params)?;
    Ok(learner)
}

/// The parameters of `algorithm` when nobody says otherwise.
pub(crate) fn defaults(algorithm: &str, task: Task) -> Result<&'static [(&'static str, f64)]> {
    Ok(find(algorithm, task)?.defaults())
}

fn find(algorithm: &str, task: Task) -> Result<&'static dyn Learner> {
    match (algorithm, task) {
        ("ridge", Task::Regression) => Ok(&linear::Ridge),
        ("logistic_regression", Task::Binary) => Ok(&linear::Logistic),
        ("random_forest", _) => Ok(&ensemble::Forest),
        ("gradient_boosting", Task::Regression) => Ok(&ensemble::Boosting { link: crate::estimator::Link::Identity }),
        ("gradient_boosting", Task::Binary) => Ok(&ensemble::Boosting { link: crate::estimator::Link::Logistic }),
        ("ridge", Task::Binary) => Err(Error::invalid("the algorithm ridge predicts a number, but the label is yes or no")
            .hint("use logistic_regression")),
        ("logistic_regression", Task::Regression) => {
            Err(Error::invalid("the algorithm logistic_regression predicts yes or no, but the label is a number").hint("use ridge"))
        }
        _ => Err(Error::invalid(format!("{algorithm:?} is not an algorithm"))
            .hint("use ridge, logistic_regression, random_forest, gradient_boosting or command")),
    }
}
