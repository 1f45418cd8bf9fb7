//! The SQL of projects, the versions of their file, and the versions of criteria.

use base::{Error, Result};
use serde::Serialize;
use store::{Db, FromRow, Tx};

use crate::criterion::Criterion;

/// The steps that make this stage's tables.
pub const MIGRATIONS: &[&str] = &["
create table project (
  name TEXT primary key,
  version BIGINT not null,
  base_dir TEXT not null,
  digest TEXT not null,
  content TEXT not null,
  applied_at BIGINT not null,
  applied_by TEXT not null
);
create table project_version (
  project TEXT not null,
  version BIGINT not null,
  base_dir TEXT not null,
  digest TEXT not null,
  content TEXT not null,
  applied_at BIGINT not null,
  applied_by TEXT not null,
  primary key (project, version)
);
create table criterion_version (
  project TEXT not null,
  id TEXT not null,
  version BIGINT not null,
  digest TEXT not null,
  target TEXT not null,
  definition TEXT not null,
  created_at BIGINT not null,
  created_by TEXT not null,
  primary key (project, id, version)
);
"];

/// A stored version of a project's file.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Row {
    pub name: String,
    pub version: i64,
    pub base_dir: String,
    pub digest: String,
    pub content: String,
    pub applied_at: i64,
    pub applied_by: String,
}

/// One version of a criterion's definition.
#[derive(Clone, Debug, PartialEq, Serialize, FromRow)]
pub struct CriterionVersion {
    /// The criterion.
    pub id: String,
    /// From 1.
    pub version: i64,
    /// See [`Criterion::digest`].
    pub digest: String,
    /// See [`Criterion::target_text`].
    pub target: String,
    /// The definition, as JSON.
    pub definition: String,
    /// When it was applied, in milliseconds since the epoch.
    pub created_at: i64,
    /// Who applied it.
    pub created_by: String,
}

pub(crate) async fn one(db: &Db, name: &str) -> Result<Option<Row>> {
    db.row("select * from project where name = $1", &[name.into()])
        .await
}

pub(crate) async fn all(db: &Db) -> Result<Vec<Row>> {
    db.rows("select * from project order by name", &[]).await
}

/// Every version of a project's file as `(version, digest, applied_at, applied_by)`, the newest first.
pub async fn project_versions(db: &Db, project: &str) -> Result<Vec<(i64, String, i64, String)>> {
    db.rows(
        "select version, digest, applied_at, applied_by from project_version where project = $1 order by version desc",
        &[project.into()],
    )
    .await
}

/// Every version of a criterion, the newest first.
pub async fn criterion_versions(db: &Db, project: &str, id: &str) -> Result<Vec<CriterionVersion>> {
    db.rows(
        "select id, version, digest, target, definition, created_at, created_by from criterion_version where project = $1 and id = $2 order by version desc",
        &[project.into(), id.into()],
    )
    .await
}

/// Stores `row` as the newest version. `expected` is the version it was planned against (0: none): another one means
/// that somebody else applied in between.
pub(crate) async fn save(tx: &mut Tx<'_>, row: &Row, expected: i64) -> Result<()> {
    let values = [
        row.name.as_str().into(),
        row.version.into(),
        row.base_dir.as_str().into(),
        row.digest.as_str().into(),
        row.content.as_str().into(),
        row.applied_at.into(),
        row.applied_by.as_str().into(),
    ];
    let changed = if expected == 0 {
        tx.execute(
            "insert into project (name, version, base_dir, digest, content, applied_at, applied_by) values ($1, $2, $3, $4, $5, $6, $7) on conflict (name) do nothing",
            &values,
        )
        .await?
    } else {
        let mut values = values.to_vec();
        values.push(expected.into());
        tx.execute(
            "update project set version = $2, base_dir = $3, digest = $4, content = $5, applied_at = $6, applied_by = $7 where name = $1 and version = $8",
            &values,
        )
        .await?
    };
    if changed == 0 {
        return Err(Error::conflict(format!(
            "project {:?} was changed by somebody else meanwhile",
            row.name
        ))
        .hint("plan again, look at the changes, then apply"));
    }
    tx.execute(
        "insert into project_version (project, version, base_dir, digest, content, applied_at, applied_by) values ($1, $2, $3, $4, $5, $6, $7)",
        &values,
    )
    .await?;
    Ok(())
}

/// Gives `criterion` a version: the newest one if its definition is the same, else one more. The answer is the
/// version, and whether it is new.
pub(crate) async fn save_criterion(
    tx: &mut Tx<'_>,
    project: &str,
    criterion: &Criterion,
    actor: &str,
) -> Result<(i64, bool)> {
    let newest: Option<(i64, String)> = tx
        .row(
            "select version, digest from criterion_version where project = $1 and id = $2 order by version desc limit 1",
            &[project.into(), criterion.id.as_str().into()],
        )
        .await?;
    let digest = criterion.digest();
    let version = match newest {
        Some((version, known)) if known == digest => return Ok((version, false)),
        Some((version, _)) => version + 1,
        None => 1,
    };
    let now = tx.clock().now_ms();
    tx.execute(
        "insert into criterion_version (project, id, version, digest, target, definition, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            project.into(),
            criterion.id.as_str().into(),
            version.into(),
            digest.into(),
            criterion.target_text().into(),
            serde_json::to_string(criterion)?.into(),
            now.into(),
            actor.into(),
        ],
    )
    .await?;
    Ok((version, true))
}
