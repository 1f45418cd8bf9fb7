//! Views: one `select` over dataset versions, run by DataFusion, with rows counted.

use arrow::array::RecordBatch;

use crate::dataset::DatasetRef;

/// What a view gave.
#[derive(Clone, Debug)]
pub struct ViewResult {
    /// Its rows.
    pub batch: RecordBatch,
    /// Rows of the first table it reads.
    pub rows_in: i64,
    /// Rows it gave.
    pub rows_out: i64,
    /// Digest of its values.
    pub digest: String,
    /// The versions that were read; the first one is what rows are counted against.
    pub datasets: Vec<DatasetRef>,
}
