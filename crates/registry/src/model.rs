//! Model: a registered name under which versions are numbered.

use base::{Page, PageRequest, Result};
use experiments::Tag;
use store::Db;

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
pub async fn create_model(_db: &Db, _name: &str, _description: &str, _tags: Vec<Tag>) -> Result<Model> {
    todo!()
}

/// One model.
pub async fn model(_db: &Db, _name: &str) -> Result<Model> {
    todo!()
}

/// Models by filter, by name where no order is asked for.
pub async fn search_models(_db: &Db, _search: &ModelSearch) -> Result<Page<Model>> {
    todo!()
}

/// Replaces the description.
pub async fn describe_model(_db: &Db, _name: &str, _description: &str) -> Result<Model> {
    todo!()
}

/// Gives a model another name, with its versions, tags and aliases.
pub async fn rename_model(_db: &Db, _name: &str, _new_name: &str, _actor: &str) -> Result<Model> {
    todo!()
}

/// Removes a model with its versions.
pub async fn delete_model(_db: &Db, _name: &str, _actor: &str) -> Result<()> {
    todo!()
}

/// Sets a tag, replacing its value.
pub async fn set_model_tag(_db: &Db, _name: &str, _tag: Tag) -> Result<()> {
    todo!()
}

/// Removes a tag.
pub async fn delete_model_tag(_db: &Db, _name: &str, _key: &str) -> Result<()> {
    todo!()
}

/// The newest version of each of `stages`, of every stage where the list is empty.
pub async fn latest_versions(_db: &Db, _name: &str, _stages: &[Stage]) -> Result<Vec<ModelVersion>> {
    todo!()
}
