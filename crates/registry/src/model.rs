//! Model: a registered name under which versions are numbered.

use base::{Error, Kind, Page, PageRequest, Result};
use experiments::{Tag, check};
use serde_json::json;
use store::{AuditEntry, Db};

use crate::gate::guard_alias;
use crate::store::model as rows;
use crate::version::{ModelVersion, Stage};

/// A registered name. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Unique; no `/` and no `:`.
    pub name: String,
    /// Free text.
    pub description: String,
    /// When it was made.
    pub created_at: i64,
    /// When it or its versions last changed.
    pub updated_at: i64,
    /// Free text, by key.
    pub tags: Vec<Tag>,
    /// Which version each alias names, by alias.
    pub aliases: Vec<(String, i64)>,
    /// The newest version of each stage.
    pub latest: Vec<ModelVersion>,
}

/// Which models or versions to list.
#[derive(Clone, Debug, Default)]
pub struct ModelSearch {
    /// `name LIKE 'bikes%' AND tags.team = 'ops'`
    pub filter: String,
    /// `name ASC`, `last_updated_timestamp DESC`
    pub order_by: Vec<String>,
    /// Which page.
    pub page: PageRequest,
}

/// Registers a name.
pub async fn create_model(db: &Db, name: &str, description: &str, tags: Vec<Tag>) -> Result<Model> {
    check_name("name", name)?;
    for tag in &tags {
        check_tag(tag)?;
    }
    let (new, text) = (name.to_owned(), description.to_owned());
    db.write(move |tx| {
        let (new, text, tags) = (new.clone(), text.clone(), tags.clone());
        Box::pin(async move { rows::insert(tx, &new, &text, &tags).await })
    })
    .await?;
    model(db, name).await
}

/// A name that can stand in `models:/<name>/<version>`.
fn check_name(parameter: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(check::missing(parameter));
    }
    if name.contains(['/', ':']) {
        return Err(Error::invalid(format!(
            "Invalid model name '{name}'. Names cannot contain '/' or ':'."
        )));
    }
    if name == "." || name == ".." {
        return Err(Error::invalid(format!(
            "Invalid model name '{name}'. It means another folder."
        )));
    }
    check::length(parameter, 256, name)
}

/// A tag of a model or version: longer values than a run's.
pub(crate) fn check_tag(tag: &Tag) -> Result<()> {
    check::key("key", &tag.key)?;
    check::length("key", 250, &tag.key)?;
    check::length("value", 100_000, &tag.value)
}

/// One model.
pub async fn model(db: &Db, name: &str) -> Result<Model> {
    check_name("name", name)?;
    rows::by_name(db, name).await
}

/// Models by filter, by name where no order is asked for.
pub async fn search_models(db: &Db, search: &ModelSearch) -> Result<Page<Model>> {
    rows::search(db, search).await
}

/// Replaces the description.
pub async fn describe_model(db: &Db, name: &str, description: &str) -> Result<Model> {
    let (changed, text) = (name.to_owned(), description.to_owned());
    db.write(move |tx| {
        let (changed, text) = (changed.clone(), text.clone());
        Box::pin(async move {
            rows::touch(tx, &changed).await?;
            tx.execute(
                "update registered_model set description = $2 where name = $1",
                &[changed.into(), text.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await?;
    model(db, name).await
}

/// Gives a model another name, with its versions, tags and aliases. An alias that the new name protects must pass
/// its gate there, so that renaming is no way around it.
pub async fn rename_model(db: &Db, name: &str, new_name: &str, actor: &str) -> Result<Model> {
    check_name("new_name", new_name)?;
    model(db, name).await?;
    for (alias, version) in rows::aliases(db, name).await? {
        guard_alias(db, name, &alias, version).await?;
        guard_alias(db, new_name, &alias, version)
            .await
            .map_err(|error| not_judged(error, new_name, &alias))?;
    }
    let by = By::of(db, name, actor).await?;
    let (old, new) = (name.to_owned(), new_name.to_owned());
    db.write(move |tx| {
        let (old, new, by) = (old.clone(), new.clone(), by.clone());
        Box::pin(async move {
            rows::rename(tx, &old, &new).await?;
            let aliases = rows::aliases_now(tx, &new).await?;
            tx.audit(&by.entry(
                "registry.model-renamed",
                &new,
                json!({ "from": old, "aliases": aliases }),
            ))
            .await
        })
    })
    .await?;
    model(db, new_name).await
}

/// A version that does not exist under the new name yet cannot have passed a gate there.
fn not_judged(error: Error, new_name: &str, alias: &str) -> Error {
    if error.kind() != Kind::NotFound {
        return error;
    }
    Error::forbidden(format!(
        "the alias {alias:?} of {new_name} is protected, and nothing was judged under that name"
    ))
    .hint(format!(
        "remove the alias {alias:?} first, then rename and promote"
    ))
}

/// Removes a model with its versions; an alias on it that is protected must pass its gate.
pub async fn delete_model(db: &Db, name: &str, actor: &str) -> Result<()> {
    model(db, name).await?;
    for (alias, version) in rows::aliases(db, name).await? {
        guard_alias(db, name, &alias, version).await?;
    }
    let by = By::of(db, name, actor).await?;
    let name = name.to_owned();
    db.write(move |tx| {
        let (name, by) = (name.clone(), by.clone());
        Box::pin(async move {
            let aliases = rows::aliases_now(tx, &name).await?;
            rows::remove(tx, &name).await?;
            tx.audit(&by.entry(
                "registry.model-deleted",
                &name,
                json!({ "aliases": aliases }),
            ))
            .await
        })
    })
    .await
}

/// Who changes a model, and for which project: what every entry in the audit log says.
#[derive(Clone)]
pub(crate) struct By {
    actor: String,
    project: String,
}

impl By {
    /// `actor`, changing `model`; a model may belong to no project.
    pub(crate) async fn of(db: &Db, model: &str, actor: &str) -> Result<Self> {
        let all = project::projects(db).await?;
        let owner = all
            .into_iter()
            .find(|project| project.file.model_name() == model);
        Ok(Self {
            actor: actor.to_owned(),
            project: owner.map(|project| project.name).unwrap_or_default(),
        })
    }

    pub(crate) fn entry(
        &self,
        action: &str,
        object: &str,
        detail: serde_json::Value,
    ) -> AuditEntry {
        AuditEntry {
            actor: self.actor.clone(),
            action: action.to_owned(),
            project: self.project.clone(),
            object: format!("model/{object}"),
            detail,
        }
    }
}

/// Sets a tag, replacing its value.
pub async fn set_model_tag(db: &Db, name: &str, tag: Tag) -> Result<()> {
    check_name("name", name)?;
    check_tag(&tag)?;
    let name = name.to_owned();
    db.write(move |tx| {
        let (name, tag) = (name.clone(), tag.clone());
        Box::pin(async move {
            rows::touch(tx, &name).await?;
            rows::put_tag(tx, &name, &tag).await
        })
    })
    .await
}

/// Removes a tag; removing what is not there is not an error.
pub async fn delete_model_tag(db: &Db, name: &str, key: &str) -> Result<()> {
    let (name, key) = (name.to_owned(), key.to_owned());
    db.write(move |tx| {
        let (name, key) = (name.clone(), key.clone());
        Box::pin(async move {
            rows::touch(tx, &name).await?;
            tx.execute(
                "delete from registered_model_tag where name = $1 and key = $2",
                &[name.into(), key.into()],
            )
            .await?;
            Ok(())
        })
    })
    .await
}

/// The newest version of each of `stages`, of every stage where the list is empty.
pub async fn latest_versions(db: &Db, name: &str, stages: &[Stage]) -> Result<Vec<ModelVersion>> {
    let mut latest = model(db, name).await?.latest;
    latest.retain(|version| stages.is_empty() || stages.contains(&version.stage));
    Ok(latest)
}
