//! Stories of datasets at the HTTP boundary: what the pages and the command line see.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use axum::Router;
use axum::body::Body;
use base::Clock;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use server::{App, Config};
use tower::ServiceExt as _;

const SHOP: &str = r#"
schema = 1
[project]
name = "shop"
owner = "de"

[charter]
problem = "Queues"
decision = "Open a second till"
feasible = { min_rows = 4 }

[dataset.sales]
source = { kind = "file", path = "sales.csv" }
time = "at"
owner = "de"

[[expect]]
dataset = "sales"
id = "known-amount"
check = "between"
column = "amount"
min = 0

[features.day]
from = "sales"
time = "at"
feature = [{ name = "at", type = "datetime" }]

[label]
name = "amount"
from = "sales"
sql = "amount"
horizon = "0s"

[split]
by = "time"
holdout = "1d"
validate = { folds = 2 }
"#;

struct Shop {
    router: Router,
    folder: tempfile::TempDir,
    /// Ends the workers when the story ends.
    _stop: tokio_util::sync::DropGuard,
}

async fn shop() -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::at(folder.path().join("home"));
    config.clock = Clock::manual(testkit::start_of_test());
    let app = App::open(config).await.unwrap();
    let rows = (0..6)
        .map(|day| format!("2025-12-2{day}T10:00:00,{}\n", day * 10 + 5))
        .collect::<Vec<_>>()
        .concat();
    std::fs::write(
        folder.path().join("sales.csv"),
        format!("at,amount\n{rows}"),
    )
    .unwrap();
    project::apply(&app.db, SHOP, folder.path(), "de")
        .await
        .unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    server::jobs::start(&app, &stop);
    Shop {
        router: server::router(app),
        folder,
        _stop: stop.drop_guard(),
    }
}

impl Shop {
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/projects/shop/{path}"))
            .header(header::HOST, "127.0.0.1")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        self.send(request).await
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, Value) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Adds rows and waits for the end of the job.
    async fn add(&self, body: Value) -> Value {
        let (status, accepted) = self
            .ask(Method::POST, "datasets/sales/versions", Some(body))
            .await;
        assert_eq!(status, StatusCode::ACCEPTED, "{accepted}");
        let job = accepted["job"].as_str().unwrap().to_owned();
        for _ in 0..600 {
            let request = Request::get(format!("/api/v1/jobs/{job}"))
                .header(header::HOST, "127.0.0.1")
                .body(Body::empty())
                .unwrap();
            let (_, job) = self.send(request).await;
            if job["state"] == "done" || job["state"] == "failed" {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the job does not end");
    }
}

// proves S20 S28
#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_is_added_looked_at_and_paged() {
    let shop = shop().await;
    let (_, feasible) = shop.ask(Method::POST, "design-check", None).await;
    assert_eq!(feasible["verdict"], "feasible", "{feasible}");
    assert_eq!(
        shop.get("datasets").await["items"][0]["version"],
        Value::Null
    );

    let job = shop.add(json!({})).await;
    assert_eq!(
        (
            &job["state"],
            &job["result"]["state"],
            &job["result"]["rows"]
        ),
        (&json!("done"), &json!("current"), &json!(6)),
        "{job}"
    );
    let item = &shop.get("datasets").await["items"][0];
    assert_eq!(
        (&item["version"], &item["passed"], &item["quarantined"]),
        (&json!(1), &json!(1), &json!(0))
    );
    let version = shop.get("datasets/sales/versions/current").await;
    assert_eq!(
        version["schema"][1],
        json!({"name": "amount", "type": "int", "nullable": false})
    );
    assert_eq!(version["checks"][0]["verdict"], "pass");

    let first = shop.get("datasets/sales/versions/1/rows?limit=4").await;
    assert_eq!(
        (first["items"].as_array().unwrap().len(), &first["next"]),
        (4, &json!("4"))
    );
    let last = shop
        .get("datasets/sales/versions/1/rows?limit=4&token=4")
        .await;
    assert_eq!(
        last["items"][1],
        json!({"at": "2025-12-25T10:00:00Z", "amount": 55})
    );
    assert_eq!(last["next"], Value::Null);
    let profile = shop.get("datasets/sales/versions/current/profile").await;
    assert_eq!(profile["columns"][1]["max"], 55.0);
    let drift = shop
        .get("datasets/sales/versions/current/drift?reference=1&all=true")
        .await;
    assert_eq!(drift["columns"]["amount"]["drifted"], false);
    assert_eq!(drift["columns"]["at"]["skipped"], true);
    let (status, checked) = shop
        .ask(Method::POST, "datasets/sales/versions/1/check", None)
        .await;
    assert_eq!((status, &checked["passes"]), (StatusCode::OK, &json!(true)));
}

// proves S20
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_ends_in_quarantine_and_a_missing_one_names_itself() {
    let shop = shop().await;
    shop.add(json!({})).await;
    std::fs::write(
        shop.folder.path().join("broken.csv"),
        "at,amount\n2025-12-20T10:00:00,-5\n",
    )
    .unwrap();
    let job = shop.add(json!({"path": "broken.csv"})).await;
    assert_eq!(
        (&job["result"]["state"], &job["result"]["stopped_by"]),
        (&json!("quarantined"), &json!(["known-amount"])),
        "{job}"
    );
    assert_eq!(
        shop.get("datasets/sales/versions").await["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        shop.get("datasets/sales/versions/current").await["version"],
        1
    );

    let job = shop.add(json!({"path": "absent.csv"})).await;
    assert!(
        job["state"] == "failed" && job["error"].as_str().unwrap().contains("absent.csv"),
        "{job}"
    );
    for (path, status) in [
        ("datasets/salse/versions/current", StatusCode::NOT_FOUND),
        ("datasets/sales/versions/9", StatusCode::NOT_FOUND),
        ("datasets/sales/versions/new", StatusCode::BAD_REQUEST),
        (
            "datasets/sales/versions/1/rows?token=x",
            StatusCode::BAD_REQUEST,
        ),
    ] {
        let (seen, problem) = shop.ask(Method::GET, path, None).await;
        assert_eq!(seen, status, "{path}: {problem}");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{problem}"
        );
    }
    let (status, problem) = shop
        .ask(
            Method::POST,
            "datasets/sales/versions",
            Some(json!({"file": "x"})),
        )
        .await;
    assert!(status.is_client_error(), "{problem}");
}
