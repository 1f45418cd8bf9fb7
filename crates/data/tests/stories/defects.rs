//! Every sort of defect that a file of orders can have.

use data::State;

use crate::shop::{Home, migrations};

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
                value.clone_into(&mut cells[column]);
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
