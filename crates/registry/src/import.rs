//! Versions that come from another registry keep their numbers, times and what they were made from.
//!
//! Invariants: importing twice is importing once. No stage and no alias comes in this way: both are set by the calls
//! that ask a gate.

use base::{Error, Result};
use experiments::check;
use store::Db;

use crate::model::check_tag;
use crate::source;
use crate::store::version as rows;
use crate::version::NewVersion;

/// Brings a version in under its number, where the model has none of it; the answer says whether it is new.
pub async fn import_version(
    db: &Db,
    mut new: NewVersion,
    number: i64,
    created_at: i64,
    updated_at: i64,
) -> Result<bool> {
    if !(1..=i64::from(i32::MAX)).contains(&number) {
        return Err(Error::invalid(format!(
            "{number} is not the number of a version"
        )));
    }
    for tag in &new.tags {
        check_tag(tag)?;
    }
    check::length("source", 2000, &new.source)?;
    let storage = source::storage_of(db, &new).await?;
    source::complete(db, &mut new).await?;
    db.write(move |tx| {
        let (new, storage) = (new.clone(), storage.clone());
        Box::pin(async move {
            rows::insert_numbered(tx, &new, &storage, number, created_at, updated_at).await
        })
    })
    .await
}
