//! SQL of versions and of the aliases on them.

use std::collections::HashMap;

use base::{Error, Page, Result};
use experiments::Tag;
use experiments::filter::{Attribute, Query, Shape, Side, page_of, page_start};
use store::{Db, Tx, Value, dynamic_sql};

use super::model;
use crate::model::ModelSearch;
use crate::version::{ModelVersion, NewVersion, Stage};

const SHAPE: Shape = Shape {
    table: "model_version",
    id: "model_version.name",
    attributes: &[
        Attribute::text("name", "model_version.name"),
        Attribute::number("version_number", "model_version.version"),
        Attribute::text("run_id", "model_version.run_id"),
        Attribute::text("source_path", "model_version.source"),
        Attribute::order("creation_timestamp", "model_version.created_at"),
        Attribute::order("last_updated_timestamp", "model_version.updated_at"),
    ],
    metrics: None,
    many_values: false,
    params: None,
    tags: Some(Side {
        table: "model_version_tag",
        owner: "name",
        also: Some(("version", "model_version.version")),
    }),
    datasets: false,
    absent_tag: Some("mlflow.prompt.is_prompt"),
    tie: "model_version.name, model_version.version desc",
};

const COLUMNS: &str = "model_version.name, model_version.version, model_version.description, model_version.user_id, model_version.source, model_version.storage, model_version.run_id, model_version.model_id, model_version.run_link, model_version.stage, model_version.created_at, model_version.updated_at";

#[derive(sqlx::FromRow)]
struct Row {
    name: String,
    version: i64,
    description: String,
    user_id: String,
    source: String,
    storage: String,
    run_id: Option<String>,
    model_id: Option<String>,
    run_link: String,
    stage: String,
    created_at: i64,
    updated_at: i64,
}

pub(crate) fn none(name: &str, version: i64) -> Error {
    Error::not_found(format!(
        "Model Version (name={name}, version={version}) not found"
    ))
}

/// Adds the next version; the answer is its number.
pub(crate) async fn insert(tx: &mut Tx<'_>, new: &NewVersion, storage: &str) -> Result<i64> {
    let now = tx.clock().now_ms();
    let (version,): (i64,) = tx
        .row(
            "update registered_model set last_version = last_version + 1, updated_at = $2 where name = $1 returning last_version",
            &[new.name.as_str().into(), now.into()],
        )
        .await?
        .ok_or_else(|| model::none(&new.name))?;
    if !put(tx, new, storage, version, now, now).await? {
        return Err(Error::already_exists(format!(
            "version {version} of {} exists already",
            new.name
        )));
    }
    Ok(version)
}

/// Adds a version under a number that it brings; false where the model has one of that number.
pub(crate) async fn insert_numbered(
    tx: &mut Tx<'_>,
    new: &NewVersion,
    storage: &str,
    number: i64,
    created_at: i64,
    updated_at: i64,
) -> Result<bool> {
    let known = tx
        .execute(
            "update registered_model set last_version = case when last_version < $2 then $2 else last_version end where name = $1",
            &[new.name.as_str().into(), number.into()],
        )
        .await?;
    if known == 0 {
        return Err(model::none(&new.name));
    }
    put(tx, new, storage, number, created_at, updated_at).await
}

/// Writes a version with its tags; false where the model has one of that number.
async fn put(
    tx: &mut Tx<'_>,
    new: &NewVersion,
    storage: &str,
    number: i64,
    created_at: i64,
    updated_at: i64,
) -> Result<bool> {
    let added = tx
        .execute(
            "insert into model_version (name, version, description, user_id, source, storage, run_id, model_id, run_link, stage, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'None', $10, $11) on conflict (name, version) do nothing",
            &[
                new.name.as_str().into(),
                number.into(),
                new.description.as_str().into(),
                new.user.as_str().into(),
                new.source.as_str().into(),
                storage.into(),
                new.run_id.as_ref().map(|id| id.as_str().to_owned()).into(),
                new.model_id.as_ref().map(|id| id.as_str().to_owned()).into(),
                new.run_link.as_str().into(),
                created_at.into(),
                updated_at.into(),
            ],
        )
        .await?;
    if added > 0 {
        for tag in &new.tags {
            put_tag(tx, &new.name, number, tag).await?;
        }
    }
    Ok(added > 0)
}

pub(crate) async fn put_tag(tx: &mut Tx<'_>, name: &str, version: i64, tag: &Tag) -> Result<()> {
    tx.execute(
        "insert into model_version_tag (name, version, key, value) values ($1, $2, $3, $4) on conflict (name, version, key) do update set value = excluded.value",
        &[name.into(), version.into(), tag.key.as_str().into(), tag.value.as_str().into()],
    )
    .await?;
    Ok(())
}

/// Says that a version changed; an error where it does not exist.
pub(crate) async fn touch(tx: &mut Tx<'_>, name: &str, version: i64) -> Result<()> {
    let now = tx.clock().now_ms();
    let args = [name.into(), version.into(), now.into()];
    match tx
        .execute(
            "update model_version set updated_at = $3 where name = $1 and version = $2",
            &args,
        )
        .await?
    {
        0 => Err(none(name, version)),
        _ => Ok(()),
    }
}

pub(crate) async fn set_stage(
    tx: &mut Tx<'_>,
    name: &str,
    version: i64,
    stage: Stage,
    archive_others: bool,
) -> Result<()> {
    touch(tx, name, version).await?;
    if archive_others {
        let now = tx.clock().now_ms();
        tx.execute(
            "update model_version set stage = 'Archived', updated_at = $4 where name = $1 and version <> $2 and stage = $3",
            &[name.into(), version.into(), stage.as_str().into(), now.into()],
        )
        .await?;
    }
    tx.execute(
        "update model_version set stage = $3 where name = $1 and version = $2",
        &[name.into(), version.into(), stage.as_str().into()],
    )
    .await?;
    model::touch(tx, name).await
}

pub(crate) async fn remove(tx: &mut Tx<'_>, name: &str, version: i64) -> Result<()> {
    touch(tx, name, version).await?;
    let args = [name.into(), version.into()];
    tx.execute(
        "delete from model_alias where name = $1 and version = $2",
        &args,
    )
    .await?;
    tx.execute(
        "delete from model_version_tag where name = $1 and version = $2",
        &args,
    )
    .await?;
    tx.execute(
        "delete from model_version where name = $1 and version = $2",
        &args,
    )
    .await?;
    forget_evaluations(tx, name, Some(version)).await?;
    model::touch(tx, name).await
}

/// What was measured of versions that are gone stays known of their runs, and speaks for no version that may have the
/// same name and number later.
pub(crate) async fn forget_evaluations(
    tx: &mut Tx<'_>,
    name: &str,
    version: Option<i64>,
) -> Result<()> {
    tx.execute(
        "update evaluation set version = null where model = $1 and (version = $2 or $2 is null)",
        &[name.into(), version.into()],
    )
    .await?;
    Ok(())
}

/// Points `alias` at `version`; the answer is the version it named before.
pub(crate) async fn set_alias(
    tx: &mut Tx<'_>,
    name: &str,
    alias: &str,
    version: i64,
) -> Result<Option<i64>> {
    let there: Option<(i64,)> = tx
        .row(
            "select version from model_version where name = $1 and version = $2",
            &[name.into(), version.into()],
        )
        .await?;
    if there.is_none() {
        return Err(none(name, version));
    }
    let before: Option<(i64,)> = tx
        .row(
            "select version from model_alias where name = $1 and alias = $2",
            &[name.into(), alias.into()],
        )
        .await?;
    tx.execute(
        "insert into model_alias (name, alias, version) values ($1, $2, $3) on conflict (name, alias) do update set version = excluded.version",
        &[name.into(), alias.into(), version.into()],
    )
    .await?;
    Ok(before.map(|(version,)| version))
}

/// Removes an alias; the answer is the version it named.
pub(crate) async fn drop_alias(tx: &mut Tx<'_>, name: &str, alias: &str) -> Result<Option<i64>> {
    let gone: Option<(i64,)> = tx
        .row(
            "delete from model_alias where name = $1 and alias = $2 returning version",
            &[name.into(), alias.into()],
        )
        .await?;
    Ok(gone.map(|(version,)| version))
}

pub(crate) async fn by_number(db: &Db, name: &str, version: i64) -> Result<ModelVersion> {
    let sql = format!("select {COLUMNS} from model_version where name = $1 and version = $2");
    let row: Option<Row> = db
        .row(dynamic_sql(sql), &[name.into(), version.into()])
        .await?;
    complete(db, row.into_iter().collect())
        .await?
        .pop()
        .ok_or_else(|| none(name, version))
}

pub(crate) async fn by_alias(db: &Db, name: &str, alias: &str) -> Result<Option<ModelVersion>> {
    let sql = format!(
        "select {COLUMNS} from model_alias a join model_version on model_version.name = a.name and model_version.version = a.version where a.name = $1 and a.alias = $2"
    );
    let row: Option<Row> = db
        .row(dynamic_sql(sql), &[name.into(), alias.into()])
        .await?;
    Ok(complete(db, row.into_iter().collect()).await?.pop())
}

/// The newest version of each stage of each of `names`.
pub(crate) async fn latest(db: &Db, names: &[Value]) -> Result<Vec<ModelVersion>> {
    let sql = format!(
        "select {COLUMNS} from model_version where model_version.name in ({}) and not exists (select 1 from model_version n where n.name = model_version.name and n.stage = model_version.stage and n.version > model_version.version) order by model_version.name, model_version.version",
        store::places(1, names.len())
    );
    complete(db, db.rows(dynamic_sql(sql), names).await?).await
}

pub(crate) async fn search(db: &Db, search: &ModelSearch) -> Result<Page<ModelVersion>> {
    let limit = search.page.limit.unwrap_or(10_000);
    if limit > 200_000 {
        return Err(Error::invalid(format!(
            "Invalid value for request parameter max_results. It must be at most 200000, but got value {limit}"
        )));
    }
    let start = page_start(search.page.token.as_deref())?;
    let mut query = Query::new(&SHAPE, db.backend());
    query.filter(&search.filter)?;
    query.order(&search.order_by)?;
    if search.order_by.is_empty() {
        query.order_sql("model_version.updated_at desc".to_owned());
    }
    let (sql, args) = query.select(COLUMNS, limit + 1, start);
    let rows: Vec<Row> = db.rows(dynamic_sql(sql), &args).await?;
    let page = page_of(rows, start, limit);
    Ok(Page {
        items: complete(db, page.items).await?,
        next: page.next,
    })
}

/// Adds tags and aliases: two queries for each 500 versions.
async fn complete(db: &Db, rows: Vec<Row>) -> Result<Vec<ModelVersion>> {
    let mut versions = Vec::with_capacity(rows.len());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let part: Vec<Row> = rows.by_ref().take(500).collect();
        let mut names: Vec<&str> = part.iter().map(|row| row.name.as_str()).collect();
        names.dedup();
        let args: Vec<Value> = names.into_iter().map(Value::from).collect();
        let list = store::places(1, args.len());
        let tags: Vec<(String, i64, String, String)> =
            db.rows(dynamic_sql(format!("select name, version, key, value from model_version_tag where name in ({list}) order by key")), &args).await?;
        let aliases: Vec<(String, i64, String)> =
            db.rows(dynamic_sql(format!("select name, version, alias from model_alias where name in ({list}) order by alias")), &args).await?;
        let mut tags_of: HashMap<(String, i64), Vec<Tag>> = HashMap::new();
        for (name, version, key, value) in tags {
            tags_of
                .entry((name, version))
                .or_default()
                .push(Tag { key, value });
        }
        let mut aliases_of: HashMap<(String, i64), Vec<String>> = HashMap::new();
        for (name, version, alias) in aliases {
            aliases_of.entry((name, version)).or_default().push(alias);
        }
        for row in part {
            let key = (row.name.clone(), row.version);
            let (tags, aliases) = (
                tags_of.remove(&key).unwrap_or_default(),
                aliases_of.remove(&key).unwrap_or_default(),
            );
            versions.push(version(row, tags, aliases)?);
        }
    }
    Ok(versions)
}

fn version(row: Row, tags: Vec<Tag>, aliases: Vec<String>) -> Result<ModelVersion> {
    Ok(ModelVersion {
        name: row.name,
        version: row.version,
        description: row.description,
        user: row.user_id,
        source: row.source,
        storage: row.storage,
        run_id: row.run_id.map(|id| id.parse()).transpose()?,
        model_id: row.model_id.map(|id| id.parse()).transpose()?,
        run_link: row.run_link,
        stage: Stage::parse(&row.stage)?,
        created_at: row.created_at,
        updated_at: row.updated_at,
        tags,
        aliases,
    })
}
