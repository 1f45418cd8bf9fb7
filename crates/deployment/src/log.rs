//! The prediction log: what was answered, as a Delta table per endpoint.
//!
//! Requests put rows into a bounded queue and go on; one writer takes the queue each second (or when it is long) and
//! commits it. A commit is whole or absent, so a crash loses at most what was still queued. What does not fit into
//! the queue, or cannot be written, is counted.

mod rows;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;
use base::{Error, Result};
use tokio::sync::Notify;

pub use rows::{Entry, base_schema};
use table::Table;

/// How many rows may wait.
const ROOM: usize = 200_000;
/// From how many rows on the writer does not wait for the second to end.
const MANY: usize = 8_192;
/// How long rows wait at most.
const PERIOD: Duration = Duration::from_secs(1);

/// The log of all endpoints of this process.
pub struct Log {
    root: String,
    queue: Mutex<Vec<Entry>>,
    queued: AtomicUsize,
    lost: Mutex<HashMap<Key, u64>>,
    lost_total: AtomicU64,
    full: Notify,
    tables: tokio::sync::Mutex<HashMap<Key, Table>>,
}

/// Project and endpoint.
type Key = (Arc<str>, Arc<str>);

impl Log {
    /// A log below `root`. Rows are written once [`Log::run`] runs, or when [`Log::flush`] is called.
    pub fn new(root: &str) -> Self {
        Self {
            root: root.trim_end_matches('/').to_owned(),
            queue: Mutex::default(),
            queued: AtomicUsize::new(0),
            lost: Mutex::default(),
            lost_total: AtomicU64::new(0),
            full: Notify::new(),
            tables: tokio::sync::Mutex::default(),
        }
    }

    /// Queues the rows of one request, or counts them as lost where the queue is full.
    pub fn put(&self, entry: Entry) {
        let rows = entry.ids.len();
        let before = self.queued.fetch_add(rows, Ordering::Relaxed);
        if before + rows > ROOM {
            self.queued.fetch_sub(rows, Ordering::Relaxed);
            self.lose(&entry, rows);
            return;
        }
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(entry);
        if before < MANY && before + rows >= MANY {
            self.full.notify_one();
        }
    }

    fn lose(&self, entry: &Entry, rows: usize) {
        self.lost_total.fetch_add(rows as u64, Ordering::Relaxed);
        let key = (entry.project.clone(), entry.endpoint.clone());
        *self
            .lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(key)
            .or_default() += rows as u64;
    }

    /// Rows of an endpoint that could not be logged since the start.
    pub fn lost(&self, project: &str, endpoint: &str) -> u64 {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.get(&(Arc::from(project), Arc::from(endpoint)))
            .copied()
            .unwrap_or_default()
    }

    /// Writes what is queued each second, or sooner when much is queued, until `log` is dropped elsewhere.
    pub async fn run(log: std::sync::Weak<Self>) {
        loop {
            let Some(this) = log.upgrade() else { return };
            tokio::select! {
                () = tokio::time::sleep(PERIOD) => {}
                () = this.full.notified() => {}
            }
            if let Err(error) = this.flush().await {
                tracing::error!("the prediction log could not be written: {error:?}");
            }
        }
    }

    /// Writes what is queued and returns when it is committed. Rows that could not be written are queued again.
    pub async fn flush(&self) -> Result<()> {
        // One writer at a time; a caller that waited here finds its rows written.
        let mut tables = self.tables.lock().await;
        let entries =
            std::mem::take(&mut *self.queue.lock().unwrap_or_else(PoisonError::into_inner));
        if entries.is_empty() {
            return Ok(());
        }
        let mut groups: BTreeMap<Key, Vec<Entry>> = BTreeMap::new();
        for entry in entries {
            groups
                .entry((entry.project.clone(), entry.endpoint.clone()))
                .or_default()
                .push(entry);
        }
        let mut failed = None;
        for (key, entries) in groups {
            let rows: usize = entries.iter().map(|entry| entry.ids.len()).sum();
            self.queued.fetch_sub(rows, Ordering::Relaxed);
            let written = match self.table(&mut tables, &key).await {
                Ok(table) => table.append(&entries).await,
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                // The handle may be behind what is on disk: open it again next time.
                tables.remove(&key);
                for entry in entries {
                    self.put(entry);
                }
                failed = Some(error.at(format_args!("prediction log of {}", key.1)));
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn table<'t>(
        &self,
        tables: &'t mut HashMap<Key, Table>,
        key: &Key,
    ) -> Result<&'t mut Table> {
        if !tables.contains_key(key) {
            let table = Table::open_or_create(&self.place(&key.0, &key.1)).await?;
            tables.insert(key.clone(), table);
        }
        tables
            .get_mut(key)
            .ok_or_else(|| Error::internal("a table that was just opened is gone"))
    }

    fn place(&self, project: &str, endpoint: &str) -> String {
        format!("{}/{project}/predictions/{endpoint}", self.root)
    }

    /// The written rows with `from_ms <= at < to_ms`, oldest first, each id once.
    pub async fn read(
        &self,
        project: &str,
        endpoint: &str,
        from_ms: i64,
        to_ms: i64,
    ) -> Result<RecordBatch> {
        let reader = {
            let mut tables = self.tables.lock().await;
            let key = (Arc::from(project), Arc::from(endpoint));
            if !tables.contains_key(&key) {
                match Table::open(&self.place(project, endpoint)).await? {
                    Some(table) => tables.insert(key.clone(), table),
                    None => return Ok(RecordBatch::new_empty(base_schema())),
                };
            }
            tables
                .get(&key)
                .map(Table::reader)
                .ok_or_else(|| Error::internal("a table that was just opened is gone"))?
        };
        reader.read(from_ms, to_ms).await
    }

    /// When the oldest written row of an endpoint was answered, in ms.
    pub async fn first(&self, project: &str, endpoint: &str) -> Result<Option<i64>> {
        match Table::open(&self.place(project, endpoint)).await? {
            Some(table) => table.reader().first().await,
            None => Ok(None),
        }
    }
}
