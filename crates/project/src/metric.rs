//! The catalogue of metrics that a criterion or an objective may name.
//!
//! Only names, directions and meanings: what computes them is `data::measure` for models and the deployment's own
//! counters for systems.

use serde::Serialize;

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// Nearer to zero is better.
    Zero,
}

/// What a metric is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// Predictions of a number.
    Regression,
    /// Predictions of yes or no.
    Binary,
    /// Predictions of either sort.
    Model,
    /// The running system.
    System,
}

/// One entry of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Metric {
    /// The name in the project file.
    pub name: &'static str,
    /// Which way is better.
    pub better: Better,
    /// What it is about.
    pub about: About,
    /// What it says, for people.
    pub meaning: &'static str,
}

const fn metric(name: &'static str, better: Better, about: About, meaning: &'static str) -> Metric {
    Metric {
        name,
        better,
        about,
        meaning,
    }
}

/// Every metric.
pub const METRICS: &[Metric] = &[
    metric(
        "mae",
        Better::Lower,
        About::Regression,
        "mean size of the error",
    ),
    metric(
        "rmse",
        Better::Lower,
        About::Regression,
        "root of the mean squared error",
    ),
    metric(
        "r2",
        Better::Higher,
        About::Regression,
        "share of the variance that is explained",
    ),
    metric(
        "wape",
        Better::Lower,
        About::Regression,
        "sum of errors in relation to the sum of true values",
    ),
    metric(
        "mape",
        Better::Lower,
        About::Regression,
        "mean error in relation to the true value",
    ),
    metric(
        "bias",
        Better::Zero,
        About::Regression,
        "mean of predicted minus true",
    ),
    metric(
        "max_error",
        Better::Lower,
        About::Regression,
        "the largest error",
    ),
    metric(
        "payoff_per_1000",
        Better::Higher,
        About::Model,
        "money per 1,000 decisions, from [payoff]",
    ),
    metric(
        "roc_auc",
        Better::Higher,
        About::Binary,
        "chance that a yes is ranked above a no",
    ),
    metric(
        "pr_auc",
        Better::Higher,
        About::Binary,
        "mean precision over all recalls",
    ),
    metric(
        "log_loss",
        Better::Lower,
        About::Binary,
        "surprise about the true answers",
    ),
    metric(
        "brier",
        Better::Lower,
        About::Binary,
        "mean squared error of the probability",
    ),
    metric(
        "accuracy",
        Better::Higher,
        About::Binary,
        "share of right answers",
    ),
    metric(
        "balanced_accuracy",
        Better::Higher,
        About::Binary,
        "mean of recall and specificity",
    ),
    metric(
        "precision",
        Better::Higher,
        About::Binary,
        "share of predicted yes that is right",
    ),
    metric(
        "recall",
        Better::Higher,
        About::Binary,
        "share of true yes that is found",
    ),
    metric(
        "f1",
        Better::Higher,
        About::Binary,
        "harmonic mean of precision and recall",
    ),
    metric(
        "specificity",
        Better::Higher,
        About::Binary,
        "share of true no that is found",
    ),
    metric(
        "mcc",
        Better::Higher,
        About::Binary,
        "correlation of predicted and true answers",
    ),
    metric(
        "ece",
        Better::Lower,
        About::Binary,
        "mean gap between probability and frequency",
    ),
    metric(
        "precision_at_k",
        Better::Higher,
        About::Binary,
        "share of yes among the k highest",
    ),
    metric(
        "latency_p50_ms",
        Better::Lower,
        About::System,
        "half of the requests are answered within",
    ),
    metric(
        "latency_p99_ms",
        Better::Lower,
        About::System,
        "99 of 100 requests are answered within",
    ),
    metric(
        "error_rate",
        Better::Lower,
        About::System,
        "share of requests that fail",
    ),
];

/// The metric of that name.
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

pub(crate) fn names() -> impl Iterator<Item = &'static str> + Clone {
    METRICS.iter().map(|metric| metric.name)
}
