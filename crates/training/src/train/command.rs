//! A candidate that is the user's own program, which logs with the unmodified `mlflow` client.
//!
//! It gets a folder with `train.parquet` and `validate.parquet` (the last fold; the held-out rows stay with us), the
//! parameters as JSON, and the run to log into. It must log the optimised metric, measured on `validate.parquet`, and a
//! model called `model`; its output is kept as the run's artifact `output.txt`.

use std::path::Path;
use std::time::Duration;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use base::{Error, Kind, Result};
use experiments::{Run, Tag};
use parquet::arrow::ArrowWriter;
use project::CandidateSpec;

use super::Work;
use crate::package::{digest, files_below};
use crate::params::Params;
use crate::process::{self, Ended};
use crate::python_model::without_zones;
use crate::trial::Scores;

/// When the file says nothing.
const LIMIT: Duration = Duration::from_hours(1);

/// Runs the candidate's program for one trial and reads what it measured.
pub(super) async fn run(
    work: &Work<'_>,
    candidate: &CandidateSpec,
    params: &Params,
    run: &Run,
) -> Result<Scores> {
    let line = candidate.run.as_deref().ok_or_else(|| {
        Error::invalid(format!(
            "the candidate {} does not say what to run",
            candidate.id
        ))
    })?;
    let folder = tempfile::Builder::new()
        .prefix("ironloop-train-")
        .tempdir()?;
    write_data(work, folder.path()).await?;
    let variables = [
        ("MLFLOW_TRACKING_URI", work.ctx.tracking_uri.clone()),
        ("MLFLOW_EXPERIMENT_ID", run.experiment_id.to_string()),
        ("MLFLOW_RUN_ID", run.id.to_string()),
        ("IRONLOOP_DATA", folder.path().display().to_string()),
        ("IRONLOOP_PARAMS", serde_json::to_string(params)?),
        (
            "IRONLOOP_FEATURES",
            serde_json::to_string(&work.data.features)?,
        ),
        ("IRONLOOP_LABEL", work.data.label_name.clone()),
        ("IRONLOOP_METRIC", work.metric.to_string()),
        ("IRONLOOP_SEED", work.spec.seed.to_string()),
    ];
    let limit = work
        .spec
        .tune
        .limit
        .and_then(|limit| Duration::try_from(limit).ok())
        .unwrap_or(LIMIT);
    let ended = process::run(
        "sh",
        &["-c", line],
        &work.project.base_dir,
        &variables,
        Vec::new(),
        limit,
    )
    .await?;
    keep_output(work, run, line, &ended).await?;
    judge(line, &ended, limit)?;
    measured(work, run).await
}

fn judge(line: &str, ended: &Ended, limit: Duration) -> Result<()> {
    if ended.late {
        return Err(Error::invalid(format!(
            "{line:?} was still running after {} s and was stopped",
            limit.as_secs()
        ))
        .hint("raise train.tune.limit"));
    }
    match ended.code {
        Some(0) => Ok(()),
        code => {
            let code =
                code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
            Err(Error::invalid(format!(
                "{line:?} ended with {code}: {}",
                ended.last_words()
            ))
            .hint("its whole output is the run's artifact output.txt"))
        }
    }
}

async fn measured(work: &Work<'_>, run: &Run) -> Result<Scores> {
    let run = experiments::get_run(&work.ctx.db, &run.id).await?;
    let metric = work.metric.as_str();
    let mean = run.metric(metric).ok_or_else(|| {
        Error::invalid(format!("the program did not log the metric {metric:?}"))
            .hint(format!("log it for validate.parquet: mlflow.log_metric({metric:?}, …) in the run that MLFLOW_RUN_ID names"))
    })?;
    take_over_model(work, &run).await?;
    Ok(Scores {
        mean,
        std: 0.0,
        folds: vec![mean],
        others: std::collections::BTreeMap::new(),
    })
}

/// The program's model as the run's artifact `model`, where ours lie too. MLflow 3 keeps a logged model's files in a
/// folder of their own; they are copied, since a run must be whole by itself.
async fn take_over_model(work: &Work<'_>, run: &Run) -> Result<()> {
    let (db, blobs) = (&work.ctx.db, &work.ctx.blobs);
    let folder = experiments::artifact_path(run, "model")?;
    let mut tags = Vec::new();
    if let Some(output) = run.model_outputs.last() {
        let logged = experiments::get_logged_model(db, &output.model_id).await?;
        let files = files_below(blobs, &experiments::blob_path(&logged.artifact_uri)?).await?;
        for (name, bytes) in files {
            blobs.put_bytes(&format!("{folder}/{name}"), bytes).await?;
        }
        tags.push(Tag::new("ironloop.model_id", logged.id.to_string()));
    }
    let digest = digest(blobs, &folder)
        .await
        .map_err(|error| match error.kind() {
            Kind::NotFound => Error::invalid("the program did not log a model")
                .hint("for example mlflow.sklearn.log_model(model, name=\"model\")"),
            _ => error,
        })?;
    tags.push(Tag::new("ironloop.model.digest", digest));
    experiments::set_tags(db, &run.id, tags).await
}

async fn keep_output(work: &Work<'_>, run: &Run, line: &str, ended: &Ended) -> Result<()> {
    let mut text = format!("$ {line}\n").into_bytes();
    text.extend_from_slice(&ended.out);
    if !ended.err.is_empty() {
        text.extend_from_slice(b"\n--- errors ---\n");
        text.extend_from_slice(&ended.err);
    }
    work.ctx
        .blobs
        .put_bytes(&experiments::artifact_path(run, "output.txt")?, text)
        .await
}

async fn write_data(work: &Work<'_>, folder: &Path) -> Result<()> {
    let (data, folder) = (work.data.clone(), folder.to_owned());
    tokio::task::spawn_blocking(move || {
        let (learn, validate) = data.folds.last().ok_or_else(|| {
            Error::invalid("there are no folds to validate on")
                .hint("say how many in [split]: validate = { folds = 4 }")
        })?;
        let batch = without_zones(&data.batch)?;
        write_rows(&batch, learn, &folder.join("train.parquet"))?;
        write_rows(&batch, validate, &folder.join("validate.parquet"))
    })
    .await
    .map_err(|error| Error::internal("writing the data broke off").because(error))?
}

fn write_rows(batch: &RecordBatch, rows: &[u32], path: &Path) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::internal(format!("cannot write {}: {error}", path.display()))
    };
    let rows = take_record_batch(batch, &UInt32Array::from(rows.to_vec()))
        .map_err(|error| failed(&error))?;
    let file = std::fs::File::create(path)?;
    let mut writer =
        ArrowWriter::try_new(file, rows.schema(), None).map_err(|error| failed(&error))?;
    writer.write(&rows).map_err(|error| failed(&error))?;
    writer.close().map_err(|error| failed(&error))?;
    Ok(())
}
