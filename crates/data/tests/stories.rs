//! What happens to rows between a file and training, on both databases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Int64Type;
use base::{Kind, PageRequest};
use data::{Data, FeatureKind, State, Task};
use project::{Project, Verdict};
use store::{Db, Migrations};

fn migrations() -> Migrations {
    Migrations::default().with("project", project::MIGRATIONS).with("data", data::MIGRATIONS)
}

/// A project on a folder of its own.
struct Home {
    folder: tempfile::TempDir,
    db: Db,
    data: Data,
}

impl Home {
    fn new(db: Db) -> Self {
        deltalake_needs_tls();
        let folder = tempfile::tempdir().unwrap();
        let data = Data::new(db.clone(), folder.path().join("tables").to_str().unwrap()).unwrap();
        Self { folder, db, data }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn project(&self, text: &str) -> Project {
        project::apply(&self.db, text, self.folder.path(), "de").await.unwrap().0
    }
}

/// The server's main function does this; Delta's engine asks for it even where no network is used.
fn deltalake_needs_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn bikes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/bikes")
}

const SHOP: &str = r#"
schema = 1
[project]
name = "shop"
owner = "de"

[charter]
problem = "Queues"
decision = "Open a second till"
today_sql = "before"
feasible = { min_rows = 5, max_missing = 0.5, max_label_delay = "2d" }

[dataset.sales]
source = { kind = "file", path = "sales*.csv" }
time = "at"
columns = { email = { use = "never" } }

[[expect]]
dataset = "sales"
id = "known-amount"
check = "between"
column = "amount"
min = 0
severity = "error"

[[expect]]
dataset = "sales"
id = "once"
check = "unique"
columns = ["at", "shop"]
severity = "error"

[[expect]]
dataset = "sales"
id = "fresh"
check = "max_age"
value = "2d"
severity = "warn"

[view.days]
from = ["sales"]
sql = "select at, shop, email, amount, lag(amount) over (partition by shop order by at) as before from sales where amount is not null"

[features.day]
from = "days"
time = "at"
feature = [{ name = "at", type = "datetime" }, { name = "shop", type = "category" }, { name = "last", sql = "before", type = "f32" }]

[label]
name = "amount"
from = "days"
sql = "amount"
horizon = "1d"

[split]
by = "time"
holdout = "2d"
validate = { folds = 2, gap = "0s" }
"#;

/// Ten days to 2026-01-04 in two shops, and one day that has not come yet: the clock stands at 2026-01-05T08:00Z.
fn sales() -> String {
    let mut text = "at,shop,email,amount\n".to_owned();
    for day in 0..11 {
        let date = if day < 10 { format!("2025-12-{}", 22 + day) } else { "2026-01-06".to_owned() };
        for shop in ["north", "south"] {
            let amount = if day == 3 && shop == "south" { String::new() } else { (100 + day * 10 + shop.len()).to_string() };
            text.push_str(&format!("{date}T10:00:00,{shop},a@example.org,{amount}\n"));
        }
    }
    text
}

// proves S20 S37
#[tokio::test]
async fn rows_of_the_future_are_invisible_until_their_time_comes() {
    testkit::on_both(migrations(), |db| async move {
        let home = Home::new(db);
        home.file("sales.csv", &sales());
        let project = home.project(SHOP).await;
        let first = home.data.add(&project, "sales", None, "de").await.unwrap().version;
        assert_eq!((first.rows, first.hidden, first.state), (20, 2, State::Current));
        assert_eq!(first.until, Some(1_767_175_200_000));
        let again = home.data.add(&project, "sales", None, "de").await.unwrap();
        assert_eq!((again.new, again.version.version), (false, 1));

        home.db.clock().advance(base::SignedDuration::from_hours(48));
        let later = home.data.add(&project, "sales", None, "de").await.unwrap();
        assert_eq!((later.new, later.version.rows, later.version.hidden), (true, 22, 0));
        assert_eq!(home.data.version("shop", "sales", Some(1)).await.unwrap().state, State::Superseded);
        assert_eq!(home.data.read(&first).await.unwrap().num_rows(), 20);
    })
    .await;
}

// proves S20 S38
#[tokio::test]
async fn a_broken_file_is_stopped_by_the_name_of_the_rule_and_the_last_good_version_stays() {
    testkit::on_both(migrations(), |db| async move {
        let home = Home::new(db);
        home.file("sales.csv", &sales());
        let project = home.project(SHOP).await;
        home.data.add(&project, "sales", None, "de").await.unwrap();
        let broken = sales().replace("2025-12-24T10:00:00,north,a@example.org,125", "2025-12-24T10:00:00,south,a@example.org,-125");
        let broken = home.file("broken.csv", &broken);

        let stopped = home.data.add(&project, "sales", Some(&broken), "de").await.unwrap();
        assert_eq!(stopped.version.state, State::Quarantined);
        assert_eq!(stopped.version.checks.stopped_by(), ["known-amount", "once"]);
        let amount = &stopped.version.checks.results[0];
        assert_eq!((amount.verdict, amount.failing_rows), (Verdict::Fail, 1));
        insta::assert_snapshot!(amount.examples.join("\n"), @"row 5: at = 2025-12-24T10:00:00Z, shop = south, amount = -125");
        insta::assert_snapshot!(format!("{}: {} / {}", amount.id, amount.observed, amount.limit), @"known-amount: 19 of 20 rows (95 %) / amount at least 0 in every row");

        let current = home.data.version("shop", "sales", None).await.unwrap();
        assert_eq!((current.version, current.state), (1, State::Current));
        assert_eq!(home.data.view(&project, "days").await.unwrap().datasets[0].version, 1);
        assert_eq!(home.data.quarantined("shop", "sales").await.unwrap(), 1);
        // The same broken file again makes no second version.
        let again = home.data.add(&project, "sales", Some(&broken), "de").await.unwrap();
        assert_eq!((again.new, again.version.version), (false, 2));
        // Its rows are kept for a look.
        assert_eq!(home.data.read(&again.version).await.unwrap().num_rows(), 20);
        let actions: Vec<String> =
            store::audit_page(&home.db, "shop", "dataset", &PageRequest::default()).await.unwrap().items.into_iter().map(|entry| entry.action).collect();
        assert_eq!(actions, ["data.quarantined", "data.added"]);
    })
    .await;
}

// proves S20
#[tokio::test]
async fn a_column_that_changed_its_type_or_vanished_is_stopped() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales());
    let project = home.project(SHOP).await;
    home.data.add(&project, "sales", None, "de").await.unwrap();

    let words = home.file("words.csv", &sales().replace(",105\n", ",much\n"));
    let stopped = home.data.add(&project, "sales", Some(&words), "de").await.unwrap().version;
    let schema = stopped.checks.results.iter().find(|result| result.id == "schema").unwrap();
    assert_eq!(schema.observed, "amount is text instead of int");

    let without = home.file("without.csv", &sales().replace(",email", "").replace(",a@example.org", ""));
    let stopped = home.data.add(&project, "sales", Some(&without), "de").await.unwrap().version;
    assert_eq!(stopped.checks.stopped_by(), ["schema"]);
}

// proves S20 S37
#[tokio::test]
async fn files_that_cannot_be_read_say_which_and_why() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    let project = home.project(SHOP).await;
    let fails = async |name: &str, text: Option<&[u8]>| {
        let path = home.folder.path().join(name);
        if let Some(bytes) = text {
            std::fs::write(&path, bytes).unwrap();
        }
        let error = home.data.add(&project, "sales", Some(&path), "de").await.unwrap_err();
        assert!(error.message().contains(name), "{name}: {error:?}");
        error
    };
    let missing = fails("absent.csv", None).await;
    assert_eq!(missing.kind(), Kind::NotFound);
    let ragged = fails("ragged.csv", Some(b"at,shop,email,amount\n2025-12-24,north,x,1\n2025-12-25,north,x\n")).await;
    assert!(ragged.message().contains("line 3"), "{ragged:?}");
    let latin = fails("latin.csv", Some(b"at,shop\n2025-12-24,caf\xe9\n")).await;
    assert!(latin.message().contains("line 2 is not UTF-8"), "{latin:?}");
    fails("half.parquet", Some(b"PAR1half a file")).await;
    fails("no.parquet", Some(b"at,shop\n")).await;
    fails("list.jsonl", Some(b"[{\"at\": 1}]")).await;
    fails("broken.jsonl", Some(b"{\"at\": ")).await;
    fails("picture.png", Some(b"\x89PNG")).await;
    fails("empty.csv", Some(b"")).await;
    let when = fails("when.csv", Some(b"at,shop,email,amount\nyesterday,north,x,1\n")).await;
    assert!(when.message().contains("\"at\""), "{when:?}");
    // The pattern of the project file matches nothing yet.
    let none = home.data.add(&project, "sales", None, "de").await.unwrap_err();
    assert!(none.kind() == Kind::NotFound && none.message().contains("sales*.csv"), "{none:?}");
    let unknown = home.data.add(&project, "salse", None, "de").await.unwrap_err();
    assert!(unknown.hint_text().unwrap().contains("sales"), "{unknown:?}");
    let no_version = home.data.version("shop", "sales", None).await.unwrap_err();
    assert!(no_version.kind() == Kind::NotFound && no_version.hint_text().is_some());
}

// proves S20
#[tokio::test]
async fn the_same_content_in_another_format_is_the_same_version() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales());
    let project = home.project(SHOP).await;
    let first = home.data.add(&project, "sales", None, "de").await.unwrap().version;
    let mut lines = String::new();
    for line in sales().lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let amount = if fields[3].is_empty() { "null" } else { fields[3] };
        lines.push_str(&format!("{{\"at\": \"{}\", \"shop\": \"{}\", \"email\": \"{}\", \"amount\": {amount}}}\n", fields[0], fields[1], fields[2]));
    }
    let lines = home.file("lines.jsonl", &lines);
    let same = home.data.add(&project, "sales", Some(&lines), "de").await.unwrap();
    assert_eq!((same.new, &same.version.digest), (false, &first.digest));
    // Two files of a pattern are one table.
    let (head, tail) = sales().split_at(sales().find("2025-12-27T10:00:00,north").unwrap());
    let (head, tail) = (head.to_owned(), format!("at,shop,email,amount\n{tail}"));
    home.file("sales.csv", &head);
    home.file("sales2.csv", &tail);
    assert!(!home.data.add(&project, "sales", None, "de").await.unwrap().new);
}

// proves S20
#[tokio::test]
async fn versions_are_there_after_the_server_was_started_again() {
    testkit::on_both(migrations(), |db| async move {
        let home = Home::new(db);
        home.file("sales.csv", &sales());
        let project = home.project(SHOP).await;
        let first = home.data.add(&project, "sales", None, "de").await.unwrap().version;
        let rows = home.data.read(&first).await.unwrap();
        let profile = home.data.profile(&first).await.unwrap();

        let reopened = Data::new(home.db.clone(), home.folder.path().join("tables").to_str().unwrap()).unwrap();
        let found = reopened.version("shop", "sales", None).await.unwrap();
        assert_eq!(found, first);
        assert_eq!(reopened.read(&found).await.unwrap(), rows);
        assert_eq!(reopened.profile(&found).await.unwrap(), profile);
        let page = reopened.versions("shop", "sales", &PageRequest::default()).await.unwrap();
        assert_eq!(page.items, [found.clone()]);

        // A crash between the rows and the SQL row that names them: the rows are nowhere, and adding again goes on.
        home.db
            .write(|tx| Box::pin(async move { tx.execute("delete from dataset_version where version = 1", &[]).await }))
            .await
            .unwrap();
        assert_eq!(reopened.version("shop", "sales", None).await.unwrap_err().kind(), Kind::NotFound);
        let again = Data::new(home.db.clone(), home.folder.path().join("tables").to_str().unwrap()).unwrap();
        let added = again.add(&project, "sales", None, "de").await.unwrap().version;
        assert_eq!((added.version, &added.digest), (1, &first.digest));
        assert!(added.delta_version > first.delta_version);

        let sales = home.folder.path().join("tables/shop/datasets/sales");
        std::fs::remove_dir_all(&sales).unwrap();
        let lost = Data::new(home.db.clone(), home.folder.path().join("tables").to_str().unwrap()).unwrap().read(&added).await.unwrap_err();
        assert_eq!(lost.kind(), Kind::Unavailable, "{lost:?}");
    })
    .await;
}

// proves S21 S38
#[tokio::test]
async fn a_view_counts_what_it_drops_and_rows_are_prepared_in_order_of_time() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales());
    let project = home.project(SHOP).await;
    home.data.add(&project, "sales", None, "de").await.unwrap();
    let view = home.data.view(&project, "days").await.unwrap();
    assert_eq!((view.rows_in, view.rows_out), (20, 19));
    assert_eq!(view.digest, home.data.view(&project, "days").await.unwrap().digest);

    let rows = home.data.prepare(&project).await.unwrap();
    assert_eq!(rows.task, Task::Regression);
    let features: Vec<_> = rows.features.iter().map(|feature| (feature.name.as_str(), feature.kind)).collect();
    assert_eq!(features, [("at", FeatureKind::Datetime), ("shop", FeatureKind::Category), ("last", FeatureKind::Numeric)]);
    let times = rows.time_ms.as_ref().unwrap();
    assert!(times.is_sorted());
    assert_eq!(rows.batch.num_rows(), 19);
    // The rule of today knows nothing on the first day of a shop.
    assert_eq!(rows.today.as_ref().unwrap().iter().filter(|value| value.is_nan()).count(), 2);
    let newest = *times.last().unwrap();
    assert!(rows.holdout.iter().all(|row| times[*row as usize] > newest - 2 * 86_400_000));
    assert_eq!((rows.train.len() + rows.holdout.len(), rows.folds.len()), (19, 2));
    assert_eq!((rows.dataset.name.as_str(), rows.dataset.version), ("sales", 1));

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
    assert!(nothing.checks[0].reason.contains("sales*.csv"), "{nothing:?}");
    home.file("sales.csv", &sales());
    assert_eq!(home.data.feasibility(&project).await.verdict, "feasible");
    let project = home.project(&SHOP.replace("min_rows = 5", "min_rows = 5000")).await;
    let too_few = home.data.feasibility(&project).await;
    assert_eq!(too_few.verdict, "not_feasible");
    let reason = too_few.checks.iter().find(|check| check.id == "min_rows").unwrap();
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
        ("{ name = \"mail\", sql = \"email\", type = \"category\" }", "barred"),
        ("{ name = \"twice\", sql = \"before * 2\", type = \"f32\" }", "is an expression"),
        ("{ name = \"colour\", type = \"category\" }", "no column \"colour\""),
        ("{ name = \"shop\", type = \"f32\" }", "holds text where a number belongs"),
    ] {
        // A barred column is found in the file already where that is possible.
        let text = SHOP.replace(shop, instead);
        let error = match project::apply(&home.db, &text, home.folder.path(), "de").await {
            Ok((project, _)) => home.data.prepare(&project).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.to_string().contains(expected) || (expected == "barred" && error.to_string().contains("never")), "{instead}: {error:?}");
    }
}

// proves S23
#[tokio::test]
async fn a_row_younger_than_the_horizon_has_no_label_yet() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales().replace("2026-01-06T10", "2026-01-05T07"));
    let project = home.project(SHOP).await;
    home.data.add(&project, "sales", None, "de").await.unwrap();
    let rows = home.data.prepare(&project).await.unwrap();
    assert_eq!(rows.label.iter().filter(|label| label.is_nan()).count(), 2);
    assert!(rows.holdout.iter().chain(&rows.train).all(|row| !rows.label[*row as usize].is_nan()));
}

// proves S20 S21 S28
#[tokio::test]
async fn the_bikes_go_from_the_file_to_held_out_weeks() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    let text = std::fs::read_to_string(bikes().join("ironloop.toml")).unwrap();
    let (project, _) = project::apply(&home.db, &text, &bikes(), "de").await.unwrap();
    let good = home.data.add(&project, "trips", None, "de").await.unwrap().version;
    assert_eq!((good.rows, good.state), (78_421, State::Current));
    assert_eq!(good.checks.counts(), (6, 0, 1), "{:?}", good.checks);

    let broken = home.data.add(&project, "trips", Some(Path::new("broken/trips.parquet")), "de").await.unwrap().version;
    assert_eq!(broken.checks.stopped_by(), ["one-row-per-hour", "count-plausible"]);
    let no_rain = home.data.add(&project, "trips", Some(Path::new("broken/no-rain.csv")), "de").await.unwrap().version;
    assert_eq!(no_rain.checks.stopped_by(), ["columns", "enough-rows"]);
    let ragged = home.data.add(&project, "trips", Some(Path::new("broken/ragged.csv")), "de").await.unwrap_err();
    assert!(ragged.message().contains("line 13"), "{ragged:?}");
    assert_eq!(home.data.version("bikes", "trips", None).await.unwrap().version, 1);

    let rows = home.data.prepare_at(&project, &BTreeMap::from([("trips".to_owned(), 1)])).await.unwrap();
    let names: Vec<&str> = rows.features.iter().map(|feature| feature.name.as_str()).collect();
    assert_eq!(names, ["ts", "tmin", "tmax", "pn"]);
    let times = rows.time_ms.as_ref().unwrap();
    let week = 7 * 86_400_000;
    assert!(rows.holdout.iter().all(|row| (times[*row as usize] - 345_600_000).rem_euclid(6 * week) < week));
    let share = rows.holdout.len() as f64 / (rows.holdout.len() + rows.train.len()) as f64;
    assert!((0.1..0.25).contains(&share), "{share}");
    assert_eq!(rows.folds.len(), 4);
    assert_eq!(rows.slices["day_type"].iter().collect::<std::collections::BTreeSet<_>>().len(), 2);
    let counts = rows.batch.column_by_name("count").unwrap().as_primitive::<Int64Type>();
    assert!((0..counts.len()).step_by(997).all(|row| rows.label[row] == counts.value(row) as f64));
}
