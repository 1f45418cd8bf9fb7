//! A model's package: written, read back, and refused when it was changed.

use base::{Kind, LoggedModelId, RunId};
use data::Task;
use project::Algorithm;
use store::Blobs;
use training::{Model, Package, Params};

use crate::sample::{ALL, candidate, prepared, rows};

fn packed(algorithm: Algorithm, task: Task) -> (Model, Package) {
    let data = prepared(500, task);
    let model =
        training::fit(&candidate(algorithm), &Params::new(), &data, &data.train, 7).expect("fits");
    let package = Package::new(
        &model,
        &data,
        &data.train,
        &RunId::fresh(),
        &LoggedModelId::fresh(),
        &testkit::clock(),
    )
    .expect("packs");
    (model, package)
}

fn blobs() -> (tempfile::TempDir, Blobs) {
    let folder = tempfile::tempdir().expect("a folder");
    let blobs = Blobs::open(&folder.path().display().to_string()).expect("opens");
    (folder, blobs)
}

// proves S41 S46
#[tokio::test]
async fn a_package_is_read_back_as_the_model_that_was_packed() {
    let (batch, _) = rows(100, 5, true);
    for (algorithm, task) in ALL {
        let (model, package) = packed(algorithm, task);
        let (_folder, blobs) = blobs();
        package
            .write(&blobs, "1/r/artifacts/model")
            .await
            .expect("writes");
        let again = training::load(&blobs, "1/r/artifacts/model")
            .await
            .expect("reads");
        assert_eq!(
            again.predict(&batch).expect("predicts"),
            model.predict(&batch).expect("predicts")
        );
        assert_eq!(
            training::digest(&blobs, "1/r/artifacts/model")
                .await
                .expect("a digest"),
            package.digest()
        );
    }
}

// proves S41
#[tokio::test]
async fn a_package_says_what_it_holds_in_mlflows_words() {
    let (_, package) = packed(Algorithm::Ridge, Task::Regression);
    let file = |wanted: &str| {
        package
            .files()
            .find(|(name, _)| *name == wanted)
            .map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned())
            .expect("a file")
    };
    let description = file("MLmodel");
    for wanted in [
        "flavors:\n  ironloop:",
        "  onnx:\n",
        "signature:\n  inputs: \"[{",
        "model_id: m-",
    ] {
        assert!(
            description.contains(wanted),
            "{wanted:?} is not in\n{description}"
        );
    }
    assert!(!description.contains("python_function"));
    let example: serde_json::Value =
        serde_json::from_str(&file("input_example.json")).expect("JSON");
    assert_eq!(
        example["columns"],
        serde_json::json!(["at", "temperature", "carrier", "open"])
    );
    assert_eq!(example["data"][0][0], "2011-01-01T00:00:00");
    let selftest: serde_json::Value = serde_json::from_str(&file("selftest.json")).expect("JSON");
    let tested = selftest["output"].as_array().expect("a list").len();
    assert!((200..=256).contains(&tested), "{tested} rows");
}

// proves S41 S46
#[tokio::test]
async fn a_package_that_was_changed_is_refused() {
    let (_, package) = packed(Algorithm::GradientBoosting, Task::Regression);
    let (_folder, blobs) = blobs();
    package.write(&blobs, "model").await.expect("writes");
    let whole = blobs
        .get_bytes("model/model.ironloop.json")
        .await
        .expect("a file");
    let text = String::from_utf8(whole.to_vec()).expect("text");
    let base = text.find("\"base\":").expect("trees have a base") + 7;
    blobs
        .put_bytes(
            "model/model.ironloop.json",
            format!("{}9{}", &text[..base], &text[base..]),
        )
        .await
        .expect("writes");
    let error = training::load(&blobs, "model")
        .await
        .expect_err("another model");
    assert!(error.message().contains("fails its self-test"), "{error}");
    assert_ne!(
        training::digest(&blobs, "model").await.expect("a digest"),
        package.digest()
    );
    blobs
        .put_bytes(
            "model/model.ironloop.json",
            text[..text.len() / 2].to_owned(),
        )
        .await
        .expect("writes");
    assert_eq!(
        training::load(&blobs, "model")
            .await
            .expect_err("half a model")
            .kind(),
        Kind::Invalid
    );
    blobs
        .delete("model/model.ironloop.json")
        .await
        .expect("deletes");
    let error = training::load(&blobs, "model").await.expect_err("no model");
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(
        error.message().contains("model.ironloop.json is missing"),
        "{error}"
    );
}
