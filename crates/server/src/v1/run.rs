//! The runs of a project: trials, users' own runs, and the trainings that they belong to.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use base::Page;
use experiments::{Run, Search};
use serde::{Deserialize, Serialize};

use super::{Problem, Query};
use crate::app::App;

/// Runs per page, unless the caller says otherwise.
const PAGE: usize = 50;
/// More than this nobody gets at once.
const MOST: usize = 1000;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/projects/{project}/runs", get(list))
}

#[derive(Debug, Deserialize)]
struct Filter {
    /// MLflow's search language: `metrics.wape < 0.3 AND params.algorithm = 'ridge'`.
    #[serde(default)]
    filter: String,
    /// `metrics.wape ASC`, several with commas; the newest first where it is empty.
    #[serde(default)]
    order_by: String,
    limit: Option<usize>,
    token: Option<String>,
}

#[derive(Debug, Serialize)]
struct RunDocument {
    run_id: String,
    name: String,
    status: &'static str,
    start_time: i64,
    end_time: Option<i64>,
    /// The candidate's id; null for a run that is no trial.
    candidate: Option<String>,
    /// `training`, `trial`; null for a user's own run.
    kind: Option<String>,
    parent_run: Option<String>,
    /// Whether a model was logged.
    has_model: bool,
    metrics: BTreeMap<String, f64>,
    params: BTreeMap<String, String>,
    /// Per criterion, where the run was evaluated.
    verdicts: BTreeMap<String, project::Verdict>,
}

async fn list(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(query): Query<Filter>,
) -> Result<Json<Page<RunDocument>>, Problem> {
    let project = project::project(&app.db, &name).await?;
    let Some(spec) = &project.file.train else {
        return Ok(Json(Page {
            items: Vec::new(),
            next: None,
        }));
    };
    let experiment = experiments::experiment_named(&app.db, &spec.experiment).await?;
    let search = Search {
        experiment_ids: vec![experiment.id],
        filter: query.filter,
        order_by: query
            .order_by
            .split(',')
            .map(|key| key.trim().to_owned())
            .filter(|key| !key.is_empty())
            .collect(),
        max_results: i64::try_from(query.limit.unwrap_or(PAGE).clamp(1, MOST)).ok(),
        page_token: query.token,
        ..Search::default()
    };
    let page = experiments::search_runs(&app.db, &search).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for run in page.items {
        let verdicts = verdicts(&app, &name, &run).await?;
        items.push(document(run, verdicts));
    }
    Ok(Json(Page {
        items,
        next: page.next,
    }))
}

/// What the latest evaluation of the run said per criterion.
async fn verdicts(
    app: &App,
    project: &str,
    run: &Run,
) -> Result<BTreeMap<String, project::Verdict>, Problem> {
    let evaluation = registry::evaluation_of_run(&app.db, project, run.id.as_str()).await?;
    Ok(evaluation
        .map(|evaluation| {
            evaluation
                .criteria
                .into_iter()
                .map(|criterion| (criterion.id, criterion.verdict))
                .collect()
        })
        .unwrap_or_default())
}

fn document(run: Run, verdicts: BTreeMap<String, project::Verdict>) -> RunDocument {
    let tag = |key: &str| run.tag(key).map(str::to_owned);
    RunDocument {
        candidate: tag("ironloop.candidate"),
        kind: tag("ironloop.kind"),
        parent_run: tag("mlflow.parentRunId"),
        has_model: run.tag("ironloop.model.digest").is_some() || !run.model_outputs.is_empty(),
        metrics: run
            .metrics
            .iter()
            .filter(|metric| metric.value.is_finite())
            .map(|metric| (metric.key.clone(), metric.value))
            .collect(),
        params: run
            .params
            .iter()
            .map(|param| (param.key.clone(), param.value.clone()))
            .collect(),
        status: run.status.as_str(),
        run_id: run.id.to_string(),
        name: run.name,
        start_time: run.start_time,
        end_time: run.end_time,
        verdicts,
    }
}
