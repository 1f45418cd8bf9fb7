//! Parameters of a learner: names and JSON values, as the project file gives them and the search draws them.

use std::collections::BTreeMap;

use base::{Error, Result};
use serde_json::Value;

/// Names and values, in the order of the names.
pub type Params = BTreeMap<String, Value>;

/// The number `name`, or `default` where it is not given; refused outside `least ..= most`.
pub(crate) fn number(
    params: &Params,
    name: &str,
    default: f64,
    least: f64,
    most: f64,
) -> Result<f64> {
    let Some(value) = params.get(name) else {
        return Ok(default);
    };
    let number = value
        .as_f64()
        .ok_or_else(|| Error::invalid(format!("the parameter {name} = {value} is not a number")))?;
    if number.is_finite() && (least..=most).contains(&number) {
        return Ok(number);
    }
    let range = if most >= f64::MAX {
        format!("at least {least}")
    } else {
        format!("between {least} and {most}")
    };
    Err(
        Error::invalid(format!("the parameter {name} = {value} is out of range"))
            .hint(format!("it must be {range}")),
    )
}

/// The whole number `name`; see [`number`].
pub(crate) fn whole(
    params: &Params,
    name: &str,
    default: f64,
    least: f64,
    most: f64,
) -> Result<usize> {
    let value = number(params, name, default, least, most)?;
    if value.fract() == 0.0 {
        return Ok(value as usize);
    }
    Err(Error::invalid(format!(
        "the parameter {name} = {value} is not a whole number"
    )))
}

/// Refuses a name that the algorithm does not know.
pub(crate) fn check_names(
    algorithm: &str,
    known: &[(&'static str, f64)],
    params: &Params,
) -> Result<()> {
    for name in params.keys() {
        if !known.iter().any(|(known, _)| known == name) {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            return Err(Error::invalid(format!(
                "the algorithm {algorithm} has no parameter {name:?}"
            ))
            .hint(format!("it has {}", names.join(", "))));
        }
    }
    Ok(())
}

/// A value as MLflow's params hold it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
