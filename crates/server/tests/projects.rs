//! A project over HTTP: its file, its phases, its criteria, and the way of a version to `champion`.

use std::fmt::Write as _;
use std::path::Path;

use axum::Router;
use axum::body::Body;
use base::{RunId, SignedDuration, Timestamp};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use server::{App, Config};
use tempfile::TempDir;
use tower::ServiceExt as _;
use training::TrainContext;

const FILE: &str = include_str!("../../registry/tests/gates/shop.toml");

struct Server {
    app: App,
    router: Router,
    home: TempDir,
}

impl Server {
    async fn open() -> Self {
        let home = tempfile::tempdir().expect("works");
        let mut config = Config::at(home.path().join("home"));
        config.clock = testkit::clock();
        let app = App::open(config).await.expect("works");
        Self {
            router: server::router(app.clone()),
            app,
            home,
        }
    }

    async fn ask(
        &self,
        user: &str,
        request: http::request::Builder,
        body: Body,
    ) -> (StatusCode, Value) {
        let request = request
            .header(header::HOST, "127.0.0.1:5000")
            .header("x-ironloop-user", user)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .expect("works");
        let response = self.router.clone().oneshot(request).await.expect("works");
        let status = response.status();
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("works")
            .to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, answer) = self
            .ask(
                "local",
                Request::get(format!("/api/v1{path}")),
                Body::empty(),
            )
            .await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        answer
    }

    async fn post(&self, user: &str, path: &str, body: Value) -> (StatusCode, Value) {
        self.ask(
            user,
            Request::post(format!("/api/v1{path}")),
            Body::from(body.to_string()),
        )
        .await
    }

    async fn apply(&self, text: &str) -> (StatusCode, Value) {
        self.post(
            "boss",
            "/projects/apply",
            json!({ "text": text, "base_dir": self.home.path() }),
        )
        .await
    }
}

/// Hours from 2025-12-01 on: orders fall with the price, and the guess of today is 15 off.
fn write_orders(folder: &Path) {
    let start = Timestamp::from_second(1_764_547_200).expect("works");
    let mut text = "ts,price,orders,guess\n".to_owned();
    for hour in 0..36 * 24_i64 {
        let price = 5.0 + (hour * 7 % 11) as f64;
        let orders = 120.0 - 6.0 * price + ((hour * 31 % 17) - 8) as f64 * 0.5;
        writeln!(
            text,
            "{},{price},{orders},{}",
            start + SignedDuration::from_hours(hour),
            orders + 15.0
        )
        .expect("works");
    }
    std::fs::write(folder.join("orders.csv"), text).expect("works");
}

fn states(phases: &Value) -> Vec<(&str, &str)> {
    phases
        .as_array()
        .expect("works")
        .iter()
        .map(|phase| {
            (
                phase["phase"].as_str().expect("works"),
                phase["state"].as_str().expect("works"),
            )
        })
        .collect()
}

// proves S10 S27 S29
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_planned_applied_once_and_refused_with_every_problem() {
    let server = Server::open().await;
    let body = json!({ "text": FILE, "base_dir": server.home.path() });
    let (status, plan) = server.post("boss", "/projects/plan", body).await;
    assert_eq!(status, StatusCode::OK, "{plan}");
    assert_eq!(
        server.get("/projects").await["items"],
        json!([]),
        "a plan changes nothing"
    );

    let (_, applied) = server.apply(FILE).await;
    assert_eq!(applied["changes"], plan["changes"]);
    assert_eq!(server.apply(FILE).await.1["changes"], json!([]));

    let wrong = FILE
        .replacen("confidence = 0.95", "confidense = 0.95", 1)
        .replacen("algorithm = \"ridge\"", "algorithm = \"rigde\"", 1);
    let (status, problem) = server.apply(&wrong).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("line 19: criterion.accurate.confidense: unknown key \"confidense\"; did you mean \"confidence\"?"), "{detail}");
    assert!(detail.contains("did you mean \"ridge\"?"), "{detail}");
    let (status, problem) = server
        .post(
            "boss",
            "/projects/apply",
            json!({ "text": FILE, "base_dir": "here" }),
        )
        .await;
    assert_eq!(
        (status, problem["title"].as_str()),
        (StatusCode::BAD_REQUEST, Some("The request is not valid"))
    );
}

// proves S05 S10 S26 S35 S44
#[tokio::test(flavor = "multi_thread")]
async fn a_version_becomes_champion_only_past_its_gate_and_the_phases_show_it() {
    let server = Server::open().await;
    write_orders(server.home.path());
    server.apply(FILE).await;
    let project = project::project(&server.app.db, "shop").await.unwrap();
    let before = server.get("/projects/shop").await;
    assert_eq!(
        states(&before["phases"]),
        [
            ("design", "missing"),
            ("data", "missing"),
            ("develop", "missing"),
            ("deploy", "missing"),
            ("maintain", "missing")
        ]
    );

    let app = &server.app;
    app.data.add(&project, "orders", None, "de").await.unwrap();
    let train = TrainContext::new(
        app.db.clone(),
        app.blobs.clone(),
        app.data.clone(),
        "http://127.0.0.1:9",
    );
    let run: RunId = training::train(&train, &project, &|_| {})
        .await
        .unwrap()
        .best_run
        .to_string()
        .parse()
        .unwrap();
    let ctx = registry::Context {
        db: app.db.clone(),
        blobs: app.blobs.clone(),
        data: app.data.clone(),
    };
    registry::register(&ctx, &project, &run, "ds")
        .await
        .unwrap();

    let at = "/projects/shop/models/shop/versions/1";
    let (status, refused) = server
        .post(
            "ds",
            &format!("{at}/promote"),
            json!({ "alias": "champion" }),
        )
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(refused["gate"]["approvals"][0]["state"], "asked");
    assert_eq!(refused["gate"]["criteria"].as_array().unwrap().len(), 5);
    assert_eq!(
        server.get("/projects/shop/approvals").await["items"][0]["role"],
        "stakeholder"
    );

    let decision =
        json!({ "role": "stakeholder", "decision": "approve", "reason": "better than the guess" });
    let (status, own) = server
        .post("ds", &format!("{at}/approve"), decision.clone())
        .await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{own}");
    let (status, given) = server
        .post("boss", &format!("{at}/approve"), decision)
        .await;
    assert_eq!(
        (status, given["state"].as_str()),
        (StatusCode::OK, Some("given")),
        "{given}"
    );
    let (status, moved) = server
        .post(
            "ds",
            &format!("{at}/promote"),
            json!({ "alias": "champion" }),
        )
        .await;
    assert_eq!(
        (status, moved),
        (
            StatusCode::OK,
            json!({ "alias": "champion", "version": 1, "previous": null })
        )
    );

    let version = server.get(at).await;
    assert_eq!(
        version["gates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|gate| &gate["verdict"])
            .collect::<Vec<_>>(),
        ["pass", "pass"]
    );
    assert_eq!(version["signature"]["inputs"][0]["name"], "price");
    assert_eq!(version["evaluation"]["dataset"]["name"], "orders");
    assert_eq!(
        server.get("/projects/shop/models").await["items"],
        json!([{ "name": "shop", "latest_version": 1, "aliases": { "champion": 1 } }])
    );
    let criteria = server.get("/projects/shop").await["criteria"].clone();
    assert_eq!(criteria[0]["champion"]["verdict"], "pass");
    assert_eq!(criteria[0]["best_run"]["run_id"], json!(run));
    assert_eq!(
        server.get("/projects").await["items"][0]["champion"],
        json!({ "model": "shop", "version": 1 })
    );

    // A raised criterion is measured on the champion at once.
    let (_, applied) = server
        .apply(&FILE.replacen("value      = 0.20", "value      = 0.001", 1))
        .await;
    assert!(applied["job"].is_string(), "{applied}");
    let criteria = server.get("/projects/shop").await["criteria"].clone();
    assert_eq!(
        (&criteria[0]["version"], &criteria[0]["champion"]["verdict"]),
        (&json!(2), &json!("unknown"))
    );
}
