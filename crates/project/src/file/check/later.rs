//! References of the sections after training: gates, endpoints, monitors, triggers.

use std::collections::BTreeSet;

use super::Check;
use crate::criterion::On;
use crate::file::improve::{Action, Event, Step};
use crate::file::monitor::MonitorCheck;

impl Check<'_, '_> {
    pub(super) fn gates(&self) {
        for gate in self.file.gates.values() {
            let name = gate.name.as_str();
            for id in &gate.needs {
                self.exists(
                    &["gate", name, "needs", id],
                    "criterion",
                    id,
                    self.criteria(),
                );
                if self
                    .file
                    .criterion(id)
                    .is_some_and(|criterion| criterion.on == Some(On::Live))
                {
                    self.problem(
                        &["gate", name, "needs", id],
                        "is measured on live data, which a version that is not live does not have; watch it with a [[monitor]] instead",
                    );
                }
            }
            if let Some(after) = &gate.after {
                let gates = self.file.gates.keys().map(String::as_str);
                self.exists(&["gate", name, "after"], "gate", after, gates);
                if self.is_after_itself(name) {
                    self.problem(
                        &["gate", name, "after"],
                        "the gate comes after itself, directly or through another gate",
                    );
                }
            }
            for need in &gate.approve {
                let holders = self.file.people.of(need.role).len() as i64;
                if holders < need.count {
                    self.note(
                        &["gate", name, "approve"],
                        format!(
                            "needs {} with the role {}, and [people] names {holders}",
                            need.count, need.role
                        ),
                    );
                }
            }
        }
    }

    fn is_after_itself(&self, start: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut gate = start;
        while let Some(after) = self
            .file
            .gates
            .get(gate)
            .and_then(|gate| gate.after.as_deref())
        {
            if after == start {
                return true;
            }
            if !seen.insert(after) {
                return false;
            }
            gate = after;
        }
        false
    }

    pub(super) fn live(&self) {
        let model = self.file.model_name();
        let endpoints = || self.file.deployments.keys().map(String::as_str);
        for deployment in self.file.deployments.values() {
            let name = deployment.name.as_str();
            self.exists(
                &["deployment", name, "model"],
                "model",
                &deployment.model.name,
                std::iter::once(model),
            );
            for id in &deployment.rollout.stop_on {
                self.exists(
                    &["deployment", name, "rollout", "stop_on", id],
                    "criterion",
                    id,
                    self.criteria(),
                );
            }
        }
        if let Some(outcome) = &self.file.feedback.outcome {
            self.exists(
                &["feedback", "outcome", "deployment"],
                "deployment",
                &outcome.deployment,
                endpoints(),
            );
        }
        for monitor in &self.file.monitors {
            let id = monitor.id.as_str();
            self.exists(
                &["monitor", id, "deployment"],
                "deployment",
                &monitor.deployment,
                endpoints(),
            );
            match &monitor.check {
                MonitorCheck::Criterion { criterion } => {
                    self.exists(
                        &["monitor", id, "criterion"],
                        "criterion",
                        criterion,
                        self.criteria(),
                    );
                }
                MonitorCheck::Expectations { of, .. } => {
                    self.exists(
                        &["monitor", id, "of"],
                        "dataset",
                        of,
                        self.file.datasets.keys().map(String::as_str),
                    );
                }
                MonitorCheck::Drift { .. }
                | MonitorCheck::Skew { .. }
                | MonitorCheck::Age { .. } => {}
            }
        }
    }

    pub(super) fn improve(&self) {
        let monitors = self.file.monitors.iter().map(|monitor| monitor.id.as_str());
        for trigger in &self.file.triggers {
            let id = trigger.id.as_str();
            match &trigger.when {
                Event::MonitorAlert(name) => {
                    self.exists(&["trigger", id, "when"], "monitor", name, monitors.clone());
                }
                Event::DatasetVersion(name) => {
                    self.exists(
                        &["trigger", id, "when"],
                        "dataset",
                        name,
                        self.file.datasets.keys().map(String::as_str),
                    );
                }
                Event::Cron(_) => {}
            }
            if let Action::Pipeline(name) = &trigger.action {
                self.exists(
                    &["trigger", id, "do"],
                    "pipeline",
                    name,
                    self.file.pipelines.keys().map(String::as_str),
                );
            }
        }
        for pipeline in self.file.pipelines.values() {
            for step in &pipeline.steps {
                let at = ["pipeline", &pipeline.name, "steps"];
                match step {
                    Step::Gate(name) => self.exists(
                        &at,
                        "gate",
                        name,
                        self.file.gates.keys().map(String::as_str),
                    ),
                    Step::Deploy(name) => self.exists(
                        &at,
                        "deployment",
                        name,
                        self.file.deployments.keys().map(String::as_str),
                    ),
                    _ => {}
                }
            }
        }
    }
}
