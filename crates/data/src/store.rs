//! The SQL of dataset versions.

use base::{Error, Page, PageRequest, Result};
use serde_json::json;
use store::{AuditEntry, Db, Tx, Value, dynamic_sql};

use crate::check::CheckReport;
use crate::dataset::{DatasetVersion, State};
use crate::profile::Profile;

/// Tables of this stage.
pub const MIGRATIONS: &[&str] = &["
create table dataset_version (
  project TEXT not null,
  dataset TEXT not null,
  version BIGINT not null,
  location TEXT not null,
  delta_version BIGINT not null,
  digest TEXT not null,
  row_count BIGINT not null,
  hidden BIGINT not null,
  columns TEXT not null,
  state TEXT not null,
  created_at BIGINT not null,
  until BIGINT,
  source TEXT not null,
  checks TEXT not null,
  profile TEXT,
  primary key (project, dataset, version)
);
create index dataset_version_by_state on dataset_version (project, dataset, state, version);
"];

/// What is read back of a version.
#[derive(sqlx::FromRow)]
struct Row {
    project: String,
    dataset: String,
    version: i64,
    delta_version: i64,
    digest: String,
    row_count: i64,
    hidden: i64,
    columns: String,
    state: String,
    created_at: i64,
    until: Option<i64>,
    source: String,
    checks: String,
}

const COLUMNS: &str = "project, dataset, version, delta_version, digest, row_count, hidden, columns, state, created_at, until, source, checks";

impl Row {
    fn into_version(self) -> Result<DatasetVersion> {
        Ok(DatasetVersion {
            schema: serde_json::from_str(&self.columns)?,
            state: self.state.parse()?,
            checks: serde_json::from_str(&self.checks)?,
            project: self.project,
            dataset: self.dataset,
            version: self.version,
            delta_version: self.delta_version,
            digest: self.digest,
            rows: self.row_count,
            hidden: self.hidden,
            created_at: self.created_at,
            until: self.until,
            source: self.source,
        })
    }
}

/// A version by number.
pub(crate) async fn version(
    db: &Db,
    project: &str,
    dataset: &str,
    version: i64,
) -> Result<Option<DatasetVersion>> {
    let sql = format!(
        "select {COLUMNS} from dataset_version where project = $1 and dataset = $2 and version = $3"
    );
    let row: Option<Row> = db
        .row(
            dynamic_sql(sql),
            &[project.into(), dataset.into(), version.into()],
        )
        .await?;
    row.map(Row::into_version).transpose()
}

/// The newest version in a state.
pub(crate) async fn newest(
    db: &Db,
    project: &str,
    dataset: &str,
    state: State,
) -> Result<Option<DatasetVersion>> {
    let sql = format!(
        "select {COLUMNS} from dataset_version where project = $1 and dataset = $2 and state = $3 order by version desc limit 1"
    );
    let row: Option<Row> = db
        .row(
            dynamic_sql(sql),
            &[project.into(), dataset.into(), state.as_str().into()],
        )
        .await?;
    row.map(Row::into_version).transpose()
}

/// Versions, newest first.
pub(crate) async fn versions(
    db: &Db,
    project: &str,
    dataset: &str,
    page: &PageRequest,
) -> Result<Page<DatasetVersion>> {
    let limit = page.limit.unwrap_or(50).clamp(1, 500);
    let before: i64 = match &page.token {
        Some(token) => token.parse().map_err(|_| {
            Error::invalid(format!("{token:?} is not a page token of dataset versions"))
        })?,
        None => i64::MAX,
    };
    let sql = format!(
        "select {COLUMNS} from dataset_version where project = $1 and dataset = $2 and version < $3 order by version desc limit $4"
    );
    let rows: Vec<Row> = db
        .rows(
            dynamic_sql(sql),
            &[
                project.into(),
                dataset.into(),
                before.into(),
                (limit + 1).into(),
            ],
        )
        .await?;
    let more = rows.len() > limit;
    let items: Vec<DatasetVersion> = rows
        .into_iter()
        .take(limit)
        .map(Row::into_version)
        .collect::<Result<_>>()?;
    let next = items
        .last()
        .filter(|_| more)
        .map(|version| version.version.to_string());
    Ok(Page { items, next })
}

/// How many versions are quarantined.
pub(crate) async fn quarantined(db: &Db, project: &str, dataset: &str) -> Result<i64> {
    let count: Option<(i64,)> = db
        .row(
            "select count(*) from dataset_version where project = $1 and dataset = $2 and state = 'quarantined'",
            &[project.into(), dataset.into()],
        )
        .await?;
    Ok(count.map_or(0, |(count,)| count))
}

/// Makes a version of rows that are written already. `version.version` is set here. If the same content became
/// current in the meantime, the answer is that version and `false`.
pub(crate) async fn insert(
    db: &Db,
    version: DatasetVersion,
    location: String,
    actor: &str,
) -> Result<(DatasetVersion, bool)> {
    let actor = actor.to_owned();
    db.write(move |tx| {
        let (version, location, actor) = (version.clone(), location.clone(), actor.clone());
        Box::pin(async move { insert_in(tx, version, &location, actor).await })
    })
    .await
}

async fn insert_in(
    tx: &mut Tx<'_>,
    mut version: DatasetVersion,
    location: &str,
    actor: String,
) -> Result<(DatasetVersion, bool)> {
    let key: [Value; 2] = [
        version.project.as_str().into(),
        version.dataset.as_str().into(),
    ];
    let sql = format!(
        "select {COLUMNS} from dataset_version where project = $1 and dataset = $2 and state = 'current'"
    );
    if version.state == State::Current {
        let current: Option<Row> = tx.row(dynamic_sql(sql), &key).await?;
        if let Some(current) = current.filter(|current| current.digest == version.digest) {
            return Ok((current.into_version()?, false));
        }
        tx.execute("update dataset_version set state = 'superseded' where project = $1 and dataset = $2 and state = 'current'", &key).await?;
    }
    let last: Option<(Option<i64>,)> = tx
        .row(
            "select max(version) from dataset_version where project = $1 and dataset = $2",
            &key,
        )
        .await?;
    version.version = last.and_then(|(last,)| last).unwrap_or_default() + 1;
    tx.execute(
        "insert into dataset_version (project, dataset, version, location, delta_version, digest, row_count, hidden, columns, state, created_at, until, source, checks) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            version.project.as_str().into(),
            version.dataset.as_str().into(),
            version.version.into(),
            location.into(),
            version.delta_version.into(),
            version.digest.as_str().into(),
            version.rows.into(),
            version.hidden.into(),
            serde_json::to_string(&version.schema)?.into(),
            version.state.as_str().into(),
            version.created_at.into(),
            version.until.into(),
            version.source.as_str().into(),
            serde_json::to_string(&version.checks)?.into(),
        ],
    )
    .await?;
    tx.audit(&AuditEntry {
        actor,
        action: if version.state == State::Quarantined { "data.quarantined" } else { "data.added" }.to_owned(),
        project: version.project.clone(),
        object: format!("dataset/{}/{}", version.dataset, version.version),
        detail: json!({ "digest": version.digest, "rows": version.rows, "stopped_by": version.checks.stopped_by() }),
    })
    .await?;
    Ok((version, true))
}

/// Stores what the rules said of a version.
pub(crate) async fn set_checks(
    db: &Db,
    version: &DatasetVersion,
    checks: &CheckReport,
) -> Result<()> {
    set(db, version, "update dataset_version set checks = $4 where project = $1 and dataset = $2 and version = $3", serde_json::to_string(checks)?).await
}

/// Stores what a version looks like.
pub(crate) async fn set_profile(
    db: &Db,
    version: &DatasetVersion,
    profile: &Profile,
) -> Result<()> {
    set(db, version, "update dataset_version set profile = $4 where project = $1 and dataset = $2 and version = $3", serde_json::to_string(profile)?).await
}

async fn set(db: &Db, version: &DatasetVersion, sql: &'static str, value: String) -> Result<()> {
    let key = (
        version.project.clone(),
        version.dataset.clone(),
        version.version,
    );
    db.write(move |tx| {
        let (key, value) = (key.clone(), value.clone());
        Box::pin(async move {
            tx.execute(
                sql,
                &[key.0.into(), key.1.into(), key.2.into(), value.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// What a version looks like, if anybody asked before.
pub(crate) async fn profile(db: &Db, version: &DatasetVersion) -> Result<Option<Profile>> {
    let row: Option<(Option<String>,)> = db
        .row(
            "select profile from dataset_version where project = $1 and dataset = $2 and version = $3",
            &[version.project.as_str().into(), version.dataset.as_str().into(), version.version.into()],
        )
        .await?;
    row.and_then(|(text,)| text)
        .map(|text| Ok(serde_json::from_str(&text)?))
        .transpose()
}

/// Where the rows of a version lie.
pub(crate) async fn location(db: &Db, version: &DatasetVersion) -> Result<String> {
    let row: Option<(String,)> = db
        .row(
            "select location from dataset_version where project = $1 and dataset = $2 and version = $3",
            &[version.project.as_str().into(), version.dataset.as_str().into(), version.version.into()],
        )
        .await?;
    let (location,) = row.ok_or_else(|| {
        Error::not_found(format!(
            "dataset {:?} has no version {} any more",
            version.dataset, version.version
        ))
    })?;
    Ok(location)
}
