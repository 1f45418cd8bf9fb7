//! A model's package: the folder that MLflow calls a model.
//!
//! `model.ironloop.json` is the model, `model.onnx` the same for other runtimes, `input_example.json` a request,
//! `selftest.json` rows with their predictions, `MLmodel` the description (written last, so a package without it is
//! not whole). Invariant: nothing is packed whose predictions differ before and after writing it down.
//! The export to ONNX is checked against a real runtime by the tests, not here.
//!
//! Flavours: `ironloop` (ours) and `onnx`. There is no `python_function`: MLflow's loader for ONNX cannot feed columns
//! of different types one by one, and a flavour that fails when it is used helps nobody.

use std::fmt::Write as _;

use base::{Clock, Error, LoggedModelId, Result, RunId};
use bytes::Bytes;
use data::Prepared;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use store::Blobs;

use crate::model::Model;
use crate::selftest::SelfTest;
use crate::signature::InputKind;

/// The model itself.
pub const MODEL_FILE: &str = "model.ironloop.json";
/// The same for other runtimes.
pub const ONNX_FILE: &str = "model.onnx";
/// The description.
pub const MLMODEL_FILE: &str = "MLmodel";
const EXAMPLE_FILE: &str = "input_example.json";
const SELFTEST_FILE: &str = "selftest.json";
/// The MLflow release whose format the description follows.
const MLFLOW_VERSION: &str = "3.17.2";
/// Rows in the example request.
const EXAMPLE_ROWS: usize = 5;

/// The files of a package, by name, the description last.
#[derive(Clone, Debug)]
pub struct Package {
    files: Vec<(&'static str, Bytes)>,
    digest: String,
}

impl Package {
    /// Packs `model`, with rows out of `rows` of `data` for its example and self-test. Refused when the model that is
    /// read back from what is written down predicts otherwise.
    pub fn new(
        model: &Model,
        data: &Prepared,
        rows: &[u32],
        run: &RunId,
        logged: &LoggedModelId,
        clock: &Clock,
    ) -> Result<Self> {
        let selftest = SelfTest::new(model, data, rows)?;
        let document = model.to_json()?;
        selftest.pass(&Model::from_json(&document)?)?;
        let example = example(model, &selftest)?;
        let files: Vec<(&'static str, Bytes)> = vec![
            (MODEL_FILE, document.into()),
            (ONNX_FILE, model.to_onnx()?.into()),
            (EXAMPLE_FILE, serde_json::to_vec(&example)?.into()),
            (SELFTEST_FILE, serde_json::to_vec(&selftest)?.into()),
            (MLMODEL_FILE, description(model, run, logged, clock).into()),
        ];
        let digest = digest_of(files.iter().map(|(name, bytes)| (*name, bytes.as_ref())));
        Ok(Self { files, digest })
    }

    /// The digest over all files: hex of SHA-256.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The files and their bytes.
    pub fn files(&self) -> impl Iterator<Item = (&'static str, &Bytes)> {
        self.files.iter().map(|(name, bytes)| (*name, bytes))
    }

    /// Writes the package into the folder `folder`.
    pub async fn write(&self, blobs: &Blobs, folder: &str) -> Result<()> {
        for (name, bytes) in &self.files {
            blobs
                .put_bytes(&format!("{folder}/{name}"), bytes.clone())
                .await?;
        }
        Ok(())
    }
}

/// Reads the model in the folder `folder` and lets it pass its self-test on this machine.
pub async fn load(blobs: &Blobs, folder: &str) -> Result<Model> {
    let model = Model::from_json(&file(blobs, folder, MODEL_FILE).await?)
        .map_err(|error| error.at(folder))?;
    let selftest: SelfTest = serde_json::from_slice(&file(blobs, folder, SELFTEST_FILE).await?)
        .map_err(|error| Error::from(error).at(format!("{folder}/{SELFTEST_FILE}")))?;
    selftest.pass(&model).map_err(|error| error.at(folder))?;
    Ok(model)
}

/// Whether the folder holds a model that [`load`] reads.
pub async fn is_ours(blobs: &Blobs, folder: &str) -> Result<bool> {
    match blobs.head(&format!("{folder}/{MODEL_FILE}")).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == base::Kind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The digest of all files below `folder`, whoever wrote them: hex of SHA-256, the same as [`Package::digest`].
pub async fn digest(blobs: &Blobs, folder: &str) -> Result<String> {
    let files = files_below(blobs, folder).await?;
    if files.is_empty() {
        return Err(Error::not_found(format!("there is no model in {folder}")));
    }
    Ok(digest_of(
        files
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_ref())),
    ))
}

/// All files below `folder`: their names within it, and their bytes.
pub(crate) async fn files_below(blobs: &Blobs, folder: &str) -> Result<Vec<(String, Bytes)>> {
    let mut files = Vec::new();
    for meta in blobs.list_all(folder).await? {
        let name = meta
            .path
            .strip_prefix(folder)
            .map_or(meta.path.as_str(), |rest| rest.trim_start_matches('/'))
            .to_owned();
        files.push((name, blobs.get_bytes(&meta.path).await?));
    }
    Ok(files)
}

/// Name, length and bytes of each file, in the order of the names.
fn digest_of<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut files: Vec<_> = files.collect();
    files.sort_unstable();
    let mut hasher = Sha256::new();
    for (name, bytes) in files {
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    }
    hex::encode(hasher.finalize())
}

async fn file(blobs: &Blobs, folder: &str, name: &str) -> Result<Bytes> {
    blobs
        .get_bytes(&format!("{folder}/{name}"))
        .await
        .map_err(|error| {
            if error.kind() == base::Kind::NotFound {
                Error::not_found(format!(
                    "{folder} is not a model of ours: the file {name} is missing"
                ))
            } else {
                error
            }
        })
}

/// A request as MLflow writes one: `columns` and `data`, moments as text.
fn example(model: &Model, selftest: &SelfTest) -> Result<Value> {
    let inputs = &model.signature().inputs;
    let rows = (0..selftest.len().min(EXAMPLE_ROWS))
        .map(|row| {
            selftest
                .row(model, row)?
                .into_iter()
                .zip(inputs)
                .map(|(value, input)| shown(value, input.kind))
                .collect::<Result<Vec<Value>>>()
        })
        .collect::<Result<Vec<_>>>()?;
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    Ok(json!({"columns": names, "data": rows}))
}

fn shown(value: &Value, kind: InputKind) -> Result<Value> {
    Ok(match (kind, value.as_i64()) {
        (InputKind::Datetime, Some(ms)) => {
            let moment = jiff::Timestamp::from_millisecond(ms)
                .map_err(|error| Error::invalid(format!("{ms} ms is no moment: {error}")))?;
            moment
                .to_zoned(jiff::tz::TimeZone::UTC)
                .datetime()
                .to_string()
                .into()
        }
        _ => value.clone(),
    })
}

fn description(model: &Model, run: &RunId, logged: &LoggedModelId, clock: &Clock) -> String {
    let (inputs, outputs) = model.signature().mlflow();
    let origin = &model.document().origin;
    let quoted = |text: &str| Value::from(text).to_string();
    let mut text = String::new();
    let mut line = |text_: std::fmt::Arguments<'_>| {
        let _ = writeln!(text, "{text_}");
    };
    line(format_args!("artifact_path: model"));
    line(format_args!("flavors:"));
    line(format_args!("  ironloop:"));
    line(format_args!("    algorithm: {}", quoted(&origin.algorithm)));
    line(format_args!("    data: {MODEL_FILE}"));
    line(format_args!(
        "    format_version: {}",
        model.document().version
    ));
    line(format_args!(
        "    task: {}",
        if model.signature().task == data::Task::Regression {
            "regression"
        } else {
            "binary"
        }
    ));
    line(format_args!("  onnx:"));
    line(format_args!("    code: null"));
    line(format_args!("    data: {ONNX_FILE}"));
    line(format_args!("    onnx_version: 1.23.2"));
    line(format_args!("    providers:"));
    line(format_args!("    - CPUExecutionProvider"));
    line(format_args!("mlflow_version: {MLFLOW_VERSION}"));
    line(format_args!("model_id: {logged}"));
    line(format_args!("run_id: {run}"));
    line(format_args!("saved_input_example_info:"));
    line(format_args!("  artifact_path: {EXAMPLE_FILE}"));
    line(format_args!("  pandas_orient: split"));
    line(format_args!("  type: dataframe"));
    line(format_args!("signature:"));
    line(format_args!("  inputs: {}", quoted(&inputs)));
    line(format_args!("  outputs: {}", quoted(&outputs)));
    line(format_args!("  params: null"));
    line(format_args!(
        "utc_time_created: '{}'",
        clock.now().strftime("%Y-%m-%d %H:%M:%S%.6f")
    ));
    text
}
