//! Learns a preprocessing graph from the training rows.

use std::collections::{BTreeMap, HashSet};

use base::{Error, Result};

use super::{DatePart, MS_PER_DAY, PREP_VERSION, Prep, Step};
use crate::cell::{Cell, Reader};
use crate::signature::{Input, InputKind, Signature};

/// What the learner wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Numbers on one scale without gaps: periods as sine and cosine, categories as columns.
    Linear,
    /// Numbers whose order means something, gaps left in place.
    Trees,
}

/// A category below this share of the rows (and below [`FEW`] rows) gets no column of its own.
const RARE: f64 = 0.005;
const FEW: usize = 5;
/// At most this many columns per category input, the frequent ones first.
const MOST_COLUMNS: usize = 100;
/// How many rows of the overall mean are mixed into a category's mean.
const SMOOTHING: f64 = 10.0;

/// Learns the graph for `signature` from `rows` of its `readers`, where `label` is the truth per row of the batch.
pub(crate) fn fit(
    signature: &Signature,
    readers: &[Reader],
    rows: &[u32],
    label: &[f64],
    style: Style,
) -> Result<Prep> {
    let mut graph = Graph::new(signature);
    for (input, reader) in signature.inputs.iter().zip(readers) {
        match input.kind {
            InputKind::Datetime => graph.datetime(input, span(input, reader, rows)?, style),
            InputKind::Category => {
                graph.category(input, &Categories::of(input, reader, rows, label)?, style);
            }
            InputKind::Numeric | InputKind::Bool if style == Style::Trees => {
                graph.features.push(input.name.clone());
            }
            InputKind::Numeric | InputKind::Bool => {
                graph.number(input, &numbers(input, reader, rows)?);
            }
        }
    }
    if style == Style::Linear {
        graph.standardise(signature, readers, rows)?;
    }
    Ok(Prep {
        version: PREP_VERSION,
        steps: graph.steps,
        features: graph.features,
    })
}

/// A graph that grows.
struct Graph {
    taken: HashSet<String>,
    steps: Vec<Step>,
    features: Vec<String>,
}

impl Graph {
    fn new(signature: &Signature) -> Self {
        let taken = signature
            .inputs
            .iter()
            .map(|input| input.name.clone())
            .collect();
        Self {
            taken,
            steps: Vec::new(),
            features: Vec::new(),
        }
    }

    /// `name`, or the first of `name_2`, `name_3`, … that no column has.
    fn free(&mut self, name: String) -> String {
        let mut candidate = name.clone();
        let mut number = 2;
        while !self.taken.insert(candidate.clone()) {
            candidate = format!("{name}_{number}");
            number += 1;
        }
        candidate
    }

    /// `span` is how many milliseconds lie between the first and the last training row: seasons that nobody has seen
    /// whole are not learnt, since a model would only take them for a trend.
    fn datetime(&mut self, input: &Input, span: f64, style: Style) {
        let parts = [
            (DatePart::Hour, 3, MS_PER_DAY),
            (DatePart::DayOfWeek, 2, 7 * MS_PER_DAY),
            (DatePart::DayOfYear, 1, 330 * MS_PER_DAY),
        ];
        for (part, harmonics, whole) in parts {
            if span < whole as f64 {
                continue;
            }
            let out = self.free(format!("{}__{}", input.name, part.as_str()));
            self.steps.push(Step::DatePart {
                from: input.name.clone(),
                part,
                out: out.clone(),
            });
            match style {
                Style::Trees => self.features.push(out),
                Style::Linear => self.cycle(&out, part.period(), harmonics),
            }
        }
    }

    fn cycle(&mut self, from: &str, period: f64, harmonics: u32) {
        for harmonic in 1..=harmonics {
            let sin = self.free(format!("{from}_sin{harmonic}"));
            let cos = self.free(format!("{from}_cos{harmonic}"));
            self.features.extend([sin.clone(), cos.clone()]);
            self.steps.push(Step::Cycle {
                from: from.to_owned(),
                period,
                harmonic,
                sin,
                cos,
            });
        }
    }

    fn category(&mut self, input: &Input, categories: &Categories, style: Style) {
        let from = input.name.clone();
        match style {
            Style::Trees => {
                let out = self.free(format!("{from}__target_mean"));
                self.features.push(out.clone());
                let (names, values) = categories.target_means();
                self.steps.push(Step::TargetMean {
                    from,
                    categories: names,
                    values,
                    out,
                });
            }
            Style::Linear => {
                let names = categories.frequent();
                let out: Vec<String> = names
                    .iter()
                    .map(|name| self.free(format!("{from}_{name}")))
                    .collect();
                self.features.extend(out.clone());
                self.steps.push(Step::OneHot {
                    from,
                    categories: names,
                    out,
                });
            }
        }
    }

    /// A linear model cannot pass over a gap: the mean takes its place and a column says so.
    fn number(&mut self, input: &Input, numbers: &Numbers) {
        let filled = self.free(format!("{}__filled", input.name));
        self.steps.push(Step::Impute {
            from: input.name.clone(),
            value: numbers.mean,
            out: filled.clone(),
        });
        self.features.push(filled);
        if numbers.missing > 0 {
            let out = self.free(format!("{}__missing", input.name));
            self.steps.push(Step::IsMissing {
                from: input.name.clone(),
                out: out.clone(),
            });
            self.features.push(out);
        }
    }

    /// Puts every feature but the columns of categories on one scale, as measured after the steps so far.
    fn standardise(
        &mut self,
        signature: &Signature,
        readers: &[Reader],
        rows: &[u32],
    ) -> Result<()> {
        let so_far = Prep {
            version: PREP_VERSION,
            steps: self.steps.clone(),
            features: self.features.clone(),
        };
        let plan = super::Plan::new(signature, &so_far)?;
        let moments = moments(&plan, signature, readers, rows)?;
        let hot: HashSet<String> = self
            .steps
            .iter()
            .filter(|step| matches!(step, Step::OneHot { .. }))
            .flat_map(|step| {
                step.adds()
                    .into_iter()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect();
        for (place, (mean, std)) in moments.into_iter().enumerate() {
            let from = self.features[place].clone();
            // A missing moment leaves its parts missing: 0 after scaling, the mean.
            let filled = self.free(format!("{from}__known"));
            let nullable_moment = self.is_of_nullable_moment(signature, &from);
            if nullable_moment {
                self.steps.push(Step::Impute {
                    from: from.clone(),
                    value: mean,
                    out: filled.clone(),
                });
            }
            let from = if nullable_moment { filled } else { from };
            if hot.contains(&from) {
                continue;
            }
            let out = self.free(format!("{from}__scaled"));
            self.steps.push(Step::Standardise {
                from,
                mean,
                std,
                out: out.clone(),
            });
            self.features[place] = out;
        }
        Ok(())
    }

    fn is_of_nullable_moment(&self, signature: &Signature, name: &str) -> bool {
        let mut name = name;
        while let Some(step) = self.steps.iter().find(|step| step.adds().contains(&name)) {
            name = step.from();
        }
        signature
            .inputs
            .iter()
            .any(|input| input.name == name && input.kind == InputKind::Datetime && input.nullable)
    }
}

/// Mean and population deviation (1 where it is zero) of every feature over `rows`, missing values left out.
fn moments(
    plan: &super::Plan,
    signature: &Signature,
    readers: &[Reader],
    rows: &[u32],
) -> Result<Vec<(f64, f64)>> {
    let mut tallies = vec![Tally::default(); plan.features()];
    let mut row = vec![0.0; plan.width()];
    let mut text = String::new();
    for index in rows {
        plan.load(signature, readers, *index as usize, &mut row, &mut text)?;
        plan.run(&mut row);
        for (tally, value) in tallies.iter_mut().zip(plan.gather(&row)) {
            tally.add(value);
        }
    }
    Ok(tallies
        .iter()
        .map(|tally| (tally.mean, tally.std()))
        .collect())
}

/// Mean and variance in one pass (Welford).
#[derive(Clone, Copy, Default)]
struct Tally {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Tally {
    fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.count += 1.0;
        let off = value - self.mean;
        self.mean += off / self.count;
        self.squares += off * (value - self.mean);
    }

    fn std(&self) -> f64 {
        let std = (self.squares / self.count.max(1.0)).sqrt();
        // Rounding leaves a little variance in a column of equal values.
        if std > 1e-12 * self.mean.abs().max(1e-12) {
            std
        } else {
            1.0
        }
    }
}

/// How far the first and the last moment lie apart.
fn span(input: &Input, reader: &Reader, rows: &[u32]) -> Result<f64> {
    let (mut first, mut last) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut text = String::new();
    for row in rows {
        if let Cell::Number(ms) = reader.cell(input, *row as usize, &mut text)? {
            first = first.min(ms);
            last = last.max(ms);
        }
    }
    Ok(last - first)
}

struct Numbers {
    mean: f64,
    missing: usize,
}

fn numbers(input: &Input, reader: &Reader, rows: &[u32]) -> Result<Numbers> {
    let mut tally = Tally::default();
    let mut missing = 0;
    let mut text = String::new();
    for row in rows {
        match reader.cell(input, *row as usize, &mut text)? {
            Cell::Number(value) => tally.add(value),
            Cell::Missing | Cell::Text(_) => missing += 1,
        }
    }
    Ok(Numbers {
        mean: tally.mean,
        missing,
    })
}

/// Rows and label per category.
struct Categories {
    counts: BTreeMap<String, (usize, f64)>,
    rows: usize,
    mean: f64,
}

impl Categories {
    fn of(input: &Input, reader: &Reader, rows: &[u32], label: &[f64]) -> Result<Self> {
        let mut counts: BTreeMap<String, (usize, f64)> = BTreeMap::new();
        let mut text = String::new();
        let mut sum = 0.0;
        for row in rows {
            let truth = label
                .get(*row as usize)
                .copied()
                .filter(|truth| truth.is_finite())
                .ok_or_else(|| {
                    Error::invalid(format!(
                        "row {row} has no label, so nothing can be learnt from it"
                    ))
                })?;
            sum += truth;
            if let Cell::Text(name) = reader.cell(input, *row as usize, &mut text)? {
                if let Some(entry) = counts.get_mut(name) {
                    entry.0 += 1;
                    entry.1 += truth;
                } else {
                    counts.insert(name.to_owned(), (1, truth));
                }
            }
        }
        Ok(Self {
            counts,
            rows: rows.len(),
            mean: sum / rows.len().max(1) as f64,
        })
    }

    fn target_means(&self) -> (Vec<String>, Vec<f32>) {
        self.counts
            .iter()
            .map(|(name, (count, sum))| {
                (
                    name.clone(),
                    ((sum + SMOOTHING * self.mean) / (*count as f64 + SMOOTHING)) as f32,
                )
            })
            .unzip()
    }

    fn frequent(&self) -> Vec<String> {
        let least = FEW.max((self.rows as f64 * RARE) as usize);
        let mut names: Vec<(&String, usize)> = self
            .counts
            .iter()
            .map(|(name, (count, _))| (name, *count))
            .filter(|(_, count)| *count >= least)
            .collect();
        names.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), (*name).clone()));
        names.truncate(MOST_COLUMNS);
        let mut names: Vec<String> = names.into_iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }
}
