//! One metric of one set of predictions.

use base::{Error, Result};
use project::payoff::Amounts;

use super::metric::Metric;
use super::ranked::Ranked;
use super::sums::Sums;
use crate::prepare::Task;

/// What a metric needs beside truth and prediction.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Money per outcome, for `payoff_per_1000`.
    pub payoff: Option<Amounts>,
    /// From this probability on the decision is yes.
    pub threshold: f64,
    /// For `precision_at_k`.
    pub k: Option<usize>,
    /// What is predicted.
    pub task: Task,
}

impl Context {
    /// For a task, without payoff, at threshold 0.5.
    pub fn new(task: Task) -> Self {
        Self {
            payoff: None,
            threshold: 0.5,
            k: None,
            task,
        }
    }

    /// With the money per outcome.
    #[must_use]
    pub fn with_payoff(mut self, payoff: Option<Amounts>) -> Self {
        self.payoff = payoff;
        self
    }

    /// With the number of highest scores that count.
    #[must_use]
    pub fn with_k(mut self, k: Option<usize>) -> Self {
        self.k = k;
        self
    }
}

/// The value of `metric`. `truth` and `predicted` are equally long; the caller leaves out rows without a known truth.
/// A metric that is not defined on these rows (one class only, no rows) is NaN, which no criterion passes.
pub fn compute(metric: Metric, truth: &[f64], predicted: &[f64], ctx: &Context) -> Result<f64> {
    check(metric, truth, predicted, ctx)?;
    Ok(match metric {
        Metric::RocAuc | Metric::PrAuc | Metric::PrecisionAtK => {
            Ranked::new(truth, predicted).value(metric, ctx, |_| 1)
        }
        _ => Sums::over(metric, truth, predicted, ctx).value(metric, ctx),
    })
}

/// Refuses what cannot be computed at all.
pub(super) fn check(metric: Metric, truth: &[f64], predicted: &[f64], ctx: &Context) -> Result<()> {
    if truth.len() != predicted.len() {
        return Err(Error::internal(format!(
            "{} true values meet {} predictions",
            truth.len(),
            predicted.len()
        )));
    }
    if metric.task().is_some_and(|task| task != ctx.task) {
        let (has, needs) = match ctx.task {
            Task::Regression => ("a number", "yes or no"),
            Task::Binary => ("yes or no", "a number"),
        };
        return Err(Error::invalid(format!(
            "{metric} needs a label that is {needs}, this one is {has}"
        ))
        .hint("choose a metric that fits the label"));
    }
    match (metric, ctx.payoff, ctx.task) {
        (Metric::PayoffPer1000, None, _) => {
            Err(Error::invalid("payoff_per_1000 needs money per outcome")
                .hint("add a [payoff] section to the project file"))
        }
        (Metric::PayoffPer1000, Some(Amounts::Cells { .. }), Task::Regression) => Err(
            Error::invalid("[payoff] has amounts per decision, but the label is a number")
                .hint("use under and over"),
        ),
        (Metric::PayoffPer1000, Some(Amounts::Units { .. }), Task::Binary) => Err(Error::invalid(
            "[payoff] has amounts per unit, but the label is yes or no",
        )
        .hint("use true_positive, false_positive, false_negative and true_negative")),
        (Metric::PrecisionAtK, ..) if ctx.k.is_none_or(|k| k == 0) => Err(Error::invalid(
            "precision_at_k needs k, the number of highest scores that count",
        )
        .hint("write for example k = 500")),
        _ => Ok(()),
    }
}
