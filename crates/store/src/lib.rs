//! Where state lives: one SQL database (SQLite or PostgreSQL), blobs (a folder or S3), jobs and the audit log.
//!
//! Invariants:
//! - One SQL text serves both databases: placeholders are `$1, $2, …`, column types are `TEXT`, `BIGINT`,
//!   `DOUBLE PRECISION` and `BOOLEAN`, ids are made by us and not by the database.
//! - Every change goes through [`Db::write`]. Waiting changes share one transaction and so one fsync (group commit);
//!   each is atomic by itself, and its caller hears of success only after the commit.
//! - A change, the job it asks for and its audit entry commit together ([`Tx::enqueue`], [`Tx::audit`]).
//!
//! Deliberately absent: what a run, a model or a dataset is. Each stage keeps the SQL of its own nouns.

mod audit;
mod blobs;
mod db;
mod jobs;
mod migrate;
mod value;
mod writer;

pub use audit::{AuditEntry, AuditRecord, audit_page, verify_audit};
pub use blobs::{BlobMeta, Blobs, ByteStream};
pub use db::{Backend, Db, Tx, create_postgres_database};
pub use futures::future::BoxFuture;
pub use jobs::{
    Job, JobState, NewJob, claim_job, finish_job, job, jobs, report_progress, requeue_lost_jobs,
};
pub use migrate::Migrations;
pub use sqlx::FromRow;
pub use value::{Record, Value, dynamic_sql, places};
