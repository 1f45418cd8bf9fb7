//! A model that only Python can run (an MLflow model with the `python_function` flavour), scored in a process of its
//! own. The server never unpickles.
//!
//! The process is `IRONLOOP_PYTHON` (or `python3`) with `mlflow` installed; it gets a copy of the model's files and the
//! rows as Arrow, and answers with numbers. One process per call: meant for evaluations, not for requests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use base::{Error, Result};
use data::Task;
use store::Blobs;
use tempfile::TempDir;

use crate::package::{MLMODEL_FILE, files_below};
use crate::process;

/// Longer than this no batch takes.
const LIMIT: Duration = Duration::from_mins(10);

const SCRIPT: &str = r#"
import json, sys
import pyarrow as pa
import mlflow
folder, task = sys.argv[1], sys.argv[2]
frame = pa.ipc.open_stream(folder + "/rows.arrow").read_all().to_pandas()
model = mlflow.pyfunc.load_model(folder + "/model")
schema = model.metadata.get_input_schema()
if schema is not None and schema.has_input_names():
    frame = frame[schema.input_names()]
answer = None
if task == "binary" and "sklearn" in model.metadata.flavors:
    inner = mlflow.sklearn.load_model(folder + "/model")
    if hasattr(inner, "predict_proba"):
        answer = inner.predict_proba(frame)[:, 1]
if answer is None:
    answer = model.predict(frame)
values = [float(value) for value in pa.array(list(getattr(answer, "to_numpy", lambda: answer)().reshape(-1))).to_pylist()]
with open(folder + "/answer.json", "w") as file:
    json.dump([None if value != value else value for value in values], file)
"#;

/// A copy of a model's files, ready to be run by Python.
#[derive(Debug)]
pub struct PythonModel {
    folder: TempDir,
    task: Task,
}

impl PythonModel {
    /// Copies the model in the blobs' folder `path`; refused when it has no `python_function` flavour.
    pub async fn load(blobs: &Blobs, path: &str, task: Task) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("ironloop-model-")
            .tempdir()?;
        let mut described = false;
        for (name, bytes) in files_below(blobs, path).await? {
            described |= name == MLMODEL_FILE
                && String::from_utf8_lossy(&bytes).contains("python_function:");
            let file = folder.path().join("model").join(&name);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(file, &bytes)?;
        }
        if !described {
            return Err(Error::invalid(format!("{path} is not a model that Python can run: its MLmodel has no python_function flavour"))
                .hint("log it with one of mlflow's log_model functions"));
        }
        Ok(Self { folder, task })
    }

    /// A number per row: the value, or the probability of the positive class where the model gives one.
    pub async fn predict(&self, batch: &RecordBatch) -> Result<Vec<f64>> {
        write_rows(batch, &self.folder.path().join("rows.arrow"))?;
        let place = self.folder.path().display().to_string();
        let task = if self.task == Task::Binary {
            "binary"
        } else {
            "regression"
        };
        let ended = process::run(
            &process::python(),
            &["-c", SCRIPT, &place, task],
            self.folder.path(),
            &[],
            Vec::new(),
            LIMIT,
        )
        .await?;
        if ended.late {
            return Err(Error::unavailable(format!(
                "the Python model took longer than {} s for {} rows",
                LIMIT.as_secs(),
                batch.num_rows()
            )));
        }
        if ended.code != Some(0) {
            return Err(
                Error::invalid(format!("the Python model failed: {}", ended.last_words())).hint(
                    "IRONLOOP_PYTHON names the Python that has mlflow and the model's packages",
                ),
            );
        }
        let answer: Vec<Option<f64>> =
            serde_json::from_slice(&std::fs::read(self.folder.path().join("answer.json"))?)?;
        if answer.len() != batch.num_rows() {
            return Err(Error::invalid(format!(
                "the Python model gave {} numbers for {} rows",
                answer.len(),
                batch.num_rows()
            )));
        }
        Ok(answer
            .into_iter()
            .map(|value| value.unwrap_or(f64::NAN))
            .collect())
    }
}

/// The rows with moments as wall time in UTC, without naming the zone: MLflow's schemas know no zones, and a request
/// has none either.
pub(crate) fn without_zones(batch: &RecordBatch) -> Result<RecordBatch> {
    let failed = |error: ArrowError| {
        Error::internal(format!("cannot hand the rows to Python: {error}")).because(error)
    };
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let DataType::Timestamp(unit, Some(_)) = field.data_type() else {
            fields.push(field.clone());
            columns.push(column.clone());
            continue;
        };
        let bare = DataType::Timestamp(*unit, None);
        let counts = cast(column, &DataType::Int64).map_err(failed)?;
        columns.push(cast(&counts, &bare).map_err(failed)?);
        fields.push(Arc::new(field.as_ref().clone().with_data_type(bare)));
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(failed)
}

fn write_rows(batch: &RecordBatch, path: &Path) -> Result<()> {
    let batch = &without_zones(batch)?;
    let failed = |error: ArrowError| {
        Error::internal(format!("cannot hand the rows to Python: {error}")).because(error)
    };
    let mut writer =
        StreamWriter::try_new(std::fs::File::create(path)?, &batch.schema()).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    writer.finish().map_err(failed)
}
