//! Gate: the criteria and approvals before an alias may move.

use base::Result;
use store::Db;

/// Refuses with the gate's state where `alias` is protected and its gate is not passed by `version`.
pub async fn guard_alias(_db: &Db, _model: &str, _alias: &str, _version: i64) -> Result<()> {
    todo!()
}
