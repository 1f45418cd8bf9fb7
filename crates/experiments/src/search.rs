//! Search for runs: a filter, an order of several keys, a page.

use base::{ExperimentId, Page, Result};
use store::Db;

use crate::experiment::ViewType;
use crate::run::Run;
use crate::store::run as rows;

/// Which runs to list.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// In these experiments.
    pub experiment_ids: Vec<ExperimentId>,
    /// `metrics.wape < 0.3 AND params.model = 'ridge' AND tags.team LIKE 'ops%'`
    pub filter: String,
    /// `metrics.wape ASC`, `start_time DESC`; newest first where it is empty.
    pub order_by: Vec<String>,
    /// 1 to 50,000; 1,000 where it is not given.
    pub max_results: Option<i64>,
    /// Where the page before ended.
    pub page_token: Option<String>,
    /// Active, deleted or both.
    pub view: ViewType,
}

/// Runs by filter, each with its latest metrics, params, tags and inputs.
pub async fn search_runs(db: &Db, search: &Search) -> Result<Page<Run>> {
    rows::search(db, search).await
}
