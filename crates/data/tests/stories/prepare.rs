//! From versions to rows that a model may learn from.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use data::{FeatureKind, State, Task};

use crate::shop::{Home, SHOP, bikes, migrations, sales};

// proves S21 S38
#[tokio::test]
async fn a_view_counts_what_it_drops_and_rows_are_prepared_in_order_of_time() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales());
    let project = home.project(SHOP).await;
    home.data.add(&project, "sales", None, "de").await.unwrap();
    let view = home.data.view(&project, "days").await.unwrap();
    assert_eq!((view.rows_in, view.rows_out), (20, 19));
    assert_eq!(
        view.digest,
        home.data.view(&project, "days").await.unwrap().digest
    );

    let rows = home.data.prepare(&project).await.unwrap();
    assert_eq!(rows.task, Task::Regression);
    let features: Vec<_> = rows
        .features
        .iter()
        .map(|feature| (feature.name.as_str(), feature.kind))
        .collect();
    assert_eq!(
        features,
        [
            ("at", FeatureKind::Datetime),
            ("shop", FeatureKind::Category),
            ("last", FeatureKind::Numeric)
        ]
    );
    let times = rows.time_ms.as_ref().unwrap();
    assert!(times.is_sorted());
    assert_eq!(rows.batch.num_rows(), 19);
    // The rule of today knows nothing on the first day of a shop.
    assert_eq!(
        rows.today
            .as_ref()
            .unwrap()
            .iter()
            .filter(|value| value.is_nan())
            .count(),
        2
    );
    let newest = *times.last().unwrap();
    assert!(
        rows.holdout
            .iter()
            .all(|row| times[*row as usize] > newest - 2 * 86_400_000)
    );
    assert_eq!(
        (rows.train.len() + rows.holdout.len(), rows.folds.len()),
        (19, 2)
    );
    assert_eq!(
        (rows.dataset.name.as_str(), rows.dataset.version),
        ("sales", 1)
    );

    let answer = home.data.feasibility(&project).await;
    assert_eq!(answer.verdict, "feasible", "{answer:?}");
}

// proves S28
#[tokio::test]
async fn feasibility_is_known_before_any_version_is_made() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    let project = home.project(SHOP).await;
    let nothing = home.data.feasibility(&project).await;
    assert_eq!(nothing.verdict, "unknown");
    assert!(
        nothing.checks[0].reason.contains("sales*.csv"),
        "{nothing:?}"
    );
    home.file("sales.csv", &sales());
    assert_eq!(home.data.feasibility(&project).await.verdict, "feasible");
    let project = home
        .project(&SHOP.replace("min_rows = 5", "min_rows = 5000"))
        .await;
    let too_few = home.data.feasibility(&project).await;
    assert_eq!(too_few.verdict, "not_feasible");
    let reason = too_few
        .checks
        .iter()
        .find(|check| check.id == "min_rows")
        .unwrap();
    assert_eq!(reason.reason, "19 rows have a known label, 5000 are needed");
}

// proves S21
#[tokio::test]
async fn a_feature_that_is_barred_or_not_a_column_is_named() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales());
    let project = home.project(SHOP).await;
    home.data.add(&project, "sales", None, "de").await.unwrap();
    let shop = "{ name = \"shop\", type = \"category\" }";
    for (instead, expected) in [
        (
            "{ name = \"mail\", sql = \"email\", type = \"category\" }",
            "barred",
        ),
        (
            "{ name = \"twice\", sql = \"before * 2\", type = \"f32\" }",
            "is an expression",
        ),
        (
            "{ name = \"colour\", type = \"category\" }",
            "no column \"colour\"",
        ),
        (
            "{ name = \"shop\", type = \"f32\" }",
            "holds text where a number belongs",
        ),
    ] {
        // A barred column is found in the file already where that is possible.
        let text = SHOP.replace(shop, instead);
        let error = match project::apply(&home.db, &text, home.folder.path(), "de").await {
            Ok((project, _)) => home.data.prepare(&project).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(
            error.to_string().contains(expected)
                || (expected == "barred" && error.to_string().contains("never")),
            "{instead}: {error:?}"
        );
    }
}

// proves S23
#[tokio::test]
async fn a_row_younger_than_the_horizon_has_no_label_yet() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file(
        "sales.csv",
        &sales().replace("2026-01-06T10", "2026-01-05T07"),
    );
    let project = home.project(SHOP).await;
    home.data.add(&project, "sales", None, "de").await.unwrap();
    let rows = home.data.prepare(&project).await.unwrap();
    assert_eq!(rows.label.iter().filter(|label| label.is_nan()).count(), 2);
    assert!(
        rows.holdout
            .iter()
            .chain(&rows.train)
            .all(|row| !rows.label[*row as usize].is_nan())
    );
}

// proves S20 S21 S28
#[tokio::test]
async fn the_bikes_go_from_the_file_to_held_out_weeks() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    let text = std::fs::read_to_string(bikes().join("ironloop.toml")).unwrap();
    let (project, _) = project::apply(&home.db, &text, &bikes(), "de")
        .await
        .unwrap();
    let good = home
        .data
        .add(&project, "trips", None, "de")
        .await
        .unwrap()
        .version;
    assert_eq!((good.rows, good.state), (78_421, State::Current));
    assert_eq!(good.checks.counts(), (6, 0, 1), "{:?}", good.checks);

    let broken = home
        .data
        .add(
            &project,
            "trips",
            Some(Path::new("broken/trips.parquet")),
            "de",
        )
        .await
        .unwrap()
        .version;
    assert_eq!(
        broken.checks.stopped_by(),
        ["one-row-per-hour", "count-plausible"]
    );
    let no_rain = home
        .data
        .add(
            &project,
            "trips",
            Some(Path::new("broken/no-rain.csv")),
            "de",
        )
        .await
        .unwrap()
        .version;
    assert_eq!(no_rain.checks.stopped_by(), ["columns", "enough-rows"]);
    let ragged = home
        .data
        .add(
            &project,
            "trips",
            Some(Path::new("broken/ragged.csv")),
            "de",
        )
        .await
        .unwrap_err();
    assert!(ragged.message().contains("line 13"), "{ragged:?}");
    assert_eq!(
        home.data
            .version("bikes", "trips", None)
            .await
            .unwrap()
            .version,
        1
    );

    let rows = home
        .data
        .prepare_at(&project, &BTreeMap::from([("trips".to_owned(), 1)]))
        .await
        .unwrap();
    let names: Vec<&str> = rows
        .features
        .iter()
        .map(|feature| feature.name.as_str())
        .collect();
    assert_eq!(names, ["ts", "tmin", "tmax", "pn"]);
    let times = rows.time_ms.as_ref().unwrap();
    let week = 7 * 86_400_000;
    assert!(
        rows.holdout
            .iter()
            .all(|row| (times[*row as usize] - 345_600_000).rem_euclid(6 * week) < week)
    );
    let share = rows.holdout.len() as f64 / (rows.holdout.len() + rows.train.len()) as f64;
    assert!((0.1..0.25).contains(&share), "{share}");
    assert_eq!(rows.folds.len(), 4);
    assert_eq!(
        rows.slices["day_type"]
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        2
    );
    let counts = rows
        .batch
        .column_by_name("count")
        .unwrap()
        .as_primitive::<Int64Type>();
    assert!(
        (0..counts.len())
            .step_by(997)
            .all(|row| rows.label[row] == counts.value(row) as f64)
    );
}

// proves S20 S28
#[tokio::test]
async fn a_third_of_a_million_flights_with_words_and_gaps_are_added_and_prepared() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights");
    let text = std::fs::read_to_string(folder.join("ironloop.toml")).unwrap();
    let (project, _) = project::apply(&home.db, &text, &folder, "de")
        .await
        .unwrap();
    let version = home
        .data
        .add(&project, "departures", None, "de")
        .await
        .unwrap()
        .version;
    assert_eq!((version.rows, version.state), (336_776, State::Current));
    let rows = home.data.prepare(&project).await.unwrap();
    assert_eq!(rows.task, Task::Binary);
    assert!(
        rows.label
            .iter()
            .all(|label| label.is_nan() || *label == 0.0 || *label == 1.0)
    );
    assert_eq!(
        rows.slices["origin"]
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        3
    );
    assert!(
        !rows
            .features
            .iter()
            .any(|feature| feature.name == "dep_delay")
    );
    assert!(!rows.train.is_empty() && !rows.holdout.is_empty());
}
