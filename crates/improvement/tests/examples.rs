//! The examples that are shipped: their files are read, their data passes its own rules, and what the flights'
//! readme says of the data is so.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::path::{Path, PathBuf};

use base::Clock;
use data::{Data, State};
use store::Migrations;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(example(name).join("ironloop.toml")).unwrap()
}

#[test]
fn the_pipelines_of_the_examples_end_with_their_own_endpoint() {
    for name in ["bikes", "flights"] {
        let file = project::parse(&text(name)).unwrap();
        let last = file.pipelines["retrain"].steps.last().unwrap();
        assert_eq!(*last, project::Step::Deploy(format!("{name}-api")));
        assert!(
            file.monitors
                .iter()
                .all(|monitor| monitor.deployment == format!("{name}-api"))
        );
        assert!(file.guard.is_some());
    }
}

// proves S23 (a leak is barred by name)
#[test]
fn a_column_that_is_known_only_after_departure_cannot_become_a_feature() {
    let leak = text("flights").replace("{ name = \"distance\", ", "{ name = \"dep_delay\", type = \"f32\", why = \"it says it all\" },\n  { name = \"distance\", ");
    let refused = project::parse(&leak).unwrap_err();
    assert!(refused.message().contains("dep_delay"), "{refused}");
}

// proves S20 S28
#[tokio::test(flavor = "multi_thread")]
async fn the_flights_of_five_months_pass_their_rules_and_are_ready_to_learn_from() {
    let june = Clock::manual("2013-06-01T00:00:00Z".parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let db = store::Db::open(
        &format!("sqlite:{}", folder.path().join("ironloop.db").display()),
        june,
    )
    .await
    .unwrap();
    Migrations::default()
        .with("project", project::MIGRATIONS)
        .with("data", data::MIGRATIONS)
        .run(&db)
        .await
        .unwrap();
    let (flights, _) = project::apply(&db, &text("flights"), &example("flights"), "ds")
        .await
        .unwrap();
    let data = Data::new(db, &folder.path().join("tables").display().to_string()).unwrap();
    let added = data
        .add(&flights, "departures", None, "de")
        .await
        .unwrap()
        .version;
    assert_eq!(
        (added.state, added.rows, added.hidden),
        (State::Current, 137_915, 198_861)
    );

    let prepared = data.prepare(&flights).await.unwrap();
    assert_eq!(prepared.task, data::Task::Binary);
    assert_eq!(prepared.features.len(), 10);
    let known: Vec<f64> = prepared
        .label
        .iter()
        .copied()
        .filter(|label| label.is_finite())
        .collect();
    let late = known.iter().sum::<f64>() / known.len() as f64;
    assert!(
        (late - 0.237).abs() < 0.005,
        "{late} of the flights are late"
    );
    let today = prepared.today.unwrap();
    let answered =
        today.iter().filter(|today| today.is_finite()).count() as f64 / today.len() as f64;
    assert!(
        answered > 0.98,
        "today's rule has an answer for {answered} of the flights"
    );
    let held_out = prepared.holdout.len();
    assert!(
        (24_000..27_000).contains(&held_out),
        "{held_out} flights are held out"
    );
    let origins: std::collections::BTreeSet<&str> = prepared.slices["origin"]
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(
        origins.into_iter().collect::<Vec<_>>(),
        ["EWR", "JFK", "LGA"]
    );
}
