//! The verbs of a project: plan, apply, look up.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base::{Error, Result};
use sha2::{Digest as _, Sha256};
use store::{AuditEntry, Db};

use crate::file::{ProjectFile, parse};
use crate::plan::{Change, ChangeKind, Plan, difference};
use crate::store::{self as rows, Row};

/// A project as it is applied.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Which version of the file this is, from 1.
    pub version: i64,
    /// What the file says.
    pub file: Arc<ProjectFile>,
    /// The file itself.
    pub text: String,
    /// The folder that relative paths in the file start from.
    pub base_dir: PathBuf,
    /// What identifies the content: comments and layout do not count.
    pub digest: String,
    /// When it was applied, in milliseconds since the epoch.
    pub applied_at: i64,
}

impl Project {
    fn from_row(row: Row) -> Result<Self> {
        let file = parse(&row.content).map_err(|error| {
            error.at(format_args!(
                "project {}, version {}",
                row.name, row.version
            ))
        })?;
        Ok(Self {
            name: row.name,
            version: row.version,
            file: Arc::new(file),
            text: row.content,
            base_dir: row.base_dir.into(),
            digest: row.digest,
            applied_at: row.applied_at,
        })
    }
}

/// The project of that name.
pub async fn project(db: &Db, name: &str) -> Result<Project> {
    let row = rows::one(db, name).await?.ok_or_else(|| {
        Error::not_found(format!("no project is named {name:?}"))
            .hint("`ironloop apply` makes a project from an ironloop.toml")
    })?;
    Project::from_row(row)
}

/// All projects, by name.
pub async fn projects(db: &Db) -> Result<Vec<Project>> {
    rows::all(db)
        .await?
        .into_iter()
        .map(Project::from_row)
        .collect()
}

/// The version of a criterion that holds now.
pub async fn criterion_version(db: &Db, project: &str, id: &str) -> Result<i64> {
    let newest = rows::criterion_versions(db, project, id).await?;
    newest
        .first()
        .map(|criterion| criterion.version)
        .ok_or_else(|| Error::not_found(format!("project {project:?} has no criterion {id:?}")))
}

/// What [`apply`] would change.
pub async fn plan(db: &Db, text: &str, base_dir: &Path) -> Result<Plan> {
    Ok(draft(db, text, base_dir).await?.1)
}

/// Makes the project be what the file says. Without a change nothing is written; with one, the file's version, the
/// versions of its criteria and the audit entry commit together.
pub async fn apply(db: &Db, text: &str, base_dir: &Path, actor: &str) -> Result<(Project, Plan)> {
    let (file, plan) = draft(db, text, base_dir).await?;
    if plan.changes.is_empty() {
        return Ok((project(db, &file.project.name).await?, plan));
    }
    let row = Row {
        name: file.project.name.clone(),
        version: plan.from_version + 1,
        base_dir: base_dir.display().to_string(),
        digest: digest(&file)?,
        content: text.to_owned(),
        applied_at: db.clock().now_ms(),
        applied_by: actor.to_owned(),
    };
    save(db, row, file.clone(), &plan).await?;
    Ok((project(db, &file.project.name).await?, plan))
}

async fn save(db: &Db, row: Row, file: ProjectFile, plan: &Plan) -> Result<()> {
    let changes: Vec<_> = plan
        .changes
        .iter()
        .map(|change| serde_json::json!({"kind": change.kind, "object": change.object}))
        .collect();
    let (from, file) = (plan.from_version, Arc::new(file));
    db.write(move |tx| {
        let (row, file, changes) = (row.clone(), file.clone(), changes.clone());
        Box::pin(async move {
            rows::save(tx, &row, from).await?;
            let mut criteria = serde_json::Map::new();
            for criterion in &file.criteria {
                let (version, is_new) = rows::save_criterion(tx, &row.name, criterion, &row.applied_by).await?;
                if is_new {
                    criteria.insert(criterion.id.clone(), version.into());
                }
            }
            tx.audit(&AuditEntry {
                actor: row.applied_by,
                action: "project.applied".to_owned(),
                object: format!("project/{}", row.name),
                project: row.name,
                detail: serde_json::json!({"version": row.version, "digest": row.digest, "changes": changes, "criteria": criteria}),
            })
            .await
        })
    })
    .await
}

async fn draft(db: &Db, text: &str, base_dir: &Path) -> Result<(ProjectFile, Plan)> {
    let file = parse(text)?;
    let applied = rows::one(db, &file.project.name).await?;
    let before = applied
        .as_ref()
        .map(|row| parse(&row.content))
        .transpose()?;
    let mut changes = difference(before.as_ref(), &file)?;
    if let Some(row) = &applied {
        let folder = base_dir.display().to_string();
        if row.base_dir != folder {
            changes.push(Change {
                kind: ChangeKind::Change,
                object: "base_dir".to_owned(),
                before: Some(row.base_dir.as_str().into()),
                after: Some(folder.into()),
            });
        } else if changes.is_empty() && row.content != text {
            changes.push(Change {
                kind: ChangeKind::Change,
                object: "comments and layout".to_owned(),
                before: None,
                after: None,
            });
        }
    }
    let plan = Plan {
        project: file.project.name.clone(),
        from_version: applied.map_or(0, |row| row.version),
        changes,
        warnings: file.notes.clone(),
    };
    Ok((file, plan))
}

fn digest(file: &ProjectFile) -> Result<String> {
    let mut content = serde_json::to_value(file)?;
    content.sort_all_objects();
    Ok(hex::encode(Sha256::digest(content.to_string())))
}
