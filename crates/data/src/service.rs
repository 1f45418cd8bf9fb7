//! The verbs on data: add, check, profile, read, view, prepare.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use base::{Page, PageRequest, Result};
use project::Project;
use store::Db;

use crate::check::CheckReport;
use crate::dataset::{Added, DatasetVersion};
use crate::feasible::Feasibility;
use crate::prepare::Prepared;
use crate::profile::Profile;
use crate::view::ViewResult;

/// Datasets of every project. Cloning is cheap and clones share what was read last.
#[derive(Clone, Debug)]
pub struct Data {
    pub(crate) db: Db,
    pub(crate) tables_root: Arc<str>,
}

impl Data {
    /// `tables_root` is a folder; tables lie at `<root>/<project>/datasets/<name>/`.
    pub fn new(db: Db, tables_root: &str) -> Result<Self> {
        Ok(Self { db, tables_root: tables_root.into() })
    }

    /// Reads the dataset's source (or `from` instead of it) and makes a version of what is there now. A version that
    /// breaks a rule of severity `error` is quarantined; content that is there already makes no version.
    pub async fn add(&self, project: &Project, dataset: &str, from: Option<&Path>, actor: &str) -> Result<Added> {
        todo!()
    }

    /// Holds a version (the current one if `None`) against the rules of today, and stores what they said.
    pub async fn check(&self, project: &Project, dataset: &str, version: Option<i64>) -> Result<CheckReport> {
        todo!()
    }

    /// What a version looks like; computed once.
    pub async fn profile(&self, version: &DatasetVersion) -> Result<Profile> {
        todo!()
    }

    /// A version by number, or the current one.
    pub async fn version(&self, project: &str, dataset: &str, version: Option<i64>) -> Result<DatasetVersion> {
        todo!()
    }

    /// Versions of a dataset, newest first.
    pub async fn versions(&self, project: &str, dataset: &str, page: &PageRequest) -> Result<Page<DatasetVersion>> {
        todo!()
    }

    /// All rows of a version.
    pub async fn read(&self, version: &DatasetVersion) -> Result<RecordBatch> {
        todo!()
    }

    /// A view over the current versions.
    pub async fn view(&self, project: &Project, view: &str) -> Result<ViewResult> {
        todo!()
    }

    /// Rows ready to learn from, of the current versions.
    pub async fn prepare(&self, project: &Project) -> Result<Prepared> {
        self.prepare_at(project, &BTreeMap::new()).await
    }

    /// Like [`Data::prepare`], with the given versions where a dataset is named (`dataset → version`).
    pub async fn prepare_at(&self, project: &Project, versions: &BTreeMap<String, i64>) -> Result<Prepared> {
        todo!()
    }

    /// Whether the data can carry the project, by `[charter.feasible]`.
    pub async fn feasibility(&self, project: &Project) -> Feasibility {
        todo!()
    }
}
