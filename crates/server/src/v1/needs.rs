//! What waits for a person: approvals that were asked for, alerts that are open, tasks, and work that failed last.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use base::{Page, PageRequest, Result};
use serde::{Deserialize, Serialize};
use store::{Db, Job};

use super::{Problem, Query};
use crate::app::App;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/needs", get(list))
}

#[derive(Debug, Deserialize)]
struct Filter {
    #[serde(default)]
    project: String,
}

/// One thing that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Need {
    /// `approval`, `alert`, `task` or `job`.
    kind: &'static str,
    project: String,
    text: String,
    /// The address of the page where it is done.
    link: String,
    at: i64,
}

async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Page<Need>>, Problem> {
    let mut items = approvals(&app.db, &filter.project).await?;
    items.extend(alerts(&app.db, &filter.project).await?);
    items.extend(tasks(&app.db, &filter.project).await?);
    items.extend(failures(&app.db, &filter.project).await?);
    items.sort_by_key(|need| std::cmp::Reverse(need.at));
    Ok(Json(Page { items, next: None }))
}

async fn approvals(db: &Db, project: &str) -> Result<Vec<Need>> {
    let open = registry::open_approvals(db, project).await?;
    Ok(open
        .into_iter()
        .map(|asked| Need {
            kind: "approval",
            text: format!(
                "{} version {} waits for the {} (gate {})",
                asked.model, asked.version, asked.role, asked.gate
            ),
            link: format!(
                "/p/{}/models/{}/{}",
                asked.project, asked.model, asked.version
            ),
            project: asked.project,
            at: asked.asked_at,
        })
        .collect())
}

async fn alerts(db: &Db, project: &str) -> Result<Vec<Need>> {
    let open = monitoring::open_alerts(db, project).await?;
    Ok(open
        .into_iter()
        .map(|alert| Need {
            kind: "alert",
            text: format!("{}: {}", alert.monitor, alert.message),
            link: format!("/p/{}/monitoring/{}", alert.project, alert.endpoint),
            project: alert.project,
            at: alert.opened_at,
        })
        .collect())
}

async fn tasks(db: &Db, project: &str) -> Result<Vec<Need>> {
    let open = improvement::open_tasks(db, project).await?;
    Ok(open
        .into_iter()
        .map(|task| Need {
            kind: "task",
            project: task.project,
            text: task.text,
            link: task.link,
            at: task.opened_at,
        })
        .collect())
}

async fn failures(db: &Db, project: &str) -> Result<Vec<Need>> {
    let newest = store::jobs(
        db,
        project,
        &PageRequest {
            limit: Some(200),
            token: None,
        },
    )
    .await?;
    Ok(last_failures(newest.items))
}

/// Work that failed and has not been done again since: of each kind and project only the newest job counts.
fn last_failures(newest_first: Vec<Job>) -> Vec<Need> {
    let mut seen = std::collections::HashSet::new();
    newest_first
        .into_iter()
        .filter(|job| {
            job.ended()
                && seen.insert((job.project.clone(), job.kind.clone()))
                && job.state == "failed"
        })
        .map(|job| Need {
            kind: "job",
            text: format!("{} failed: {}", job.kind, job.error),
            link: if job.project.is_empty() {
                "/jobs".to_owned()
            } else {
                format!("/p/{}/jobs", job.project)
            },
            project: job.project,
            at: job.finished_at.unwrap_or(job.created_at),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(kind: &str, state: &str, at: i64) -> Job {
        Job {
            id: format!("job-{at}"),
            kind: kind.to_owned(),
            project: "bikes".to_owned(),
            input: "{}".to_owned(),
            state: state.to_owned(),
            progress: "{}".to_owned(),
            result: "{}".to_owned(),
            error: "no such column".to_owned(),
            attempts: 1,
            created_at: at,
            started_at: Some(at),
            finished_at: Some(at),
        }
    }

    #[test]
    fn a_failure_waits_until_the_work_is_done_again() {
        let jobs = vec![
            job("train", "done", 4),
            job("ingest", "failed", 3),
            job("train", "failed", 2),
            job("ingest", "done", 1),
        ];
        let waiting: Vec<(&str, i64)> = last_failures(jobs)
            .into_iter()
            .map(|need| (need.kind, need.at))
            .collect();
        assert_eq!(waiting, [("job", 3)]);
    }
}
