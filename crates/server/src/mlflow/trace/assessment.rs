//! What people and programs think of a trace: `/traces/{id}/assessments`.

use axum::Json;
use axum::extract::{Path, State};
use base::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::wire::write_assessment;
use crate::app::App;
use crate::mlflow::error::Answer;
use crate::mlflow::request::{Input, missing, required};
use crate::mlflow::wire::text;

#[derive(Deserialize)]
pub(super) struct Given {
    assessment: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "text")]
    update_mask: Option<String>,
}

impl Given {
    /// Without the ids, which the address has.
    fn content(&mut self) -> base::Result<Map<String, Value>> {
        let mut content = self
            .assessment
            .take()
            .ok_or_else(|| missing("assessment"))?;
        content.remove("assessment_id");
        content.remove("trace_id");
        Ok(content)
    }
}

fn answer(assessment: &experiments::Assessment) -> Json<Value> {
    Json(json!({ "assessment": write_assessment(assessment) }))
}

fn now(app: &App) -> Value {
    let now = Timestamp::from_millisecond(app.clock.now_ms()).unwrap_or_default();
    Value::String(now.to_string())
}

pub(super) async fn create(
    State(app): State<App>,
    Path(id): Path<String>,
    Input(mut input): Input<Given>,
) -> Answer<Json<Value>> {
    let mut content = input.content()?;
    for time in ["create_time", "last_update_time"] {
        content.entry(time).or_insert_with(|| now(&app));
    }
    let made = experiments::create_assessment(&app.db, &id, content).await?;
    Ok(answer(&made))
}

pub(super) async fn one(
    State(app): State<App>,
    Path((id, assessment)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    Ok(answer(
        &experiments::get_assessment(&app.db, &id, &assessment).await?,
    ))
}

/// Fields that an update may change.
const CHANGEABLE: [&str; 6] = [
    "assessment_name",
    "feedback",
    "expectation",
    "rationale",
    "metadata",
    "valid",
];

pub(super) async fn update(
    State(app): State<App>,
    Path((id, assessment)): Path<(String, String)>,
    Input(mut input): Input<Given>,
) -> Answer<Json<Value>> {
    let mask = required(input.update_mask.take(), "update_mask")?;
    let mut given = input.content()?;
    let mut changes = Map::new();
    for path in mask.split(',').map(snake) {
        if !CHANGEABLE.contains(&path.as_str()) {
            return Err(base::Error::invalid(format!(
                "The field '{path}' of an assessment cannot be updated."
            ))
            .into());
        }
        if let Some(value) = given.remove(&path) {
            changes.insert(path, value);
        }
    }
    changes.insert("last_update_time".to_owned(), now(&app));
    let changed = experiments::update_assessment(&app.db, &id, &assessment, changes).await?;
    Ok(answer(&changed))
}

/// `assessmentName`, as protobuf writes the paths of a mask, as `assessment_name`.
fn snake(path: &str) -> String {
    let mut name = String::new();
    for c in path.trim().chars() {
        if c.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

pub(super) async fn delete(
    State(app): State<App>,
    Path((id, assessment)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    experiments::delete_assessment(&app.db, &id, &assessment).await?;
    Ok(Json(json!({})))
}
