//! The audit log: who did what to which object, chained by hash, written with the change itself.
//!
//! An entry holds ids and facts, never payloads. `hash = sha256(prev ‖ canonical entry)`, so that an entry that is
//! altered, removed or reordered later shows when the chain is verified.

use base::{Error, Page, PageRequest, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::FromRow;

use crate::db::{Db, Tx};

pub(crate) const TABLES: &str = "
create table audit (
  seq BIGINT primary key,
  at BIGINT not null,
  actor TEXT not null,
  action TEXT not null,
  project TEXT not null,
  object TEXT not null,
  detail TEXT not null,
  prev TEXT not null,
  hash TEXT not null
);
create index audit_by_object on audit (project, object, seq);
create table audit_head (one BIGINT primary key, seq BIGINT not null, hash TEXT not null);
insert into audit_head (one, seq, hash) values (1, 0, '');
";

/// What happened, before it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Who: a user, `svc:…`, or `ironloop` for what the system did by itself.
    pub actor: String,
    /// What, as `stage.verb-in-the-past`: `registry.promoted`.
    pub action: String,
    /// In which project; empty for what belongs to none.
    pub project: String,
    /// To which object: `model/bikes/3`, `run/…`.
    pub object: String,
    /// Facts: ids, digests, values. No payloads, no secrets.
    pub detail: serde_json::Value,
}

/// A stored entry.
#[derive(Clone, Debug, Serialize, Deserialize, FromRow)]
pub struct AuditRecord {
    /// Position in the chain, from 1.
    pub seq: i64,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// See [`AuditEntry::actor`].
    pub actor: String,
    /// See [`AuditEntry::action`].
    pub action: String,
    /// See [`AuditEntry::project`].
    pub project: String,
    /// See [`AuditEntry::object`].
    pub object: String,
    /// See [`AuditEntry::detail`], as JSON text.
    pub detail: String,
    /// The hash of the entry before.
    pub prev: String,
    /// The hash of this entry.
    pub hash: String,
}

impl AuditRecord {
    fn expected_hash(&self) -> String {
        let mut hash = Sha256::new();
        let (seq, at) = (self.seq.to_string(), self.at.to_string());
        for part in [
            &self.prev,
            &seq,
            &at,
            &self.actor,
            &self.action,
            &self.project,
            &self.object,
            &self.detail,
        ] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

impl Tx<'_> {
    /// Adds an entry to the audit log, in this transaction.
    pub async fn audit(&mut self, entry: &AuditEntry) -> Result<()> {
        // The update locks the head until we commit, so two processes cannot fork the chain.
        let (seq, prev): (i64, String) = self
            .row(
                "update audit_head set seq = seq + 1 where one = 1 returning seq, hash",
                &[],
            )
            .await?
            .ok_or_else(|| Error::internal("the audit log has no head"))?;
        let mut record = AuditRecord {
            seq,
            at: self.clock().now_ms(),
            actor: entry.actor.clone(),
            action: entry.action.clone(),
            project: entry.project.clone(),
            object: entry.object.clone(),
            detail: entry.detail.to_string(),
            prev,
            hash: String::new(),
        };
        record.hash = record.expected_hash();
        self.execute(
            "insert into audit (seq, at, actor, action, project, object, detail, prev, hash) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                record.seq.into(),
                record.at.into(),
                record.actor.into(),
                record.action.into(),
                record.project.into(),
                record.object.into(),
                record.detail.into(),
                record.prev.into(),
                record.hash.as_str().into(),
            ],
        )
        .await?;
        self.execute(
            "update audit_head set hash = $1 where one = 1",
            &[record.hash.into()],
        )
        .await?;
        Ok(())
    }
}

/// The newest entries first, of one project (or of all, where it is empty) and of objects that begin with `object`.
pub async fn audit_page(
    db: &Db,
    project: &str,
    object: &str,
    page: &PageRequest,
) -> Result<Page<AuditRecord>> {
    let limit = page.limit.unwrap_or(50).clamp(1, 1000);
    let before = match &page.token {
        Some(token) => token.parse().map_err(|_| {
            Error::invalid(format!("{token:?} is not a page token of the audit log"))
        })?,
        None => i64::MAX,
    };
    let mut items: Vec<AuditRecord> = db
        .rows(
            "select * from audit where seq < $1 and ($2 = '' or project = $2) and ($3 = '' or object = $3 or substr(object, 1, length($3) + 1) = $3 || '/') order by seq desc limit $4",
            &[before.into(), project.into(), object.into(), (limit + 1).into()],
        )
        .await?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|record| record.seq.to_string());
    Ok(Page { items, next })
}

/// Walks the whole chain; the error names the first entry that does not fit.
pub async fn verify_audit(db: &Db) -> Result<i64> {
    let (mut seq, mut hash) = (0_i64, String::new());
    loop {
        let records: Vec<AuditRecord> = db
            .rows(
                "select * from audit where seq > $1 order by seq limit 1000",
                &[seq.into()],
            )
            .await?;
        if records.is_empty() {
            break;
        }
        for record in records {
            if record.seq != seq + 1 || record.prev != hash || record.hash != record.expected_hash()
            {
                return Err(Error::conflict(format!(
                    "the audit log is broken at entry {}",
                    record.seq
                )));
            }
            (seq, hash) = (record.seq, record.hash);
        }
    }
    let head: Option<(i64, String)> = db
        .row("select seq, hash from audit_head where one = 1", &[])
        .await?;
    if head != Some((seq, hash)) {
        return Err(Error::conflict(format!(
            "the audit log ends at entry {seq}, which is not its recorded end"
        )));
    }
    Ok(seq)
}
