//! A trace's facts as MLflow's client writes and reads them: protobuf's JSON, with times as RFC 3339 and durations in seconds.

use base::{Error, ExperimentId, Result, Timestamp};
use experiments::{Assessment, Tag, Trace, TraceState};
use serde_json::{Map, Value, json};

use super::super::request::missing;

/// The experiment of a `trace_location`.
pub(super) fn experiment_of(location: &Value) -> Result<ExperimentId> {
    let id = location
        .pointer("/mlflow_experiment/experiment_id")
        .and_then(Value::as_str)
        .filter(|id| !id.is_empty())
        .ok_or_else(|| {
            Error::invalid("The location of a trace must be an MLflow experiment: {\"type\": \"MLFLOW_EXPERIMENT\", \"mlflow_experiment\": {\"experiment_id\": …}}")
        })?;
    super::super::experiment::experiment_id(Some(id.to_owned()))
}

pub(super) fn read_info(info: &Map<String, Value>) -> Result<Trace> {
    let words = |name: &str| info.get(name).and_then(Value::as_str).map(str::to_owned);
    let id = words("trace_id")
        .filter(|id| !id.is_empty())
        .ok_or_else(|| missing("trace.trace_info.trace_id"))?;
    let location = info.get("trace_location").unwrap_or(&Value::Null);
    let state = match info.get("state") {
        Some(Value::String(word)) => TraceState::parse(word),
        Some(Value::Number(number)) => TraceState::parse(&number.to_string()),
        _ => TraceState::Unspecified,
    };
    let mut metadata = pairs(info.get("trace_metadata"));
    metadata.retain(|tag| tag.key != FINALIZED);
    metadata.push(Tag::new(FINALIZED, "true"));
    let assessments = info.get("assessments").and_then(Value::as_array);
    Ok(Trace {
        experiment_id: experiment_of(location)?,
        request_time: words("request_time").as_deref().map_or(Ok(0), read_time)?,
        duration: words("execution_duration")
            .as_deref()
            .map(read_duration)
            .transpose()?,
        state,
        client_request_id: words("client_request_id"),
        request_preview: words("request_preview"),
        response_preview: words("response_preview"),
        metadata,
        tags: pairs(info.get("tags")),
        assessments: assessments
            .into_iter()
            .flatten()
            .filter_map(Value::as_object)
            .map(|content| read_assessment(&id, content))
            .collect(),
        id,
    })
}

/// Says that the client has told all it will tell.
const FINALIZED: &str = "mlflow.trace.infoFinalized";

fn read_assessment(trace_id: &str, content: &Map<String, Value>) -> Assessment {
    let mut content = content.clone();
    content.remove("trace_id");
    let id = match content.remove("assessment_id") {
        Some(Value::String(id)) if !id.is_empty() => id,
        _ => format!("a-{}", base::RunId::fresh()),
    };
    Assessment {
        id,
        trace_id: trace_id.to_owned(),
        content,
    }
}

fn pairs(map: Option<&Value>) -> Vec<Tag> {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    map.and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| Tag::new(key.as_str(), text(value)))
        .collect()
}

fn read_time(text: &str) -> Result<i64> {
    let time: Timestamp = text.parse().map_err(|_| {
        Error::invalid(format!(
            "{text:?} is not a time: write it as 2026-01-31T12:00:00.000Z"
        ))
    })?;
    Ok(time.as_millisecond())
}

/// `0.143s`, in milliseconds.
fn read_duration(text: &str) -> Result<i64> {
    let seconds = text
        .strip_suffix('s')
        .and_then(|number| number.parse::<f64>().ok());
    match seconds {
        Some(seconds) if seconds.is_finite() && seconds.abs() < 1e12 => {
            Ok((seconds * 1000.0).round() as i64)
        }
        _ => Err(Error::invalid(format!(
            "{text:?} is not a duration: write it as 0.143s"
        ))),
    }
}

fn write_time(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .unwrap_or_default()
        .to_string()
}

pub(super) fn write_info(trace: &Trace) -> Value {
    let map = |tags: &[Tag]| -> Value {
        tags.iter()
            .map(|tag| (tag.key.clone(), Value::String(tag.value.clone())))
            .collect::<Map<String, Value>>()
            .into()
    };
    let mut info = json!({
        "trace_id": trace.id,
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": { "experiment_id": trace.experiment_id },
        },
        "request_time": write_time(trace.request_time),
        "state": trace.state.as_str(),
    });
    if let Some(duration) = trace.duration {
        info["execution_duration"] = json!(format!("{}s", duration as f64 / 1000.0));
    }
    for (name, tags) in [("trace_metadata", &trace.metadata), ("tags", &trace.tags)] {
        if !tags.is_empty() {
            info[name] = map(tags);
        }
    }
    for (name, text) in [
        ("client_request_id", &trace.client_request_id),
        ("request_preview", &trace.request_preview),
        ("response_preview", &trace.response_preview),
    ] {
        if let Some(text) = text {
            info[name] = json!(text);
        }
    }
    if !trace.assessments.is_empty() {
        info["assessments"] = trace.assessments.iter().map(write_assessment).collect();
    }
    info
}

pub(super) fn write_assessment(assessment: &Assessment) -> Value {
    let mut content = assessment.content.clone();
    content.insert("assessment_id".to_owned(), json!(assessment.id));
    content.insert("trace_id".to_owned(), json!(assessment.trace_id));
    Value::Object(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_read_and_written_as_protobuf_has_them() {
        assert_eq!(
            read_time("2026-11-24T17:56:35.682Z").unwrap(),
            1_795_542_995_682
        );
        assert_eq!(write_time(1_795_542_995_682), "2026-11-24T17:56:35.682Z");
        assert_eq!(read_duration("0.143s").unwrap(), 143);
        assert_eq!(read_duration("12s").unwrap(), 12_000);
        for bad in ["1", "s", "NaNs", "1e99s", ""] {
            assert!(read_duration(bad).is_err(), "{bad}");
        }
    }
}
