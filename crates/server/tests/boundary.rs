//! The HTTP boundary as a whole: who is let in, what an error looks like, how background work ends.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::Value;
use store::NewJob;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use server::{App, Config};

async fn open() -> (TempDir, App) {
    let home = tempfile::tempdir().unwrap();
    let mut config = Config::at(home.path());
    config.clock = testkit::clock();
    let app = App::open(config).await.unwrap();
    (home, app)
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

fn get(path: &str) -> Request<Body> {
    Request::get(path)
        .header(header::HOST, "127.0.0.1:5000")
        .body(Body::empty())
        .unwrap()
}

/// Every address template that the router knows, as its own debug output lists them.
fn templates(router: &Router) -> Vec<String> {
    let text = format!("{router:?}");
    let mut found: Vec<String> = text
        .split('"')
        .filter(|part| part.starts_with('/') && !part.contains(' '))
        .map(str::to_owned)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// An address that fits a template.
fn address(template: &str) -> String {
    let segments: Vec<&str> = template
        .split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                "1"
            } else {
                segment
            }
        })
        .collect();
    segments.join("/")
}

#[tokio::test]
async fn every_route_is_behind_the_guard() {
    let (_home, app) = open().await;
    let router = server::router(app);
    let templates = templates(&router);
    for known in [
        "/metrics",
        "/api/v1/jobs/{id}/events",
        "/api/v1/projects/apply",
        "/health",
        "/v2/models/{model}/infer",
    ] {
        assert!(
            templates.iter().any(|template| template == known),
            "{known} is missing in {templates:?}"
        );
    }
    assert!(
        templates.len() > 80,
        "only {} routes were found",
        templates.len()
    );
    for template in templates
        .iter()
        .map(|template| address(template))
        .chain(["/".to_owned(), "/no/such/page".to_owned()])
    {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ] {
            let request = |name: &str, value: &str, host: &str| {
                Request::builder()
                    .method(&method)
                    .uri(&template)
                    .header(header::HOST, host)
                    .header(name, value)
                    .body(Body::empty())
                    .unwrap()
            };
            let (status, _) =
                ask(&router, request("accept", "*/*", "elsewhere.example:5000")).await;
            assert_eq!(
                status,
                StatusCode::FORBIDDEN,
                "{method} {template} answers to another host name"
            );
            if method != Method::GET && method != Method::OPTIONS {
                let (status, _) = ask(
                    &router,
                    request("origin", "http://elsewhere.example", "127.0.0.1:5000"),
                )
                .await;
                assert_eq!(
                    status,
                    StatusCode::FORBIDDEN,
                    "{method} {template} obeys a page of another site"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_second_server_on_a_home_is_refused_and_hears_who_has_it() {
    let (home, _app) = open().await;
    let Err(error) = App::open(Config::at(home.path())).await else {
        panic!("two servers own one home")
    };
    assert_eq!(error.kind(), base::Kind::Conflict);
    assert!(
        error.message().contains(&std::process::id().to_string()),
        "{error}"
    );
    assert!(error.hint_text().is_some());
}

#[tokio::test]
async fn errors_are_problem_documents_that_say_what_was_wrong() {
    let (_home, app) = open().await;
    let router = server::router(app);
    let (status, problem) = ask(&router, get("/api/v1/jobs/job-nowhere")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(problem["type"], "urn:ironloop:problem:not-found");
    assert!(
        problem["detail"].as_str().unwrap().contains("job-nowhere"),
        "{problem}"
    );

    let (status, problem) = ask(&router, get("/api/v1/no/such/thing")).await;
    assert_eq!(
        (status, problem["status"].as_u64()),
        (StatusCode::NOT_FOUND, Some(404))
    );

    let broken = Request::post("/api/v1/projects/plan")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{\"text\": "))
        .unwrap();
    let (status, problem) = ask(&router, broken).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");

    let huge = Request::post("/api/v1/projects/plan")
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(vec![b' '; 65 * 1024 * 1024]))
        .unwrap();
    let (status, problem) = ask(&router, huge).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{problem}");
}

#[tokio::test]
async fn a_name_that_is_no_name_is_refused_before_anything_happens() {
    let (_home, app) = open().await;
    let router = server::router(app);
    let request = Request::get("/api/v1/projects")
        .header(header::HOST, "localhost")
        .header("x-ironloop-user", "a\tb")
        .body(Body::empty())
        .unwrap();
    let (status, problem) = ask(&router, request).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{problem}");
}

#[tokio::test]
async fn a_job_that_cannot_be_done_fails_with_its_reason_and_waits_for_a_person() {
    let (_home, app) = open().await;
    let id = app
        .db
        .write(|tx| {
            Box::pin(async move {
                let job = NewJob {
                    kind: "train",
                    key: None,
                    project: "nowhere".to_owned(),
                    input: serde_json::json!({}),
                };
                tx.enqueue(&job).await
            })
        })
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let address = app.address.clone();
    let served = tokio::spawn(server::serve(app, stop.clone().cancelled_owned()));

    // The stream of events ends by itself when the job has ended.
    let events = tokio::time::timeout(Duration::from_secs(30), async {
        reqwest::get(format!("{address}/api/v1/jobs/{id}/events"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    })
    .await
    .expect("the events end");
    assert!(events.contains("\"state\":\"failed\""), "{events}");
    let job: Value = reqwest::get(format!("{address}/api/v1/jobs/{id}"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(job["error"].as_str().unwrap().contains("nowhere"), "{job}");
    let needs: Value = reqwest::get(format!("{address}/api/v1/needs"))
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(needs["items"][0]["kind"], "job", "{needs}");

    let metrics = reqwest::get(format!("{address}/metrics"))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        metrics.contains("ironloop_http_requests_total"),
        "{metrics}"
    );
    assert!(!metrics.contains(id.as_str()), "an id became a label");

    stop.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_job_that_was_running_when_the_server_died_is_taken_up_again() {
    let (home, app) = open().await;
    let id = app
        .db
        .write(|tx| {
            Box::pin(async move {
                let job = NewJob {
                    kind: "ingest",
                    key: None,
                    project: "nowhere".to_owned(),
                    input: serde_json::json!({}),
                };
                tx.enqueue(&job).await
            })
        })
        .await
        .unwrap();
    let claimed = store::claim_job(
        &app.db,
        &["ingest"],
        "one that dies",
        Duration::from_mins(1),
    )
    .await
    .unwrap();
    assert!(claimed.is_some());
    drop(app);

    let app = App::open(Config::at(home.path())).await.unwrap();
    let job = store::job(&app.db, id.as_str()).await.unwrap();
    assert_eq!((job.state.as_str(), job.attempts), ("queued", 1));
}
