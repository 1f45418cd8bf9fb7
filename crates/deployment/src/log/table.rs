//! One endpoint's log as a Delta table: append, read a window of time, keep the number of files small.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt32Array, new_null_array,
};
use arrow::compute::{cast, concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{Schema, SchemaRef};
use base::{Error, Kind, Result};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake::kernel::{Action, StructType};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::{DeltaWriter, RecordBatchWriter, WriteMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use object_store::{ObjectStoreExt as _, path::Path};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::rows::{self, Entry, base_schema};

/// From how many small files on they are put together.
const MANY_FILES: usize = 32;
/// A file of this size is left alone.
const LARGE: i64 = 16 * 1024 * 1024;

/// The table of one endpoint, open for appending.
pub struct Table {
    delta: DeltaTable,
    /// Files that the last compaction replaced. They are removed by the next one, when nobody reads them any more.
    replaced: Vec<Path>,
}

impl Table {
    /// Opens the table at `place`, if there is one.
    pub async fn open(place: &str) -> Result<Option<Self>> {
        if !place.contains("://") && !std::path::Path::new(place).join("_delta_log").is_dir() {
            return Ok(None);
        }
        match builder(place)?.load().await {
            Ok(delta) => Ok(Some(Self {
                delta,
                replaced: Vec::new(),
            })),
            Err(DeltaTableError::NotATable(_)) => Ok(None),
            Err(error) => Err(delta_error(error)),
        }
    }

    /// Opens the table at `place`; makes it where it is missing.
    pub async fn open_or_create(place: &str) -> Result<Self> {
        if let Some(table) = Self::open(place).await? {
            return Ok(table);
        }
        let schema: StructType = base_schema()
            .as_ref()
            .try_into_kernel()
            .map_err(|error| Error::internal(format!("the log's schema: {error}")))?;
        let delta = builder(place)?
            .build()
            .map_err(delta_error)?
            .create()
            .with_columns(schema.fields().cloned())
            .with_save_mode(SaveMode::Ignore)
            .with_configuration([("delta.checkpointInterval", Some("10"))])
            .await
            .map_err(delta_error)?;
        Ok(Self {
            delta,
            replaced: Vec::new(),
        })
    }

    /// Commits the rows of `entries` as one version of the table.
    pub async fn append(&mut self, entries: &[Entry]) -> Result<()> {
        let batch = rows::batch(entries)?;
        let mut writer = RecordBatchWriter::for_table(&self.delta)
            .map_err(delta_error)?
            .with_writer_properties(properties()?);
        let batch = fitted(&batch, &writer.arrow_schema())?;
        writer
            .write_with_mode(batch, WriteMode::MergeSchema)
            .await
            .map_err(delta_error)?;
        writer
            .flush_and_commit(&mut self.delta)
            .await
            .map_err(delta_error)?;
        if let Err(error) = self.compact().await {
            tracing::warn!("the prediction log could not be compacted: {error:?}");
        }
        Ok(())
    }

    /// A view of the table as it is now.
    pub fn reader(&self) -> Reader {
        Reader(self.delta.clone())
    }

    /// Puts small files together once there are many.
    async fn compact(&mut self) -> Result<()> {
        let reader = self.reader();
        let mut small: Vec<File> = reader.files()?;
        small.retain(|file| file.size < LARGE);
        if small.len() < MANY_FILES {
            return Ok(());
        }
        small.sort_by_key(|file| file.from_us);
        let schema = reader.schema()?;
        let mut parts = Vec::with_capacity(small.len());
        for file in &small {
            parts.extend(reader.rows(file, &schema).await?);
        }
        let merged = concat_batches(&schema, &parts).map_err(arrow_error)?;
        let mut writer = RecordBatchWriter::for_table(&self.delta)
            .map_err(delta_error)?
            .with_writer_properties(properties()?);
        let merged = fitted(&merged, &writer.arrow_schema())?;
        writer.write(merged).await.map_err(delta_error)?;
        let mut actions = Vec::with_capacity(small.len() + 1);
        for mut add in writer.flush().await.map_err(delta_error)? {
            add.data_change = false;
            actions.push(Action::Add(add));
        }
        let gone: HashSet<&str> = small.iter().map(|file| file.path.as_ref()).collect();
        let state = self.delta.snapshot().map_err(delta_error)?;
        actions.extend(
            state
                .log_data()
                .iter()
                .filter(|view| gone.contains(view.object_store_path().as_ref()))
                .map(|view| Action::Remove(view.remove_action(false))),
        );
        let operation = DeltaOperation::Optimize {
            predicate: None,
            target_size: LARGE,
        };
        CommitBuilder::from(CommitProperties::default())
            .with_actions(actions)
            .build(Some(state), self.delta.log_store(), operation)
            .await
            .map_err(delta_error)?;
        self.delta.update_state().await.map_err(delta_error)?;
        let now_gone = small.into_iter().map(|file| file.path).collect();
        for path in std::mem::replace(&mut self.replaced, now_gone) {
            if let Err(error) = self.delta.object_store().delete(&path).await {
                tracing::debug!("a replaced file of the prediction log is left behind: {error}");
            }
        }
        Ok(())
    }
}

/// One data file of the table.
struct File {
    path: Path,
    size: i64,
    from_us: i64,
    to_us: i64,
}

/// The table as it was when the reader was made.
pub struct Reader(DeltaTable);

impl Reader {
    fn schema(&self) -> Result<SchemaRef> {
        Ok(self
            .0
            .snapshot()
            .map_err(delta_error)?
            .snapshot()
            .arrow_schema())
    }

    fn files(&self) -> Result<Vec<File>> {
        let state = self.0.snapshot().map_err(delta_error)?;
        Ok(state
            .log_data()
            .iter()
            .map(|view| {
                let stats: Stats = view
                    .stats()
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_default();
                File {
                    path: view.object_store_path(),
                    size: view.size(),
                    from_us: moment(&stats.min_values).unwrap_or(i64::MIN),
                    // Statistics are cut to the millisecond.
                    to_us: moment(&stats.max_values).map_or(i64::MAX, |us| us.saturating_add(1000)),
                }
            })
            .collect())
    }

    /// The rows of one file, in the table's schema.
    async fn rows(&self, file: &File, schema: &SchemaRef) -> Result<Vec<RecordBatch>> {
        let bytes = self
            .0
            .object_store()
            .get(&file.path)
            .await
            .map_err(store_error)?
            .bytes()
            .await
            .map_err(store_error)?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
            .map_err(parquet_error)?
            .build()
            .map_err(parquet_error)?;
        reader
            .map(|batch| fitted(&batch.map_err(arrow_error)?, schema))
            .collect()
    }

    /// The rows with `from_ms <= at < to_ms`, oldest first; of rows with the same id the oldest.
    pub async fn read(&self, from_ms: i64, to_ms: i64) -> Result<RecordBatch> {
        let (from_us, to_us) = (from_ms.saturating_mul(1000), to_ms.saturating_mul(1000));
        let schema = self.schema()?;
        let mut parts = Vec::new();
        for file in self
            .files()?
            .iter()
            .filter(|file| file.from_us < to_us && file.to_us >= from_us)
        {
            for batch in self.rows(file, &schema).await? {
                let inside: BooleanArray = times(&batch)?
                    .iter()
                    .map(|at| at.map(|at| at >= from_us && at < to_us))
                    .collect();
                let kept = filter_record_batch(&batch, &inside).map_err(arrow_error)?;
                if kept.num_rows() > 0 {
                    parts.push(kept);
                }
            }
        }
        sorted_once(&concat_batches(&schema, &parts).map_err(arrow_error)?)
    }

    /// When the oldest row was answered.
    pub async fn first(&self) -> Result<Option<i64>> {
        let Some(oldest) = self.files()?.into_iter().min_by_key(|file| file.from_us) else {
            return Ok(None);
        };
        let schema = self.schema()?;
        let mut first: Option<i64> = None;
        for batch in self.rows(&oldest, &schema).await? {
            first = times(&batch)?.iter().flatten().chain(first).min();
        }
        Ok(first.map(|us| us.div_euclid(1000)))
    }
}

/// The statistics of a file, as far as we need them.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Stats {
    min_values: BTreeMap<String, serde_json::Value>,
    max_values: BTreeMap<String, serde_json::Value>,
}

fn moment(values: &BTreeMap<String, serde_json::Value>) -> Option<i64> {
    let text = values.get("at")?.as_str()?;
    text.parse::<base::Timestamp>()
        .ok()
        .map(base::Timestamp::as_microsecond)
}

fn times(batch: &RecordBatch) -> Result<&TimestampMicrosecondArray> {
    let column = batch
        .column_by_name("at")
        .and_then(|column| column.as_any().downcast_ref());
    column.ok_or_else(|| Error::internal("the prediction log has no column `at`"))
}

/// Sorts by time and keeps the first row of each id.
fn sorted_once(batch: &RecordBatch) -> Result<RecordBatch> {
    let at = times(batch)?;
    let ids: Option<&StringArray> = batch
        .column_by_name("prediction_id")
        .and_then(|column| column.as_any().downcast_ref());
    let ids =
        ids.ok_or_else(|| Error::internal("the prediction log has no column `prediction_id`"))?;
    let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
    order.sort_by_key(|&row| at.value(row as usize));
    let mut seen: HashSet<&str> = HashSet::with_capacity(order.len());
    order.retain(|&row| seen.insert(ids.value(row as usize)));
    take_record_batch(batch, &UInt32Array::from(order)).map_err(arrow_error)
}

/// `batch` with the types that `schema` has for its columns; columns that `schema` does not have stay as they are,
/// and those that only `schema` has become null.
fn fitted(batch: &RecordBatch, schema: &Schema) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let mut fields = schema.fields().to_vec();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(fields.len());
    for field in schema.fields() {
        columns.push(match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => column.clone(),
            Some(column) => cast(column, field.data_type())
                .unwrap_or_else(|_| new_null_array(field.data_type(), rows)),
            None => new_null_array(field.data_type(), rows),
        });
    }
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if schema.field_with_name(field.name()).is_err() {
            fields.push(field.clone());
            columns.push(column.clone());
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(arrow_error)
}

fn properties() -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(1).map_err(parquet_error)?;
    Ok(WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_enabled(true)
        .build())
}

fn builder(place: &str) -> Result<DeltaTableBuilder> {
    let url = ensure_table_uri(place).map_err(delta_error)?;
    DeltaTableBuilder::from_url(url).map_err(delta_error)
}

fn delta_error(error: DeltaTableError) -> Error {
    let text = error.to_string();
    let full = text.contains("No space left") || text.contains("os error 28");
    let kind = if full {
        Kind::StorageFull
    } else {
        Kind::Internal
    };
    Error::new(kind, format!("the prediction log failed: {text}")).because(error)
}

fn arrow_error(error: arrow::error::ArrowError) -> Error {
    Error::internal(format!("the prediction log's rows do not fit: {error}")).because(error)
}

fn parquet_error(error: parquet::errors::ParquetError) -> Error {
    Error::internal(format!(
        "a file of the prediction log cannot be read: {error}"
    ))
    .because(error)
}

fn store_error(error: object_store::Error) -> Error {
    Error::unavailable(format!(
        "a file of the prediction log cannot be read: {error}"
    ))
    .because(error)
}
