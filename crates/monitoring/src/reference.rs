//! The reference: the rows that live requests are held against.
//!
//! It is made of the training rows of the current dataset versions and kept until one of them, or the project file,
//! changes. With `same_months` only rows of the calendar months of the window count, so that a season is no drift; if
//! the training rows lack one of these months, there is nothing to compare with, and the check is unknown.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use base::{Error, Result};
use data::{Data, FeatureColumn, Prepared};
use project::{Project, Reference as Rule};

use crate::rows;
use crate::sample::{Sample, Values};
use crate::service::Monitoring;
use crate::window::{Window, month_of};

/// The name under which answers stand beside inputs; no input can be called so.
pub(crate) const ANSWER: &str = "(prediction)";

/// A model's own document inside its package; a model that another program made has none.
const DOCUMENT: &str = "model.ironloop.json";

/// The training rows, column by column.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) features: Vec<FeatureColumn>,
    columns: BTreeMap<String, Sample>,
    /// The calendar month of each row; empty where the rows have no moment.
    months: Vec<i8>,
}

impl Reference {
    fn of(prepared: &Prepared) -> Self {
        let train: Vec<usize> = prepared.train.iter().map(|&row| row as usize).collect();
        let at = prepared.time_ms.clone().unwrap_or_default();
        let sample = |feature: &FeatureColumn| {
            let values = rows::values(&prepared.batch, &feature.name, feature.kind)?;
            Some((
                feature.name.clone(),
                Sample {
                    values,
                    at: at.clone(),
                }
                .select(&train),
            ))
        };
        let columns = prepared.features.iter().filter_map(sample).collect();
        Self {
            features: prepared.features.clone(),
            columns,
            months: months(&train, &at),
        }
    }

    /// What `model` says about the training rows.
    fn of_answers(prepared: &Prepared, model: &training::Model) -> Result<Self> {
        let train: Vec<usize> = prepared.train.iter().map(|&row| row as usize).collect();
        let at = prepared.time_ms.clone().unwrap_or_default();
        let months = months(&train, &at);
        let answers = Sample {
            values: Values::Number(model.predict(&prepared.batch)?),
            at,
        };
        let columns = BTreeMap::from([(ANSWER.to_owned(), answers.select(&train))]);
        Ok(Self {
            features: Vec::new(),
            columns,
            months,
        })
    }

    /// The rows that count for `window`, or why there are none.
    pub(crate) fn rows(
        &self,
        rule: Rule,
        window: Window,
    ) -> std::result::Result<Cow<'_, BTreeMap<String, Sample>>, String> {
        if rule == Rule::Training {
            return Ok(Cow::Borrowed(&self.columns));
        }
        if self.months.is_empty() {
            return Err(
                "the training rows have no moment, so no months can be compared".to_owned(),
            );
        }
        let wanted = window.months();
        let missing: Vec<String> = wanted
            .iter()
            .filter(|month| !self.months.contains(month))
            .map(ToString::to_string)
            .collect();
        if !missing.is_empty() {
            return Err(format!(
                "the training rows have none of month {}, so there is nothing to compare with",
                missing.join(", ")
            ));
        }
        let keep: Vec<usize> = (0..self.months.len())
            .filter(|&row| wanted.contains(&self.months[row]))
            .collect();
        Ok(Cow::Owned(
            self.columns
                .iter()
                .map(|(name, sample)| (name.clone(), sample.select(&keep)))
                .collect(),
        ))
    }
}

fn months(rows: &[usize], at: &[i64]) -> Vec<i8> {
    rows.iter()
        .filter_map(|&row| at.get(row).map(|at| month_of(*at)))
        .collect()
}

/// References by project (of the inputs) and model version (of the answers), each with what it was made from.
#[derive(Debug, Default)]
pub(crate) struct References(Mutex<HashMap<String, (String, Arc<Reference>)>>);

impl References {
    /// The training rows of the project as its data and file are now.
    pub(crate) async fn inputs(&self, data: &Data, project: &Project) -> Result<Arc<Reference>> {
        let made_from = key(data, project).await?;
        if let Some(known) = self.known(&project.name, &made_from) {
            return Ok(known);
        }
        let made = Reference::of(&data.prepare(project).await?);
        Ok(self.keep(project.name.clone(), made_from, made))
    }

    /// What a model version says about those rows.
    pub(crate) async fn answers(
        &self,
        monitoring: &Monitoring,
        project: &Project,
        model: &str,
        version: i64,
    ) -> Result<Arc<Reference>> {
        let inner = &monitoring.0;
        let (name, made_from) = (
            format!("{} {model}", project.name),
            format!("{version} {}", key(&inner.data, project).await?),
        );
        if let Some(known) = self.known(&name, &made_from) {
            return Ok(known);
        }
        let version = registry::version(&inner.db, model, version).await?;
        let path = version
            .storage
            .strip_prefix("mlflow-artifacts:/")
            .unwrap_or(&version.storage);
        let document = inner
            .blobs
            .get_bytes(&format!("{}/{DOCUMENT}", path.trim_matches('/')))
            .await?;
        let prepared = inner.data.prepare(project).await?;
        let made = tokio::task::spawn_blocking(move || {
            Reference::of_answers(&prepared, &training::Model::from_json(&document)?)
        })
        .await
        .map_err(|error| {
            Error::internal(format!(
                "the reference of the answers could not be made: {error}"
            ))
        })??;
        Ok(self.keep(name, made_from, made))
    }

    fn known(&self, name: &str, made_from: &str) -> Option<Arc<Reference>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(name)
            .filter(|(from, _)| from == made_from)
            .map(|(_, reference)| Arc::clone(reference))
    }

    fn keep(&self, name: String, made_from: String, made: Reference) -> Arc<Reference> {
        let made = Arc::new(made);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(name, (made_from, Arc::clone(&made)));
        made
    }
}

/// What a reference is made from: the file and the digests of all datasets.
async fn key(data: &Data, project: &Project) -> Result<String> {
    let mut key = project.digest.clone();
    for dataset in project.file.datasets.keys() {
        key.push(' ');
        key.push_str(&data.version(&project.name, dataset, None).await?.digest);
    }
    Ok(key)
}
