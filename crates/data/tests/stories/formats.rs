//! Files of every format, and files that are none.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Float64Array, RecordBatch};
use arrow::datatypes::Int64Type;
use base::Kind;
use parquet::arrow::ArrowWriter;

use crate::shop::{Home, SHOP, migrations, sales};

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
async fn whole_numbers_that_a_data_frame_made_floats_are_the_same_numbers() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales());
    let project = home.project(SHOP).await;
    let first = home
        .data
        .add(&project, "sales", None, "de")
        .await
        .unwrap()
        .version;
    let batch = home.data.read(&first).await.unwrap();
    let amounts = batch
        .column_by_name("amount")
        .unwrap()
        .as_primitive::<Int64Type>();
    let floats: Float64Array = amounts
        .iter()
        .map(|amount| Some(amount.map_or(f64::NAN, |amount| amount as f64)))
        .collect();
    let mut columns: Vec<(String, ArrayRef)> = batch
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .zip(batch.columns().iter().cloned())
        .collect();
    columns[3].1 = Arc::new(floats);
    let frame = RecordBatch::try_from_iter(columns).unwrap();
    let path = home.folder.path().join("frame.parquet");
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), frame.schema(), None).unwrap();
    writer.write(&frame).unwrap();
    writer.close().unwrap();
    let same = home
        .data
        .add(&project, "sales", Some(&path), "de")
        .await
        .unwrap();
    assert_eq!((same.new, same.version.digest), (false, first.digest));
}
