//! Delta tables: each version of a dataset replaces the rows of its table in one commit, and is read by number.
//!
//! Other engines (Spark, Polars, DuckDB) read the same folder; its newest version is the current dataset version.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use base::{Error, Kind, Result};
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake::kernel::transaction::CommitBuilder;
use deltalake::kernel::{Action, MetadataExt as _, StructType};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::writer::{DeltaWriter as _, RecordBatchWriter};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, ensure_table_uri};
use object_store::ObjectStoreExt as _;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::source;

/// Replaces the rows of the table at `location` (made if missing) by `batch`; the answer is the table's new version.
/// Nothing is visible before the commit, and a commit that another one overtook fails.
pub(crate) async fn replace(location: &str, batch: &RecordBatch) -> Result<i64> {
    let written = replace_rows(location, batch)
        .await
        .map_err(|error| delta_error(error, location))?;
    let (folder, version) = (PathBuf::from(location), written.version);
    tokio::task::spawn_blocking(move || flush(&folder, &written))
        .await
        .map_err(|error| Error::internal("the table could not be flushed").because(error))?
        .map_err(|error| error.at(format_args!("the table {location}")))?;
    Ok(version)
}

/// What a commit put on the disk.
struct Written {
    files: Vec<String>,
    first_version: i64,
    version: i64,
}

/// Delta leaves what it writes in the page cache: bring it to the disk, with the folders that name it, before anybody
/// is told that it is there.
fn flush(folder: &Path, written: &Written) -> Result<()> {
    let log = folder.join("_delta_log");
    let commits = (written.first_version..=written.version)
        .map(|version| log.join(format!("{version:020}.json")));
    let rows = written.files.iter().map(|file| folder.join(file));
    for path in rows
        .chain(commits)
        .chain([log.clone(), folder.to_path_buf()])
    {
        File::open(path)?.sync_all()?;
    }
    Ok(())
}

async fn replace_rows(location: &str, batch: &RecordBatch) -> Result<Written, DeltaTableError> {
    let schema: StructType = batch.schema().as_ref().try_into_kernel()?;
    let mut table = DeltaTable::try_from_url(ensure_table_uri(location)?).await?;
    let fresh = table.version().is_none();
    if fresh {
        table = table
            .create()
            .with_columns(schema.fields().cloned())
            .await?;
    }
    let snapshot = table.snapshot()?;
    let mut actions: Vec<Action> = snapshot
        .log_data()
        .iter()
        .map(|file| Action::Remove(file.remove_action(true)))
        .collect();
    if snapshot.schema().as_ref() != &schema {
        actions.push(Action::Metadata(
            snapshot.metadata().clone().with_schema(&schema)?,
        ));
    }
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let mut writer = RecordBatchWriter::try_new(table.table_url(), batch.schema(), None, None)?
        .with_writer_properties(properties);
    writer.write(batch.clone()).await?;
    let adds = writer.flush().await?;
    let files = adds.iter().map(|add| add.path.clone()).collect();
    actions.extend(adds.into_iter().map(Action::Add));
    let operation = DeltaOperation::Write {
        mode: SaveMode::Overwrite,
        partition_by: None,
        predicate: None,
    };
    let commit = CommitBuilder::default()
        .with_actions(actions)
        .build(Some(snapshot), table.log_store(), operation)
        .await?;
    let version = commit.version() as i64;
    Ok(Written {
        files,
        first_version: if fresh { 0 } else { version },
        version,
    })
}

/// The rows of one version. `empty` has the columns, for a version without rows.
pub(crate) async fn read(location: &str, version: i64, empty: &RecordBatch) -> Result<RecordBatch> {
    let table = open(location, version)
        .await
        .map_err(|error| delta_error(error, location))?;
    let files: Vec<String> = table
        .snapshot()
        .map_err(|error| delta_error(error, location))?
        .log_data()
        .iter()
        .map(|file| file.path().to_string())
        .collect();
    let store = table.object_store();
    let mut batches = Vec::with_capacity(files.len());
    for file in files {
        let path = object_store::path::Path::parse(&file)
            .map_err(|error| Error::internal(format!("{location}: {error}")))?;
        let lost = |error: object_store::Error| {
            Error::unavailable(format!("{location}/{file} cannot be read: {error}"))
                .hint("restore the folder of the table from a backup, or add the dataset again")
                .because(error)
        };
        let bytes = store
            .get(&path)
            .await
            .map_err(lost)?
            .bytes()
            .await
            .map_err(lost)?;
        batches.push(source::parquet_rows(bytes).map_err(|error| error.at(location))?);
    }
    let rows = concat_batches(&empty.schema(), &batches);
    rows.map_err(|error| {
        Error::internal(format!("{location}, version {version}: {error}")).because(error)
    })
}

async fn open(location: &str, version: i64) -> Result<DeltaTable, DeltaTableError> {
    DeltaTableBuilder::from_url(ensure_table_uri(location)?)?
        .with_version(version as u64)
        .load()
        .await
}

fn delta_error(error: DeltaTableError, location: &str) -> Error {
    let kind = match &error {
        DeltaTableError::ObjectStore { source } if is_full(source) => Kind::StorageFull,
        DeltaTableError::Transaction { .. } | DeltaTableError::VersionMismatch(..) => {
            Kind::Conflict
        }
        DeltaTableError::NotATable(_) | DeltaTableError::InvalidVersion(_) => Kind::Unavailable,
        _ => Kind::Internal,
    };
    Error::new(kind, format!("the table {location}: {error}")).because(error)
}

fn is_full(error: &object_store::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::StorageFull)
        {
            return true;
        }
        cause = error.source();
    }
    false
}
