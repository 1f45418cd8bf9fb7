//! Tasks: what a person must do because the loop may not go on by itself.

use ::store::Db;
use base::{Page, PageRequest, Result};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::store::task as rows;

/// Something for a person. Times are milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromRow)]
pub struct Task {
    /// `task-…`
    pub id: String,
    /// In which project.
    pub project: String,
    /// Who is asked: a role.
    pub role: String,
    /// What to do, and why.
    pub text: String,
    /// Where to look: the address of a page.
    pub link: String,
    /// `open` or `done`.
    pub state: String,
    /// When it was made.
    pub opened_at: i64,
    /// Who did it.
    pub done_by: Option<String>,
    /// When it was done.
    pub done_at: Option<i64>,
}

/// Tasks that wait for somebody, of one project (or of all, where it is empty), newest first.
pub async fn open_tasks(db: &Db, project: &str) -> Result<Vec<Task>> {
    rows::open(db, project).await
}

/// All tasks of a project, newest first.
pub async fn tasks(db: &Db, project: &str, page: &PageRequest) -> Result<Page<Task>> {
    rows::page(db, project, page).await
}

/// Notes that `actor` has done it. Doing it again changes nothing. Done with the task that a circuit opened, the
/// circuit is closed: failures are counted from now on.
pub async fn finish_task(db: &Db, project: &str, id: &str, actor: &str) -> Result<Task> {
    rows::finish(db, project, id, actor).await
}
