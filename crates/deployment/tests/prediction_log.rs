//! Stories of the prediction log: what is written, once, and what a crash leaves.

#![expect(clippy::unwrap_used, reason = "a test says where it broke by its line")]

mod story;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Int64Type};
use base::{Kind, SignedDuration};
use deployment::{Request, RequestKind};
use story::{ENDPOINT, Shop, case, column, floats, migrations, one_row, table};

async fn shop() -> Shop {
    let shop = Shop::open(testkit::sqlite(migrations()).await, "").await;
    shop.deploy().await.unwrap();
    shop
}

// proves S49 S54
#[tokio::test(flavor = "multi_thread")]
async fn each_answered_row_is_logged_with_its_inputs_and_the_version_that_answered() {
    let shop = shop().await;
    let now = shop.db.clock().now_ms();
    let (batch, expected) = case("logistic");
    let answer = shop
        .serving
        .predict(ENDPOINT, Request::new(batch))
        .await
        .unwrap();
    let logged = shop
        .serving
        .predictions("fees", ENDPOINT, now, now + 1)
        .await
        .unwrap();
    assert_eq!(logged.num_rows(), 20);
    let ids: Vec<&str> = column(&logged, "prediction_id")
        .as_string::<i32>()
        .iter()
        .flatten()
        .collect();
    assert_eq!(
        ids,
        answer.ids.iter().map(String::as_str).collect::<Vec<_>>()
    );
    assert_eq!(floats(&logged, "output"), answer.values);
    assert!((answer.values[0] - expected[0]).abs() < 1e-6);
    assert_eq!(
        column(&logged, "version")
            .as_primitive::<Int64Type>()
            .value(0),
        1
    );
    assert!(matches!(
        column(&logged, "in_x").data_type(),
        DataType::List(_)
    ));
    assert_eq!(
        shop.serving
            .predictions("fees", ENDPOINT, 0, now)
            .await
            .unwrap()
            .num_rows(),
        0
    );
    assert_eq!(
        shop.serving
            .first_prediction_at("fees", ENDPOINT)
            .await
            .unwrap(),
        Some(now)
    );
}

// proves S54
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_sent_again_is_one_prediction_also_after_a_restart() {
    let mut shop = shop().await;
    let first = shop
        .serving
        .predict(ENDPOINT, one_row("order-7"))
        .await
        .unwrap();
    let second = shop
        .serving
        .predict(ENDPOINT, one_row("order-7"))
        .await
        .unwrap();
    assert_eq!(first.values, second.values);
    shop.serving.flush().await.unwrap();
    let at = shop.db.clock().now_ms();
    shop.db.clock().advance(SignedDuration::from_mins(5));
    shop.restart().await;
    shop.serving
        .predict(ENDPOINT, one_row("order-7"))
        .await
        .unwrap();
    let logged = shop
        .serving
        .predictions("fees", ENDPOINT, 0, i64::MAX)
        .await
        .unwrap();
    assert_eq!(logged.num_rows(), 1);
    assert_eq!(
        shop.serving
            .predicted_at("fees", ENDPOINT, &["order-8".to_owned()])
            .await
            .unwrap(),
        [None]
    );
    let again = shop
        .serving
        .predictions("fees", ENDPOINT, at, at + 1)
        .await
        .unwrap();
    assert_eq!(
        again.num_rows(),
        1,
        "the oldest row of an id is the prediction"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_answered_and_leaves_no_trace() {
    let shop = shop().await;
    let probe = Request {
        kind: RequestKind::Probe,
        ..one_row("probe")
    };
    shop.serving.predict(ENDPOINT, probe).await.unwrap();
    assert_eq!(
        shop.serving
            .predictions("fees", ENDPOINT, 0, i64::MAX)
            .await
            .unwrap()
            .num_rows(),
        0
    );
}

// proves S49
#[tokio::test(flavor = "multi_thread")]
async fn many_small_writes_stay_few_files_and_lose_nothing() {
    let mut shop = shop().await;
    for at in 0..80 {
        shop.db.clock().advance(SignedDuration::from_hours(12));
        shop.serving
            .predict(ENDPOINT, one_row(&format!("p{at}")))
            .await
            .unwrap();
        shop.serving.flush().await.unwrap();
    }
    shop.restart().await;
    let logged = shop
        .serving
        .predictions("fees", ENDPOINT, 0, i64::MAX)
        .await
        .unwrap();
    assert_eq!(logged.num_rows(), 80);
    let place = shop
        .folder
        .path()
        .join("tables/fees/predictions")
        .join(ENDPOINT);
    let files = std::fs::read_dir(&place)
        .unwrap()
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|e| e == "parquet")
        })
        .count();
    assert!(files <= 70, "{files} files");
    let from = testkit::start_of_test().as_millisecond() + 10 * 12 * 3_600_000;
    let window = shop
        .serving
        .predictions("fees", ENDPOINT, from, from + 10 * 12 * 3_600_000)
        .await
        .unwrap();
    assert_eq!(window.num_rows(), 10);
}

// proves S72
#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_comes_later_is_added_and_is_null_before() {
    let shop = shop().await;
    shop.serving.predict(ENDPOINT, one_row("a")).await.unwrap();
    shop.serving.flush().await.unwrap();
    let (batch, _) = case("logistic");
    let row = batch.slice(0, 1);
    let mut fields = row.schema().fields().to_vec();
    fields.push(std::sync::Arc::new(arrow::datatypes::Field::new(
        "week ago",
        DataType::Float64,
        true,
    )));
    let mut columns = row.columns().to_vec();
    columns.push(std::sync::Arc::new(arrow::array::Float64Array::from(vec![
        5.0,
    ])));
    let wider = arrow::array::RecordBatch::try_new(
        std::sync::Arc::new(arrow::datatypes::Schema::new(fields)),
        columns,
    )
    .unwrap();
    shop.db.clock().advance(SignedDuration::from_secs(1));
    shop.serving
        .predict(ENDPOINT, Request::new(wider))
        .await
        .unwrap();
    let logged = shop
        .serving
        .predictions("fees", ENDPOINT, 0, i64::MAX)
        .await
        .unwrap();
    let added = column(&logged, "in_week_ago");
    assert!(added.is_null(0) && !added.is_null(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_refused_by_name_and_value() {
    let shop = shop().await;
    let refused =
        |request: Request| async { shop.serving.predict(ENDPOINT, request).await.unwrap_err() };
    let empty = refused(Request::new(table(vec![], 6))).await;
    assert_eq!(
        (empty.kind(), empty.message()),
        (Kind::Invalid, "the batch is empty")
    );
    let infinite = refused(Request::new(table(
        vec![Some(0.0), Some(f64::INFINITY), None, None, None, None],
        6,
    )))
    .await;
    assert_eq!(infinite.message(), "the input \"x\" is infinite in row 0");
    let (batch, _) = case("logistic");
    let renamed =
        arrow::array::RecordBatch::try_from_iter([("y", batch.column(0).clone())]).unwrap();
    assert_eq!(
        refused(Request::new(renamed)).await.message(),
        "the input \"x\" is missing"
    );
    let twice = Request {
        ids: vec![Some("a".to_owned()), Some("a".to_owned())],
        ..Request::new(batch.slice(0, 2))
    };
    assert!(
        refused(twice)
            .await
            .message()
            .contains("same prediction id")
    );
    let narrow = refused(Request::new(table(vec![Some(0.0); 3], 3))).await;
    assert_eq!(narrow.kind(), Kind::Invalid);
    let unknown = shop
        .serving
        .predict("nowhere", one_row("a"))
        .await
        .unwrap_err();
    assert_eq!(unknown.kind(), Kind::NotFound);
}
