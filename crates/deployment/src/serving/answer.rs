//! Answering: one request, from columns to outputs.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use base::{Error, Kind, Result};

use super::{Endpoint, Serving};
use crate::log::Entry;
use crate::predict::{Answer, Output, Request, RequestKind};
use crate::runtime::scores;
use crate::status::Tensor;
use crate::traffic::{Live, fnv};

/// Up to this many rows are computed where the request is handled; more go to a thread that may take its time.
const FEW: usize = 64;
/// A caller's id is at most this long.
const LONGEST_ID: usize = 200;

impl Serving {
    /// Answers one request.
    pub async fn predict(&self, endpoint: &str, request: Request) -> Result<Answer> {
        let endpoint = self.endpoint(endpoint)?;
        if self.0.draining.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the server is shutting down"));
        }
        let rows = request.batch.num_rows();
        if rows == 0 {
            return Err(Error::invalid("the batch is empty").hint("send at least one row"));
        }
        let ids = ids(request.ids, rows)?;
        let gate = endpoint.gate.load_full();
        let _place = gate.enter().await?;
        let live = endpoint
            .traffic
            .load()
            .pick(&ids[0], request.revision)?
            .clone();
        let begin = Instant::now();
        let computed = compute(&live, &request.batch).await;
        let latency = begin.elapsed();
        let (outputs, values) = match computed {
            Ok(computed) => computed,
            Err(error) => {
                // What the caller did wrong does not count against the revision.
                if error.kind() != Kind::Invalid {
                    live.counters.failed();
                }
                return Err(error);
            }
        };
        live.counters.answered(latency);
        if request.kind == RequestKind::Prediction {
            self.log(
                &endpoint,
                &live,
                &ids,
                &values,
                request.batch,
                latency.as_micros() as i64,
            );
        }
        Ok(Answer {
            ids,
            values,
            outputs,
            revision: live.revision.revision,
            model: live.revision.model.clone(),
            version: live.revision.version,
        })
    }

    /// Queues the rows for the log, without those whose id was answered before.
    fn log(
        &self,
        endpoint: &Endpoint,
        live: &Live,
        ids: &[String],
        values: &[f64],
        batch: RecordBatch,
        latency_us: i64,
    ) {
        let now = self.0.clock.now();
        let fresh: Vec<bool> = {
            let mut recent = endpoint
                .recent
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            ids.iter()
                .map(|id| recent.add(id, now.as_millisecond()))
                .collect()
        };
        let share = live.settings.log_share;
        let kept = |row: usize| {
            fresh[row]
                && (share >= 1.0
                    || ((fnv(ids[row].as_bytes()) >> 11) as f64 / (1_u64 << 53) as f64) < share)
        };
        let rows: Vec<usize> = (0..ids.len()).filter(|&row| kept(row)).collect();
        if rows.is_empty() {
            return;
        }
        let Some(batch) = logged(batch, &rows, &live.settings.log_drop) else {
            return;
        };
        self.0.log.put(Entry {
            project: endpoint.project.clone(),
            endpoint: endpoint.name.clone(),
            at_us: now.as_microsecond(),
            ids: rows.iter().map(|&row| ids[row].clone()).collect(),
            values: rows.iter().map(|&row| values[row]).collect(),
            batch,
            revision: live.revision.revision,
            model: live.model.clone(),
            version: live.revision.version,
            latency_us,
        });
    }
}

/// The rows and columns that are logged.
fn logged(batch: RecordBatch, rows: &[usize], drop: &[String]) -> Option<RecordBatch> {
    let kept: Vec<usize> = (0..batch.num_columns())
        .filter(|&at| !drop.contains(batch.schema().field(at).name()))
        .collect();
    let batch = if kept.len() == batch.num_columns() {
        batch
    } else {
        batch.project(&kept).ok()?
    };
    if rows.len() == batch.num_rows() {
        return Some(batch);
    }
    let indexes = arrow::array::UInt32Array::from_iter_values(rows.iter().map(|&row| row as u32));
    arrow::compute::take_record_batch(&batch, &indexes).ok()
}

async fn compute(live: &Arc<Live>, batch: &RecordBatch) -> Result<(Vec<Output>, Vec<f64>)> {
    let rows = batch.num_rows();
    let work = {
        let (live, batch) = (live.clone(), batch.clone());
        move || {
            check(&live.signature.inputs, &batch)?;
            let outputs = live.runtime.predict(&batch)?;
            let values = scores(&outputs, rows)?;
            Ok((outputs, values))
        }
    };
    if rows <= FEW {
        return work();
    }
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::internal(format!("the model broke down: {error}")))?
}

/// One id per row: the caller's where there is one, ours otherwise.
fn ids(given: Vec<Option<String>>, rows: usize) -> Result<Vec<String>> {
    let fresh = || uuid::Uuid::new_v4().simple().to_string();
    if given.is_empty() {
        return Ok((0..rows).map(|_| fresh()).collect());
    }
    if given.len() != rows {
        return Err(Error::invalid(format!(
            "{} prediction ids do not fit {rows} rows",
            given.len()
        )));
    }
    let ids: Vec<String> = given
        .into_iter()
        .map(|id| id.unwrap_or_else(fresh))
        .collect();
    for id in &ids {
        if id.is_empty() || id.len() > LONGEST_ID || id.chars().any(|c| c.is_control() || c == ',')
        {
            let shown: String = id.chars().take(LONGEST_ID).collect();
            return Err(Error::invalid(format!("{shown:?} is not a prediction id"))
                .hint(format!("use 1 to {LONGEST_ID} characters without commas")));
        }
    }
    let unique: HashSet<&str> = ids.iter().map(String::as_str).collect();
    if unique.len() != ids.len() {
        return Err(Error::invalid(
            "two rows of the request have the same prediction id",
        ));
    }
    Ok(ids)
}

/// Refuses what no engine may see, naming column, row and value.
fn check(inputs: &[Tensor], batch: &RecordBatch) -> Result<()> {
    for input in inputs {
        let column = batch.column_by_name(&input.name).ok_or_else(|| {
            let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
            Error::invalid(format!("the input {:?} is missing", input.name))
                .hint(format!("the model takes {}", names.join(", ")))
        })?;
        if !input.nullable && column.null_count() > 0 {
            let row = (0..column.len())
                .find(|&row| column.is_null(row))
                .unwrap_or_default();
            return Err(Error::invalid(format!(
                "the input {:?} has no value in row {row}",
                input.name
            )));
        }
        let numbers = match column.data_type() {
            DataType::FixedSizeList(_, _) => column.as_fixed_size_list().values(),
            _ => column,
        };
        let infinite = match numbers.data_type() {
            DataType::Float64 => numbers
                .as_primitive::<Float64Type>()
                .values()
                .iter()
                .position(|x| x.is_infinite()),
            DataType::Float32 => numbers
                .as_primitive::<Float32Type>()
                .values()
                .iter()
                .position(|x| x.is_infinite()),
            _ => None,
        };
        if let Some(at) = infinite {
            return Err(Error::invalid(format!(
                "the input {:?} is infinite in row {}",
                input.name,
                at / input.width.max(1)
            )));
        }
    }
    Ok(())
}
