//! SQL that writes metrics, params and tags to a run.

use std::collections::HashMap;

use base::{Error, Result, RunId};
use store::{Tx, Value, dynamic_sql};

use super::rows::insert;
use crate::experiment::Lifecycle;
use crate::metric::Metric;
use crate::run::{Batch, Param};
use crate::tag::Tag;

/// The tag that holds a run's name.
pub(crate) const NAME_TAG: &str = "mlflow.runName";

/// The experiment of an active run; an error for any other run.
pub(crate) async fn require_active(tx: &mut Tx<'_>, id: &RunId) -> Result<i64> {
    let row: Option<(String, i64)> = tx
        .row(
            "select lifecycle, experiment_id from run where id = $1",
            &[id.into()],
        )
        .await?;
    let (stage, experiment) = row.ok_or_else(|| none(id))?;
    if Lifecycle::parse(&stage) == Lifecycle::Active {
        return Ok(experiment);
    }
    Err(Error::invalid(format!(
        "The run {id} must be in the 'active' state. Current state is {stage}."
    )))
}

pub(crate) fn none(id: &RunId) -> Error {
    Error::not_found(format!("Run with id={id} not found"))
}

pub(crate) async fn write(tx: &mut Tx<'_>, id: &RunId, batch: &Batch) -> Result<()> {
    require_active(tx, id).await?;
    params(tx, id, &batch.params).await?;
    metrics(tx, id, &batch.metrics).await?;
    tags(tx, id, &batch.tags).await
}

/// A value as the tables hold it: NaN as 0 with a flag, the infinities as the largest numbers.
fn stored(value: f64) -> (f64, bool) {
    if value.is_nan() {
        (0.0, true)
    } else {
        (value.clamp(-f64::MAX, f64::MAX), false)
    }
}

pub(crate) async fn metrics(tx: &mut Tx<'_>, id: &RunId, metrics: &[Metric]) -> Result<()> {
    let mut points: Vec<Value> = Vec::with_capacity(metrics.len() * 6);
    let mut newest: HashMap<&str, &Metric> = HashMap::new();
    for metric in metrics {
        let (value, is_nan) = stored(metric.value);
        points.extend([
            id.into(),
            metric.key.as_str().into(),
            metric.timestamp.into(),
            metric.step.into(),
            value.into(),
            is_nan.into(),
        ]);
        let best = newest.entry(&metric.key).or_insert(metric);
        if rank(metric) > rank(best) {
            *best = metric;
        }
    }
    insert(
        tx,
        "insert into metric (run_id, key, at, step, value, is_nan)",
        6,
        "on conflict do nothing",
        &points,
    )
    .await?;
    let mut latest: Vec<Value> = Vec::with_capacity(newest.len() * 6);
    for (key, metric) in newest {
        let (value, is_nan) = stored(metric.value);
        latest.extend([
            id.into(),
            key.into(),
            metric.timestamp.into(),
            metric.step.into(),
            value.into(),
            is_nan.into(),
        ]);
    }
    insert(
        tx,
        "insert into metric_latest (run_id, key, at, step, value, is_nan)",
        6,
        "on conflict (run_id, key) do update set at = excluded.at, step = excluded.step, value = excluded.value, is_nan = excluded.is_nan \
         where (excluded.step, excluded.at, excluded.value) > (metric_latest.step, metric_latest.at, metric_latest.value)",
        &latest,
    )
    .await?;
    model_metrics(tx, id, metrics).await
}

/// MLflow's rule for the latest point: step, then time, then value.
fn rank(metric: &Metric) -> (i64, i64, f64) {
    (metric.step, metric.timestamp, stored(metric.value).0)
}

async fn model_metrics(tx: &mut Tx<'_>, id: &RunId, metrics: &[Metric]) -> Result<()> {
    let mut rows: Vec<Value> = Vec::new();
    for metric in metrics {
        let Some(model) = &metric.model_id else {
            continue;
        };
        let (value, is_nan) = stored(metric.value);
        rows.extend([
            model.into(),
            metric.key.as_str().into(),
            metric.timestamp.into(),
            metric.step.into(),
            id.into(),
            value.into(),
            is_nan.into(),
            metric.dataset_name.clone().into(),
            metric.dataset_digest.clone().into(),
        ]);
    }
    insert(
        tx,
        "insert into logged_model_metric (model_id, key, at, step, run_id, value, is_nan, dataset_name, dataset_digest)",
        9,
        "on conflict do nothing",
        &rows,
    )
    .await
}

/// Params are written once: another value for a key that is there is refused, the same value is nothing new.
async fn params(tx: &mut Tx<'_>, id: &RunId, params: &[Param]) -> Result<()> {
    if params.is_empty() {
        return Ok(());
    }
    let mut args: Vec<Value> = vec![id.into()];
    args.extend(params.iter().map(|param| Value::from(param.key.as_str())));
    let sql = format!(
        "select key, value from param where run_id = $1 and key in ({})",
        store::places(2, params.len())
    );
    let there: Vec<(String, String)> = tx.rows(dynamic_sql(sql), &args).await?;
    let there: HashMap<String, String> = there.into_iter().collect();
    let changed: Vec<String> = params
        .iter()
        .filter_map(|param| {
            let old = there.get(&param.key).filter(|old| **old != param.value)?;
            Some(format!(
                "{{'key': '{}', 'old_value': '{old}', 'new_value': '{}'}}",
                param.key, param.value
            ))
        })
        .collect();
    if !changed.is_empty() {
        return Err(Error::invalid(format!(
            "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{id}'.",
            changed.join(", ")
        )));
    }
    let new: Vec<Value> = params
        .iter()
        .filter(|param| !there.contains_key(&param.key))
        .flat_map(|param| {
            [
                Value::from(id),
                param.key.as_str().into(),
                param.value.as_str().into(),
            ]
        })
        .collect();
    insert(tx, "insert into param (run_id, key, value)", 3, "", &new).await
}

/// One param alone has its own words for the refusal.
pub(crate) async fn param(tx: &mut Tx<'_>, id: &RunId, param: &Param) -> Result<()> {
    require_active(tx, id).await?;
    let args = [
        id.into(),
        param.key.as_str().into(),
        param.value.as_str().into(),
    ];
    if tx
        .execute(
            "insert into param (run_id, key, value) values ($1, $2, $3) on conflict do nothing",
            &args,
        )
        .await?
        == 1
    {
        return Ok(());
    }
    let there: Option<(String,)> = tx
        .row(
            "select value from param where run_id = $1 and key = $2",
            &args[..2],
        )
        .await?;
    match there {
        Some((old,)) if old != param.value => Err(Error::invalid(format!(
            "Changing param values is not allowed. Param with key='{}' was already logged with value='{old}' for run ID='{id}'. Attempted logging new value '{}'.",
            param.key, param.value
        ))),
        _ => Ok(()),
    }
}

pub(crate) async fn tags(tx: &mut Tx<'_>, id: &RunId, tags: &[Tag]) -> Result<()> {
    // The last value of a key wins; one statement may not touch a row twice.
    let last: HashMap<&str, &Tag> = tags.iter().map(|tag| (tag.key.as_str(), tag)).collect();
    let rows: Vec<Value> = last
        .values()
        .flat_map(|tag| {
            [
                Value::from(id),
                tag.key.as_str().into(),
                tag.value.as_str().into(),
            ]
        })
        .collect();
    insert(
        tx,
        "insert into run_tag (run_id, key, value)",
        3,
        "on conflict (run_id, key) do update set value = excluded.value",
        &rows,
    )
    .await?;
    if let Some(name) = last.get(NAME_TAG) {
        tx.execute(
            "update run set name = $2 where id = $1",
            &[id.into(), name.value.as_str().into()],
        )
        .await?;
    }
    Ok(())
}
