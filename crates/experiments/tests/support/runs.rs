//! What the stories of experiments share.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use experiments::{Experiment, NewRun, Run, Search};
use store::{Db, Migrations};

pub fn tables() -> Migrations {
    Migrations::default().with("experiments", experiments::MIGRATIONS)
}

pub async fn run(db: &Db, experiment: &Experiment, name: &str, start: i64) -> Run {
    let new = NewRun {
        experiment_id: experiment.id.clone(),
        name: name.into(),
        tags: vec![],
        start_time: Some(start),
        user: "ada".into(),
    };
    experiments::create_run(db, new).await.unwrap()
}

pub async fn names(db: &Db, experiment: &Experiment, filter: &str, order: &[&str]) -> Vec<String> {
    let search = Search {
        experiment_ids: vec![experiment.id.clone()],
        filter: filter.into(),
        order_by: order.iter().map(ToString::to_string).collect(),
        ..Search::default()
    };
    let page = experiments::search_runs(db, &search)
        .await
        .unwrap_or_else(|error| panic!("{filter}: {error:?}"));
    page.items.into_iter().map(|run| run.name).collect()
}
