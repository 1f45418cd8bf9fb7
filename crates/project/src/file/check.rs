//! What one section names must exist in another, and what contradicts itself is told.

mod later;

use std::collections::BTreeSet;

use toml::Spanned;
use toml::de::DeTable;

use super::dataset::{ColumnUse, Source};
use super::read::{Log, locate};
use super::{ProjectFile, text};
use crate::criterion::Versus;

/// Checks every reference of `file`.
pub(crate) fn references(file: &ProjectFile, root: &Spanned<DeTable<'_>>, log: &Log<'_>) {
    let check = Check { file, root, log };
    check.design();
    check.data();
    check.develop();
    check.gates();
    check.live();
    check.improve();
}

struct Check<'a, 'd> {
    file: &'a ProjectFile,
    root: &'a Spanned<DeTable<'d>>,
    log: &'a Log<'a>,
}

impl Check<'_, '_> {
    fn problem(&self, path: &[&str], message: impl AsRef<str>) {
        self.log.problem(
            locate(self.root, path),
            format!("{}: {}", path.join("."), message.as_ref()),
        );
    }

    fn note(&self, path: &[&str], message: impl AsRef<str>) {
        self.log.note(
            locate(self.root, path),
            format!("{}: {}", path.join("."), message.as_ref()),
        );
    }

    /// `name` at `path` must be one of `known`, which are `what`s.
    fn exists<'k>(
        &self,
        path: &[&str],
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'k str> + Clone,
    ) {
        if !name.is_empty() && !known.clone().any(|one| one == name) {
            // The text of a list item is part of the path to it, not of its name.
            let (shown, at) = match path.split_last() {
                Some((last, list)) if *last == name && list.len() > 1 => (list.join("."), path),
                _ => (path.join("."), path),
            };
            let offset = locate(self.root, at);
            self.log.problem(
                offset,
                format!(
                    "{shown}: no {what} is named {name:?}; {}",
                    text::advice(name, known)
                ),
            );
        }
    }

    fn tables(&self) -> impl Iterator<Item = &str> + Clone {
        self.file
            .datasets
            .keys()
            .chain(self.file.views.keys())
            .map(String::as_str)
    }

    fn criteria(&self) -> impl Iterator<Item = &str> + Clone {
        self.file
            .criteria
            .iter()
            .map(|criterion| criterion.id.as_str())
    }

    fn design(&self) {
        let goals = self.file.goals.iter().map(|goal| goal.id.as_str());
        for criterion in &self.file.criteria {
            let id = criterion.id.as_str();
            if let Some(goal) = &criterion.goal {
                self.exists(&["criterion", id, "goal"], "goal", goal, goals.clone());
            }
            if criterion.metric == "payoff_per_1000" && self.file.payoff.is_none() {
                self.problem(&["criterion", id, "metric"], "\"payoff_per_1000\" needs a [payoff] section; write for example [payoff] with currency, under and over");
            }
            let no_rule = self
                .file
                .charter
                .as_ref()
                .is_none_or(|charter| charter.today_sql.is_none());
            if criterion.versus == Some(Versus::Today) && no_rule {
                self.note(
                    &["criterion", id, "versus"],
                    "stays unknown until charter.today_sql says today's rule as SQL",
                );
            }
            if criterion.versus == Some(Versus::Simplest) && !self.has_simplest() {
                self.problem(
                    &["criterion", id, "versus"],
                    "\"simplest\" needs a [[train.candidate]] with id = \"simplest\"",
                );
            }
        }
        for goal in goals {
            if !self
                .file
                .criteria
                .iter()
                .any(|criterion| criterion.goal.as_deref() == Some(goal))
            {
                self.note(
                    &["goal", goal],
                    "is not measurable yet: no criterion names it",
                );
            }
        }
    }

    fn has_simplest(&self) -> bool {
        self.file
            .train
            .iter()
            .flat_map(|train| &train.candidates)
            .any(|candidate| candidate.id == "simplest")
    }

    fn data(&self) {
        for dataset in self.file.datasets.values() {
            if let Source::Later { name } = &dataset.source {
                self.note(
                    &["dataset", &dataset.name, "source"],
                    format!("a source of kind {name:?} cannot be loaded yet"),
                );
            }
        }
        for rule in &self.file.expectations {
            self.exists(
                &["expect", &rule.id, "dataset"],
                "dataset",
                &rule.dataset,
                self.file.datasets.keys().map(String::as_str),
            );
        }
        for view in self.file.views.values() {
            for name in &view.from {
                self.exists(
                    &["view", &view.name, "from", name],
                    "dataset or view",
                    name,
                    self.tables(),
                );
            }
            if self.is_circular(&view.name, &mut BTreeSet::new()) {
                self.problem(
                    &["view", &view.name, "from"],
                    "the view reads itself, directly or through another view",
                );
            }
            if self.file.datasets.contains_key(&view.name) {
                self.problem(
                    &["view", &view.name],
                    "a dataset has the same name; rename one of the two",
                );
            }
        }
        self.features();
        if let Some(label) = &self.file.label {
            self.exists(
                &["label", "from"],
                "dataset or view",
                &label.from,
                self.tables(),
            );
        }
    }

    fn is_circular(&self, view: &str, seen: &mut BTreeSet<String>) -> bool {
        let Some(view) = self.file.views.get(view) else {
            return false;
        };
        if !seen.insert(view.name.clone()) {
            return true;
        }
        view.from
            .iter()
            .any(|name| self.is_circular(name, &mut seen.clone()))
    }

    fn features(&self) {
        let barred = self.file.barred();
        for set in self.file.features.values() {
            self.exists(
                &["features", &set.name, "from"],
                "dataset or view",
                &set.from,
                self.tables(),
            );
            for feature in &set.feature {
                let sql = feature.sql.as_deref().unwrap_or(&feature.name);
                if let Some(column) = words(sql).find(|word| barred.contains(word)) {
                    self.problem(
                        &["features", &set.name, "feature", &feature.name],
                        format!("uses {column:?}, which is barred by use = \"never\" in its dataset; remove the feature"),
                    );
                }
                let only_slices = |word: &&str| {
                    self.file
                        .datasets
                        .values()
                        .any(|dataset| dataset.columns.get(*word) == Some(&ColumnUse::Slice))
                };
                if let Some(column) = words(sql).find(only_slices) {
                    self.problem(
                        &["features", &set.name, "feature", &feature.name],
                        format!("uses {column:?}, which its dataset keeps for slices by use = \"slice\"; remove the feature"),
                    );
                }
            }
        }
    }

    fn develop(&self) {
        let Some(train) = &self.file.train else {
            return;
        };
        for name in &train.features {
            self.exists(
                &["train", "features", name],
                "feature set",
                name,
                self.file.features.keys().map(String::as_str),
            );
        }
        if self.file.label.is_none() {
            self.problem(
                &["train"],
                "there is nothing to learn; write a [label] section",
            );
        }
        if self.file.split.is_none() {
            self.problem(
                &["train"],
                "nothing says which rows are held out; write a [split] section",
            );
        }
        let barred = self.file.barred();
        for slice in self
            .file
            .slices()
            .iter()
            .filter(|slice| barred.contains(slice.as_str()))
        {
            self.problem(
                &["train", "slices", slice],
                format!("{slice:?} is barred by use = \"never\" in its dataset"),
            );
        }
    }
}

/// The identifiers of an SQL expression.
fn words(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}
