//! SQL of what comes from another store with its ids and times.

use base::{Error, Result};
use store::Tx;

use super::{experiment, logged_model};
use crate::experiment::NewExperiment;
use crate::import::{Imported, ImportedExperiment, ImportedLoggedModel, ImportedRun};
use crate::logged_model::LoggedModelStatus;
use crate::run::{Param, RunStatus};

pub(crate) async fn experiment(
    tx: &mut Tx<'_>,
    new: &ImportedExperiment,
    root: &str,
) -> Result<Imported> {
    let found: Option<(i64,)> = tx
        .row(
            "select id from experiment where name = $1",
            &[new.name.as_str().into()],
        )
        .await?;
    if let Some((id,)) = found {
        return Ok(Imported {
            id: id.to_string(),
            added: false,
        });
    }
    let made = experiment::insert(
        tx,
        &NewExperiment {
            name: new.name.clone(),
            artifact_location: None,
            artifact_root: Some(root.to_owned()),
            tags: new.tags.clone(),
        },
    )
    .await?;
    tx.execute(
        "update experiment set created_at = $2, updated_at = $3 where id = $1",
        &[
            experiment::number(&made.id)?.into(),
            new.created_at.into(),
            new.updated_at.into(),
        ],
    )
    .await?;
    Ok(Imported {
        id: made.id.to_string(),
        added: true,
    })
}

/// Where the files of an experiment lie.
async fn location(tx: &mut Tx<'_>, number: i64) -> Result<String> {
    let (location,): (String,) = tx
        .row(
            "select artifact_location from experiment where id = $1",
            &[number.into()],
        )
        .await?
        .ok_or_else(|| Error::not_found(format!("No Experiment with id={number} exists")))?;
    Ok(location.trim_end_matches('/').to_owned())
}

pub(crate) async fn run(tx: &mut Tx<'_>, new: &ImportedRun, status: RunStatus) -> Result<Imported> {
    let number = experiment::number(&new.experiment_id)?;
    let uri = format!("{}/{}/artifacts", location(tx, number).await?, new.id);
    let added = tx
        .execute(
            "insert into run (id, experiment_id, name, user_id, status, start_time, end_time, lifecycle, artifact_uri) values ($1, $2, $3, $4, $5, $6, $7, 'active', $8) on conflict (id) do nothing",
            &[
                (&new.id).into(),
                number.into(),
                new.name.as_str().into(),
                new.user.as_str().into(),
                status.as_str().into(),
                new.start_time.into(),
                new.end_time.into(),
                uri.into(),
            ],
        )
        .await?;
    Ok(Imported {
        id: new.id.to_string(),
        added: added > 0,
    })
}

pub(crate) async fn logged_model(
    tx: &mut Tx<'_>,
    new: &ImportedLoggedModel,
    status: LoggedModelStatus,
) -> Result<Imported> {
    let number = experiment::number(&new.experiment_id)?;
    let uri = format!(
        "{}/models/{}/artifacts",
        location(tx, number).await?,
        new.id
    );
    let added = tx
        .execute(
            "insert into logged_model (id, experiment_id, name, artifact_uri, created_at, updated_at, status, model_type, source_run_id, lifecycle) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active') on conflict (id) do nothing",
            &[
                (&new.id).into(),
                number.into(),
                new.name.as_str().into(),
                uri.into(),
                new.created_at.into(),
                new.updated_at.into(),
                status.as_str().into(),
                new.model_type.as_str().into(),
                new.source_run_id.as_ref().map(|run| run.as_str().to_owned()).into(),
            ],
        )
        .await?;
    if added > 0 {
        let params: Vec<Param> = new
            .params
            .iter()
            .map(|param| Param::new(param.key.as_str(), param.value.as_str()))
            .collect();
        logged_model::add_params(tx, &new.id, &params).await?;
        logged_model::put_tags(tx, &new.id, &new.tags).await?;
    }
    Ok(Imported {
        id: new.id.to_string(),
        added: added > 0,
    })
}
