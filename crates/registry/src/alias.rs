//! Alias: a movable name on a version; some are protected by a gate.

use base::{Error, Result};
use experiments::check;
use serde_json::json;
use store::{Db, Tx};

use crate::gate::guard_alias;
use crate::model::{By, model};
use crate::store::version as rows;
use crate::version::{ModelVersion, version};

/// Lets `alias` name `number`. A protected alias moves only where its gate is passed.
pub async fn set_alias(db: &Db, name: &str, alias: &str, number: i64, actor: &str) -> Result<()> {
    check_alias(alias)?;
    version(db, name, number).await?;
    guard_alias(db, name, alias, number).await?;
    let by = By::of(db, name, actor).await?;
    let (name, alias) = (name.to_owned(), alias.to_owned());
    db.write(move |tx| {
        let (name, alias, by) = (name.clone(), alias.clone(), by.clone());
        Box::pin(async move { move_to(tx, &by, &name, &alias, number).await })
    })
    .await
}

/// Lets `alias` name `number` within a change whose caller has asked the gate.
pub(crate) async fn move_to(
    tx: &mut Tx<'_>,
    by: &By,
    name: &str,
    alias: &str,
    number: i64,
) -> Result<()> {
    let before = rows::set_alias(tx, name, alias, number).await?;
    let detail = json!({ "alias": alias, "version": number, "before": before });
    tx.audit(&by.entry("registry.alias-set", &format!("{name}/{number}"), detail))
        .await
}

/// The version that an alias names.
pub async fn alias(db: &Db, name: &str, alias: &str) -> Result<ModelVersion> {
    if let Some(version) = rows::by_alias(db, name, alias).await? {
        return Ok(version);
    }
    model(db, name).await?;
    Err(Error::not_found(format!(
        "Registered model alias {alias} not found."
    )))
}

/// Removes an alias; removing what is not there is not an error. Taking one away promotes nothing, so no gate is
/// asked.
pub async fn delete_alias(db: &Db, name: &str, alias: &str, actor: &str) -> Result<()> {
    model(db, name).await?;
    let by = By::of(db, name, actor).await?;
    let (name, alias) = (name.to_owned(), alias.to_owned());
    db.write(move |tx| {
        let (name, alias, by) = (name.clone(), alias.clone(), by.clone());
        Box::pin(async move {
            match rows::drop_alias(tx, &name, &alias).await? {
                None => Ok(()),
                Some(number) => {
                    let detail = json!({ "alias": alias, "version": number });
                    tx.audit(&by.entry(
                        "registry.alias-removed",
                        &format!("{name}/{number}"),
                        detail,
                    ))
                    .await
                }
            }
        })
    })
    .await
}

/// An alias can be told from a version number and from MLflow's own words.
pub(crate) fn check_alias(alias: &str) -> Result<()> {
    if alias.is_empty() {
        return Err(Error::invalid(
            "Registered model alias name cannot be empty.",
        ));
    }
    if !alias
        .chars()
        .all(|c| c.is_alphanumeric() || c == '_' || c == '-')
    {
        return Err(Error::invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    check::length("Registered model alias name", 255, alias)?;
    if alias.eq_ignore_ascii_case("latest") {
        return Err(Error::invalid(
            "'latest' alias name (case insensitive) is reserved.",
        ));
    }
    let like_version = alias
        .strip_prefix(['v', 'V'])
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    if like_version {
        return Err(Error::invalid(format!(
            "Version alias name '{alias}' is reserved."
        )));
    }
    Ok(())
}
