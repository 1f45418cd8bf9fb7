//! SQL of what runs read and made.

use base::{Error, LoggedModelId, Result, RunId};
use store::{Db, Tx, Value, dynamic_sql};

use super::batch::require_active;
use crate::input::{DatasetInput, DatasetSummary, ModelInput, ModelOutput};
use crate::tag::tag_value;

pub(crate) async fn add(
    tx: &mut Tx<'_>,
    id: &RunId,
    datasets: &[DatasetInput],
    models: &[ModelInput],
) -> Result<()> {
    let experiment = require_active(tx, id).await?;
    let (there,): (i64,) = tx
        .row(
            "select count(*) from run_dataset where run_id = $1",
            &[id.into()],
        )
        .await?
        .unwrap_or_default();
    for (position, input) in (there..).zip(datasets) {
        let dataset = &input.dataset;
        tx.execute(
            "insert into dataset_seen (experiment_id, name, digest, source_type, source, schema_json, profile_json) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            &[
                experiment.into(),
                dataset.name.as_str().into(),
                dataset.digest.as_str().into(),
                dataset.source_type.as_str().into(),
                dataset.source.as_str().into(),
                dataset.schema.clone().into(),
                dataset.profile.clone().into(),
            ],
        )
        .await?;
        let tags = serde_json::to_string(&input.tags)?;
        tx.execute(
            "insert into run_dataset (run_id, position, experiment_id, name, digest, context, tags) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            &[
                id.into(),
                position.into(),
                experiment.into(),
                dataset.name.as_str().into(),
                dataset.digest.as_str().into(),
                tag_value(&input.tags, "mlflow.data.context").into(),
                tags.into(),
            ],
        )
        .await?;
    }
    for model in models {
        add_model(tx, id, "input", &model.model_id, 0).await?;
    }
    Ok(())
}

pub(crate) async fn add_outputs(tx: &mut Tx<'_>, id: &RunId, models: &[ModelOutput]) -> Result<()> {
    require_active(tx, id).await?;
    for model in models {
        add_model(tx, id, "output", &model.model_id, model.step).await?;
    }
    Ok(())
}

async fn add_model(
    tx: &mut Tx<'_>,
    id: &RunId,
    role: &'static str,
    model: &LoggedModelId,
    step: i64,
) -> Result<()> {
    let known: Option<(String,)> = tx
        .row("select id from logged_model where id = $1", &[model.into()])
        .await?;
    if known.is_none() {
        return Err(Error::not_found(format!(
            "Logged model with ID '{model}' not found."
        )));
    }
    tx.execute(
        "insert into run_model (run_id, role, model_id, step) values ($1, $2, $3, $4) on conflict do nothing",
        &[id.into(), role.into(), model.into(), step.into()],
    )
    .await?;
    Ok(())
}

/// The datasets that active runs of these experiments read, each once for each context.
pub(crate) async fn summaries(
    db: &Db,
    experiments: &[i64],
    most: usize,
) -> Result<Vec<DatasetSummary>> {
    let places: Vec<String> = (1..=experiments.len())
        .map(|place| format!("${place}"))
        .collect();
    let mut args: Vec<Value> = experiments.iter().map(|id| Value::from(*id)).collect();
    args.push(most.into());
    let sql = format!(
        "select distinct d.experiment_id, d.name, d.digest, d.context from run_dataset d join run on run.id = d.run_id where d.experiment_id in ({}) and run.lifecycle = 'active' order by d.experiment_id, d.name, d.digest, d.context limit ${}",
        places.join(", "),
        args.len()
    );
    let rows: Vec<(i64, String, String, Option<String>)> = db.rows(dynamic_sql(sql), &args).await?;
    rows.into_iter()
        .map(|(experiment, name, digest, context)| {
            Ok(DatasetSummary {
                experiment_id: experiment.to_string().parse()?,
                name,
                digest,
                context,
            })
        })
        .collect()
}
