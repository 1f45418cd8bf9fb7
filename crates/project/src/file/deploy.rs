//! The sections of DEPLOY: endpoints, and how the truth comes back.

use base::SignedDuration;
use serde::Serialize;

use super::read::{Choice, Section};

/// A stable address that callers use.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeploymentSpec {
    /// The endpoint's name.
    pub name: String,
    /// What it serves.
    pub model: ModelRef,
    /// By which protocols; all of ours if empty.
    pub protocols: Vec<Protocol>,
    /// How a new version takes over.
    pub rollout: RolloutSpec,
    /// How much it takes on.
    pub scale: ScaleSpec,
    /// What is written down.
    pub log: LogSpec,
}

/// How much an endpoint takes on before it says no.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScaleSpec {
    /// Requests computed at once.
    pub max_in_flight: usize,
    /// Requests that may wait.
    pub queue: usize,
    /// How long one may wait.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub timeout: SignedDuration,
}

impl Default for ScaleSpec {
    fn default() -> Self {
        Self {
            max_in_flight: 64,
            queue: 256,
            timeout: SignedDuration::from_millis(250),
        }
    }
}

/// `bikes@champion` or `bikes/3`
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelRef {
    /// The registered model.
    pub name: String,
    /// An alias, resolved when a rollout begins.
    pub alias: Option<String>,
    /// A fixed version.
    pub version: Option<i64>,
}

/// How requests are put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Open Inference Protocol.
    V2,
    /// `/invocations`
    Mlflow,
}

/// How a new version takes over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RolloutSpec {
    /// In steps or at once.
    pub kind: RolloutKind,
    /// Percent of the traffic at each step; the last is 100.
    pub steps: Vec<i64>,
    /// How long each step lasts at least.
    #[serde(serialize_with = "crate::duration::serialize")]
    pub hold: SignedDuration,
    /// Criteria that end the rollout when they fail.
    pub stop_on: Vec<String>,
}

/// In steps or at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RolloutKind {
    /// In steps.
    Canary,
    /// At once.
    Direct,
}

/// What is written down about requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogSpec {
    /// Share of the requests.
    pub share: f64,
    /// How long it is kept; for ever if absent.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub keep: Option<SignedDuration>,
    /// Columns that are left out.
    pub drop: Vec<String>,
}

/// How the truth and opinions come back.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Feedback {
    /// The truth.
    pub outcome: Option<OutcomeSpec>,
}

/// How the truth finds its prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutcomeSpec {
    /// The endpoint.
    pub deployment: String,
    /// The column that both sides share.
    pub key: String,
    /// Other columns that together identify a prediction.
    pub or: Vec<String>,
    /// `label`: by the definition of the label.
    pub from: Option<String>,
    /// What arrives later than this is not counted.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub late_until: Option<SignedDuration>,
}

impl Choice for Protocol {
    const WORDS: &'static [(&'static str, Self)] = &[("v2", Self::V2), ("mlflow", Self::Mlflow)];
}

impl Choice for RolloutKind {
    const WORDS: &'static [(&'static str, Self)] =
        &[("canary", Self::Canary), ("direct", Self::Direct)];
}

impl DeploymentSpec {
    pub(crate) fn read(name: &str, s: &Section<'_>) -> Self {
        s.later(&["challenger", "holdback", "caution", "callers"]);
        let protocols = s.texts("protocols");
        Self {
            name: name.to_owned(),
            model: ModelRef::read(s),
            protocols: protocols
                .iter()
                .filter_map(|word| s.word("protocols", word))
                .collect(),
            rollout: s
                .table("rollout", RolloutSpec::read)
                .unwrap_or(RolloutSpec {
                    kind: RolloutKind::Direct,
                    steps: vec![100],
                    hold: SignedDuration::ZERO,
                    stop_on: Vec::new(),
                }),
            scale: s.table("scale", ScaleSpec::read).unwrap_or_default(),
            log: s.table("log", LogSpec::read).unwrap_or(LogSpec {
                share: 1.0,
                keep: None,
                drop: Vec::new(),
            }),
        }
    }
}

impl ModelRef {
    fn read(s: &Section<'_>) -> Self {
        let text = s.need_text("model", "bikes@champion");
        let (name, alias, version) = match (text.split_once('@'), text.rsplit_once('/')) {
            (Some((name, alias)), _) => (
                name,
                Some(alias.to_owned()).filter(|alias| !alias.is_empty()),
                None,
            ),
            (None, Some((name, version))) => (
                name,
                None,
                version.parse().ok().filter(|version| *version > 0),
            ),
            (None, None) => (text.as_str(), None, None),
        };
        if !text.is_empty() && (name.is_empty() || alias.is_none() && version.is_none()) {
            s.problem("model", format!("{text:?} names no version of a model; write for example \"bikes@champion\" or \"bikes/3\""));
        }
        Self {
            name: name.to_owned(),
            alias,
            version,
        }
    }
}

impl RolloutSpec {
    fn read(s: &Section<'_>) -> Self {
        let kind = s.need_choice("kind");
        let mut steps = s.integers("steps");
        let rising = steps.windows(2).all(|pair| pair[0] < pair[1]);
        let valid = rising
            && steps.first().is_none_or(|first| *first >= 1)
            && steps.last().is_none_or(|last| *last == 100);
        if !valid {
            s.problem(
                "steps",
                "must rise and end with 100 percent; write for example steps = [10, 100]",
            );
        }
        if steps.is_empty() {
            steps.push(100);
        }
        Self {
            kind,
            steps,
            hold: s.duration("hold").unwrap_or_default(),
            stop_on: s.texts("stop_on"),
        }
    }
}

impl ScaleSpec {
    fn read(s: &Section<'_>) -> Self {
        s.later(&["workers"]);
        let default = Self::default();
        let count = |key, least| {
            s.integer(key, least)
                .and_then(|number| usize::try_from(number).ok())
        };
        Self {
            max_in_flight: count("max_in_flight", 1).unwrap_or(default.max_in_flight),
            queue: count("queue", 0).unwrap_or(default.queue),
            timeout: s.duration("timeout").unwrap_or(default.timeout),
        }
    }
}

impl LogSpec {
    fn read(s: &Section<'_>) -> Self {
        Self {
            share: s.number_within("share", 0.0, 1.0).unwrap_or(1.0),
            keep: s.duration("keep"),
            drop: s.texts("drop"),
        }
    }
}

impl Feedback {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        s.later(&["review"]);
        Self {
            outcome: s.table("outcome", OutcomeSpec::read),
        }
    }
}

impl OutcomeSpec {
    fn read(s: &Section<'_>) -> Self {
        let (key, or) = s
            .table("join", |s| {
                (s.need_text("key", "prediction_id"), s.texts("or"))
            })
            .unwrap_or_else(|| ("prediction_id".to_owned(), Vec::new()));
        Self {
            deployment: s.need_text("deployment", "bikes-api"),
            key,
            or,
            from: s.text("from"),
            late_until: s.duration("late_until"),
        }
    }
}
