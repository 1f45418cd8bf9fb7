//! A preprocessing graph made ready to run: names became places in one row of numbers, texts became codes.
//!
//! Invariant: running a plan allocates nothing. A category is looked up once per row, whatever the number of steps
//! that read it.

use std::collections::HashMap;

use base::{Error, Result};

use super::{DatePart, PREP_VERSION, Prep, Step};
use crate::cell::{Cell, Reader};
use crate::signature::{InputKind, Signature};

/// A compiled graph.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    vocabularies: Vec<HashMap<Box<str>, u32>>,
    ops: Vec<Op>,
    width: usize,
    features: Vec<usize>,
}

/// The code of a category that no step knows.
const UNKNOWN: f64 = -1.0;

#[derive(Clone, Debug)]
enum Op {
    DatePart {
        from: usize,
        part: DatePart,
        to: usize,
    },
    /// Fills `to` and the place after it.
    Cycle {
        from: usize,
        turn: f64,
        to: usize,
    },
    IsMissing {
        from: usize,
        to: usize,
    },
    Impute {
        from: usize,
        value: f64,
        to: usize,
    },
    Standardise {
        from: usize,
        mean: f64,
        std: f64,
        to: usize,
    },
    /// `places[code]` is the column of the category, counted from `to`; `count` and above mean none.
    OneHot {
        from: usize,
        places: Vec<usize>,
        to: usize,
        count: usize,
    },
    TargetMean {
        from: usize,
        values: Vec<f64>,
        to: usize,
    },
}

impl Plan {
    /// Compiles `prep` over the inputs of `signature`.
    pub fn new(signature: &Signature, prep: &Prep) -> Result<Self> {
        if prep.version != PREP_VERSION {
            return Err(Error::invalid(format!(
                "the preprocessing graph has version {}",
                prep.version
            ))
            .hint(format!("this program reads version {PREP_VERSION}")));
        }
        let vocabularies = vocabularies(signature, prep)?;
        let mut places: HashMap<&str, usize> = HashMap::new();
        for (index, input) in signature.inputs.iter().enumerate() {
            claim(&mut places, &input.name, index)?;
        }
        let mut width = signature.inputs.len();
        let mut ops = Vec::with_capacity(prep.steps.len());
        for step in &prep.steps {
            let from = find(&places, step.from())?;
            let texts = signature
                .inputs
                .get(from)
                .is_some_and(|input| input.kind == InputKind::Category);
            let wants_texts = matches!(step, Step::OneHot { .. } | Step::TargetMean { .. });
            if texts != wants_texts && !matches!(step, Step::IsMissing { .. }) {
                return Err(Error::invalid(format!(
                    "a step cannot read the column {:?}: it holds {}",
                    step.from(),
                    if texts { "texts" } else { "numbers" }
                )));
            }
            ops.push(compile(step, from, width, vocabularies.get(from)));
            for out in step.adds() {
                claim(&mut places, out, width)?;
                width += 1;
            }
        }
        let features = prep
            .features
            .iter()
            .map(|name| find(&places, name))
            .collect::<Result<_>>()?;
        Ok(Self {
            vocabularies,
            ops,
            width,
            features,
        })
    }

    /// How many numbers a row takes while it is worked on.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many features the learner gets.
    pub fn features(&self) -> usize {
        self.features.len()
    }

    /// Puts the raw value of input `place` into `row`.
    #[inline]
    pub fn put(&self, place: usize, cell: Cell<'_>, row: &mut [f64]) {
        row[place] = match cell {
            Cell::Missing => f64::NAN,
            Cell::Number(value) => value,
            Cell::Text(text) => self.vocabularies[place]
                .get(text)
                .map_or(UNKNOWN, |code| f64::from(*code)),
        };
    }

    /// Puts all raw values of one row of `readers` into `row`.
    #[inline]
    pub fn load(
        &self,
        signature: &Signature,
        readers: &[Reader],
        index: usize,
        row: &mut [f64],
        text: &mut String,
    ) -> Result<()> {
        for (place, (input, reader)) in signature.inputs.iter().zip(readers).enumerate() {
            self.put(place, reader.cell(input, index, text)?, row);
        }
        Ok(())
    }

    /// Runs every step on a row whose raw values are in place.
    #[inline]
    pub fn run(&self, row: &mut [f64]) {
        for op in &self.ops {
            op.run(row);
        }
    }

    /// The features of a row that was run.
    #[inline]
    pub fn gather<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        self.features.iter().map(|place| row[*place])
    }
}

impl Op {
    #[inline]
    fn run(&self, row: &mut [f64]) {
        match self {
            Self::DatePart { from, part, to } => {
                let moment = row[*from];
                row[*to] = if moment.is_nan() {
                    f64::NAN
                } else {
                    part.of(moment as i64) as f64
                };
            }
            Self::Cycle { from, turn, to } => {
                let (sin, cos) = (row[*from] * turn).sin_cos();
                row[*to] = sin;
                row[*to + 1] = cos;
            }
            Self::IsMissing { from, to } => row[*to] = f64::from(u8::from(row[*from].is_nan())),
            Self::Impute { from, value, to } => {
                row[*to] = if row[*from].is_nan() {
                    *value
                } else {
                    row[*from]
                }
            }
            Self::Standardise {
                from,
                mean,
                std,
                to,
            } => row[*to] = (row[*from] - mean) / std,
            Self::OneHot {
                from,
                places,
                to,
                count,
            } => {
                row[*to..*to + *count].fill(0.0);
                if let Some(place) = code(row[*from])
                    .and_then(|code| places.get(code))
                    .filter(|place| *place < count)
                {
                    row[*to + *place] = 1.0;
                }
            }
            Self::TargetMean { from, values, to } => {
                row[*to] = code(row[*from])
                    .and_then(|code| values.get(code))
                    .copied()
                    .unwrap_or(f64::NAN);
            }
        }
    }
}

#[inline]
fn code(value: f64) -> Option<usize> {
    (value >= 0.0).then_some(value as usize)
}

fn compile(step: &Step, from: usize, to: usize, vocabulary: Option<&HashMap<Box<str>, u32>>) -> Op {
    match step {
        Step::DatePart { part, .. } => Op::DatePart {
            from,
            part: *part,
            to,
        },
        Step::Cycle {
            period, harmonic, ..
        } => Op::Cycle {
            from,
            turn: turn(*period, *harmonic),
            to,
        },
        Step::IsMissing { .. } => Op::IsMissing { from, to },
        Step::Impute { value, .. } => Op::Impute {
            from,
            value: *value,
            to,
        },
        Step::Standardise { mean, std, .. } => Op::Standardise {
            from,
            mean: *mean,
            std: *std,
            to,
        },
        Step::OneHot { categories, .. } => Op::OneHot {
            from,
            places: by_code(vocabulary, categories, |place| place, usize::MAX),
            to,
            count: categories.len(),
        },
        Step::TargetMean {
            categories, values, ..
        } => Op::TargetMean {
            from,
            values: by_code(
                vocabulary,
                categories,
                |place| f64::from(values[place]),
                f64::NAN,
            ),
            to,
        },
    }
}

/// The angle of one unit.
pub(crate) fn turn(period: f64, harmonic: u32) -> f64 {
    std::f64::consts::TAU * f64::from(harmonic) / period
}

/// What `value` says of each category, laid out by the vocabulary's codes.
fn by_code<T: Clone>(
    vocabulary: Option<&HashMap<Box<str>, u32>>,
    categories: &[String],
    value: impl Fn(usize) -> T,
    none: T,
) -> Vec<T> {
    let Some(vocabulary) = vocabulary else {
        return Vec::new();
    };
    let mut table = vec![none; vocabulary.len()];
    for (place, category) in categories.iter().enumerate() {
        if let Some(code) = vocabulary.get(category.as_str()) {
            table[*code as usize] = value(place);
        }
    }
    table
}

/// The categories that steps know, per input, with their codes.
fn vocabularies(signature: &Signature, prep: &Prep) -> Result<Vec<HashMap<Box<str>, u32>>> {
    let mut all: Vec<HashMap<Box<str>, u32>> = vec![HashMap::new(); signature.inputs.len()];
    for step in &prep.steps {
        let (from, categories) = match step {
            Step::OneHot {
                from,
                categories,
                out,
            } if categories.len() == out.len() => (from, categories),
            Step::TargetMean {
                from,
                categories,
                values,
                ..
            } if categories.len() == values.len() => (from, categories),
            Step::OneHot { from, .. } | Step::TargetMean { from, .. } => {
                return Err(Error::invalid(format!(
                    "a step over {from:?} has lists of different lengths"
                )));
            }
            _ => continue,
        };
        let Some(place) = signature
            .inputs
            .iter()
            .position(|input| &input.name == from)
        else {
            continue;
        };
        for category in categories {
            let next = all[place].len() as u32;
            all[place].entry(category.as_str().into()).or_insert(next);
        }
    }
    Ok(all)
}

fn claim<'a>(places: &mut HashMap<&'a str, usize>, name: &'a str, place: usize) -> Result<()> {
    match places.insert(name, place) {
        None => Ok(()),
        Some(_) => Err(Error::invalid(format!(
            "the preprocessing graph makes the column {name:?} twice"
        ))),
    }
}

fn find(places: &HashMap<&str, usize>, name: &str) -> Result<usize> {
    places
        .get(name)
        .copied()
        .ok_or_else(|| Error::invalid(format!("the preprocessing graph has no column {name:?}")))
}
