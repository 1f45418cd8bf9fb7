//! Server-sent events: a job's progress, for as long as somebody looks.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::Stream;

use crate::app::App;
use crate::error::Problem;
use crate::v1::job::JobDocument;

/// `GET /api/v1/jobs/{id}/events`: the job's document each time it changes, until it has ended.
pub async fn job_events(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    store::job(&app.db, &id).await?;
    let stream = futures::stream::unfold(
        (app, id, None::<String>, false),
        |(app, id, last, ended)| async move {
            if ended {
                return None;
            }
            loop {
                let job = store::job(&app.db, &id).await.ok()?;
                let ended = job.ended();
                let text = serde_json::to_string(&JobDocument::from(job)).ok()?;
                if last.as_deref() != Some(text.as_str()) {
                    let event = Event::default().event("job").data(&text);
                    return Some((Ok(event), (app, id, Some(text), ended)));
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        },
    );
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
