//! Metrics on the wire: one point, and series of points.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use base::{Error, LoggedModelId, RunId};
use experiments::Metric;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::both;
use super::error::Answer;
use super::request::{Input, missing, required, run_id};
use super::wire::{double, int, text, texts, write_double};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let mut router = Router::new();
    for (path, methods) in [
        ("runs/log-metric", post(log)),
        ("metrics/get-history", get(history)),
        ("metrics/get-history-bulk", get(history_bulk)),
        ("metrics/get-history-bulk-interval", get(history_interval)),
    ] {
        router = both(router, path, methods);
    }
    router
}

/// A point as it arrives.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct MetricIn {
    #[serde(default, deserialize_with = "text")]
    pub key: Option<String>,
    #[serde(default, deserialize_with = "double")]
    pub value: Option<f64>,
    #[serde(default, deserialize_with = "int")]
    pub timestamp: Option<i64>,
    #[serde(default, deserialize_with = "int")]
    pub step: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    pub model_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub dataset_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub dataset_digest: Option<String>,
}

impl MetricIn {
    /// `prefix` says where it stood: `metrics[3].`
    pub fn read(self, prefix: &str) -> base::Result<Metric> {
        let named = |name: &str| missing(&format!("{prefix}{name}"));
        let present = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(Metric {
            key: present(self.key).ok_or_else(|| named("key"))?,
            value: self.value.ok_or_else(|| named("value"))?,
            timestamp: self.timestamp.ok_or_else(|| named("timestamp"))?,
            step: self.step.unwrap_or_default(),
            model_id: present(self.model_id)
                .map(|id| id.parse::<LoggedModelId>())
                .transpose()?,
            dataset_name: present(self.dataset_name),
            dataset_digest: present(self.dataset_digest),
        })
    }
}

/// A point as it leaves.
#[derive(Debug, Serialize)]
pub(super) struct MetricOut {
    key: String,
    #[serde(serialize_with = "write_double")]
    value: f64,
    timestamp: i64,
    step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<RunId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<LoggedModelId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_digest: Option<String>,
}

impl MetricOut {
    pub fn of(metric: Metric, run_id: Option<RunId>) -> Self {
        Self {
            key: metric.key,
            value: metric.value,
            timestamp: metric.timestamp,
            step: metric.step,
            run_id,
            model_id: metric.model_id,
            dataset_name: metric.dataset_name,
            dataset_digest: metric.dataset_digest,
        }
    }
}

#[derive(Deserialize)]
struct Log {
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    run_uuid: Option<String>,
    #[serde(flatten)]
    metric: MetricIn,
}

async fn log(State(app): State<App>, Input(input): Input<Log>) -> Answer<Json<Value>> {
    let id = run_id(input.run_id, input.run_uuid)?;
    experiments::log_metric(&app.db, &id, input.metric.read("")?).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct History {
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    run_uuid: Option<String>,
    #[serde(default, deserialize_with = "text")]
    metric_key: Option<String>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
    #[serde(default, deserialize_with = "text")]
    page_token: Option<String>,
}

#[derive(Serialize)]
struct HistoryOut {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<MetricOut>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

async fn history(State(app): State<App>, Input(input): Input<History>) -> Answer<Json<HistoryOut>> {
    let id = run_id(input.run_id, input.run_uuid)?;
    let key = required(input.metric_key, "metric_key")?;
    let limit = match input.max_results {
        Some(most) if most < 1 => {
            return Err(Error::invalid(format!("Invalid value {most} for parameter 'max_results' supplied. It must be a positive integer.")).into());
        }
        most => most.map(|most| usize::try_from(most).unwrap_or(usize::MAX)),
    };
    let page =
        experiments::metric_history(&app.db, &id, &key, limit, input.page_token.as_deref()).await?;
    let point = |point: experiments::MetricPoint| {
        MetricOut::of(
            Metric::new(key.as_str(), point.value, point.timestamp, point.step),
            None,
        )
    };
    Ok(Json(HistoryOut {
        metrics: page.points.into_iter().map(point).collect(),
        next_page_token: page.next,
    }))
}

#[derive(Deserialize)]
struct Bulk {
    #[serde(default, deserialize_with = "texts")]
    run_ids: Vec<String>,
    #[serde(default, deserialize_with = "texts")]
    run_id: Vec<String>,
    #[serde(default, deserialize_with = "text")]
    metric_key: Option<String>,
    #[serde(default, deserialize_with = "int")]
    start_step: Option<i64>,
    #[serde(default, deserialize_with = "int")]
    end_step: Option<i64>,
    #[serde(default, deserialize_with = "int")]
    max_results: Option<i64>,
}

/// More runs are not compared at once.
const MOST_RUNS: usize = 100;
/// More points of a run are not drawn.
const MOST_POINTS: i64 = 2500;

impl Bulk {
    fn runs(&self) -> base::Result<Vec<RunId>> {
        let all = if self.run_ids.is_empty() {
            &self.run_id
        } else {
            &self.run_ids
        };
        if all.is_empty() {
            return Err(missing("run_ids"));
        }
        if all.len() > MOST_RUNS {
            return Err(Error::invalid(format!(
                "GetMetricHistoryBulkInterval request must specify at most {MOST_RUNS} run_ids. Received {} run_ids.",
                all.len()
            )));
        }
        all.iter()
            .map(|text| run_id(Some(text.clone()), None))
            .collect()
    }

    fn steps(&self) -> base::Result<Option<(i64, i64)>> {
        match (self.start_step, self.end_step) {
            (None, None) => Ok(None),
            (Some(start), Some(end)) if start <= end => Ok(Some((start, end))),
            (Some(start), Some(end)) => Err(Error::invalid(format!(
                "end_step must be greater than start_step. Found start_step={start} and end_step={end}."
            ))),
            _ => Err(Error::invalid(
                "If either start step or end step are specified, both must be specified.",
            )),
        }
    }
}

async fn history_interval(
    State(app): State<App>,
    Input(input): Input<Bulk>,
) -> Answer<Json<HistoryOut>> {
    let (runs, steps) = (input.runs()?, input.steps()?);
    let key = required(input.metric_key, "metric_key")?;
    let points = input.max_results.unwrap_or(MOST_POINTS);
    if !(1..=MOST_POINTS).contains(&points) {
        return Err(
            Error::invalid(format!("max_results must be between 1 and {MOST_POINTS}.")).into(),
        );
    }
    let points = usize::try_from(points).unwrap_or(1);
    let sample = experiments::metric_history_sample(&app.db, &runs, &key, steps, points).await?;
    let point = |(run, point): (RunId, experiments::MetricPoint)| {
        MetricOut::of(
            Metric::new(key.as_str(), point.value, point.timestamp, point.step),
            Some(run),
        )
    };
    Ok(Json(HistoryOut {
        metrics: sample.into_iter().map(point).collect(),
        next_page_token: None,
    }))
}

/// Whole series of several runs, up to 25,000 points in all.
async fn history_bulk(State(app): State<App>, Input(input): Input<Bulk>) -> Answer<Json<Value>> {
    let asked = input.run_id.len();
    if asked == 0 {
        return Err(Error::invalid(
            "GetMetricHistoryBulk request must specify at least one run_id.",
        )
        .into());
    }
    if asked > MOST_RUNS {
        return Err(Error::invalid(format!(
            "GetMetricHistoryBulk request cannot specify more than {MOST_RUNS} run_ids. Received {asked} run_ids."
        ))
        .into());
    }
    let runs = input.runs()?;
    let key = input
        .metric_key
        .clone()
        .ok_or_else(|| Error::invalid("GetMetricHistoryBulk request must specify a metric_key."))?;
    let mut left =
        usize::try_from(input.max_results.unwrap_or(25_000).clamp(1, 25_000)).unwrap_or(1);
    let mut metrics = Vec::new();
    for run in runs {
        if left == 0 {
            break;
        }
        let page = experiments::metric_history(&app.db, &run, &key, Some(left), None).await?;
        left -= page.points.len();
        metrics.extend(page.points.into_iter().map(|point| {
            MetricOut::of(
                Metric::new(key.as_str(), point.value, point.timestamp, point.step),
                Some(run.clone()),
            )
        }));
    }
    Ok(Json(json!({ "metrics": metrics })))
}
