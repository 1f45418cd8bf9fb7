//! SQL of runs: beginning, changing, reading and searching them.

use std::collections::HashMap;

use base::{Page, Result, RunId};
use store::{Db, Tx, Value, dynamic_sql};

use super::batch::{self, NAME_TAG, require_active};
use super::experiment;
use crate::check;
use crate::experiment::Lifecycle;
use crate::filter::{
    Attribute, Field, Literal, Op, Query, Shape, Side, page_of, page_start, parse,
};
use crate::input::{DatasetInput, DatasetRef, ModelInput, ModelOutput};
use crate::metric::Metric;
use crate::run::{NewRun, Param, Run, RunUpdate};
use crate::search::Search;
use crate::tag::Tag;

const SHAPE: Shape = Shape {
    table: "run",
    id: "run.id",
    attributes: &[
        Attribute::text("run_id", "run.id"),
        Attribute::text("run_name", "run.name"),
        Attribute::text("run name", "run.name"),
        Attribute::text("Run name", "run.name"),
        Attribute::text("Run Name", "run.name"),
        Attribute::text("user_id", "run.user_id"),
        Attribute::text("status", "run.status"),
        Attribute::text("artifact_uri", "run.artifact_uri"),
        Attribute::number("start_time", "run.start_time"),
        Attribute::number("created", "run.start_time"),
        Attribute::number("Created", "run.start_time"),
        Attribute::number("end_time", "run.end_time"),
    ],
    metrics: Some(Side {
        table: "metric_latest",
        owner: "run_id",
        also: None,
    }),
    many_values: false,
    params: Some(Side {
        table: "param",
        owner: "run_id",
        also: None,
    }),
    tags: Some(Side {
        table: "run_tag",
        owner: "run_id",
        also: None,
    }),
    datasets: true,
    absent_tag: None,
    tie: "run.start_time desc, run.id",
};

/// Runs that are read at once.
const TOGETHER: usize = 500;

pub(crate) async fn begin(tx: &mut Tx<'_>, new: &NewRun) -> Result<Run> {
    let number = experiment::number(&new.experiment_id)?;
    experiment::require_active(tx, number).await?;
    let (location,): (String,) = tx
        .row(
            "select artifact_location from experiment where id = $1",
            &[number.into()],
        )
        .await?
        .ok_or_else(|| experiment::none(number))?;
    let id = RunId::fresh();
    let start_time = new.start_time.unwrap_or_else(|| tx.clock().now_ms());
    let artifact_uri = format!("{}/{id}/artifacts", location.trim_end_matches('/'));
    tx.execute(
        "insert into run (id, experiment_id, name, user_id, status, start_time, lifecycle, artifact_uri) values ($1, $2, $3, $4, 'RUNNING', $5, 'active', $6)",
        &[(&id).into(), number.into(), new.name.as_str().into(), new.user.as_str().into(), start_time.into(), artifact_uri.as_str().into()],
    )
    .await?;
    batch::tags(tx, &id, &new.tags).await?;
    Ok(Run {
        id,
        name: new.name.clone(),
        experiment_id: number.to_string().parse()?,
        user: new.user.clone(),
        status: crate::RunStatus::Running,
        start_time,
        end_time: None,
        lifecycle: Lifecycle::Active,
        artifact_uri,
        metrics: Vec::new(),
        params: Vec::new(),
        tags: new.tags.clone(),
        datasets: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
    })
}

pub(crate) async fn update(tx: &mut Tx<'_>, id: &RunId, update: &RunUpdate) -> Result<()> {
    require_active(tx, id).await?;
    tx.execute(
        "update run set status = coalesce($2, status), end_time = coalesce($3, end_time) where id = $1",
        &[id.into(), update.status.map(|status| status.as_str().to_owned()).into(), update.end_time.into()],
    )
    .await?;
    match update.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => batch::tags(tx, id, &[Tag::new(NAME_TAG, name)]).await,
        None => Ok(()),
    }
}

pub(crate) async fn mark(tx: &mut Tx<'_>, id: &RunId, stage: Lifecycle) -> Result<()> {
    match tx
        .execute(
            "update run set lifecycle = $2 where id = $1",
            &[id.into(), stage.as_str().into()],
        )
        .await?
    {
        0 => Err(batch::none(id)),
        _ => Ok(()),
    }
}

pub(crate) async fn untag(tx: &mut Tx<'_>, id: &RunId, key: &str) -> Result<u64> {
    require_active(tx, id).await?;
    tx.execute(
        "delete from run_tag where run_id = $1 and key = $2",
        &[id.into(), key.into()],
    )
    .await
}

pub(crate) async fn search(db: &Db, search: &Search) -> Result<Page<Run>> {
    let limit = check::max_results(search.max_results.unwrap_or(1000), 50_000)?;
    let start = page_start(search.page_token.as_deref())?;
    let numbers = search
        .experiment_ids
        .iter()
        .map(experiment::number)
        .collect::<Result<Vec<i64>>>()?;
    let mut query = Query::new(&SHAPE, db.backend());
    let within = if few_fit(db, &search.filter).await? {
        query.begin_with_equality();
        query.any_of("+run.experiment_id", numbers)
    } else {
        query.any_of("run.experiment_id", numbers)
    };
    query.condition(within);
    if let Some(stage) = search.view.only() {
        let place = query.bind(stage.as_str());
        query.condition(format!("run.lifecycle = {place}"));
    }
    query.filter(&search.filter)?;
    query.order(&search.order_by)?;
    let (sql, args) = query.select("run.id", limit + 1, start);
    let ids: Vec<(String,)> = db.rows(dynamic_sql(sql), &args).await?;
    let page = page_of(ids.into_iter().map(|(id,)| id).collect(), start, limit);
    Ok(Page {
        items: load(db, &page.items).await?,
        next: page.next,
    })
}

/// Fewer runs than this are looked at one by one rather than in the order of their experiment.
const FEW: i64 = 1000;

/// Whether the filter has a comparison with a param or tag that few runs fit. Databases keep no statistics of single
/// keys, so each is asked, up to a limit.
async fn few_fit(db: &Db, filter: &str) -> Result<bool> {
    for clause in parse(filter)? {
        let (sql, key) = match &clause.field {
            Field::Param(key) => (
                "select count(*) from (select run_id from param where key = $1 and substr(value, 1, 128) = $2 limit $3) few",
                key,
            ),
            Field::Tag(key) => (
                "select count(*) from (select run_id from run_tag where key = $1 and substr(value, 1, 128) = $2 limit $3) few",
                key,
            ),
            _ => continue,
        };
        let (Op::Equal, Literal::Text(text)) = (clause.op, &clause.value) else {
            continue;
        };
        let start: String = text.chars().take(128).collect();
        let found: Option<(i64,)> = db.row(sql, &[key.into(), start.into(), FEW.into()]).await?;
        if found.is_some_and(|(count,)| count < FEW) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The runs of `ids`, in that order, with everything that belongs to them: a fixed number of queries for each 500.
pub(crate) async fn load(db: &Db, ids: &[String]) -> Result<Vec<Run>> {
    let mut runs = Vec::with_capacity(ids.len());
    for part in ids.chunks(TOGETHER) {
        load_part(db, part, &mut runs).await?;
    }
    Ok(runs)
}

type RunRow = (
    String,
    i64,
    String,
    String,
    String,
    i64,
    Option<i64>,
    String,
    String,
);
type MetricRow = (String, String, i64, i64, f64, bool);
type PairRow = (String, String, String);
type DatasetRow = (
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    String,
);
type ModelRow = (String, String, String, i64);

async fn load_part(db: &Db, ids: &[String], runs: &mut Vec<Run>) -> Result<()> {
    let args: Vec<Value> = ids.iter().map(Value::from).collect();
    let list = store::places(1, ids.len());
    let sql = |head: &str, tail: &str| dynamic_sql(format!("{head} in ({list}) {tail}"));
    let (rows, metrics, params, tags, datasets, models) = tokio::try_join!(
        db.rows::<RunRow>(sql("select id, experiment_id, name, user_id, status, start_time, end_time, lifecycle, artifact_uri from run where id", ""), &args),
        db.rows::<MetricRow>(sql("select run_id, key, at, step, value, is_nan from metric_latest where run_id", "order by run_id, key"), &args),
        db.rows::<PairRow>(sql("select run_id, key, value from param where run_id", "order by run_id, key"), &args),
        db.rows::<PairRow>(sql("select run_id, key, value from run_tag where run_id", "order by run_id, key"), &args),
        db.rows::<DatasetRow>(
            sql(
                "select r.run_id, r.name, r.digest, d.source_type, d.source, d.schema_json, d.profile_json, r.tags from run_dataset r \
                 join dataset_seen d on d.experiment_id = r.experiment_id and d.name = r.name and d.digest = r.digest where r.run_id",
                "order by r.run_id, r.position"
            ),
            &args
        ),
        db.rows::<ModelRow>(sql("select run_id, role, model_id, step from run_model where run_id", "order by run_id, role, step, model_id"), &args),
    )?;
    let mut found: HashMap<String, Run> = HashMap::with_capacity(rows.len());
    for row in rows {
        found.insert(row.0.clone(), run(row)?);
    }
    for (id, key, timestamp, step, value, is_nan) in metrics {
        if let Some(run) = found.get_mut(&id) {
            run.metrics.push(Metric::new(
                key,
                if is_nan { f64::NAN } else { value },
                timestamp,
                step,
            ));
        }
    }
    for (id, key, value) in params {
        if let Some(run) = found.get_mut(&id) {
            run.params.push(Param { key, value });
        }
    }
    for (id, key, value) in tags {
        if let Some(run) = found.get_mut(&id) {
            run.tags.push(Tag { key, value });
        }
    }
    for (id, name, digest, source_type, source, schema, profile, tags) in datasets {
        if let Some(run) = found.get_mut(&id) {
            let dataset = DatasetRef {
                name,
                digest,
                source_type,
                source,
                schema,
                profile,
            };
            run.datasets.push(DatasetInput {
                dataset,
                tags: serde_json::from_str(&tags)?,
            });
        }
    }
    for (id, role, model, step) in models {
        let Some(run) = found.get_mut(&id) else {
            continue;
        };
        let model_id = model.parse()?;
        match role.as_str() {
            "input" => run.model_inputs.push(ModelInput { model_id }),
            _ => run.model_outputs.push(ModelOutput { model_id, step }),
        }
    }
    runs.extend(ids.iter().filter_map(|id| found.remove(id)));
    Ok(())
}

fn run(row: RunRow) -> Result<Run> {
    let (id, experiment, name, user, status, start_time, end_time, lifecycle, artifact_uri) = row;
    Ok(Run {
        id: id.parse()?,
        name,
        experiment_id: experiment.to_string().parse()?,
        user,
        status: status.parse()?,
        start_time,
        end_time,
        lifecycle: Lifecycle::parse(&lifecycle),
        artifact_uri,
        metrics: Vec::new(),
        params: Vec::new(),
        tags: Vec::new(),
        datasets: Vec::new(),
        model_inputs: Vec::new(),
        model_outputs: Vec::new(),
    })
}
