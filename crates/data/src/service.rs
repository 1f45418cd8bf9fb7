//! The verbs on data: add, check, profile, read, view, prepare.

mod add;
mod tables;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use base::{Error, Page, PageRequest, Result};
use project::{DatasetSpec, ExpectationSpec, Project};
use store::Db;

use self::tables::Tables;
use crate::check::{CheckReport, evaluate};
use crate::dataset::{DatasetRef, DatasetVersion, State};
use crate::digest::digest;
use crate::feasible::Feasibility;
use crate::prepare::{Plan, Prepared};
use crate::profile::Profile;
use crate::view::{ViewResult, select};
use crate::{columns, store as sql, table};

/// Versions, and views, whose rows are kept in memory.
const KEPT: usize = 4;

/// Datasets of every project. Cloning is cheap and clones share what was read last.
#[derive(Clone, Debug)]
pub struct Data {
    db: Db,
    tables_root: Arc<str>,
    /// Rows that were read last, the newest at the end.
    kept: Arc<Mutex<Vec<(VersionKey, RecordBatch)>>>,
    /// Rows of the views that were run last, the newest at the end: the same versions give the same rows.
    views: Arc<Mutex<Vec<(ViewKey, RecordBatch)>>>,
    /// Only one version is written at a time, so that Delta's order is the order of versions.
    writing: Arc<tokio::sync::Mutex<()>>,
}

type VersionKey = (String, String, i64);
/// Digest of the project file, name of the view, versions that it read.
type ViewKey = (String, String, Vec<DatasetRef>);

impl Data {
    /// `tables_root` is a folder; tables lie at `<root>/<project>/datasets/<name>/`.
    pub fn new(db: Db, tables_root: &str) -> Result<Self> {
        if tables_root.contains("://") && !tables_root.starts_with("file://") {
            return Err(Error::not_implemented(format!(
                "tables cannot be kept at {tables_root:?} yet"
            ))
            .hint("use a folder"));
        }
        let root = tables_root
            .trim_start_matches("file://")
            .trim_end_matches('/');
        Ok(Self {
            db,
            tables_root: root.into(),
            kept: Arc::default(),
            views: Arc::default(),
            writing: Arc::default(),
        })
    }

    /// Holds a version (the current one if `None`) against the rules of today, and stores what they said. The state
    /// of the version stays.
    pub async fn check(
        &self,
        project: &Project,
        dataset: &str,
        version: Option<i64>,
    ) -> Result<CheckReport> {
        let spec = spec(project, dataset)?;
        let version = self.version(&project.name, dataset, version).await?;
        let batch = self.read(&version).await?;
        let (file, time, now) = (
            Arc::clone(&project.file),
            spec.time.clone(),
            self.db.clock().now_ms(),
        );
        let name = dataset.to_owned();
        let report = blocking(move || {
            Ok(evaluate(
                &rules(&file.expectations, &name),
                &batch,
                time.as_deref(),
                now,
            ))
        })
        .await?;
        sql::set_checks(&self.db, &version, &report).await?;
        Ok(report)
    }

    /// What a version looks like; computed once.
    pub async fn profile(&self, version: &DatasetVersion) -> Result<Profile> {
        if let Some(profile) = sql::profile(&self.db, version).await? {
            return Ok(profile);
        }
        let batch = self.read(version).await?;
        let profile = blocking(move || Profile::of(&batch)).await?;
        sql::set_profile(&self.db, version, &profile).await?;
        Ok(profile)
    }

    /// A version by number, or the current one.
    pub async fn version(
        &self,
        project: &str,
        dataset: &str,
        version: Option<i64>,
    ) -> Result<DatasetVersion> {
        let found = match version {
            Some(number) => sql::version(&self.db, project, dataset, number).await?,
            None => sql::newest(&self.db, project, dataset, State::Current).await?,
        };
        if let Some(found) = found {
            return Ok(found);
        }
        if let Some(number) = version {
            return Err(Error::not_found(format!(
                "dataset {dataset:?} of project {project:?} has no version {number}"
            )));
        }
        let quarantined = sql::newest(&self.db, project, dataset, State::Quarantined).await?;
        Err(match quarantined {
            Some(bad) => Error::not_found(format!("dataset {dataset:?} of project {project:?} has no good version: version {} was stopped by {}", bad.version, bad.checks.stopped_by().join(", ")))
                .hint("mend the file and add it again"),
            None => Error::not_found(format!("dataset {dataset:?} of project {project:?} has no version yet")).hint(format!("run: ironloop data add {dataset}")),
        })
    }

    /// Versions of a dataset, newest first.
    pub async fn versions(
        &self,
        project: &str,
        dataset: &str,
        page: &PageRequest,
    ) -> Result<Page<DatasetVersion>> {
        sql::versions(&self.db, project, dataset, page).await
    }

    /// How many versions of a dataset are quarantined.
    pub async fn quarantined(&self, project: &str, dataset: &str) -> Result<i64> {
        sql::quarantined(&self.db, project, dataset).await
    }

    /// All rows of a version.
    pub async fn read(&self, version: &DatasetVersion) -> Result<RecordBatch> {
        let key = (
            version.project.clone(),
            version.dataset.clone(),
            version.version,
        );
        if let Some(batch) = kept(&self.kept, &key) {
            return Ok(batch);
        }
        let location = sql::location(&self.db, version).await?;
        let empty = columns::empty(&version.schema)?;
        let batch = table::read(&self.at(&location), version.delta_version, &empty).await?;
        keep(&self.kept, key, &batch);
        Ok(batch)
    }

    /// A view over the current versions; a dataset's name gives its rows as they are.
    pub async fn view(&self, project: &Project, view: &str) -> Result<ViewResult> {
        self.tables(project, BTreeMap::new()).view(view).await
    }

    /// Rows ready to learn from, of the current versions.
    pub async fn prepare(&self, project: &Project) -> Result<Prepared> {
        self.prepare_at(project, &BTreeMap::new()).await
    }

    /// Like [`Data::prepare`], with the given versions where a dataset is named (`dataset → version`).
    pub async fn prepare_at(
        &self,
        project: &Project,
        versions: &BTreeMap<String, i64>,
    ) -> Result<Prepared> {
        self.prepare_from(self.tables(project, versions.clone()))
            .await
    }

    /// Whether the data can carry the project, by `[charter.feasible]`. A dataset without a version is read from its
    /// source, since this question comes first.
    pub async fn feasibility(&self, project: &Project) -> Feasibility {
        let limits = project
            .file
            .charter
            .as_ref()
            .and_then(|charter| charter.feasible.clone());
        let Some(limits) = limits else {
            return Feasibility::unknown(
                "charter.feasible",
                "the project file has no [charter.feasible]: nothing says what the data must hold"
                    .to_owned(),
            );
        };
        let horizon = project
            .file
            .label
            .as_ref()
            .map(|label| label.horizon)
            .unwrap_or_default();
        match self
            .prepare_from(self.tables(project, BTreeMap::new()).or_source())
            .await
        {
            Ok(rows) => Feasibility::judge(&limits, &rows, horizon),
            Err(error) => Feasibility::unknown("rows", error.to_string()),
        }
    }

    async fn prepare_from(&self, tables: Tables<'_>) -> Result<Prepared> {
        let now = self.db.clock().now_ms();
        let plan = Plan::new(&tables.project.file)?;
        let rows = tables.rows(plan.from()).await?;
        let answers = select(&plan.query(), &[(plan.from(), &rows.batch)])
            .await
            .map_err(|error| error.at("label.sql and charter.today_sql"))?;
        let file = Arc::clone(&tables.project.file);
        let work = move || Plan::new(&file)?.prepare((rows.batch, rows.datasets), &answers, now);
        blocking(work).await
    }

    fn tables<'a>(&'a self, project: &'a Project, versions: BTreeMap<String, i64>) -> Tables<'a> {
        Tables::new(self, project, versions)
    }

    /// The folder of a table.
    fn at(&self, location: &str) -> String {
        format!("{}/{location}", self.tables_root)
    }
}

/// The entry of that key, which then counts as the newest.
fn kept<K: PartialEq>(entries: &Mutex<Vec<(K, RecordBatch)>>, key: &K) -> Option<RecordBatch> {
    let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
    let place = entries.iter().position(|(other, _)| other == key)?;
    let entry = entries.remove(place);
    let batch = entry.1.clone();
    entries.push(entry);
    Some(batch)
}

/// Keeps an entry; the oldest one makes room.
fn keep<K: PartialEq>(entries: &Mutex<Vec<(K, RecordBatch)>>, key: K, batch: &RecordBatch) {
    let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
    entries.retain(|(other, _)| *other != key);
    if entries.len() >= KEPT {
        entries.remove(0);
    }
    entries.push((key, batch.clone()));
}

/// The section of a dataset; the error lists those there are.
fn spec<'a>(project: &'a Project, dataset: &str) -> Result<&'a DatasetSpec> {
    project.file.datasets.get(dataset).ok_or_else(|| {
        let names: Vec<&str> = project.file.datasets.keys().map(String::as_str).collect();
        let known = if names.is_empty() {
            "it declares none".to_owned()
        } else {
            format!("it declares {}", names.join(", "))
        };
        Error::not_found(format!(
            "project {:?} has no dataset {dataset:?}",
            project.name
        ))
        .hint(known)
    })
}

/// The rules about one dataset.
fn rules<'a>(all: &'a [ExpectationSpec], dataset: &str) -> Vec<&'a ExpectationSpec> {
    all.iter().filter(|rule| rule.dataset == dataset).collect()
}

/// Runs what reads files or crunches numbers beside the async threads. A panic inside (a malformed file that a
/// decoder did not expect) is an error like any other.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::invalid("the rows cannot be decoded")
            .hint("is the file damaged?")
            .because(error)),
    }
}

/// The digest of rows, computed beside the async threads.
async fn digest_of(batch: &RecordBatch) -> Result<String> {
    let batch = batch.clone();
    blocking(move || digest(&batch)).await
}
