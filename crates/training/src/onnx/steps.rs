//! The preprocessing graph as ONNX nodes.

use std::collections::HashMap;

use base::{Error, Result};

use super::{Attribute, Graph, MISSING_MOMENT};
use crate::model::Document;
use crate::onnx_proto::data_type;
use crate::prep::{DatePart, EPOCH, ERA, MS_PER_DAY, MS_PER_HOUR, Step, THURSDAY, turn};
use crate::signature::InputKind;

/// Where a column of the preprocessing graph is in the ONNX graph.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    /// Texts.
    Text(String),
    /// Numbers, and for a moment the milliseconds that they came from.
    Number {
        value: String,
        moments: Option<String>,
    },
    /// One of the columns of a wider value.
    Part {
        value: String,
        column: usize,
        width: usize,
    },
}

/// Adds all steps; the answer is the name of the features, `double [N, F]`.
pub(super) fn features(graph: &mut Graph, document: &Document) -> Result<String> {
    let mut places = HashMap::new();
    for input in &document.signature.inputs {
        places.insert(input.name.clone(), raw(graph, &input.name, input.kind));
    }
    for step in &document.prep.steps {
        let from = places.get(step.from()).cloned().ok_or_else(|| {
            Error::internal(format!(
                "the preprocessing graph has no column {:?}",
                step.from()
            ))
        })?;
        add(graph, step, &from, &mut places)?;
    }
    let blocks = blocks(graph, &document.prep.features, &places)?;
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    Ok(graph.node("Concat", &blocks, &[Attribute::Int("axis", 1)]))
}

/// The raw column as our evaluator sees it: numbers rounded to 32 bits, missing moments as NaN.
fn raw(graph: &mut Graph, name: &str, kind: InputKind) -> Place {
    match kind {
        InputKind::Category => Place::Text(name.to_owned()),
        InputKind::Bool => Place::Number {
            value: name.to_owned(),
            moments: None,
        },
        InputKind::Numeric => {
            let small = graph.cast(name, data_type::FLOAT);
            Place::Number {
                value: graph.cast(&small, data_type::DOUBLE),
                moments: None,
            }
        }
        InputKind::Datetime => {
            let value = graph.cast(name, data_type::DOUBLE);
            Place::Number {
                value: or_missing(graph, name, &value),
                moments: Some(name.to_owned()),
            }
        }
    }
}

/// `value` where the moment is known, NaN elsewhere.
fn or_missing(graph: &mut Graph, moments: &str, value: &str) -> String {
    let none = graph.int(MISSING_MOMENT);
    let unknown = graph.node("Equal", &[moments, &none], &[]);
    let nan = graph.double(f64::NAN);
    graph.node("Where", &[&unknown, &nan, value], &[])
}

fn add(
    graph: &mut Graph,
    step: &Step,
    from: &Place,
    places: &mut HashMap<String, Place>,
) -> Result<()> {
    let mut keep = |name: &str, value: String| {
        places.insert(
            name.to_owned(),
            Place::Number {
                value,
                moments: None,
            },
        );
    };
    match (step, from) {
        (
            Step::DatePart { part, out, .. },
            Place::Number {
                moments: Some(moments),
                ..
            },
        ) => {
            let whole = date_part(graph, moments, *part);
            let value = graph.cast(&whole, data_type::DOUBLE);
            keep(out, or_missing(graph, moments, &value));
        }
        (
            Step::OneHot {
                categories, out, ..
            },
            Place::Text(texts),
        ) => {
            if !categories.is_empty() {
                one_hot(graph, texts, categories, out, places);
            }
        }
        (
            Step::TargetMean {
                categories,
                values,
                out,
                ..
            },
            Place::Text(texts),
        ) => {
            let value = encode(graph, texts, categories, values, f32::NAN);
            keep(out, value);
        }
        (Step::IsMissing { out, .. }, Place::Text(texts)) => {
            let value = encode(graph, texts, &[String::new()], &[1.0], 0.0);
            keep(out, value);
        }
        (
            Step::OneHot { from, .. } | Step::TargetMean { from, .. } | Step::DatePart { from, .. },
            _,
        ) => {
            return Err(Error::internal(format!(
                "a step cannot read the column {from:?} in ONNX"
            )));
        }
        (numeric, place) => {
            let value = number(graph, place)?;
            number_step(graph, numeric, &value, &mut keep);
        }
    }
    Ok(())
}

fn number_step(graph: &mut Graph, step: &Step, value: &str, keep: &mut impl FnMut(&str, String)) {
    match step {
        Step::Cycle {
            period,
            harmonic,
            sin,
            cos,
            ..
        } => {
            let turn = graph.double(turn(*period, *harmonic));
            let angle = graph.node("Mul", &[value, &turn], &[]);
            keep(sin, graph.node("Sin", &[&angle], &[]));
            keep(cos, graph.node("Cos", &[&angle], &[]));
        }
        Step::IsMissing { out, .. } => {
            let missing = graph.node("IsNaN", &[value], &[]);
            keep(out, graph.cast(&missing, data_type::DOUBLE));
        }
        Step::Impute {
            value: instead,
            out,
            ..
        } => {
            let missing = graph.node("IsNaN", &[value], &[]);
            let instead = graph.double(*instead);
            keep(out, graph.node("Where", &[&missing, &instead, value], &[]));
        }
        Step::Standardise { mean, std, out, .. } => {
            let (mean, std) = (graph.double(*mean), graph.double(*std));
            let off = graph.node("Sub", &[value, &mean], &[]);
            keep(out, graph.node("Div", &[&off, &std], &[]));
        }
        Step::DatePart { .. } | Step::OneHot { .. } | Step::TargetMean { .. } => {}
    }
}

/// Texts to numbers, `default` for those that are not listed.
fn encode(graph: &mut Graph, texts: &str, keys: &[String], values: &[f32], default: f32) -> String {
    let (keys, values) = if keys.is_empty() {
        (vec![Vec::new()], vec![default])
    } else {
        (
            keys.iter().map(|key| key.clone().into_bytes()).collect(),
            values.to_vec(),
        )
    };
    let encoded = graph.node(
        "LabelEncoder",
        &[texts],
        &[
            Attribute::Strings("keys_strings", keys),
            Attribute::Floats("values_floats", values),
            Attribute::Float("default_float", default),
        ],
    );
    graph.cast(&encoded, data_type::DOUBLE)
}

/// A row of a table per category; the last row, all zeros, for the rest.
fn one_hot(
    graph: &mut Graph,
    texts: &str,
    categories: &[String],
    out: &[String],
    places: &mut HashMap<String, Place>,
) {
    let width = categories.len();
    let codes = graph.node(
        "LabelEncoder",
        &[texts],
        &[
            Attribute::Strings(
                "keys_strings",
                categories
                    .iter()
                    .map(|key| key.clone().into_bytes())
                    .collect(),
            ),
            Attribute::Ints("values_int64s", (0..width as i64).collect()),
            Attribute::Int("default_int64", width as i64),
        ],
    );
    let flat = graph.ints(&[-1]);
    let codes = graph.node("Reshape", &[&codes, &flat], &[]);
    let mut table = vec![0.0; (width + 1) * width];
    for place in 0..width {
        table[place * width + place] = 1.0;
    }
    let table = graph.doubles(&table, &[width as i64 + 1, width as i64]);
    let value = graph.node("Gather", &[&table, &codes], &[Attribute::Int("axis", 0)]);
    for (column, name) in out.iter().enumerate() {
        places.insert(
            name.clone(),
            Place::Part {
                value: value.clone(),
                column,
                width,
            },
        );
    }
}

/// The column as `double [N, 1]`.
fn number(graph: &mut Graph, place: &Place) -> Result<String> {
    match place {
        Place::Number { value, .. } => Ok(value.clone()),
        Place::Part { value, column, .. } => {
            let column = graph.ints(&[*column as i64]);
            Ok(graph.node("Gather", &[value, &column], &[Attribute::Int("axis", 1)]))
        }
        Place::Text(name) => Err(Error::internal(format!(
            "the column {name:?} holds texts, not numbers"
        ))),
    }
}

/// The features as few wide values: the columns of a category mostly stand together.
fn blocks(
    graph: &mut Graph,
    features: &[String],
    places: &HashMap<String, Place>,
) -> Result<Vec<String>> {
    let at = |name: &String| {
        places.get(name).ok_or_else(|| {
            Error::internal(format!("the preprocessing graph has no column {name:?}"))
        })
    };
    let mut blocks = Vec::new();
    let mut next = 0;
    while next < features.len() {
        let place = at(&features[next])?;
        if let Place::Part {
            value,
            column: 0,
            width,
        } = place
        {
            let together = (0..*width).all(|column| {
                features
                    .get(next + column)
                    .and_then(|name| places.get(name))
                    == Some(&Place::Part {
                        value: value.clone(),
                        column,
                        width: *width,
                    })
            });
            if together {
                blocks.push(value.clone());
                next += width;
                continue;
            }
        }
        blocks.push(number(graph, place)?);
        next += 1;
    }
    Ok(blocks)
}

/// The same arithmetic as [`DatePart::of`]. ONNX's `Div` cuts towards zero, so it only ever sees exact or positive
/// quotients; `Mod` takes the sign of the divisor, as `rem_euclid` does for a positive one.
fn date_part(graph: &mut Graph, moments: &str, part: DatePart) -> String {
    match part {
        DatePart::Hour => {
            let hours = floor(graph, moments, MS_PER_HOUR);
            op(graph, "Mod", &hours, 24)
        }
        DatePart::DayOfWeek => {
            let days = floor(graph, moments, MS_PER_DAY);
            let shifted = op(graph, "Add", &days, THURSDAY);
            op(graph, "Mod", &shifted, 7)
        }
        DatePart::DayOfYear => {
            let (year, day) = march_year(graph, moments);
            let leap = leap(graph, &year);
            let spring = op(graph, "Add", &day, 60);
            let spring = graph.node("Add", &[&spring, &leap], &[]);
            let winter = op(graph, "Sub", &day, 305);
            let late = op(graph, "GreaterOrEqual", &day, 306);
            graph.node("Where", &[&late, &winter, &spring], &[])
        }
        DatePart::Month => {
            let (_, day) = march_year(graph, moments);
            let five = op(graph, "Mul", &day, 5);
            let shifted = op(graph, "Add", &five, 2);
            let month = op(graph, "Div", &shifted, 153);
            let (spring, winter) = (op(graph, "Add", &month, 3), op(graph, "Sub", &month, 9));
            let late = op(graph, "GreaterOrEqual", &month, 10);
            graph.node("Where", &[&late, &winter, &spring], &[])
        }
    }
}

fn op(graph: &mut Graph, name: &str, value: &str, constant: i64) -> String {
    let constant = graph.int(constant);
    graph.node(name, &[value, &constant], &[])
}

/// `value / unit`, rounded down: exact after the remainder is taken away.
fn floor(graph: &mut Graph, value: &str, unit: i64) -> String {
    let rest = op(graph, "Mod", value, unit);
    let even = graph.node("Sub", &[value, &rest], &[]);
    op(graph, "Div", &even, unit)
}

fn march_year(graph: &mut Graph, moments: &str) -> (String, String) {
    let days = floor(graph, moments, MS_PER_DAY);
    let shifted = op(graph, "Add", &days, EPOCH);
    let of_era = op(graph, "Mod", &shifted, ERA);
    let (fours, hundreds, era) = (
        op(graph, "Div", &of_era, 1460),
        op(graph, "Div", &of_era, 36_524),
        op(graph, "Div", &of_era, 146_096),
    );
    let less = graph.node("Sub", &[&of_era, &fours], &[]);
    let more = graph.node("Add", &[&less, &hundreds], &[]);
    let even = graph.node("Sub", &[&more, &era], &[]);
    let year = op(graph, "Div", &even, 365);
    let whole = op(graph, "Mul", &year, 365);
    let (fours, hundreds) = (op(graph, "Div", &year, 4), op(graph, "Div", &year, 100));
    let begun = graph.node("Add", &[&whole, &fours], &[]);
    let begun = graph.node("Sub", &[&begun, &hundreds], &[]);
    let day = graph.node("Sub", &[&of_era, &begun], &[]);
    (year, day)
}

fn leap(graph: &mut Graph, year: &str) -> String {
    let mut every = |years: i64| {
        let rest = op(graph, "Mod", year, years);
        let is = op(graph, "Equal", &rest, 0);
        graph.cast(&is, data_type::INT64)
    };
    let (fours, hundreds, era) = (every(4), every(100), every(400));
    let fewer = graph.node("Sub", &[&fours, &hundreds], &[]);
    graph.node("Add", &[&fewer, &era], &[])
}
