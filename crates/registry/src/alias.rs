//! Alias: a movable name on a version; some are protected by a gate.

use base::Result;
use store::Db;

use crate::version::ModelVersion;

/// Lets `alias` name `version`. A protected alias moves only where its gate is passed.
pub async fn set_alias(_db: &Db, _name: &str, _alias: &str, _version: i64, _actor: &str) -> Result<()> {
    todo!()
}

/// The version that an alias names.
pub async fn alias(_db: &Db, _name: &str, _alias: &str) -> Result<ModelVersion> {
    todo!()
}

/// Removes an alias. Taking one away promotes nothing, so no gate is asked.
pub async fn delete_alias(_db: &Db, _name: &str, _alias: &str, _actor: &str) -> Result<()> {
    todo!()
}
