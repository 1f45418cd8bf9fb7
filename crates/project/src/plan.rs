//! Plan: what applying a file would add, change and remove, object by object.

use std::collections::BTreeMap;

use base::Result;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::file::ProjectFile;

/// What would change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The project that the file is about.
    pub project: String,
    /// The version of the file that is applied now; 0 if none is.
    pub from_version: i64,
    /// Empty: nothing to do.
    pub changes: Vec<Change>,
    /// What is accepted without having an effect yet, and what will not work as it stands.
    pub warnings: Vec<String>,
}

/// One object that would change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// In which way.
    pub kind: ChangeKind,
    /// `criterion.accurate`, `dataset.trips`, `split`
    pub object: String,
    /// What it was; of a change only the fields that differ.
    pub before: Option<Value>,
    /// What it will be; of a change only the fields that differ.
    pub after: Option<Value>,
}

/// In which way an object changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Add,
    /// It differs.
    Change,
    /// It is gone.
    Remove,
}

/// What differs between two files; `before` is `None` where nothing is applied yet.
pub(crate) fn difference(before: Option<&ProjectFile>, after: &ProjectFile) -> Result<Vec<Change>> {
    let before = before.map(objects).transpose()?.unwrap_or_default();
    let after = objects(after)?;
    let mut changes = Vec::new();
    for (object, new) in &after {
        match before.get(object) {
            None => changes.push(Change {
                kind: ChangeKind::Add,
                object: object.clone(),
                before: None,
                after: Some(new.clone()),
            }),
            Some(old) if old != new => {
                let (old, new) = fields_that_differ(old, new);
                changes.push(Change {
                    kind: ChangeKind::Change,
                    object: object.clone(),
                    before: Some(old),
                    after: Some(new),
                });
            }
            Some(_) => {}
        }
    }
    for (object, old) in before
        .into_iter()
        .filter(|(object, _)| !after.contains_key(object))
    {
        changes.push(Change {
            kind: ChangeKind::Remove,
            object,
            before: Some(old),
            after: None,
        });
    }
    Ok(changes)
}

/// The file as objects by name: a list of tables is one object per id.
fn objects(file: &ProjectFile) -> Result<BTreeMap<String, Value>> {
    const BY_NAME: [&str; 6] = [
        "dataset",
        "view",
        "features",
        "gate",
        "deployment",
        "pipeline",
    ];
    let mut objects = BTreeMap::new();
    let Value::Object(sections) = serde_json::to_value(file)? else {
        return Ok(objects);
    };
    for (section, mut value) in sections {
        if section == "train"
            && let Some(candidates) = value
                .as_object_mut()
                .and_then(|train| train.remove("candidate"))
        {
            add_list(&mut objects, "train.candidate", candidates);
        }
        match value {
            Value::Null => {}
            Value::Array(_) => add_list(&mut objects, &section, value),
            Value::Object(named) if BY_NAME.contains(&section.as_str()) => {
                objects.extend(
                    named
                        .into_iter()
                        .map(|(name, value)| (format!("{section}.{name}"), value)),
                );
            }
            Value::Object(fields) if fields.is_empty() => {}
            other => {
                objects.insert(section, other);
            }
        }
    }
    Ok(objects)
}

fn add_list(objects: &mut BTreeMap<String, Value>, section: &str, list: Value) {
    let Value::Array(items) = list else { return };
    for item in items {
        let id = item
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        objects.insert(format!("{section}.{id}"), item);
    }
}

fn fields_that_differ(old: &Value, new: &Value) -> (Value, Value) {
    let (Value::Object(old_fields), Value::Object(new_fields)) = (old, new) else {
        return (old.clone(), new.clone());
    };
    let differing = |of: &Map<String, Value>, other: &Map<String, Value>| {
        let fields = of
            .iter()
            .filter(|(key, value)| other.get(*key) != Some(value));
        Value::Object(
            fields
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        )
    };
    (
        differing(old_fields, new_fields),
        differing(new_fields, old_fields),
    )
}
