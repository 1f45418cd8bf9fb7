//! The tables that a view reads: dataset versions, and views over them.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use base::{Error, Kind, Result};
use futures::future::BoxFuture;
use project::{Project, ViewSpec};

use super::{Data, digest_of, keep, kept, spec};
use crate::dataset::DatasetRef;
use crate::view::{ViewResult, select};

/// Finds tables by name.
pub(super) struct Tables<'a> {
    data: &'a Data,
    pub(super) project: &'a Project,
    /// Fixed versions; a dataset that is not named has its current one.
    versions: BTreeMap<String, i64>,
    /// Whether a dataset without a version is read from its source.
    or_source: bool,
}

impl<'a> Tables<'a> {
    pub(super) fn new(
        data: &'a Data,
        project: &'a Project,
        versions: BTreeMap<String, i64>,
    ) -> Self {
        Self {
            data,
            project,
            versions,
            or_source: false,
        }
    }

    pub(super) fn or_source(self) -> Self {
        Self {
            or_source: true,
            ..self
        }
    }

    /// A view by name, or the rows of a dataset.
    pub(super) async fn view(&self, name: &str) -> Result<ViewResult> {
        let table = self.rows(name).await?;
        Ok(ViewResult {
            digest: digest_of(&table.batch).await?,
            rows_out: table.batch.num_rows() as i64,
            rows_in: table.rows_in,
            batch: table.batch,
            datasets: table.datasets,
        })
    }

    /// A view by name, or the rows of a dataset, without counting and digesting.
    pub(super) async fn rows(&self, name: &str) -> Result<Table> {
        self.table(name, Vec::new()).await
    }

    /// `above` are the views that wait for this table.
    fn table<'s>(&'s self, name: &'s str, above: Vec<&'s str>) -> BoxFuture<'s, Result<Table>> {
        Box::pin(async move {
            match self.project.file.views.get(name) {
                Some(_) if above.contains(&name) => Err(Error::invalid(format!(
                    "view {name:?} reads itself through {}",
                    above.join(", ")
                ))),
                Some(view) => self.run(view, above).await,
                None => self.dataset(name).await,
            }
        })
    }

    async fn run(&self, view: &ViewSpec, mut above: Vec<&str>) -> Result<Table> {
        above.push(&view.name);
        let mut inputs: Vec<(&str, Table)> = Vec::with_capacity(view.from.len());
        for name in &view.from {
            inputs.push((name, self.table(name, above.clone()).await?));
        }
        let mut datasets: Vec<DatasetRef> = Vec::new();
        for reference in inputs.iter().flat_map(|(_, table)| &table.datasets) {
            if !datasets.contains(reference) {
                datasets.push(reference.clone());
            }
        }
        let rows_in = inputs
            .first()
            .map_or(0, |(_, table)| table.batch.num_rows() as i64);
        let key = (
            self.project.digest.clone(),
            view.name.clone(),
            datasets.clone(),
        );
        if let Some(batch) = kept(&self.data.views, &key) {
            return Ok(Table {
                batch,
                rows_in,
                datasets,
            });
        }
        let tables: Vec<(&str, &RecordBatch)> = inputs
            .iter()
            .map(|(name, table)| (*name, &table.batch))
            .collect();
        let batch = select(&view.sql, &tables)
            .await
            .map_err(|error| error.at(format_args!("view {:?}", view.name)))?;
        keep(&self.data.views, key, &batch);
        Ok(Table {
            batch,
            rows_in,
            datasets,
        })
    }

    async fn dataset(&self, name: &str) -> Result<Table> {
        spec(self.project, name)?;
        let version = match self
            .data
            .version(&self.project.name, name, self.versions.get(name).copied())
            .await
        {
            Err(error) if self.or_source && error.kind() == Kind::NotFound => {
                let batch = self.data.peek(self.project, name).await?;
                let reference = DatasetRef {
                    name: name.to_owned(),
                    version: 0,
                    digest: digest_of(&batch).await?,
                };
                return Ok(Table {
                    rows_in: batch.num_rows() as i64,
                    batch,
                    datasets: vec![reference],
                });
            }
            other => other?,
        };
        let batch = self.data.read(&version).await?;
        Ok(Table {
            rows_in: batch.num_rows() as i64,
            batch,
            datasets: vec![version.reference()],
        })
    }
}

/// Rows and where they came from.
pub(super) struct Table {
    pub(super) batch: RecordBatch,
    rows_in: i64,
    pub(super) datasets: Vec<DatasetRef>,
}
