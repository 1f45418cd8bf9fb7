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

/// The value of `metric`. `truth` and `predicted` are equally long. Where the metric is not defined (one class only, no
/// rows, a row whose truth or prediction is NaN) it is NaN, which no criterion passes: the caller leaves out rows
/// without a known truth.
pub fn compute(metric: Metric, truth: &[f64], predicted: &[f64], ctx: &Context) -> Result<f64> {
    check(metric, truth, predicted, ctx)?;
    if truth.iter().chain(predicted).any(|value| value.is_nan()) {
        return Ok(f64::NAN);
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    // proves S53
    #[test]
    fn payoff_is_money_per_thousand_predictions() {
        let units = Amounts::Units {
            under: -2.0,
            over: -0.5,
        };
        let ctx = Context::new(Task::Regression).with_payoff(Some(units));
        // 10 too few and 10 too many: −20 and −5 in two predictions.
        let value = compute(Metric::PayoffPer1000, &[100.0, 100.0], &[90.0, 110.0], &ctx);
        assert_eq!(value.unwrap(), -12_500.0);
        let cells = Amounts::Cells {
            true_positive: 38.0,
            false_positive: -12.0,
            false_negative: 0.0,
            true_negative: 0.0,
        };
        let ctx = Context::new(Task::Binary).with_payoff(Some(cells));
        let value = compute(
            Metric::PayoffPer1000,
            &[1.0, 0.0, 1.0, 0.0],
            &[0.9, 0.5, 0.1, 0.2],
            &ctx,
        );
        assert_eq!(value.unwrap(), 6_500.0);
        assert!(
            compute(
                Metric::PayoffPer1000,
                &[1.0],
                &[1.0],
                &Context::new(Task::Binary)
            )
            .is_err()
        );
    }

    #[test]
    fn a_metric_that_does_not_fit_or_cannot_be_known_is_refused_or_nan() {
        let ctx = Context::new(Task::Binary);
        assert!(compute(Metric::Mae, &[1.0], &[0.5], &ctx).is_err());
        assert!(compute(Metric::PrecisionAtK, &[1.0], &[0.5], &ctx).is_err());
        for metric in [Metric::RocAuc, Metric::Accuracy, Metric::Brier] {
            assert!(
                compute(metric, &[1.0, 0.0], &[f64::NAN, 0.1], &ctx)
                    .unwrap()
                    .is_nan(),
                "{metric}"
            );
        }
        assert!(
            compute(Metric::RocAuc, &[1.0, 1.0], &[0.2, 0.1], &ctx)
                .unwrap()
                .is_nan()
        );
        assert!(compute(Metric::LogLoss, &[], &[], &ctx).unwrap().is_nan());
        let top = ctx.with_k(Some(2));
        assert_eq!(
            compute(
                Metric::PrecisionAtK,
                &[1.0, 0.0, 1.0],
                &[0.9, 0.8, 0.1],
                &top
            )
            .unwrap(),
            0.5
        );
    }
}
