//! The project file: one TOML text that says the whole loop of one project, in the order of the life cycle.
//!
//! [`parse`] reads it into typed sections and checks that whatever one section names exists in another. It reports
//! all problems at once, each with its line, the value and what to do. Keys that later versions of Ironloop will use
//! are accepted and listed in [`ProjectFile::notes`].
//!
//! Deliberately absent: reading data. Whether a column exists is known only when a dataset is loaded.

mod check;
pub mod dataset;
pub mod deploy;
pub mod expect;
pub mod features;
pub mod gate;
pub mod improve;
pub mod monitor;
pub(crate) mod read;
pub(crate) mod text;
pub mod train;

use std::collections::{BTreeMap, BTreeSet};

use base::{Result, SignedDuration};
use serde::Serialize;
use toml::de::DeTable;

use self::dataset::{ColumnUse, DatasetSpec};
use self::deploy::{DeploymentSpec, Feedback};
use self::expect::ExpectationSpec;
use self::features::{FeatureSet, Label, Split, ViewSpec};
use self::gate::GateSpec;
use self::improve::{Guard, PipelineSpec, TriggerSpec};
use self::monitor::MonitorSpec;
use self::read::{Choice, Log, Section};
use self::train::TrainSpec;
use crate::charter::{Charter, Goal};
use crate::criterion::Criterion;
use crate::payoff::Payoff;
use crate::people::People;

/// The newest form of the file that this program reads.
pub const SCHEMA: i64 = 1;

/// Everything that the project file says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectFile {
    /// Name, title, owner.
    pub project: ProjectSection,
    /// Why the project exists.
    pub charter: Option<Charter>,
    /// Business needs with numbers and dates.
    #[serde(rename = "goal")]
    pub goals: Vec<Goal>,
    /// Money per prediction.
    pub payoff: Option<Payoff>,
    /// Who holds which role.
    pub people: People,
    /// Conditions on metrics.
    #[serde(rename = "criterion")]
    pub criteria: Vec<Criterion>,
    /// Named tables.
    #[serde(rename = "dataset")]
    pub datasets: BTreeMap<String, DatasetSpec>,
    /// Rules on datasets.
    #[serde(rename = "expect")]
    pub expectations: Vec<ExpectationSpec>,
    /// SQL that cleans or joins.
    #[serde(rename = "view")]
    pub views: BTreeMap<String, ViewSpec>,
    /// Inputs of the model.
    pub features: BTreeMap<String, FeatureSet>,
    /// The truth that the model learns.
    pub label: Option<Label>,
    /// Training and holdout.
    pub split: Option<Split>,
    /// What is trained.
    pub train: Option<TrainSpec>,
    /// What must be true before a version moves on.
    #[serde(rename = "gate")]
    pub gates: BTreeMap<String, GateSpec>,
    /// Endpoints.
    #[serde(rename = "deployment")]
    pub deployments: BTreeMap<String, DeploymentSpec>,
    /// How the truth comes back.
    pub feedback: Feedback,
    /// What is watched.
    #[serde(rename = "monitor")]
    pub monitors: Vec<MonitorSpec>,
    /// What happens after an alert.
    #[serde(rename = "trigger")]
    pub triggers: Vec<TriggerSpec>,
    /// Steps that run one after the other.
    #[serde(rename = "pipeline")]
    pub pipelines: BTreeMap<String, PipelineSpec>,
    /// What keeps the loop from running away.
    pub guard: Option<Guard>,
    /// What is accepted without having an effect yet, and what will not work as it stands.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// `[project]`
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProjectSection {
    /// The name in addresses and commands.
    pub name: String,
    /// The name that people read.
    pub title: String,
    /// The one person who answers for it.
    pub owner: String,
    /// How much harm it could do.
    pub risk: Risk,
    /// How often the stakeholder looks whether it is still worth it.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub review_every: Option<SignedDuration>,
}

/// How much harm a project could do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Hardly any.
    Minimal,
    /// Some.
    Limited,
    /// A lot: nothing is ever promoted without people.
    High,
}

impl Choice for Risk {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("minimal", Self::Minimal),
        ("limited", Self::Limited),
        ("high", Self::High),
    ];
}

/// Reads the text of a project file. The error lists every problem, each with its line.
pub fn parse(text: &str) -> Result<ProjectFile> {
    let log = Log::new(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        log.problem(offset, format!("not TOML: {}", error.message()));
    }
    if !log.is_clean() {
        log.finish()?;
    }
    let section = Section::root(&root, &log);
    let mut file = ProjectFile::read(&section);
    section.finish();
    check::references(&file, &root, &log);
    file.notes = log.finish()?;
    Ok(file)
}

impl ProjectFile {
    fn read(s: &Section<'_>) -> Self {
        match s.integer("schema", 1) {
            Some(newer) if newer > SCHEMA => s.problem(
                "schema",
                format!("{newer} is newer than {SCHEMA}, the newest form that this Ironloop reads; use a newer Ironloop"),
            ),
            None if !s.has("schema") => s.problem("schema", format!("is missing; begin the file with schema = {SCHEMA}")),
            _ => {}
        }
        if !s.has("project") {
            s.problem(
                "project",
                "is missing; write for example [project] with name = \"bikes\"",
            );
        }
        s.later(&["entity", "notify"]);
        Self {
            project: s
                .table("project", ProjectSection::read)
                .unwrap_or_else(ProjectSection::empty),
            charter: s.table("charter", Charter::read),
            goals: s.tables("goal", Goal::read),
            payoff: s.table("payoff", Payoff::read),
            people: s.table("people", People::read).unwrap_or_default(),
            criteria: s.tables("criterion", Criterion::read),
            datasets: s.named("dataset", DatasetSpec::read),
            expectations: s.tables("expect", ExpectationSpec::read),
            views: s.named("view", ViewSpec::read),
            features: s.named("features", FeatureSet::read),
            label: s.table("label", Label::read),
            split: s.table("split", Split::read),
            train: s.table("train", TrainSpec::read),
            gates: s.named("gate", GateSpec::read),
            deployments: s.named("deployment", DeploymentSpec::read),
            feedback: s.table("feedback", Feedback::read).unwrap_or_default(),
            monitors: s.tables("monitor", MonitorSpec::read),
            triggers: s.tables("trigger", TriggerSpec::read),
            pipelines: s.named("pipeline", PipelineSpec::read),
            guard: s.table("guard", Guard::read),
            notes: Vec::new(),
        }
    }

    /// The criterion with that id.
    pub fn criterion(&self, id: &str) -> Option<&Criterion> {
        self.criteria.iter().find(|criterion| criterion.id == id)
    }

    /// The registered model that this project's versions belong to.
    pub fn model_name(&self) -> &str {
        self.train
            .as_ref()
            .and_then(|train| train.model.as_deref())
            .unwrap_or(&self.project.name)
    }

    /// Columns by whose values results are shown apart: those of `[train]`, of criteria, and those that a dataset
    /// keeps for slices.
    pub fn slices(&self) -> Vec<String> {
        let train = self
            .train
            .iter()
            .flat_map(|train| train.slices.iter().cloned());
        let criteria = self
            .criteria
            .iter()
            .filter_map(|criterion| criterion.slice.clone());
        let columns = self.datasets.values().flat_map(|dataset| {
            let kept = dataset
                .columns
                .iter()
                .filter(|(_, usage)| **usage == ColumnUse::Slice);
            kept.map(|(column, _)| column.clone())
        });
        train
            .chain(criteria)
            .chain(columns)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect()
    }

    /// Columns that no feature, slice or label may use.
    pub fn barred(&self) -> BTreeSet<&str> {
        let columns = self
            .datasets
            .values()
            .flat_map(|dataset| dataset.columns.iter());
        columns
            .filter(|(_, usage)| **usage == ColumnUse::Never)
            .map(|(column, _)| column.as_str())
            .collect()
    }
}

impl ProjectSection {
    fn read(s: &Section<'_>) -> Self {
        let name = s.need_name("name", "bikes");
        Self {
            title: s.text("title").unwrap_or_else(|| name.clone()),
            name,
            owner: s.need_text("owner", "fleet-lead"),
            risk: s.choice("risk").unwrap_or(Risk::Limited),
            review_every: s.duration("review_every"),
        }
    }

    fn empty() -> Self {
        Self {
            name: String::new(),
            title: String::new(),
            owner: String::new(),
            risk: Risk::Limited,
            review_every: None,
        }
    }
}
