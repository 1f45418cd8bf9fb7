//! Evaluating rules on rows.

use arrow::array::RecordBatch;
use base::Result;
use project::ExpectationSpec;

use super::CheckReport;

pub(crate) fn evaluate(rules: &[&ExpectationSpec], batch: &RecordBatch, time: Option<&str>, now_ms: i64) -> Result<CheckReport> {
    todo!()
}
