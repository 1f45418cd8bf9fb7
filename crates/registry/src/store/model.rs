//! Tables of models, versions and aliases, and the SQL of models.

use std::collections::HashMap;

use base::{Error, Kind, Page, Result};
use experiments::Tag;
use experiments::filter::{Attribute, Query, Shape, Side, page_of, page_start};
use store::{Db, Tx, Value, dynamic_sql};

use super::version;
use crate::model::{Model, ModelSearch};
use crate::version::ModelVersion;

/// The first step.
pub(crate) const MODEL_TABLES: &str = "
create table registered_model (
  name TEXT primary key,
  description TEXT not null,
  created_at BIGINT not null,
  updated_at BIGINT not null,
  last_version BIGINT not null
);
create table registered_model_tag (name TEXT not null, key TEXT not null, value TEXT not null, primary key (name, key));
create table model_version (
  name TEXT not null,
  version BIGINT not null,
  description TEXT not null,
  user_id TEXT not null,
  source TEXT not null,
  storage TEXT not null,
  run_id TEXT,
  model_id TEXT,
  run_link TEXT not null,
  stage TEXT not null,
  created_at BIGINT not null,
  updated_at BIGINT not null,
  primary key (name, version)
);
create index model_version_by_run on model_version (run_id);
create table model_version_tag (name TEXT not null, version BIGINT not null, key TEXT not null, value TEXT not null, primary key (name, version, key));
create table model_alias (name TEXT not null, alias TEXT not null, version BIGINT not null, primary key (name, alias));
";

/// A prompt is a model with this tag; lists of models leave prompts out.
const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";

const SHAPE: Shape = Shape {
    table: "registered_model",
    id: "registered_model.name",
    attributes: &[
        Attribute::text("name", "registered_model.name"),
        Attribute::order("timestamp", "registered_model.updated_at"),
        Attribute::order("creation_timestamp", "registered_model.created_at"),
        Attribute::order("last_updated_timestamp", "registered_model.updated_at"),
    ],
    metrics: None,
    many_values: false,
    params: None,
    tags: Some(Side {
        table: "registered_model_tag",
        owner: "name",
        also: None,
    }),
    datasets: false,
    absent_tag: Some(PROMPT_TAG),
    tie: "registered_model.name",
};

const COLUMNS: &str = "registered_model.name, registered_model.description, registered_model.created_at, registered_model.updated_at";

type Row = (String, String, i64, i64);

pub(crate) fn none(name: &str) -> Error {
    Error::not_found(format!("Registered Model with name={name} not found"))
}

pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    name: &str,
    description: &str,
    tags: &[Tag],
) -> Result<()> {
    let now = tx.clock().now_ms();
    let made = tx
        .execute(
            "insert into registered_model (name, description, created_at, updated_at, last_version) values ($1, $2, $3, $3, 0) on conflict do nothing",
            &[name.into(), description.into(), now.into()],
        )
        .await?;
    if made == 0 {
        return Err(Error::already_exists(format!(
            "Registered Model (name={name}) already exists."
        )));
    }
    for tag in tags {
        put_tag(tx, name, tag).await?;
    }
    Ok(())
}

pub(crate) async fn put_tag(tx: &mut Tx<'_>, name: &str, tag: &Tag) -> Result<()> {
    tx.execute(
        "insert into registered_model_tag (name, key, value) values ($1, $2, $3) on conflict (name, key) do update set value = excluded.value",
        &[name.into(), tag.key.as_str().into(), tag.value.as_str().into()],
    )
    .await?;
    Ok(())
}

/// Says that a model changed; an error where it does not exist.
pub(crate) async fn touch(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    let now = tx.clock().now_ms();
    match tx
        .execute(
            "update registered_model set updated_at = $2 where name = $1",
            &[name.into(), now.into()],
        )
        .await?
    {
        0 => Err(none(name)),
        _ => Ok(()),
    }
}

pub(crate) async fn rename(tx: &mut Tx<'_>, name: &str, new_name: &str) -> Result<()> {
    touch(tx, name).await?;
    let args = [name.into(), new_name.into()];
    let renamed = tx
        .execute(
            "update registered_model set name = $2 where name = $1",
            &args,
        )
        .await;
    match renamed {
        Err(error) if error.kind() == Kind::AlreadyExists => {
            return Err(Error::already_exists(format!(
                "Registered Model (name={new_name}) already exists."
            )));
        }
        other => other?,
    };
    let now = tx.clock().now_ms();
    tx.execute(
        "update model_version set name = $2, updated_at = $3 where name = $1",
        &[name.into(), new_name.into(), now.into()],
    )
    .await?;
    tx.execute(
        "update registered_model_tag set name = $2 where name = $1",
        &args,
    )
    .await?;
    tx.execute(
        "update model_version_tag set name = $2 where name = $1",
        &args,
    )
    .await?;
    // Under either name, a version has to be measured before it passes a gate.
    version::forget_evaluations(tx, name, None).await?;
    version::forget_evaluations(tx, new_name, None).await?;
    tx.execute("update model_alias set name = $2 where name = $1", &args)
        .await?;
    Ok(())
}

pub(crate) async fn remove(tx: &mut Tx<'_>, name: &str) -> Result<()> {
    touch(tx, name).await?;
    let args = [name.into()];
    tx.execute("delete from model_alias where name = $1", &args)
        .await?;
    tx.execute("delete from model_version_tag where name = $1", &args)
        .await?;
    tx.execute("delete from model_version where name = $1", &args)
        .await?;
    tx.execute("delete from registered_model_tag where name = $1", &args)
        .await?;
    tx.execute("delete from registered_model where name = $1", &args)
        .await?;
    version::forget_evaluations(tx, name, None).await
}

/// Every alias of a model with its version, in this transaction.
pub(crate) async fn aliases_now(tx: &mut Tx<'_>, name: &str) -> Result<Vec<(String, i64)>> {
    tx.rows(
        "select alias, version from model_alias where name = $1 order by alias",
        &[name.into()],
    )
    .await
}

/// Every alias of a model with its version.
pub(crate) async fn aliases(db: &Db, name: &str) -> Result<Vec<(String, i64)>> {
    db.rows(
        "select alias, version from model_alias where name = $1 order by alias",
        &[name.into()],
    )
    .await
}

pub(crate) async fn by_name(db: &Db, name: &str) -> Result<Model> {
    let row: Option<Row> = db
        .row(
            dynamic_sql(format!(
                "select {COLUMNS} from registered_model where name = $1"
            )),
            &[name.into()],
        )
        .await?;
    complete(db, row.into_iter().collect())
        .await?
        .pop()
        .ok_or_else(|| none(name))
}

pub(crate) async fn search(db: &Db, search: &ModelSearch) -> Result<Page<Model>> {
    let limit = search.page.limit.unwrap_or(100);
    if limit > 1000 {
        return Err(Error::invalid(format!(
            "Invalid value for request parameter max_results. It must be at most 1000, but got value {limit}"
        )));
    }
    let start = page_start(search.page.token.as_deref())?;
    let mut query = Query::new(&SHAPE, db.backend());
    query.filter(&search.filter)?;
    query.order(&search.order_by)?;
    if !search.filter.contains(PROMPT_TAG) {
        query.filter(&format!("tags.`{PROMPT_TAG}` != 'true'"))?;
    }
    let (sql, args) = query.select(COLUMNS, limit + 1, start);
    let rows: Vec<Row> = db.rows(dynamic_sql(sql), &args).await?;
    let page = page_of(rows, start, limit);
    Ok(Page {
        items: complete(db, page.items).await?,
        next: page.next,
    })
}

/// Adds tags, aliases and the newest version of each stage: a fixed number of queries for each 500 models.
async fn complete(db: &Db, rows: Vec<Row>) -> Result<Vec<Model>> {
    let mut models = Vec::with_capacity(rows.len());
    for part in rows.chunks(500) {
        let names: Vec<Value> = part.iter().map(|row| Value::from(&row.0)).collect();
        let list = store::places(1, names.len());
        let tags: Vec<(String, String, String)> =
            db.rows(dynamic_sql(format!("select name, key, value from registered_model_tag where name in ({list}) order by key")), &names).await?;
        let aliases: Vec<(String, String, i64)> =
            db.rows(dynamic_sql(format!("select name, alias, version from model_alias where name in ({list}) order by alias")), &names).await?;
        let mut tags_of: HashMap<String, Vec<Tag>> = HashMap::new();
        for (name, key, value) in tags {
            tags_of.entry(name).or_default().push(Tag { key, value });
        }
        let mut aliases_of: HashMap<String, Vec<(String, i64)>> = HashMap::new();
        for (name, alias, version) in aliases {
            aliases_of.entry(name).or_default().push((alias, version));
        }
        let mut latest_of: HashMap<String, Vec<ModelVersion>> = HashMap::new();
        for version in version::latest(db, &names).await? {
            latest_of
                .entry(version.name.clone())
                .or_default()
                .push(version);
        }
        models.extend(
            part.iter()
                .map(|(name, description, created_at, updated_at)| Model {
                    name: name.clone(),
                    description: description.clone(),
                    created_at: *created_at,
                    updated_at: *updated_at,
                    tags: tags_of.remove(name).unwrap_or_default(),
                    aliases: aliases_of.remove(name).unwrap_or_default(),
                    latest: latest_of.remove(name).unwrap_or_default(),
                }),
        );
    }
    Ok(models)
}
