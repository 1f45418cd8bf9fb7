//! Parquet files.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use base::{Error, Result};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::columns::arrow_error;

/// Rows per step.
const BATCH: usize = 65_536;

pub(crate) fn read(bytes: Bytes) -> Result<RecordBatch> {
    if !super::has_magic(&bytes) {
        return Err(Error::invalid("is not a Parquet file")
            .hint("it does not begin with PAR1: is it another format, or only half written?"));
    }
    let unreadable = |error: parquet::errors::ParquetError| {
        Error::invalid(format!("cannot be read as Parquet: {error}")).because(error)
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(unreadable)?;
    let schema = builder.schema().clone();
    let reader = builder.with_batch_size(BATCH).build().map_err(unreadable)?;
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>().map_err(arrow_error)?;
    concat_batches(&schema, &batches).map_err(arrow_error)
}
