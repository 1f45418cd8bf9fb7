//! From files to versions.

use std::fmt::Write as _;

use base::{Kind, PageRequest};
use data::{Data, State};
use project::Verdict;

use crate::shop::{Home, SHOP, migrations, sales};

// proves S20 S37
#[tokio::test]
async fn rows_of_the_future_are_invisible_until_their_time_comes() {
    testkit::on_both(migrations(), |db| async move {
        let home = Home::new(db);
        home.file("sales.csv", &sales());
        let project = home.project(SHOP).await;
        let first = home
            .data
            .add(&project, "sales", None, "de")
            .await
            .unwrap()
            .version;
        assert_eq!(
            (first.rows, first.hidden, first.state),
            (20, 2, State::Current)
        );
        assert_eq!(first.until, Some(1_767_175_200_000));
        let again = home.data.add(&project, "sales", None, "de").await.unwrap();
        assert_eq!((again.new, again.version.version), (false, 1));

        home.db
            .clock()
            .advance(base::SignedDuration::from_hours(48));
        let later = home.data.add(&project, "sales", None, "de").await.unwrap();
        assert_eq!(
            (later.new, later.version.rows, later.version.hidden),
            (true, 22, 0)
        );
        assert_eq!(
            home.data
                .version("shop", "sales", Some(1))
                .await
                .unwrap()
                .state,
            State::Superseded
        );
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
        let broken = sales().replace(
            "2025-12-24T10:00:00,north,a@example.org,125",
            "2025-12-24T10:00:00,south,a@example.org,-125",
        );
        let broken = home.file("broken.csv", &broken);

        let stopped = home
            .data
            .add(&project, "sales", Some(&broken), "de")
            .await
            .unwrap();
        assert_eq!(stopped.version.state, State::Quarantined);
        assert_eq!(
            stopped.version.checks.stopped_by(),
            ["known-amount", "once"]
        );
        let amount = &stopped.version.checks.results[0];
        assert_eq!((amount.verdict, amount.failing_rows), (Verdict::Fail, 1));
        assert_eq!(
            amount.examples,
            ["row 5: at = 2025-12-24T10:00:00Z, shop = south, amount = -125"]
        );
        assert_eq!(
            (amount.observed.as_str(), amount.limit.as_str()),
            ("19 of 20 rows (95 %)", "amount at least 0 in every row")
        );

        let current = home.data.version("shop", "sales", None).await.unwrap();
        assert_eq!((current.version, current.state), (1, State::Current));
        assert_eq!(
            home.data.view(&project, "days").await.unwrap().datasets[0].version,
            1
        );
        assert_eq!(home.data.quarantined("shop", "sales").await.unwrap(), 1);
        // The same broken file again makes no second version.
        let again = home
            .data
            .add(&project, "sales", Some(&broken), "de")
            .await
            .unwrap();
        assert_eq!((again.new, again.version.version), (false, 2));
        // Its rows are kept for a look.
        assert_eq!(home.data.read(&again.version).await.unwrap().num_rows(), 20);
        let actions: Vec<String> =
            store::audit_page(&home.db, "shop", "dataset", &PageRequest::default())
                .await
                .unwrap()
                .items
                .into_iter()
                .map(|entry| entry.action)
                .collect();
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
    let stopped = home
        .data
        .add(&project, "sales", Some(&words), "de")
        .await
        .unwrap()
        .version;
    let schema = stopped
        .checks
        .results
        .iter()
        .find(|result| result.id == "schema")
        .unwrap();
    assert_eq!(schema.observed, "amount is text instead of int");

    let without = home.file(
        "without.csv",
        &sales().replace(",email", "").replace(",a@example.org", ""),
    );
    let stopped = home
        .data
        .add(&project, "sales", Some(&without), "de")
        .await
        .unwrap()
        .version;
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
        let error = home
            .data
            .add(&project, "sales", Some(&path), "de")
            .await
            .unwrap_err();
        assert!(error.message().contains(name), "{name}: {error:?}");
        error
    };
    let missing = fails("absent.csv", None).await;
    assert_eq!(missing.kind(), Kind::NotFound);
    let ragged = fails(
        "ragged.csv",
        Some(b"at,shop,email,amount\n2025-12-24,north,x,1\n2025-12-25,north,x\n"),
    )
    .await;
    assert!(ragged.message().contains("line 3"), "{ragged:?}");
    let latin = fails("latin.csv", Some(b"at,shop\n2025-12-24,caf\xe9\n")).await;
    assert!(latin.message().contains("line 2 is not UTF-8"), "{latin:?}");
    fails("half.parquet", Some(b"PAR1half a file")).await;
    fails("no.parquet", Some(b"at,shop\n")).await;
    fails("list.jsonl", Some(b"[{\"at\": 1}]")).await;
    fails("broken.jsonl", Some(b"{\"at\": ")).await;
    fails("picture.png", Some(b"\x89PNG")).await;
    fails("empty.csv", Some(b"")).await;
    let when = fails(
        "when.csv",
        Some(b"at,shop,email,amount\nyesterday,north,x,1\n"),
    )
    .await;
    assert!(when.message().contains("\"at\""), "{when:?}");
    // The pattern of the project file matches nothing yet.
    let none = home
        .data
        .add(&project, "sales", None, "de")
        .await
        .unwrap_err();
    assert!(
        none.kind() == Kind::NotFound && none.message().contains("sales*.csv"),
        "{none:?}"
    );
    let unknown = home
        .data
        .add(&project, "salse", None, "de")
        .await
        .unwrap_err();
    assert!(
        unknown.hint_text().unwrap().contains("sales"),
        "{unknown:?}"
    );
    let no_version = home.data.version("shop", "sales", None).await.unwrap_err();
    assert!(no_version.kind() == Kind::NotFound && no_version.hint_text().is_some());
}

// proves S20
#[tokio::test]
async fn the_same_content_in_another_format_is_the_same_version() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales());
    let project = home.project(SHOP).await;
    let first = home
        .data
        .add(&project, "sales", None, "de")
        .await
        .unwrap()
        .version;
    let mut lines = String::new();
    for line in sales().lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let amount = if fields[3].is_empty() {
            "null"
        } else {
            fields[3]
        };
        writeln!(
            lines,
            "{{\"at\": \"{}\", \"shop\": \"{}\", \"email\": \"{}\", \"amount\": {amount}}}",
            fields[0], fields[1], fields[2]
        )
        .unwrap();
    }
    let lines = home.file("lines.jsonl", &lines);
    let same = home
        .data
        .add(&project, "sales", Some(&lines), "de")
        .await
        .unwrap();
    assert_eq!((same.new, &same.version.digest), (false, &first.digest));
    // Two files of a pattern are one table.
    let all = sales();
    let (head, tail) = all.split_at(all.find("2025-12-27T10:00:00,north").unwrap());
    home.file("sales.csv", head);
    home.file("sales2.csv", &format!("at,shop,email,amount\n{tail}"));
    assert!(
        !home
            .data
            .add(&project, "sales", None, "de")
            .await
            .unwrap()
            .new
    );
}

// proves S20
#[tokio::test]
async fn versions_are_there_after_the_server_was_started_again() {
    testkit::on_both(migrations(), |db| async move {
        let home = Home::new(db);
        home.file("sales.csv", &sales());
        let project = home.project(SHOP).await;
        let first = home
            .data
            .add(&project, "sales", None, "de")
            .await
            .unwrap()
            .version;
        let rows = home.data.read(&first).await.unwrap();
        let profile = home.data.profile(&first).await.unwrap();

        let reopened = Data::new(
            home.db.clone(),
            home.folder.path().join("tables").to_str().unwrap(),
        )
        .unwrap();
        let found = reopened.version("shop", "sales", None).await.unwrap();
        assert_eq!(found, first);
        assert_eq!(reopened.read(&found).await.unwrap(), rows);
        assert_eq!(reopened.profile(&found).await.unwrap(), profile);
        let page = reopened
            .versions("shop", "sales", &PageRequest::default())
            .await
            .unwrap();
        assert_eq!(page.items, std::slice::from_ref(&found));

        // A crash between the rows and the SQL row that names them: the rows are nowhere, and adding again goes on.
        home.db
            .write(|tx| {
                Box::pin(async move {
                    tx.execute("delete from dataset_version where version = 1", &[])
                        .await
                })
            })
            .await
            .unwrap();
        assert_eq!(
            reopened
                .version("shop", "sales", None)
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
        let again = Data::new(
            home.db.clone(),
            home.folder.path().join("tables").to_str().unwrap(),
        )
        .unwrap();
        let added = again
            .add(&project, "sales", None, "de")
            .await
            .unwrap()
            .version;
        assert_eq!((added.version, &added.digest), (1, &first.digest));
        assert!(added.delta_version > first.delta_version);

        let sales = home.folder.path().join("tables/shop/datasets/sales");
        std::fs::remove_dir_all(&sales).unwrap();
        let lost = Data::new(
            home.db.clone(),
            home.folder.path().join("tables").to_str().unwrap(),
        )
        .unwrap()
        .read(&added)
        .await
        .unwrap_err();
        assert_eq!(lost.kind(), Kind::Unavailable, "{lost:?}");
    })
    .await;
}

const ORDERS: &str = r#"
schema = 1
[project]
name = "orders"
owner = "de"

[dataset.orders]
source = { kind = "file", path = "orders.csv" }
time = "at"

[[expect]]
dataset = "orders"
id = "columns"
check = "columns"
columns = ["id", "at", "size", "email", "grams", "metres"]

[[expect]]
dataset = "orders"
id = "once"
check = "unique"
columns = ["id"]

[[expect]]
dataset = "orders"
id = "size-there"
check = "not_null"
column = "size"

[[expect]]
dataset = "orders"
id = "size-known"
check = "in_set"
column = "size"
values = ["S", "M", "L"]

[[expect]]
dataset = "orders"
id = "email-like"
check = "regex"
column = "email"
pattern = "^[^@]+@[^@]+$"

[[expect]]
dataset = "orders"
id = "id-length"
check = "length"
column = "id"
min = 4
max = 4

[[expect]]
dataset = "orders"
id = "weight"
check = "between"
column = "grams"
min = 0
max = 5000
at_least = 0.9

[[expect]]
dataset = "orders"
id = "distance"
check = "between"
column = "metres"
min = 0
max = 900

[[expect]]
dataset = "orders"
id = "count"
check = "row_count"
min = 15
max = 1000

[[expect]]
dataset = "orders"
id = "fresh"
check = "max_age"
value = "2d"
"#;

/// Twenty orders of the day before the clock.
fn orders() -> Vec<[String; 6]> {
    let sizes = ["S", "M", "L"];
    (0..20)
        .map(|n| {
            let at = format!("2026-01-04T{n:02}:00:00");
            [
                format!("o{n:03}"),
                at,
                sizes[n % 3].to_owned(),
                format!("c{n}@example.org"),
                (n * 100).to_string(),
                (n * 40 + 1).to_string(),
            ]
        })
        .collect()
}

// proves S20
#[tokio::test]
async fn every_sort_of_defect_is_stopped_by_name_and_names_its_rows() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    let project = home.project(ORDERS).await;
    let csv = |header: &str, rows: &[[String; 6]]| {
        let lines: Vec<String> = rows.iter().map(|row| row.join(",")).collect();
        format!("{header}\n{}\n", lines.join("\n"))
    };
    let header = "id,at,size,email,grams,metres";
    home.file("orders.csv", &csv(header, &orders()));
    let good = home
        .data
        .add(&project, "orders", None, "de")
        .await
        .unwrap()
        .version;
    assert!(good.checks.passes(), "{:?}", good.checks);

    let change = |change: &dyn Fn(usize, &mut [String; 6])| {
        let mut rows = orders();
        rows.iter_mut()
            .enumerate()
            .for_each(|(n, row)| change(n, row));
        csv(header, &rows)
    };
    let only = |row: usize, column: usize, value: &'static str| {
        change(&move |n, cells| {
            if n == row {
                value.clone_into(&mut cells[column])
            }
        })
    };
    let defects: Vec<(&str, String, &[&str], i64)> = vec![
        ("a missing value", only(4, 2, ""), &["size-there"], 1),
        ("a duplicate", only(7, 0, "o003"), &["once"], 1),
        ("an unknown word", only(4, 2, "XXL"), &["size-known"], 1),
        ("out of range", only(9, 5, "1200"), &["distance"], 1),
        ("a negative", only(9, 5, "-1"), &["distance"], 1),
        (
            "times a hundred",
            change(&|_, cells| cells[4] += "00"),
            &["weight"],
            19,
        ),
        ("an odd form", only(2, 3, "nobody"), &["email-like"], 1),
        ("an odd length", only(2, 0, "o2"), &["id-length"], 1),
        (
            "a late file",
            change(&|_, cells| cells[1] = cells[1].replace("2026-01-04", "2025-11-04")),
            &["fresh"],
            0,
        ),
        (
            "a schema change",
            csv("id,at,size,email,grams,meters", &orders()),
            &["columns", "distance"],
            0,
        ),
        (
            "shuffled columns",
            csv("id,at,email,size,grams,metres", &orders()),
            &["size-known", "email-like"],
            20,
        ),
        ("a short file", csv(header, &orders()[..5]), &["count"], 0),
    ];
    for (defect, text, stopped_by, failing_rows) in defects {
        let path = home.file("defect.csv", &text);
        let version = home
            .data
            .add(&project, "orders", Some(&path), "de")
            .await
            .unwrap()
            .version;
        assert_eq!(version.state, State::Quarantined, "{defect}");
        let named = version.checks.stopped_by();
        assert!(
            stopped_by.iter().all(|rule| named.contains(rule)),
            "{defect}: {named:?}"
        );
        let rule = version
            .checks
            .results
            .iter()
            .find(|result| result.id == stopped_by[0])
            .unwrap();
        assert_eq!(rule.failing_rows, failing_rows, "{defect}: {rule:?}");
        assert_eq!(
            rule.examples.len() as i64,
            failing_rows.min(20),
            "{defect}: {rule:?}"
        );
        assert_eq!(
            home.data
                .version("orders", "orders", None)
                .await
                .unwrap()
                .version,
            good.version
        );
    }
    // A wrong encoding cannot even be read.
    let path = home.folder.path().join("latin.csv");
    std::fs::write(&path, b"id,at\no001,caf\xe9\n").unwrap();
    assert!(
        home.data
            .add(&project, "orders", Some(&path), "de")
            .await
            .is_err()
    );
}
