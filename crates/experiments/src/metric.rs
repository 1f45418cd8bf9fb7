//! Metric: a series of points per key; the latest point stands for the run.

use base::{LoggedModelId, Result, RunId};
use store::Db;

use crate::check;
use crate::store::{batch, metric as rows};

/// One point of a metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metric {
    /// At most 250 characters.
    pub key: String,
    /// NaN is kept; the infinities become the largest finite numbers, as MLflow has it.
    pub value: f64,
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// Position in the series; need not be unique.
    pub step: i64,
    /// The logged model it was measured on.
    pub model_id: Option<LoggedModelId>,
    /// The dataset it was measured on: name.
    pub dataset_name: Option<String>,
    /// The dataset it was measured on: digest.
    pub dataset_digest: Option<String>,
}

impl Metric {
    /// A point without model and dataset.
    pub fn new(key: impl Into<String>, value: f64, timestamp: i64, step: i64) -> Self {
        Self {
            key: key.into(),
            value,
            timestamp,
            step,
            ..Self::default()
        }
    }
}

/// A point of a known series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricPoint {
    /// See [`Metric::value`].
    pub value: f64,
    /// See [`Metric::timestamp`].
    pub timestamp: i64,
    /// See [`Metric::step`].
    pub step: i64,
}

/// Part of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryPage {
    /// By time, then step.
    pub points: Vec<MetricPoint>,
    /// The token of the next page; absent on the last one.
    pub next: Option<String>,
}

/// Writes one point: one small change, that shares its transaction with others that wait.
pub async fn log_metric(db: &Db, id: &RunId, metric: Metric) -> Result<()> {
    check::metric("", &metric)?;
    let id = id.clone();
    db.write(move |tx| {
        let (id, metric) = (id.clone(), metric.clone());
        Box::pin(async move {
            batch::require_active(tx, &id).await?;
            batch::metrics(tx, &id, std::slice::from_ref(&metric)).await
        })
    })
    .await
}

/// The series of one metric of a run, whole where `limit` is absent.
pub async fn metric_history(
    db: &Db,
    id: &RunId,
    key: &str,
    limit: Option<usize>,
    token: Option<&str>,
) -> Result<HistoryPage> {
    rows::history(db, id, key, limit, token).await
}

/// About `points` points of one metric for each of `runs`, evenly over the steps, the first and last included.
pub async fn metric_history_sample(
    db: &Db,
    runs: &[RunId],
    key: &str,
    steps: Option<(i64, i64)>,
    points: usize,
) -> Result<Vec<(RunId, MetricPoint)>> {
    let mut all = Vec::new();
    for run in runs {
        rows::require_run(db, run).await?;
        let sample = rows::sample(db, run, key, steps, points).await?;
        all.extend(sample.into_iter().map(|point| (run.clone(), point)));
    }
    Ok(all)
}
