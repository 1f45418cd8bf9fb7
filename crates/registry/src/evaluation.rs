//! Evaluation: how good one model is on the held-out rows, with bounds, slices and what every criterion says.
//!
//! An evaluation is immutable evidence. It names the digests of what it was made from (model, dataset versions,
//! definition of the criteria), and gates and approvals rest on it. Measuring is in `judge` and `rows` (pure), the
//! verb in `run`.

pub(crate) mod judge;
pub(crate) mod number;
mod predictor;
pub(crate) mod rows;
pub(crate) mod run;
pub(crate) mod timing;

use std::collections::BTreeMap;

use base::RunId;
use data::DatasetRef;
use data::measure::Interval;
use project::Verdict;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A version of the project's model.
    Version(i64),
    /// A run that logged a model.
    Run(RunId),
}

/// A value with its bounds, where they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// On all rows.
    pub value: Option<f64>,
    /// Lower bound.
    pub lower: Option<f64>,
    /// Upper bound.
    pub upper: Option<f64>,
}

impl Measured {
    /// A value without bounds.
    pub fn exact(value: f64) -> Self {
        Self {
            value: known(value),
            lower: None,
            upper: None,
        }
    }
}

impl From<Interval> for Measured {
    fn from(interval: Interval) -> Self {
        Self {
            value: known(interval.value),
            lower: known(interval.lower),
            upper: known(interval.upper),
        }
    }
}

/// JSON has no NaN: what is not a number is not known.
pub(crate) fn known(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// One metric on the held-out rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricResult {
    /// A metric of the catalogue.
    pub name: String,
    /// The model's value and its 95 % bounds.
    #[serde(flatten)]
    pub measured: Measured,
    /// The value of today's rule on the rows where it has an answer.
    pub today: Option<f64>,
    /// The champion's value.
    pub champion: Option<f64>,
    /// The model's value minus the champion's, on the same rows.
    pub over_champion: Option<Measured>,
}

/// The rows of one value of a slice column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceResult {
    /// The column.
    pub column: String,
    /// Its value.
    pub value: String,
    /// How many rows.
    pub rows: i64,
    /// The model's metrics there.
    pub metrics: BTreeMap<String, f64>,
}

/// What one criterion says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CriterionResult {
    /// The criterion.
    pub id: String,
    /// The version of its definition.
    pub version: i64,
    /// The target as people read it.
    pub target: String,
    /// Whether it is met.
    pub verdict: Verdict,
    /// What was measured; of a sliced criterion, in the worst slice.
    #[serde(flatten)]
    pub measured: Measured,
    /// What it was compared with.
    pub baseline: Option<f64>,
    /// The model's value minus the baseline, on the same rows.
    pub difference: Option<Measured>,
    /// On how many rows.
    pub rows: i64,
    /// Why, in a sentence.
    pub reason: String,
}

/// How good one model is on the held-out rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// `ev-…`
    pub id: String,
    /// The project.
    pub project: String,
    /// The version of the project's file.
    pub project_version: i64,
    /// The registered model.
    pub model: String,
    /// The version; absent while the model is only a run's.
    pub version: Option<i64>,
    /// The run that made the model.
    pub run_id: Option<String>,
    /// `sha256:…` over the model's files.
    pub model_digest: String,
    /// Identifies everything that says what a good model is: see [`spec_digest`].
    pub spec_digest: String,
    /// The dataset whose rows were held out.
    pub dataset: DatasetRef,
    /// All datasets that were read.
    pub datasets: Vec<DatasetRef>,
    /// Held-out rows with a known truth.
    pub rows: i64,
    /// How many different models this holdout has judged, this one included.
    pub holdout_uses: i64,
    /// The version that was champion then.
    pub champion: Option<i64>,
    /// Metrics on all held-out rows.
    pub metrics: Vec<MetricResult>,
    /// Metrics by value of the slice columns.
    pub slices: Vec<SliceResult>,
    /// What the criteria say, in the order of the file. Those that only live data can tell are absent.
    pub criteria: Vec<CriterionResult>,
    /// When, in milliseconds since the epoch.
    pub created_at: i64,
    /// Who asked for it.
    pub created_by: String,
}

impl Evaluation {
    /// What a criterion says.
    pub fn criterion(&self, id: &str) -> Option<&CriterionResult> {
        self.criteria.iter().find(|criterion| criterion.id == id)
    }

    /// The metric of that name.
    pub fn metric(&self, name: &str) -> Option<&MetricResult> {
        self.metrics.iter().find(|metric| metric.name == name)
    }

    /// Identifies what was found out: the same model on the same data by the same criteria has the same digest, also
    /// when it is evaluated again. Times that a machine needed are left out, since they differ from run to run.
    pub fn content_digest(&self) -> String {
        let criteria: Vec<_> = self
            .criteria
            .iter()
            .map(|it| {
                let timed = it.target.starts_with("latency");
                let measured = if timed {
                    Measured::default()
                } else {
                    it.measured
                };
                serde_json::json!([it.id, it.version, it.verdict, measured, it.baseline])
            })
            .collect();
        let content = serde_json::json!([self.model_digest, self.datasets, criteria]);
        hex::encode(Sha256::digest(content.to_string()))
    }
}

/// Identifies everything that says what a good model is and how it is made: criteria, views, features, label, split,
/// training and gates. A version that was made and judged by another spec needs people.
pub fn spec_digest(file: &project::ProjectFile) -> String {
    let mut spec = serde_json::json!({
        "criterion": file.criteria, "payoff": file.payoff, "view": file.views, "features": file.features,
        "label": file.label, "split": file.split, "train": file.train, "gate": file.gates,
    });
    spec.sort_all_objects();
    hex::encode(Sha256::digest(spec.to_string()))
}
