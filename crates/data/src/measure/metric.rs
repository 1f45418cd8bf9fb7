//! The metrics that can be computed from truth and prediction.

use std::fmt;
use std::str::FromStr;

use base::{Error, Result};
use project::metric::Better;

use crate::prepare::Task;

macro_rules! metrics {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $better:ident, $task:expr;)*) => {
        /// A metric. For yes-or-no labels the prediction is the probability of yes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Metric {
            $($(#[$doc])* $name,)*
        }

        impl Metric {
            /// Every metric.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in project files.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Which way is better.
            pub fn direction(self) -> Better {
                match self { $(Self::$name => Better::$better),* }
            }

            /// The kind of label it needs; none where it fits both.
            pub fn task(self) -> Option<Task> {
                match self { $(Self::$name => $task),* }
            }
        }
    };
}

metrics! {
    /// Mean of |predicted − true|.
    Mae = "mae", Lower, Some(Task::Regression);
    /// √ of the mean of (predicted − true)².
    Rmse = "rmse", Lower, Some(Task::Regression);
    /// 1 − Σ(predicted − true)² / Σ(true − mean)².
    R2 = "r2", Higher, Some(Task::Regression);
    /// Σ|predicted − true| / Σ|true|.
    Wape = "wape", Lower, Some(Task::Regression);
    /// Mean of |predicted − true| / |true|, as a fraction; zeros count as scikit-learn counts them.
    Mape = "mape", Lower, Some(Task::Regression);
    /// Mean of predicted − true.
    Bias = "bias", Zero, Some(Task::Regression);
    /// The largest |predicted − true|.
    MaxError = "max_error", Lower, Some(Task::Regression);
    /// 1000 × the mean payoff of a prediction.
    PayoffPer1000 = "payoff_per_1000", Higher, None;
    /// Chance that a yes has a higher score than a no; ties count half.
    RocAuc = "roc_auc", Higher, Some(Task::Binary);
    /// Average precision: Σ (recall step × precision).
    PrAuc = "pr_auc", Higher, Some(Task::Binary);
    /// Mean of −ln p(what happened), p kept off 0 and 1 by the double's epsilon.
    LogLoss = "log_loss", Lower, Some(Task::Binary);
    /// Mean of (p − y)².
    Brier = "brier", Lower, Some(Task::Binary);
    /// Share of right decisions.
    Accuracy = "accuracy", Higher, Some(Task::Binary);
    /// Mean of recall and specificity.
    BalancedAccuracy = "balanced_accuracy", Higher, Some(Task::Binary);
    /// TP / (TP + FP); 0 if nothing was decided yes.
    Precision = "precision", Higher, Some(Task::Binary);
    /// TP / (TP + FN).
    Recall = "recall", Higher, Some(Task::Binary);
    /// 2TP / (2TP + FP + FN).
    F1 = "f1", Higher, Some(Task::Binary);
    /// TN / (TN + FP).
    Specificity = "specificity", Higher, Some(Task::Binary);
    /// Matthews' correlation; 0 if a margin is empty.
    Mcc = "mcc", Higher, Some(Task::Binary);
    /// Σ (share of the bin × |mean p − share of yes|) over ten equal bins of p.
    Ece = "ece", Lower, Some(Task::Binary);
    /// Share of yes among the k highest scores.
    PrecisionAtK = "precision_at_k", Higher, Some(Task::Binary);
}

impl Metric {
    /// Whether `a` is better than `b`. NaN is never better.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        match self.direction() {
            Better::Lower => a < b,
            Better::Higher => a > b,
            Better::Zero => a.abs() < b.abs(),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Metric {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|metric| metric.as_str() == text)
            .ok_or_else(|| {
                let names: Vec<_> = Self::ALL.iter().map(|metric| metric.as_str()).collect();
                Error::invalid(format!("{text:?} is not a metric of predictions"))
                    .hint(format!("one of {}", names.join(", ")))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_of_the_catalogue_that_needs_predictions_is_computed_here() {
        use project::metric::{About, METRICS};
        for entry in METRICS.iter().filter(|entry| entry.about != About::System) {
            let metric: Metric = entry.name.parse().expect(entry.name);
            assert_eq!(metric.direction(), entry.better, "{metric}");
        }
        assert!("acuracy".parse::<Metric>().is_err());
    }
}
