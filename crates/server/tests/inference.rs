//! Stories of the inference protocols at the HTTP boundary: a scikit-learn model logged as ONNX, asked well and badly.

#![expect(clippy::unwrap_used, reason = "a test says where it broke by its line")]

use axum::Router;
use axum::body::Body;
use base::{Clock, Result};
use experiments::NewLoggedModel;
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use registry::NewVersion;
use serde_json::{Value, json};
use server::{App, Config};
use tower::ServiceExt as _;

const MLMODEL: &str = "flavors:\n  onnx:\n    data: model.onnx\n";

struct Shop {
    router: Router,
    app: App,
    _home: tempfile::TempDir,
}

async fn shop() -> Shop {
    let home = tempfile::tempdir().unwrap();
    let mut config = Config::at(home.path().join("home"));
    config.clock = Clock::manual(testkit::start_of_test());
    let app = App::open(config).await.unwrap();
    let onnx = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../deployment/tests/onnx/mixed.onnx"
    ))
    .unwrap();
    let experiment = experiments::experiment_named(&app.db, "churn")
        .await
        .unwrap();
    let new = NewLoggedModel {
        experiment_id: experiment.id,
        name: "churn".to_owned(),
        model_type: String::new(),
        source_run_id: None,
        params: vec![],
        tags: vec![],
    };
    let logged = experiments::create_logged_model(&app.db, new)
        .await
        .unwrap();
    let folder = experiments::blob_path(&logged.artifact_uri).unwrap();
    for (name, bytes) in [
        ("MLmodel", MLMODEL.as_bytes().to_vec()),
        ("model.onnx", onnx),
    ] {
        app.blobs
            .put_bytes(&format!("{folder}/{name}"), bytes)
            .await
            .unwrap();
    }
    let text = "schema = 1\n[project]\nname = \"churn\"\ntitle = \"Churn\"\nowner = \"ann\"\n[deployment.churn-api]\nmodel = \"churn@champion\"\n";
    let (project, _) = project::apply(&app.db, text, home.path(), "ann")
        .await
        .unwrap();
    registry::create_model(&app.db, "churn", "", vec![])
        .await
        .unwrap();
    let new = NewVersion {
        name: "churn".to_owned(),
        source: format!("models:/{}", logged.id),
        model_id: Some(logged.id),
        user: "ann".to_owned(),
        ..NewVersion::default()
    };
    registry::create_version(&app.db, new).await.unwrap();
    registry::set_alias(&app.db, "churn", "champion", 1, "ann")
        .await
        .unwrap();
    app.serving
        .deploy(&project, "churn-api", None, "ann")
        .await
        .unwrap();
    Shop {
        router: server::router(app.clone()),
        app,
        _home: home,
    }
}

impl Shop {
    async fn send(&self, request: Request<Body>) -> Result<(StatusCode, http::HeaderMap, Vec<u8>)> {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Ok((
            parts.status,
            parts.headers,
            body.collect().await.unwrap().to_bytes().to_vec(),
        ))
    }

    async fn post(&self, path: &str, body: impl Into<Body>) -> (StatusCode, Value) {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::HOST, "127.0.0.1")
            .body(body.into())
            .unwrap();
        let (status, _, bytes) = self.send(request).await.unwrap();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    async fn infer(&self, body: &Value) -> (StatusCode, Value) {
        self.post("/v2/models/churn-api/infer", body.to_string())
            .await
    }
}

fn row() -> Value {
    let case: Value =
        serde_json::from_str(include_str!("../../deployment/tests/onnx/mixed.json")).unwrap();
    let input = |name: &str, datatype: &str| json!({"name": name, "shape": [1, 1], "datatype": datatype, "data": case["inputs"][name][0]});
    json!({"inputs": [input("age", "FP32"), input("fee", "FP32"), input("plan", "BYTES"), input("town", "BYTES")]})
}

fn expected() -> f64 {
    let case: Value =
        serde_json::from_str(include_str!("../../deployment/tests/onnx/mixed.json")).unwrap();
    case["outputs"]["probabilities"][0][1].as_f64().unwrap()
}

// proves S02 S46
#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_answer_as_the_model_did_where_it_was_made() {
    let shop = shop().await;
    let (status, answer) = shop.infer(&row()).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["outputs"][1]["shape"], json!([1, 2]));
    assert!((answer["outputs"][1]["data"][1].as_f64().unwrap() - expected()).abs() < 1e-6);
    let columns: serde_json::Map<String, Value> = row()["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| {
            (
                input["name"].as_str().unwrap().to_owned(),
                input["data"][0].clone(),
            )
        })
        .collect();
    let (status, answer) = shop
        .post(
            "/invocations",
            json!({"dataframe_records": [columns]}).to_string(),
        )
        .await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(
        (answer["predictions"][0]["probabilities"][1]
            .as_f64()
            .unwrap()
            - expected())
        .abs()
            < 1e-6
    );
    assert_eq!(answer["prediction_ids"].as_array().unwrap().len(), 1);
}

// proves S46
#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_refused_with_the_input_and_the_value() {
    let shop = shop().await;
    let changed = |at: usize, key: &str, value: Value| {
        let mut body = row();
        body["inputs"][at][key] = value;
        body.to_string()
    };
    let mut missing = row();
    missing["inputs"].as_array_mut().unwrap().pop();
    let mut empty = row();
    for input in empty["inputs"].as_array_mut().unwrap() {
        (input["shape"], input["data"]) = (json!([0, 1]), json!([]));
    }
    let cases = [
        ("{".to_owned(), "malformed"),
        (
            r#"{"inputs": [{"name": "age", "shape": [1], "datatype": "FP32", "data": [NaN]}]}"#
                .to_owned(),
            "malformed",
        ),
        ("{}".to_owned(), "inputs"),
        (json!({"inputs": []}).to_string(), "no inputs"),
        (
            changed(0, "shape", json!([2, 1])),
            "\"age\" declares shape [2, 1] and holds 1 values",
        ),
        (
            changed(0, "shape", json!([4611686018427387904_i64, 4])),
            "\"age\" declares shape",
        ),
        (
            changed(0, "data", json!(["old"])),
            "\"age\" is declared FP32 and holds \"old\"",
        ),
        (
            changed(0, "datatype", json!("FLOAT")),
            "\"FLOAT\", which is not known",
        ),
        (changed(0, "name", json!("aeg")), "\"age\" is missing"),
        (
            changed(2, "data", json!([7])),
            "\"plan\" is declared BYTES and holds 7",
        ),
        (missing.to_string(), "\"town\" is missing"),
        (empty.to_string(), "empty"),
    ];
    for (body, words) in cases {
        let (status, answer) = shop.post("/v2/models/churn-api/infer", body.clone()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
        assert!(
            answer["error"].as_str().unwrap().contains(words),
            "{body}: {answer}"
        );
    }
    let (status, answer) = shop
        .post("/v2/models/nobody/infer", row().to_string())
        .await;
    assert_eq!(
        (status, answer["error"].is_string()),
        (StatusCode::NOT_FOUND, true)
    );
    let (status, answer) = shop
        .post("/v2/models/churn-api/infer", vec![b' '; 33 * 1024 * 1024])
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{answer}");
    assert!(
        answer["error"].as_str().unwrap().contains("larger than"),
        "{answer}"
    );
}

// proves S02
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_category_and_a_missing_number_are_the_models_business() {
    let shop = shop().await;
    let mut body = row();
    body["inputs"][2]["data"] = json!(["never seen"]);
    body["inputs"][0]["data"] = json!([null]);
    let (status, answer) = shop.infer(&body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert!(answer["outputs"][1]["data"][1].is_number());
}

// proves S54
#[tokio::test(flavor = "multi_thread")]
async fn ids_and_extra_columns_reach_the_log_and_probes_do_not() {
    let shop = shop().await;
    let mut body = row();
    body["id"] = json!("order-1");
    body["inputs"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "count_week_ago", "shape": [1], "datatype": "FP64", "data": [12.5]}));
    let (status, answer) = shop.infer(&body).await;
    assert_eq!(
        (status, &answer["parameters"]["prediction_ids"]),
        (StatusCode::OK, &json!("order-1")),
        "{answer}"
    );
    let probe = Request::post("/v2/models/churn-api/infer")
        .header(header::HOST, "127.0.0.1")
        .header("x-ironloop-log", "off")
        .body(row().to_string().into())
        .unwrap();
    assert_eq!(shop.send(probe).await.unwrap().0, StatusCode::OK);
    let logged = shop
        .app
        .serving
        .predictions("churn", "churn-api", 0, i64::MAX)
        .await
        .unwrap();
    assert_eq!(logged.num_rows(), 1);
    assert!(logged.column_by_name("in_count_week_ago").is_some());
}

// proves S46
#[tokio::test(flavor = "multi_thread")]
async fn binary_tensors_go_in_and_come_out() {
    let shop = shop().await;
    let case = row();
    let number = |at: usize| {
        (case["inputs"][at]["data"][0].as_f64().unwrap() as f32)
            .to_le_bytes()
            .to_vec()
    };
    let text = |at: usize| {
        let text = case["inputs"][at]["data"][0].as_str().unwrap();
        [
            (text.len() as u32).to_le_bytes().as_slice(),
            text.as_bytes(),
        ]
        .concat()
    };
    let parts = [number(0), number(1), text(2), text(3)];
    let mut head = case.clone();
    for (at, part) in parts.iter().enumerate() {
        let input = head["inputs"][at].as_object_mut().unwrap();
        input.remove("data");
        input.insert(
            "parameters".to_owned(),
            json!({"binary_data_size": part.len()}),
        );
    }
    head["outputs"] = json!([{"name": "probabilities", "parameters": {"binary_data": true}}]);
    let head = head.to_string();
    let body = [head.as_bytes(), &parts.concat()].concat();
    let request = |body: Vec<u8>| {
        Request::post("/v2/models/churn-api/infer")
            .header(header::HOST, "127.0.0.1")
            .header("Inference-Header-Content-Length", head.len())
            .body(Body::from(body))
            .unwrap()
    };
    let (status, headers, bytes) = shop.send(request(body.clone())).await.unwrap();
    assert_eq!(
        status,
        StatusCode::OK,
        "{}",
        String::from_utf8_lossy(&bytes)
    );
    let length: usize = headers["inference-header-content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    let tail = &bytes[length..];
    assert_eq!(tail.len(), 8);
    let found = f32::from_le_bytes(tail[4..8].try_into().unwrap());
    assert!((f64::from(found) - expected()).abs() < 1e-6);
    let cut = body[..body.len() - 3].to_vec();
    assert_eq!(
        shop.send(request(cut)).await.unwrap().0,
        StatusCode::BAD_REQUEST
    );
}

// proves S46
#[tokio::test(flavor = "multi_thread")]
async fn health_and_metadata_have_the_bodies_that_clients_read() {
    let shop = shop().await;
    let shop = &shop;
    let get = |path: &'static str| async move {
        let request = Request::get(path)
            .header(header::HOST, "127.0.0.1")
            .body(Body::empty())
            .unwrap();
        let (status, _, bytes) = shop.send(request).await.unwrap();
        (
            status.as_u16(),
            serde_json::from_slice::<Value>(&bytes).unwrap_or(Value::Null),
        )
    };
    assert_eq!(get("/v2/health/live").await, (200, json!({"live": true})));
    assert_eq!(get("/v2/health/ready").await.1["ready"], json!(true));
    assert_eq!(get("/v2/models/nobody/ready").await.0, 404);
    assert_eq!(get("/v2/models/churn-api/versions/2/ready").await.0, 404);
    let (status, metadata) = get("/v2/models/churn-api").await;
    assert_eq!(status, 200);
    assert_eq!(metadata["versions"], json!(["1"]));
    assert_eq!(
        metadata["inputs"][2],
        json!({"name": "plan", "datatype": "BYTES", "shape": [-1, 1]})
    );
    assert_eq!(
        metadata["outputs"][1],
        json!({"name": "probabilities", "datatype": "FP32", "shape": [-1, 2]})
    );
    assert_eq!(get("/v2/models/churn-api/infer").await.0, 405);
}
