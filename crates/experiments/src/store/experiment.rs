//! SQL of experiments and their tags.

use std::collections::HashMap;

use base::{Error, ExperimentId, Page, Result};
use store::{Db, Tx, Value, dynamic_sql};

use crate::check;
use crate::experiment::{Experiment, ExperimentSearch, Lifecycle, NewExperiment};
use crate::filter::{Attribute, Query, Shape, Side, page_of, page_start};
use crate::tag::Tag;

type Row = (i64, String, String, String, i64, i64);

const COLUMNS: &str = "experiment.id, experiment.name, experiment.artifact_location, experiment.lifecycle, experiment.created_at, experiment.updated_at";

const SHAPE: Shape = Shape {
    table: "experiment",
    id: "experiment.id",
    attributes: &[
        Attribute::text("name", "experiment.name"),
        Attribute::text("experiment_id", "cast(experiment.id as TEXT)"),
        Attribute::number("creation_time", "experiment.created_at"),
        Attribute::number("last_update_time", "experiment.updated_at"),
    ],
    metrics: None,
    many_values: false,
    params: None,
    tags: Some(Side {
        table: "experiment_tag",
        owner: "experiment_id",
        also: None,
    }),
    datasets: false,
    absent_tag: None,
    tie: "experiment.id desc",
};

pub(crate) fn number(id: &ExperimentId) -> Result<i64> {
    id.as_str().parse().map_err(|_| {
        Error::invalid(format!(
            "Invalid experiment ID '{id}'. Experiment ID must be a valid integer."
        ))
    })
}

pub(crate) async fn insert(tx: &mut Tx<'_>, new: &NewExperiment) -> Result<Experiment> {
    let taken: Option<(i64,)> = tx
        .row(
            "select id from experiment where name = $1",
            &[new.name.as_str().into()],
        )
        .await?;
    if taken.is_some() {
        return Err(Error::already_exists(format!(
            "Experiment(name={}) already exists.",
            new.name
        )));
    }
    let (id,): (i64,) = tx
        .row(
            "update experiment_number set last = last + 1 where one = 1 returning last",
            &[],
        )
        .await?
        .ok_or_else(|| Error::internal("the numbers of experiments are missing"))?;
    let now = tx.clock().now_ms();
    let root = new.artifact_root.as_deref().unwrap_or("mlflow-artifacts:");
    let location = new
        .artifact_location
        .clone()
        .unwrap_or_else(|| format!("{}/{id}", root.trim_end_matches('/')));
    tx.execute(
        "insert into experiment (id, name, artifact_location, lifecycle, created_at, updated_at) values ($1, $2, $3, 'active', $4, $4)",
        &[id.into(), new.name.as_str().into(), location.as_str().into(), now.into()],
    )
    .await?;
    for tag in &new.tags {
        put_tag(tx, id, tag).await?;
    }
    Ok(Experiment {
        id: id.to_string().parse()?,
        name: new.name.clone(),
        artifact_location: location,
        lifecycle: Lifecycle::Active,
        created_at: now,
        updated_at: now,
        tags: new.tags.clone(),
    })
}

pub(crate) async fn put_tag(tx: &mut Tx<'_>, id: i64, tag: &Tag) -> Result<()> {
    tx.execute(
        "insert into experiment_tag (experiment_id, key, value) values ($1, $2, $3) on conflict (experiment_id, key) do update set value = excluded.value",
        &[id.into(), tag.key.as_str().into(), tag.value.as_str().into()],
    )
    .await?;
    Ok(())
}

pub(crate) async fn lifecycle(tx: &mut Tx<'_>, id: i64) -> Result<Lifecycle> {
    let row: Option<(String,)> = tx
        .row(
            "select lifecycle from experiment where id = $1",
            &[id.into()],
        )
        .await?;
    row.map(|(stage,)| Lifecycle::parse(&stage))
        .ok_or_else(|| none(id))
}

pub(crate) async fn require_active(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    match lifecycle(tx, id).await? {
        Lifecycle::Active => Ok(()),
        stage @ Lifecycle::Deleted => Err(Error::invalid(format!(
            "The experiment {id} must be in the 'active' state. Current state is {}.",
            stage.as_str()
        ))),
    }
}

pub(crate) fn none(id: i64) -> Error {
    Error::not_found(format!("No Experiment with id={id} exists"))
}

pub(crate) async fn by_id(db: &Db, id: i64) -> Result<Experiment> {
    let row: Option<Row> = db
        .row(
            dynamic_sql(format!("select {COLUMNS} from experiment where id = $1")),
            &[id.into()],
        )
        .await?;
    with_tags(db, row.into_iter().collect())
        .await?
        .pop()
        .ok_or_else(|| none(id))
}

pub(crate) async fn by_name(db: &Db, name: &str) -> Result<Option<Experiment>> {
    let row: Option<Row> = db
        .row(
            dynamic_sql(format!("select {COLUMNS} from experiment where name = $1")),
            &[name.into()],
        )
        .await?;
    Ok(with_tags(db, row.into_iter().collect()).await?.pop())
}

pub(crate) async fn search(db: &Db, search: &ExperimentSearch) -> Result<Page<Experiment>> {
    let limit = check::max_results(
        search
            .page
            .limit
            .map_or(1000, |limit| i64::try_from(limit).unwrap_or(i64::MAX)),
        50_000,
    )?;
    let start = page_start(search.page.token.as_deref())?;
    let mut query = Query::new(&SHAPE, db.backend());
    if let Some(stage) = search.view.only() {
        let place = query.bind(stage.as_str());
        query.condition(format!("experiment.lifecycle = {place}"));
    }
    query.filter(&search.filter)?;
    query.order(&search.order_by)?;
    if search.order_by.is_empty() {
        query.order_sql("experiment.created_at desc".to_owned());
    }
    let (sql, args) = query.select(COLUMNS, limit + 1, start);
    let rows: Vec<Row> = db.rows(dynamic_sql(sql), &args).await?;
    let page = page_of(rows, start, limit);
    Ok(Page {
        items: with_tags(db, page.items).await?,
        next: page.next,
    })
}

async fn with_tags(db: &Db, rows: Vec<Row>) -> Result<Vec<Experiment>> {
    let mut tags: HashMap<i64, Vec<Tag>> = HashMap::new();
    for part in rows.chunks(500) {
        let args: Vec<Value> = part.iter().map(|row| row.0.into()).collect();
        let sql = format!(
            "select experiment_id, key, value from experiment_tag where experiment_id in ({}) order by key",
            store::places(1, args.len())
        );
        let found: Vec<(i64, String, String)> = db.rows(dynamic_sql(sql), &args).await?;
        for (id, key, value) in found {
            tags.entry(id).or_default().push(Tag { key, value });
        }
    }
    rows.into_iter()
        .map(
            |(id, name, artifact_location, lifecycle, created_at, updated_at)| {
                Ok(Experiment {
                    id: id.to_string().parse()?,
                    name,
                    artifact_location,
                    lifecycle: Lifecycle::parse(&lifecycle),
                    created_at,
                    updated_at,
                    tags: tags.remove(&id).unwrap_or_default(),
                })
            },
        )
        .collect()
}
