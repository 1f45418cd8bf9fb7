//! The sections of DEVELOP: what is trained, and how it is searched.

use std::collections::BTreeMap;

use base::SignedDuration;
use serde::Serialize;
use serde_json::Value;

use super::read::{Choice, Section};
use super::text;
use crate::metric::{self, About, Better};

/// How models are trained and compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrainSpec {
    /// The MLflow experiment that holds the runs.
    pub experiment: String,
    /// The registered model that receives versions; the project's name if absent.
    pub model: Option<String>,
    /// Seed of everything random.
    pub seed: u64,
    /// Only rows newer than this are trained on.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub window: Option<SignedDuration>,
    /// What a search makes better.
    pub optimise: Objective,
    /// How it searches.
    pub tune: Tune,
    /// Names of feature sets.
    pub features: Vec<String>,
    /// Columns by whose values results are shown apart.
    pub slices: Vec<String>,
    /// What is tried.
    #[serde(rename = "candidate")]
    pub candidates: Vec<CandidateSpec>,
}

/// What a search makes better.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Objective {
    /// A metric of the catalogue.
    pub metric: String,
    /// Which way.
    pub direction: Direction,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Less.
    Min,
    /// More.
    Max,
}

/// How a search goes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tune {
    /// How the next trial is chosen.
    pub method: TuneMethod,
    /// Trials per candidate with a space.
    pub trials: i64,
    /// No new trial begins after this.
    #[serde(serialize_with = "crate::duration::serialize_option")]
    pub limit: Option<SignedDuration>,
}

/// How the next trial is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TuneMethod {
    /// Tree-structured Parzen estimator: near what was good so far.
    Tpe,
    /// By chance.
    Random,
}

/// An algorithm with fixed parameters and a space to search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CandidateSpec {
    /// Its name; `simplest` is the one that others must beat.
    pub id: String,
    /// What learns.
    pub algorithm: Algorithm,
    /// Fixed parameters.
    pub params: BTreeMap<String, Value>,
    /// What is searched.
    pub space: BTreeMap<String, Range>,
    /// For `command`: what is run.
    pub run: Option<String>,
    /// For `command`: the lock file of its environment.
    pub env: Option<String>,
}

/// What learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Linear, for a number.
    Ridge,
    /// Linear, for yes or no.
    LogisticRegression,
    /// Many trees beside each other.
    RandomForest,
    /// Many trees after each other.
    GradientBoosting,
    /// The user's own program, which logs with the `mlflow` client.
    Command,
}

/// The values of a parameter that may be tried; limits are included.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// Whole numbers.
    Int(i64, i64),
    /// Numbers, evenly.
    Float(f64, f64),
    /// Numbers, evenly in their logarithm.
    Log(f64, f64),
    /// One of these.
    Choice(Vec<Value>),
}

impl Choice for Direction {
    const WORDS: &'static [(&'static str, Self)] = &[("min", Self::Min), ("max", Self::Max)];
}

impl Choice for TuneMethod {
    const WORDS: &'static [(&'static str, Self)] = &[("tpe", Self::Tpe), ("random", Self::Random)];
}

impl Choice for Algorithm {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("ridge", Self::Ridge),
        ("logistic_regression", Self::LogisticRegression),
        ("random_forest", Self::RandomForest),
        ("gradient_boosting", Self::GradientBoosting),
        ("command", Self::Command),
    ];
}

impl Algorithm {
    /// The word in the project file.
    pub fn as_str(self) -> &'static str {
        Self::WORDS
            .iter()
            .find(|(_, it)| *it == self)
            .map_or("", |(word, _)| word)
    }
}

impl TrainSpec {
    pub(crate) fn read(s: &Section<'_>) -> Self {
        let candidates = s.tables("candidate", CandidateSpec::read);
        if candidates.is_empty() {
            s.problem("candidate", "there is nothing to train; write for example [[train.candidate]] with id = \"simplest\" and algorithm = \"ridge\"");
        }
        if !s.has("optimise") {
            s.problem("", "does not say what is optimised; write for example optimise = { metric = \"mae\", direction = \"min\" }");
        }
        Self {
            experiment: s.need_text("experiment", "bikes"),
            model: s.text("model"),
            seed: s
                .integer("seed", 0)
                .and_then(|seed| u64::try_from(seed).ok())
                .unwrap_or_default(),
            window: s.duration("window"),
            optimise: s.table("optimise", Objective::read).unwrap_or(Objective {
                metric: String::new(),
                direction: Direction::Min,
            }),
            tune: s.table("tune", Tune::read).unwrap_or(Tune {
                method: TuneMethod::Tpe,
                trials: 10,
                limit: None,
            }),
            features: s.need_texts("features", "[\"hour\"]"),
            slices: s.texts("slices"),
            candidates,
        }
    }
}

impl Objective {
    fn read(s: &Section<'_>) -> Self {
        let name = s.need_text("metric", "mae");
        let direction = s.choice("direction");
        let found = metric::find(&name).filter(|metric| metric.about != About::System);
        if found.is_none() && !name.is_empty() {
            s.problem(
                "metric",
                format!(
                    "{name:?} is not a metric of models; {}",
                    text::advice(&name, metric::names())
                ),
            );
        }
        let natural = found.map(|metric| {
            if metric.better == Better::Higher {
                Direction::Max
            } else {
                Direction::Min
            }
        });
        if let (Some(written), Some(natural)) = (direction, natural)
            && written != natural
        {
            let better = if natural == Direction::Max {
                "more is better: write \"max\""
            } else {
                "less is better: write \"min\""
            };
            s.problem(
                "direction",
                format!("is the wrong way for {name:?}, of which {better}"),
            );
        }
        Self {
            metric: name,
            direction: direction.or(natural).unwrap_or(Direction::Min),
        }
    }
}

impl Tune {
    fn read(s: &Section<'_>) -> Self {
        s.later(&["parallel", "stop_early"]);
        Self {
            method: s.choice("method").unwrap_or(TuneMethod::Tpe),
            trials: s.integer("trials", 1).unwrap_or(10),
            limit: s.duration("limit"),
        }
    }
}

impl CandidateSpec {
    fn read(s: &Section<'_>) -> Self {
        let algorithm = s.need_choice("algorithm");
        let run = s.text("run");
        match (algorithm, &run) {
            (Algorithm::Command, None) => s.problem(
                "",
                "a command has no run; write for example run = \"python train.py\"",
            ),
            (Algorithm::Command, Some(_)) | (_, None) => {}
            (_, Some(_)) => s.problem(
                "run",
                "is only used with algorithm = \"command\"; remove it",
            ),
        }
        Self {
            id: s.need_name("id", "simplest"),
            algorithm,
            params: s.free_table("params"),
            space: s.maps("space", |_, range| Range::read(range)),
            run,
            env: s.text("env"),
        }
    }
}

impl Range {
    fn read(s: &Section<'_>) -> Self {
        let kinds = ["int", "float", "log", "choice"];
        let used: Vec<_> = kinds.into_iter().filter(|key| s.has(key)).collect();
        if used.len() != 1 {
            s.problem("", "is not a range; write one of { int = [1, 9] }, { float = [0.0, 1.0] }, { log = [0.01, 1.0] }, { choice = [\"a\", \"b\"] }");
        }
        let whole = s.integers("int");
        let (float, log, choice) = (s.numbers("float"), s.numbers("log"), s.values("choice"));
        match used.first() {
            Some(&"int") => {
                let (low, high) = limits(s, "int", &whole);
                Self::Int(low, high)
            }
            Some(&"log") => {
                let (low, high) = limits(s, "log", &log);
                if low <= 0.0 && log.len() == 2 {
                    s.problem(
                        "log",
                        "must begin above zero: a logarithm of zero does not exist",
                    );
                }
                Self::Log(low, high)
            }
            Some(&"choice") => {
                if choice.is_empty() {
                    s.problem("choice", "is an empty list; write at least one value");
                }
                Self::Choice(choice)
            }
            _ => {
                let (low, high) = if used.is_empty() {
                    Default::default()
                } else {
                    limits(s, "float", &float)
                };
                Self::Float(low, high)
            }
        }
    }
}

fn limits<T: Copy + PartialOrd + Default>(
    s: &Section<'_>,
    key: &'static str,
    numbers: &[T],
) -> (T, T) {
    match *numbers {
        [low, high] if low <= high => (low, high),
        _ => {
            s.problem(
                key,
                format!("needs two limits, the lower one first; write for example {key} = [1, 9]"),
            );
            Default::default()
        }
    }
}
