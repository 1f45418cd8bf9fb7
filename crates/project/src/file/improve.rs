//! The sections of IMPROVE: what happens after an alert, and what keeps it from running away.

use base::SignedDuration;
use serde::Serialize;

use super::read::Section;
use super::text;
use crate::people::Role;

/// An event and what is done about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TriggerSpec {
    /// Its name.
    pub id: String,
    /// The event.
    pub when: Event,
    /// What is done.
    #[serde(rename = "do")]
    pub action: Action,
    /// After it has fired it is quiet for so long.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub cooldown: SignedDuration,
}

/// What can set off a trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// `monitor:ID = alert`
    MonitorAlert(String),
    /// `dataset:NAME = version`
    DatasetVersion(String),
    /// `cron:0 4 1 * *`, in UTC
    Cron(String),
}

/// What a trigger does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// `pipeline:NAME`
    Pipeline(String),
    /// `task:ROLE`: a person decides.
    Task(Role),
}

/// Steps that run one after the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PipelineSpec {
    /// Its name.
    pub name: String,
    /// The steps.
    pub steps: Vec<Step>,
    /// It is stopped after this.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub limit: Option<SignedDuration>,
}

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Load what is new.
    Ingest,
    /// Check the rules.
    Expect,
    /// Build the views.
    Clean,
    /// Compute the features.
    Features,
    /// Train the candidates.
    Train,
    /// Evaluate the best run.
    Evaluate,
    /// `gate:NAME`
    Gate(String),
    /// `deploy:NAME`
    Deploy(String),
}

/// What keeps the loop from running away.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guard {
    /// More retrainings than this in 30 days are not started.
    pub max_retrains_per_30d: Option<i64>,
    /// After so many failures in a row a person is asked instead.
    pub stop_after_failures: Option<i64>,
}

const WORDS: [&str; 6] = ["ingest", "expect", "clean", "features", "train", "evaluate"];

impl TriggerSpec {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        Self {
            id: s.need_name("id", "worse"),
            when: Event::read(s),
            action: Action::read(s),
            cooldown: s.duration("cooldown").unwrap_or_default(),
        }
    }
}

impl Event {
    fn read(s: &Section<'_>) -> Self {
        let when = s.need_text("when", "monitor:still-right = alert");
        if let Some(schedule) = when.strip_prefix("cron:") {
            let schedule = schedule.trim();
            if let Err(error) = schedule.parse::<croner::Cron>() {
                s.problem("when", format!("{schedule:?} is not a schedule: {error}; write for example \"cron:0 4 1 * *\""));
            }
            return Self::Cron(schedule.to_owned());
        }
        let (subject, state) = when.split_once('=').unwrap_or((&when, ""));
        match (subject.trim().split_once(':'), state.trim()) {
            (Some(("monitor", id)), "alert") => Self::MonitorAlert(id.trim().to_owned()),
            (Some(("dataset", name)), "version") => Self::DatasetVersion(name.trim().to_owned()),
            _ => {
                if !when.is_empty() {
                    s.problem("when", format!("{when:?} is not an event; write \"monitor:ID = alert\", \"dataset:NAME = version\" or \"cron:0 4 1 * *\""));
                }
                Self::MonitorAlert(String::new())
            }
        }
    }
}

impl Action {
    fn read(s: &Section<'_>) -> Self {
        let action = s.need_text("do", "pipeline:retrain");
        match action.split_once(':') {
            Some(("pipeline", name)) => Self::Pipeline(name.trim().to_owned()),
            Some(("task", role)) => {
                Self::Task(s.word("do", role.trim()).unwrap_or(Role::Stakeholder))
            }
            _ => {
                if !action.is_empty() {
                    s.problem(
                        "do",
                        format!(
                            "{action:?} is not an action; write \"pipeline:NAME\" or \"task:ROLE\""
                        ),
                    );
                }
                Self::Pipeline(String::new())
            }
        }
    }
}

impl PipelineSpec {
    pub(crate) fn read(name: &str, s: &Section<'_>) -> Self {
        s.later(&["cache", "retry"]);
        let steps = s.need_texts("steps", "[\"ingest\", \"train\", \"evaluate\"]");
        Self {
            name: name.to_owned(),
            steps: steps
                .iter()
                .filter_map(|word| Step::read(s, word))
                .collect(),
            limit: s.duration("limit"),
        }
    }
}

impl Step {
    fn read(s: &Section<'_>, word: &str) -> Option<Self> {
        Some(match word.split_once(':').unwrap_or((word, "")) {
            ("ingest", "") => Self::Ingest,
            ("expect", "") => Self::Expect,
            ("clean", "") => Self::Clean,
            ("features", "") => Self::Features,
            ("train", "") => Self::Train,
            ("evaluate", "") => Self::Evaluate,
            ("gate", name) if !name.is_empty() => Self::Gate(name.to_owned()),
            ("deploy", name) if !name.is_empty() => Self::Deploy(name.to_owned()),
            _ => {
                let advice = text::did_you_mean(word, WORDS.into_iter()).unwrap_or_else(|| {
                    format!(
                        "there are: {}, gate:NAME, deploy:NAME",
                        text::list(WORDS.into_iter())
                    )
                });
                s.problem("steps", format!("{word:?} is not a step; {advice}"));
                return None;
            }
        })
    }
}

impl Guard {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        s.later(&["rollback"]);
        Self {
            max_retrains_per_30d: s.integer("max_retrains_per_30d", 0),
            stop_after_failures: s.integer("stop_after_failures", 1),
        }
    }
}
