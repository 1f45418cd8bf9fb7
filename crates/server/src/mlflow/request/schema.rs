//! What MLflow checks in each request, and its words for what is wrong: the client's users and tests know them.
//!
//! Only a request that could not be read comes here, to find out which field was to blame.

use serde_json::{Map, Value};

/// For each endpoint its fields, in the order in which MLflow looks at them: `name:checks`. `!` must be there, `s` text, `i` what
/// reads as an integer, `f` what reads as a number, `b` a truth value, `a` a list, `t` a list of texts.
const ENDPOINTS: &[(&str, &str)] = &[
    ("experiments/create", "name:!s artifact_location:s tags:a"),
    ("experiments/get", "experiment_id:!s"),
    ("experiments/get-by-name", "experiment_name:!s"),
    ("experiments/delete", "experiment_id:!s"),
    ("experiments/restore", "experiment_id:!s"),
    ("experiments/update", "experiment_id:!s new_name:s!"),
    (
        "experiments/search",
        "view_type:i max_results:i order_by:a filter:s page_token:s",
    ),
    (
        "experiments/set-experiment-tag",
        "experiment_id:!s key:!s value:s",
    ),
    (
        "experiments/delete-experiment-tag",
        "experiment_id:!s key:!s",
    ),
    ("runs/create", "experiment_id:s start_time:i run_name:s"),
    ("runs/get", "run_id:!s"),
    ("runs/update", "run_id:!s end_time:i status:s run_name:s"),
    ("runs/delete", "run_id:!s"),
    ("runs/restore", "run_id:!s"),
    (
        "runs/search",
        "experiment_ids:a filter:s max_results:i order_by:at",
    ),
    (
        "runs/log-metric",
        "run_id:!s key:!s value:!f timestamp:i! step:i model_id:s dataset_name:s dataset_digest:s",
    ),
    ("runs/log-parameter", "run_id:!s key:!s value:s"),
    ("runs/set-tag", "run_id:!s key:!s value:s"),
    ("runs/delete-tag", "run_id:!s key:!s"),
    ("runs/log-batch", "run_id:s! metrics:a params:a tags:a"),
    ("runs/log-inputs", "run_id:!s datasets:a models:a"),
    ("runs/outputs", "run_id:!s models:!a"),
    ("runs/log-model", "run_id:s! model_json:s!"),
    ("artifacts/list", "run_id:s! path:s page_token:s"),
    (
        "metrics/get-history",
        "run_id:s! metric_key:s! page_token:s",
    ),
    ("metrics/get-history-bulk", "run_id:a metric_key:s"),
    (
        "metrics/get-history-bulk-interval",
        "run_ids:!at metric_key:!s start_step:i end_step:i max_results:i",
    ),
    (
        "logged-models",
        "experiment_id:s! name:s model_type:s source_run_id:s params:a tags:a",
    ),
    ("logged-models/{id}", "status:i!"),
    ("logged-models/{id}/params", "params:a"),
    ("logged-models/{id}/tags", "tags:a"),
    (
        "logged-models/search",
        "experiment_ids:at filter:s datasets:a max_results:i order_by:a page_token:s",
    ),
    ("registered-models/create", "name:s! tags:a description:s"),
    ("registered-models/get", "name:s!"),
    ("registered-models/update", "name:s! description:s"),
    ("registered-models/rename", "name:s! new_name:s!"),
    ("registered-models/delete", "name:s!"),
    (
        "registered-models/search",
        "filter:s max_results:i order_by:at page_token:s",
    ),
    ("registered-models/get-latest-versions", "name:s! stages:at"),
    ("registered-models/set-tag", "name:s! key:s! value:s"),
    ("registered-models/delete-tag", "name:s! key:s!"),
    ("registered-models/alias", "name:s! alias:s! version:s"),
    (
        "model-versions/create",
        "name:s! source:s! run_id:s tags:a run_link:s description:s model_id:s",
    ),
    ("model-versions/get", "name:s! version:s!"),
    ("model-versions/update", "name:s! version:s! description:s"),
    ("model-versions/delete", "name:s! version:s!"),
    (
        "model-versions/transition-stage",
        "name:s! version:s! stage:s! archive_existing_versions:b",
    ),
    ("model-versions/get-download-uri", "name:s! version:s!"),
    (
        "model-versions/search",
        "filter:s max_results:i order_by:at page_token:s",
    ),
    (
        "model-versions/set-tag",
        "name:s! version:s! key:s! value:s",
    ),
    ("model-versions/delete-tag", "name:s! version:s! key:s!"),
    ("traces", "trace:!"),
    (
        "traces/search",
        "locations:a! filter:s max_results:i order_by:at page_token:s",
    ),
    (
        "traces/delete-traces",
        "experiment_id:s! max_timestamp_millis:i max_traces:i request_ids:at",
    ),
    ("traces/batchGet", "trace_ids:a!t"),
    ("traces/batchGetInfos", "trace_ids:a!t"),
    ("traces/link-to-run", "trace_ids:a!t run_id:s!"),
];

/// The fields of the endpoint at `path`.
pub(super) fn fields(path: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let endpoint = path.split_once("/mlflow/").map_or("", |(_, rest)| rest);
    let general = match endpoint.split('/').collect::<Vec<_>>().as_slice() {
        ["logged-models", id, rest @ ..] if *id != "search" => {
            [&["logged-models", "{id}"], rest].concat().join("/")
        }
        _ => endpoint.to_owned(),
    };
    let fields = ENDPOINTS
        .iter()
        .find(|(name, _)| *name == general)
        .map_or("", |(_, fields)| *fields);
    fields
        .split_whitespace()
        .filter_map(|field| field.split_once(':'))
}

/// A query cannot tell a list of one from its item: what is a list at `path` becomes one.
pub(super) fn make_lists(path: &str, request: &mut Map<String, Value>) {
    for (name, _) in fields(path).filter(|(_, checks)| checks.contains('a')) {
        if let Some(value) = request.get_mut(name)
            && value.is_string()
        {
            *value = Value::Array(vec![value.take()]);
        }
    }
}

/// Why MLflow would refuse `request`; `None` where it finds nothing.
pub(super) fn complaint(path: &str, request: &Map<String, Value>) -> Option<String> {
    fields(path).find_map(|(name, checks)| {
        let value = match (name, request.get(name)) {
            ("run_id", None | Some(Value::Null)) => request.get("run_uuid"),
            (_, value) => value,
        };
        if value.is_none() && !checks.contains('!') {
            return None;
        }
        let value = value.unwrap_or(&Value::Null);
        let failed = checks.chars().find(|check| !passes(*check, value))?;
        Some(if failed == '!' {
            format!("Missing value for required parameter '{name}'. See the API docs for more information about request parameters.")
        } else {
            wrong_type(name, value)
        })
    })
}

/// MLflow's sentence for a value of the wrong type.
pub(super) fn wrong_type(name: &str, value: &Value) -> String {
    format!(
        "Invalid value {value} for parameter '{name}' supplied:  Hint: Value was of type '{}'. See the API docs for more information about request parameters.",
        python_type(value)
    )
}

fn passes(check: char, value: &Value) -> bool {
    match check {
        '!' => !value.is_null() && value != "",
        's' => value.is_string(),
        'i' => match value {
            Value::Number(_) | Value::Bool(_) => true,
            Value::String(text) => text.trim().parse::<i128>().is_ok(),
            _ => false,
        },
        'f' => match value {
            Value::Number(_) | Value::Bool(_) => true,
            Value::String(text) => text.trim().parse::<f64>().is_ok(),
            _ => false,
        },
        'b' => value.is_boolean(),
        'a' => value.is_array(),
        't' => value
            .as_array()
            .is_some_and(|items| items.iter().all(Value::is_string)),
        _ => true,
    }
}

fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

/// `run_id` as protobuf's JSON may spell it too: `runId`.
pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut camel, part| {
        let mut letters = part.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
        camel
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(path: &str, request: Value) -> String {
        let Value::Object(request) = request else {
            panic!("a request is an object")
        };
        complaint(&format!("/api/2.0/mlflow/{path}"), &request).unwrap_or_default()
    }

    #[test]
    fn the_first_wrong_field_is_named_with_its_value_and_type_as_python_has_it() {
        let said_of = |name: Value| said("experiments/create", json!({ "name": name }));
        assert!(said_of(json!(123)).starts_with(
            "Invalid value 123 for parameter 'name' supplied:  Hint: Value was of type 'int'."
        ));
        assert!(
            said_of(json!({ "a": 1 })).starts_with("Invalid value {\"a\":1} for parameter 'name'")
        );
        assert!(said_of(Value::Null).starts_with("Missing value for required parameter 'name'."));
        assert!(said("logged-models/m-1", json!({ "status": "READY" })).contains("'status'"));
        assert_eq!(
            said("runs/set-tag", json!({ "run_uuid": "a", "key": "b" })),
            ""
        );
    }

    #[test]
    fn fields_have_a_second_spelling() {
        assert_eq!(camel("run_id"), "runId");
        assert_eq!(
            camel("archive_existing_versions"),
            "archiveExistingVersions"
        );
        assert_eq!(camel("name"), "name");
    }
}
