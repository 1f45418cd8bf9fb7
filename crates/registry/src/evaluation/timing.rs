//! How long the loaded model takes for one row, in this process.

use std::time::Instant;

use arrow::record_batch::RecordBatch;
use base::Result;
use training::Model;

/// Requests that are timed.
pub(crate) const REQUESTS: usize = 500;
const WARM_UP: usize = 20;

/// Times of single rows in milliseconds, sorted.
pub(crate) struct Times(Vec<f64>);

/// Sends rows of `batch` one by one.
pub(crate) fn measure(model: &Model, batch: &RecordBatch) -> Result<Times> {
    let rows = batch.num_rows();
    let mut times = Vec::with_capacity(REQUESTS);
    if rows == 0 {
        return Ok(Times(times));
    }
    for request in 0..WARM_UP + REQUESTS {
        let row = batch.slice(request % rows, 1);
        let start = Instant::now();
        model.predict(&row)?;
        if request >= WARM_UP {
            times.push(start.elapsed().as_secs_f64() * 1000.0);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(Times(times))
}

impl Times {
    /// The value of a system metric; `None` where only live requests can tell.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        match name {
            "latency_p50_ms" => self.quantile(0.50),
            "latency_p99_ms" => self.quantile(0.99),
            _ => None,
        }
    }

    fn quantile(&self, share: f64) -> Option<f64> {
        let last = self.0.len().checked_sub(1)?;
        self.0.get((share * last as f64).ceil() as usize).copied()
    }
}
