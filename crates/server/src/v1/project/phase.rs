//! The phases of a project, computed from the objects that there are. Nobody ticks them by hand.

use base::{Kind, Result};
use project::{Project, Role};
use serde::Serialize;

use crate::app::App;

/// How far a phase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PhaseState {
    /// Everything that it needs is there.
    Done,
    /// Something is missing.
    Missing,
    /// Something is wrong.
    Alert,
    /// It has not begun to say anything.
    Unknown,
}

/// One phase with what shows it and what is missing.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Phase {
    pub phase: &'static str,
    pub state: PhaseState,
    pub evidence: Vec<String>,
    pub missing: Vec<String>,
}

impl Phase {
    fn new(phase: &'static str) -> Self {
        Self {
            phase,
            state: PhaseState::Unknown,
            evidence: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Done where nothing is missing, unless something is wrong.
    fn settle(mut self, wrong: bool) -> Self {
        self.state = match (wrong, self.missing.is_empty()) {
            (true, _) => PhaseState::Alert,
            (false, true) => PhaseState::Done,
            (false, false) => PhaseState::Missing,
        };
        self
    }

    fn note(&mut self, there: bool, evidence: impl Into<String>, missing: impl Into<String>) {
        if there {
            self.evidence.push(evidence.into());
        } else {
            self.missing.push(missing.into());
        }
    }
}

/// All five, in the order of the life cycle.
pub(super) async fn phases(app: &App, project: &Project) -> Result<Vec<Phase>> {
    Ok(vec![
        design(project),
        data(app, project).await?,
        develop(app, project).await?,
        deploy(app, project).await?,
        maintain(app, project).await?,
    ])
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn design(project: &Project) -> Phase {
    let file = &project.file;
    let mut phase = Phase::new("design");
    phase.note(
        file.charter.is_some(),
        "the charter says problem and decision",
        "no charter: [charter] is not in the file",
    );
    phase.note(
        !file.goals.is_empty(),
        counted(file.goals.len(), "goal", "goals"),
        "no goal: [[goal]] is not in the file",
    );
    phase.note(
        !file.criteria.is_empty(),
        counted(file.criteria.len(), "criterion", "criteria"),
        "no criterion: [[criterion]] is not in the file",
    );
    let today = file
        .charter
        .as_ref()
        .and_then(|charter| charter.today.as_ref());
    phase.note(
        today.is_some(),
        "what is done today is known",
        "charter.today does not say what is done today",
    );
    let stakeholder = !file.people.of(Role::Stakeholder).is_empty();
    phase.note(
        stakeholder,
        "a stakeholder is named",
        "nobody is named as stakeholder in [people]",
    );
    for goal in &file.goals {
        if !file
            .criteria
            .iter()
            .any(|criterion| criterion.goal.as_ref() == Some(&goal.id))
        {
            phase.missing.push(format!(
                "goal {} is not measurable yet: no criterion names it",
                goal.id
            ));
        }
    }
    phase.settle(false)
}

async fn data(app: &App, project: &Project) -> Result<Phase> {
    let mut phase = Phase::new("data");
    phase.note(
        !project.file.datasets.is_empty(),
        "datasets are declared",
        "no dataset: [dataset.…] is not in the file",
    );
    let mut wrong = false;
    for name in project.file.datasets.keys() {
        match app.data.version(&project.name, name, None).await {
            Ok(version) => phase.evidence.push(format!(
                "{name} version {} with {} rows passed its rules",
                version.version, version.rows
            )),
            Err(error) if error.kind() == Kind::NotFound => phase
                .missing
                .push(format!("{name} has no version that passed its rules")),
            Err(error) => return Err(error),
        }
        let newest = app
            .data
            .versions(
                &project.name,
                name,
                &base::PageRequest {
                    limit: Some(1),
                    token: None,
                },
            )
            .await?;
        if let Some(newest) = newest
            .items
            .first()
            .filter(|newest| newest.state == data::State::Quarantined)
        {
            wrong = true;
            phase
                .evidence
                .push(format!("{name} version {} is quarantined", newest.version));
        }
    }
    Ok(phase.settle(wrong))
}

async fn develop(app: &App, project: &Project) -> Result<Phase> {
    let mut phase = Phase::new("develop");
    let evaluations = registry::evaluations(&app.db, &project.name, 1).await?;
    phase.note(
        project.file.train.is_some(),
        "candidates are declared",
        "no candidate: [train] is not in the file",
    );
    phase.note(
        !evaluations.is_empty(),
        "a run was evaluated on held-out rows",
        "no run was evaluated on held-out rows",
    );
    let newest = registry::model(&app.db, project.file.model_name()).await;
    let versions = newest
        .map(|model| model.latest.iter().map(|version| version.version).max())
        .unwrap_or_default();
    phase.note(
        versions.is_some(),
        format!(
            "version {} passed the gate candidate",
            versions.unwrap_or_default()
        ),
        "no run has become a model version",
    );
    Ok(phase.settle(false))
}

async fn deploy(app: &App, project: &Project) -> Result<Phase> {
    let mut phase = Phase::new("deploy");
    let champion = super::champion(app, project).await?;
    phase.note(
        champion.is_some(),
        format!("version {} is champion", champion.unwrap_or_default()),
        "no version is champion",
    );
    phase.note(
        !project.file.deployments.is_empty(),
        "an endpoint is declared",
        "no endpoint: [deployment.…] is not in the file",
    );
    for endpoint in project.file.deployments.keys() {
        let serving = match app.serving.status(&project.name, endpoint).await {
            Ok(status) => status
                .revisions
                .into_iter()
                .find(|revision| revision.share > 0),
            Err(_) => None,
        };
        let answers = serving
            .as_ref()
            .map(|revision| format!("{endpoint} answers with version {}", revision.version));
        phase.note(
            answers.is_some(),
            answers.unwrap_or_default(),
            format!("{endpoint} does not answer yet"),
        );
    }
    Ok(phase.settle(false))
}

async fn maintain(app: &App, project: &Project) -> Result<Phase> {
    let mut phase = Phase::new("maintain");
    phase.note(
        !project.file.monitors.is_empty(),
        "monitors are declared",
        "no monitor: [[monitor]] is not in the file",
    );
    for monitor in &project.file.monitors {
        match app.monitoring.newest(&project.name, &monitor.id).await? {
            Some(check) => phase.evidence.push(format!(
                "{}: {} ({})",
                monitor.id, check.state, check.reason
            )),
            None => phase
                .missing
                .push(format!("{} has not looked yet", monitor.id)),
        }
    }
    let alerts = monitoring::open_alerts(&app.db, &project.name).await?;
    phase
        .evidence
        .extend(alerts.iter().map(|alert| alert.message.clone()));
    Ok(phase.settle(!alerts.is_empty()))
}
