//! SQL of logged models.

pub(crate) mod search;

use std::collections::HashMap;

use base::{Error, LoggedModelId, Result};
use store::{Db, Tx, Value, dynamic_sql};

use super::experiment;
use super::rows::insert;
use crate::filter::{Attribute, Shape, Side};
use crate::logged_model::{LoggedModel, LoggedModelMetric, LoggedModelStatus, NewLoggedModel};
use crate::metric::Metric;
use crate::run::Param;
use crate::tag::Tag;

const SHAPE: Shape = Shape {
    table: "logged_model",
    id: "logged_model.id",
    attributes: &[
        Attribute::text("name", "logged_model.name"),
        Attribute::text("model_id", "logged_model.id"),
        Attribute::text("model_type", "logged_model.model_type"),
        Attribute::text("status", "logged_model.status"),
        Attribute::text("source_run_id", "logged_model.source_run_id"),
        Attribute::number("creation_timestamp", "logged_model.created_at"),
        Attribute::number("creation_time", "logged_model.created_at"),
        Attribute::number("last_updated_timestamp", "logged_model.updated_at"),
        Attribute::number("last_updated_time", "logged_model.updated_at"),
    ],
    metrics: Some(Side {
        table: "logged_model_metric",
        owner: "model_id",
        also: None,
    }),
    many_values: true,
    params: Some(Side {
        table: "logged_model_param",
        owner: "model_id",
        also: None,
    }),
    tags: Some(Side {
        table: "logged_model_tag",
        owner: "model_id",
        also: None,
    }),
    datasets: false,
    absent_tag: None,
    tie: "logged_model.created_at desc, logged_model.id",
};

const COLUMNS: &str = "logged_model.id, logged_model.experiment_id, logged_model.name, logged_model.artifact_uri, logged_model.created_at, logged_model.updated_at, logged_model.status, logged_model.model_type, logged_model.source_run_id";

type Row = (
    String,
    i64,
    String,
    String,
    i64,
    i64,
    String,
    String,
    Option<String>,
);

pub(crate) fn none(id: &LoggedModelId) -> Error {
    Error::not_found(format!("Logged model with ID '{id}' not found."))
}

pub(crate) async fn create(tx: &mut Tx<'_>, new: &NewLoggedModel) -> Result<LoggedModel> {
    let number = experiment::number(&new.experiment_id)?;
    experiment::require_active(tx, number).await?;
    let (location,): (String,) = tx
        .row(
            "select artifact_location from experiment where id = $1",
            &[number.into()],
        )
        .await?
        .ok_or_else(|| experiment::none(number))?;
    let id = LoggedModelId::fresh();
    let now = tx.clock().now_ms();
    let artifact_uri = format!("{}/models/{id}/artifacts", location.trim_end_matches('/'));
    tx.execute(
        "insert into logged_model (id, experiment_id, name, artifact_uri, created_at, updated_at, status, model_type, source_run_id, lifecycle) values ($1, $2, $3, $4, $5, $5, $6, $7, $8, 'active')",
        &[
            (&id).into(),
            number.into(),
            new.name.as_str().into(),
            artifact_uri.as_str().into(),
            now.into(),
            LoggedModelStatus::Pending.as_str().into(),
            new.model_type.as_str().into(),
            new.source_run_id.as_ref().map(|run| run.as_str().to_owned()).into(),
        ],
    )
    .await?;
    add_params(tx, &id, &new.params).await?;
    put_tags(tx, &id, &new.tags).await?;
    Ok(LoggedModel {
        id,
        experiment_id: number.to_string().parse()?,
        name: new.name.clone(),
        artifact_uri,
        created_at: now,
        updated_at: now,
        status: LoggedModelStatus::Pending,
        model_type: new.model_type.clone(),
        source_run_id: new.source_run_id.clone(),
        params: new.params.clone(),
        tags: new.tags.clone(),
        metrics: Vec::new(),
    })
}

pub(crate) async fn require(tx: &mut Tx<'_>, id: &LoggedModelId) -> Result<()> {
    let found: Option<(String,)> = tx
        .row(
            "select id from logged_model where id = $1 and lifecycle = 'active'",
            &[id.into()],
        )
        .await?;
    found.map(|_| ()).ok_or_else(|| none(id))
}

pub(crate) async fn add_params(
    tx: &mut Tx<'_>,
    id: &LoggedModelId,
    params: &[Param],
) -> Result<()> {
    let rows: Vec<Value> = params
        .iter()
        .flat_map(|param| {
            [
                Value::from(id),
                param.key.as_str().into(),
                param.value.as_str().into(),
            ]
        })
        .collect();
    insert(
        tx,
        "insert into logged_model_param (model_id, key, value)",
        3,
        "on conflict do nothing",
        &rows,
    )
    .await
}

pub(crate) async fn put_tags(tx: &mut Tx<'_>, id: &LoggedModelId, tags: &[Tag]) -> Result<()> {
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
        "insert into logged_model_tag (model_id, key, value)",
        3,
        "on conflict (model_id, key) do update set value = excluded.value",
        &rows,
    )
    .await
}

pub(crate) async fn set_status(
    tx: &mut Tx<'_>,
    id: &LoggedModelId,
    status: LoggedModelStatus,
) -> Result<()> {
    require(tx, id).await?;
    let now = tx.clock().now_ms();
    tx.execute(
        "update logged_model set status = $2, updated_at = $3 where id = $1",
        &[id.into(), status.as_str().into(), now.into()],
    )
    .await?;
    Ok(())
}

pub(crate) async fn mark_deleted(tx: &mut Tx<'_>, id: &LoggedModelId) -> Result<()> {
    require(tx, id).await?;
    let now = tx.clock().now_ms();
    tx.execute(
        "update logged_model set lifecycle = 'deleted', updated_at = $2 where id = $1",
        &[id.into(), now.into()],
    )
    .await?;
    Ok(())
}

pub(crate) async fn untag(tx: &mut Tx<'_>, id: &LoggedModelId, key: &str) -> Result<u64> {
    require(tx, id).await?;
    tx.execute(
        "delete from logged_model_tag where model_id = $1 and key = $2",
        &[id.into(), key.into()],
    )
    .await
}

pub(crate) async fn by_id(db: &Db, id: &LoggedModelId) -> Result<LoggedModel> {
    let row: Option<Row> = db
        .row(
            dynamic_sql(format!(
                "select {COLUMNS} from logged_model where id = $1 and lifecycle = 'active'"
            )),
            &[id.into()],
        )
        .await?;
    complete(db, row.into_iter().collect())
        .await?
        .pop()
        .ok_or_else(|| none(id))
}

type PairRow = (String, String, String);
type MetricRow = (
    String,
    String,
    i64,
    i64,
    String,
    f64,
    bool,
    Option<String>,
    Option<String>,
);

/// Adds params, tags and metrics: three queries for each 500 models.
async fn complete(db: &Db, rows: Vec<Row>) -> Result<Vec<LoggedModel>> {
    let mut models = Vec::with_capacity(rows.len());
    for part in rows.chunks(500) {
        let args: Vec<Value> = part.iter().map(|row| Value::from(&row.0)).collect();
        let list = store::places(1, args.len());
        let sql = |head: &str, tail: &str| {
            dynamic_sql(format!("{head} where model_id in ({list}) order by {tail}"))
        };
        let (params, tags, metrics) = tokio::try_join!(
            db.rows::<PairRow>(sql("select model_id, key, value from logged_model_param", "model_id, key"), &args),
            db.rows::<PairRow>(sql("select model_id, key, value from logged_model_tag", "model_id, key"), &args),
            db.rows::<MetricRow>(
                sql("select model_id, key, at, step, run_id, value, is_nan, dataset_name, dataset_digest from logged_model_metric", "model_id, key, at, step"),
                &args
            ),
        )?;
        let mut at: HashMap<String, usize> = HashMap::new();
        for row in part {
            at.insert(row.0.clone(), models.len());
            models.push(model(row.clone())?);
        }
        for (id, key, value) in params {
            models[at[&id]].params.push(Param { key, value });
        }
        for (id, key, value) in tags {
            models[at[&id]].tags.push(Tag { key, value });
        }
        for (id, key, timestamp, step, run, value, is_nan, dataset_name, dataset_digest) in metrics
        {
            let place = at[&id];
            let metric = Metric {
                key,
                value: if is_nan { f64::NAN } else { value },
                timestamp,
                step,
                model_id: Some(id.parse()?),
                dataset_name,
                dataset_digest,
            };
            models[place].metrics.push(LoggedModelMetric {
                metric,
                run_id: run.parse()?,
            });
        }
    }
    Ok(models)
}

fn model(row: Row) -> Result<LoggedModel> {
    let (
        id,
        experiment,
        name,
        artifact_uri,
        created_at,
        updated_at,
        status,
        model_type,
        source_run,
    ) = row;
    Ok(LoggedModel {
        id: id.parse()?,
        experiment_id: experiment.to_string().parse()?,
        name,
        artifact_uri,
        created_at,
        updated_at,
        status: LoggedModelStatus::parse(&status)?,
        model_type,
        source_run_id: source_run.map(|run| run.parse()).transpose()?,
        params: Vec::new(),
        tags: Vec::new(),
        metrics: Vec::new(),
    })
}
