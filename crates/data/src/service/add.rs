//! Adding rows: read, cut at now, check, write, and only then name them in SQL.

use std::path::{Path, PathBuf};

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use base::Result;
use project::{Check, DatasetSpec, ExpectationSpec, Project, Verdict};

use super::{Data, blocking, keep, rules, spec};
use crate::check::{CheckReport, CheckResult, evaluate};
use crate::columns::{arrow_error, column, describe, times};
use crate::dataset::{Added, ColumnSchema, DatasetVersion, State};
use crate::digest::digest;
use crate::source::load;
use crate::{store as sql, table};

impl Data {
    /// Reads the dataset's source (or `from` instead of it; a relative path begins at the project's folder) and makes
    /// a version of what is there now. A version that breaks a rule of severity `error` is quarantined; content that
    /// is there already makes no version.
    pub async fn add(
        &self,
        project: &Project,
        dataset: &str,
        from: Option<&Path>,
        actor: &str,
    ) -> Result<Added> {
        let spec = spec(project, dataset)?.clone();
        let _one_at_a_time = self.writing.lock().await;
        let current = sql::newest(&self.db, &project.name, dataset, State::Current).await?;
        let now = self.db.clock().now_ms();
        let work = Arrival {
            spec,
            rules: rules(&project.file.expectations, dataset)
                .into_iter()
                .cloned()
                .collect(),
            from: from.map(Path::to_path_buf),
            base_dir: project.base_dir.clone(),
            known: current
                .as_ref()
                .map(|version| version.schema.clone())
                .unwrap_or_default(),
            now,
        };
        let arrived = blocking(move || work.read()).await?;
        if let Some(same) = current.filter(|version| version.digest == arrived.digest) {
            return Ok(Added {
                version: same,
                new: false,
            });
        }
        let state = if arrived.checks.passes() {
            State::Current
        } else {
            State::Quarantined
        };
        if state == State::Quarantined
            && let Some(same) = sql::newest(&self.db, &project.name, dataset, state)
                .await?
                .filter(|version| version.digest == arrived.digest)
        {
            sql::set_checks(&self.db, &same, &arrived.checks).await?;
            return Ok(Added {
                version: DatasetVersion {
                    checks: arrived.checks,
                    ..same
                },
                new: false,
            });
        }
        self.write(project, dataset, arrived, state, actor).await
    }

    async fn write(
        &self,
        project: &Project,
        dataset: &str,
        arrived: Arrived,
        state: State,
        actor: &str,
    ) -> Result<Added> {
        let folder = if state == State::Quarantined {
            "quarantine"
        } else {
            "datasets"
        };
        let location = format!("{}/{folder}/{dataset}", project.name);
        let delta_version = table::replace(&self.at(&location), &arrived.batch).await?;
        let version = DatasetVersion {
            project: project.name.clone(),
            dataset: dataset.to_owned(),
            version: 0,
            delta_version,
            digest: arrived.digest,
            rows: arrived.batch.num_rows() as i64,
            hidden: arrived.hidden,
            schema: describe(&arrived.batch),
            state,
            created_at: self.db.clock().now_ms(),
            until: arrived.until,
            source: arrived.source,
            checks: arrived.checks,
        };
        let (version, new) = sql::insert(&self.db, version, location, actor).await?;
        let key = (
            version.project.clone(),
            version.dataset.clone(),
            version.version,
        );
        keep(&self.kept, key, &arrived.batch);
        Ok(Added { version, new })
    }

    /// Rows of a dataset's source as of now, without making a version.
    pub(super) async fn peek(&self, project: &Project, dataset: &str) -> Result<RecordBatch> {
        let work = Arrival {
            spec: spec(project, dataset)?.clone(),
            rules: Vec::new(),
            from: None,
            base_dir: project.base_dir.clone(),
            known: Vec::new(),
            now: self.db.clock().now_ms(),
        };
        Ok(blocking(move || work.read()).await?.batch)
    }
}

/// What is about to be read.
struct Arrival {
    spec: DatasetSpec,
    rules: Vec<ExpectationSpec>,
    from: Option<PathBuf>,
    base_dir: PathBuf,
    known: Vec<ColumnSchema>,
    now: i64,
}

/// What was read, before it is stored.
struct Arrived {
    batch: RecordBatch,
    hidden: i64,
    until: Option<i64>,
    digest: String,
    source: String,
    checks: CheckReport,
}

impl Arrival {
    fn read(&self) -> Result<Arrived> {
        let loaded = load(
            &self.spec,
            &self.base_dir,
            self.from.as_deref(),
            &self.known,
        )?;
        let (batch, until) = self
            .visible(&loaded.batch)
            .map_err(|error| error.at(&loaded.source))?;
        let rules: Vec<&ExpectationSpec> = self.rules.iter().collect();
        let mut checks = evaluate(&rules, &batch, self.spec.time.as_deref(), self.now);
        checks.results.extend(self.schema_check(&batch));
        Ok(Arrived {
            hidden: (loaded.batch.num_rows() - batch.num_rows()) as i64,
            digest: digest(&batch)?,
            source: loaded.source,
            batch,
            until,
            checks,
        })
    }

    /// The rows that exist by now, and the time of the newest.
    fn visible(&self, batch: &RecordBatch) -> Result<(RecordBatch, Option<i64>)> {
        let Some(name) = &self.spec.time else {
            return Ok((batch.clone(), None));
        };
        // A file without the column is judged by the rules, which name what is missing.
        if batch.column_by_name(name).is_none() && self.has_column_rule(name) {
            return Ok((batch.clone(), None));
        }
        let times = times(column(batch, name)?)
            .map_err(|error| error.at(format_args!("time column {name:?}")))?;
        let exists = |time: &Option<i64>| time.is_none_or(|time| time <= self.now);
        let until = times
            .iter()
            .filter(|time| exists(time))
            .copied()
            .flatten()
            .max();
        if times.iter().all(exists) {
            return Ok((batch.clone(), until));
        }
        let keep: BooleanArray = times.iter().map(|time| Some(exists(time))).collect();
        Ok((
            filter_record_batch(batch, &keep).map_err(arrow_error)?,
            until,
        ))
    }

    fn has_column_rule(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| matches!(&rule.check, Check::Columns { columns } if columns.iter().any(|column| column == name)))
    }

    /// Columns of the current version that vanished or changed their type. A `columns` rule says what must be there;
    /// without one, everything that was there must stay.
    fn schema_check(&self, batch: &RecordBatch) -> Option<CheckResult> {
        if self.known.is_empty() {
            return None;
        }
        let now = describe(batch);
        let declared = self
            .rules
            .iter()
            .any(|rule| matches!(rule.check, Check::Columns { .. }));
        let difference = |old: &ColumnSchema| match now.iter().find(|new| new.name == old.name) {
            None if declared => None,
            None => Some(format!("{} is missing", old.name)),
            Some(new) if family(&new.kind) != family(&old.kind) => Some(format!(
                "{} is {} instead of {}",
                new.name, new.kind, old.kind
            )),
            Some(_) => None,
        };
        let differences: Vec<String> = self.known.iter().filter_map(difference).collect();
        Some(CheckResult {
            id: "schema".to_owned(),
            check: "schema".to_owned(),
            severity: "error".to_owned(),
            verdict: if differences.is_empty() {
                Verdict::Pass
            } else {
                Verdict::Fail
            },
            observed: if differences.is_empty() {
                "as before".to_owned()
            } else {
                differences.join("; ")
            },
            limit: "the columns of the current version".to_owned(),
            failing_rows: 0,
            examples: Vec::new(),
        })
    }
}

/// Whole numbers and fractions are both numbers: one missing value turns one into the other in a data frame.
fn family(kind: &str) -> &str {
    if kind == "int" { "float" } else { kind }
}
