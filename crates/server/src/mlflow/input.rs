//! Inputs and outputs of runs on the wire: datasets and logged models.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base::LoggedModelId;
use experiments::{DatasetInput, DatasetRef, ModelInput, ModelOutput};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::both;
use super::error::Answer;
use super::request::{Input, missing, run_id};
use super::wire::{KeyValue, int, list, text};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    let router = both(Router::new(), "runs/log-inputs", post(log_inputs));
    both(router, "runs/outputs", post(log_outputs))
}

#[derive(Debug, Default, Deserialize, Serialize)]
struct Dataset {
    #[serde(default, deserialize_with = "text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    digest: Option<String>,
    #[serde(default, deserialize_with = "text")]
    source_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    source: Option<String>,
    #[serde(
        default,
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    schema: Option<String>,
    #[serde(
        default,
        deserialize_with = "text",
        skip_serializing_if = "Option::is_none"
    )]
    profile: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct DatasetWire {
    #[serde(
        default,
        deserialize_with = "list",
        skip_serializing_if = "Vec::is_empty"
    )]
    tags: Vec<KeyValue>,
    #[serde(default)]
    dataset: Dataset,
}

impl DatasetWire {
    fn read(self) -> DatasetInput {
        let Dataset {
            name,
            digest,
            source_type,
            source,
            schema,
            profile,
        } = self.dataset;
        let dataset = DatasetRef {
            name: name.unwrap_or_default(),
            digest: digest.unwrap_or_default(),
            source_type: source_type.unwrap_or_default(),
            source: source.unwrap_or_default(),
            schema: schema.filter(|text| !text.is_empty()),
            profile: profile.filter(|text| !text.is_empty()),
        };
        DatasetInput {
            dataset,
            tags: KeyValue::into_tags(self.tags),
        }
    }

    fn of(input: DatasetInput) -> Self {
        let DatasetRef {
            name,
            digest,
            source_type,
            source,
            schema,
            profile,
        } = input.dataset;
        Self {
            tags: KeyValue::of_tags(&input.tags),
            dataset: Dataset {
                name: Some(name),
                digest: Some(digest),
                source_type: Some(source_type),
                source: Some(source),
                schema,
                profile,
            },
        }
    }
}

#[derive(Debug, Deserialize, Serialize)]
struct ModelWire {
    #[serde(default, deserialize_with = "text")]
    model_id: Option<String>,
    #[serde(
        default,
        deserialize_with = "int",
        skip_serializing_if = "Option::is_none"
    )]
    step: Option<i64>,
}

impl ModelWire {
    fn id(&self) -> base::Result<LoggedModelId> {
        self.model_id
            .as_deref()
            .ok_or_else(|| missing("models.model_id"))?
            .parse()
    }
}

/// What a run read.
#[derive(Debug, Serialize)]
pub(super) struct InputsOut {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dataset_inputs: Vec<DatasetWire>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_inputs: Vec<ModelWire>,
}

impl InputsOut {
    pub fn of(datasets: Vec<DatasetInput>, models: Vec<ModelInput>) -> Self {
        Self {
            dataset_inputs: datasets.into_iter().map(DatasetWire::of).collect(),
            model_inputs: models
                .into_iter()
                .map(|model| ModelWire {
                    model_id: Some(model.model_id.into()),
                    step: None,
                })
                .collect(),
        }
    }
}

/// What a run made.
#[derive(Debug, Serialize)]
pub(super) struct OutputsOut {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_outputs: Vec<ModelWire>,
}

impl OutputsOut {
    pub fn of(models: Vec<ModelOutput>) -> Self {
        Self {
            model_outputs: models
                .into_iter()
                .map(|model| ModelWire {
                    model_id: Some(model.model_id.into()),
                    step: Some(model.step),
                })
                .collect(),
        }
    }
}

#[derive(Deserialize)]
struct LogInputs {
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    datasets: Vec<DatasetWire>,
    #[serde(default, deserialize_with = "list")]
    models: Vec<ModelWire>,
}

async fn log_inputs(State(app): State<App>, Input(input): Input<LogInputs>) -> Answer<Json<Value>> {
    let id = run_id(input.run_id, None)?;
    let datasets = input.datasets.into_iter().map(DatasetWire::read).collect();
    let models = input
        .models
        .iter()
        .map(|model| {
            Ok(ModelInput {
                model_id: model.id()?,
            })
        })
        .collect::<base::Result<_>>()?;
    experiments::log_inputs(&app.db, &id, datasets, models).await?;
    Ok(Json(json!({})))
}

#[derive(Deserialize)]
struct LogOutputs {
    #[serde(default, deserialize_with = "text")]
    run_id: Option<String>,
    #[serde(default, deserialize_with = "list")]
    models: Vec<ModelWire>,
}

async fn log_outputs(
    State(app): State<App>,
    Input(input): Input<LogOutputs>,
) -> Answer<Json<Value>> {
    let id = run_id(input.run_id, None)?;
    let output = |model: &ModelWire| {
        Ok(ModelOutput {
            model_id: model.id()?,
            step: model.step.unwrap_or_default(),
        })
    };
    let models = input
        .models
        .iter()
        .map(output)
        .collect::<base::Result<_>>()?;
    experiments::log_outputs(&app.db, &id, models).await?;
    Ok(Json(json!({})))
}
