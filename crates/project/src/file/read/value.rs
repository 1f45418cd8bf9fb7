//! Values of a TOML file, and where they stand.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub(super) fn id_of<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    let DeValue::Table(table) = value else {
        return None;
    };
    let id = table.get("id").or_else(|| table.get("name"))?;
    match id.get_ref() {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let DeValue::Integer(integer) = value else {
        return None;
    };
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float
            .as_str()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite()),
        other => integer(other).map(|whole| whole as f64),
    }
}

pub(super) fn json(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        DeValue::String(text) => text.clone().into_owned().into(),
        DeValue::Boolean(truth) => (*truth).into(),
        DeValue::Datetime(datetime) => datetime.to_string().into(),
        DeValue::Array(array) => array.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().clone().into_owned(), json(value.get_ref())))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        DeValue::Integer(_) => integer(value).map_or(serde_json::Value::Null, Into::into),
        DeValue::Float(_) => number(value).map_or(serde_json::Value::Null, Into::into),
    }
}

pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Table(_) => "a table".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        other => json(other).to_string(),
    }
}

/// Where the value at `path` stands in the file. In a list, a step is an `id`, a `name` or the text itself. The
/// nearest table that exists answers for what does not.
pub(crate) fn locate<'d>(root: &'d Spanned<DeTable<'d>>, path: &[&str]) -> usize {
    let mut offset = root.span().start;
    let Some((first, rest)) = path.split_first() else {
        return offset;
    };
    let Some(mut value) = root.get_ref().get(*first) else {
        return offset;
    };
    offset = value.span().start;
    for step in rest {
        let next = match value.get_ref() {
            DeValue::Table(table) => table.get(*step),
            DeValue::Array(array) => array.iter().find(|item| match item.get_ref() {
                DeValue::String(text) => text == step,
                other => id_of(other) == Some(*step),
            }),
            _ => None,
        };
        let Some(next) = next else { break };
        value = next;
        offset = value.span().start;
    }
    offset
}
