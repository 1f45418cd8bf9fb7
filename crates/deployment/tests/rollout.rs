//! Stories of deploying: what may serve, how traffic moves, and what a restart finds.

#![expect(clippy::unwrap_used, reason = "a test says where it broke by its line")]

mod story;

use base::{Kind, SignedDuration};
use deployment::Request;
use story::{ENDPOINT, Shop, case, migrations, one_row};

const CANARY: &str =
    "rollout = { kind = \"canary\", steps = [10, 100], hold = \"1h\", stop_on = [\"fast\"] }";

async fn shares(shop: &Shop) -> Vec<(i64, i64, String)> {
    let status = shop.serving.status("fees", ENDPOINT).await.unwrap();
    status
        .revisions
        .iter()
        .rev()
        .map(|revision| (revision.version, revision.share, revision.state.clone()))
        .collect()
}

// proves S02 S04 S46
#[tokio::test(flavor = "multi_thread")]
async fn a_logged_onnx_model_is_deployed_without_code_and_answers_as_where_it_was_made() {
    testkit::on_both(migrations(), |db| async move {
        let shop = Shop::open(db, CANARY).await;
        let revision = shop.deploy().await.unwrap();
        assert_eq!(
            (revision.revision, revision.version, revision.share),
            (1, 1, 100)
        );
        let (batch, expected) = case("logistic");
        let answer = shop
            .serving
            .predict(ENDPOINT, Request::new(batch))
            .await
            .unwrap();
        assert_eq!(answer.version, 1);
        for (found, expected) in answer.values.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(shop.serving.engine(ENDPOINT, None).unwrap(), "onnx");
        let audit = store::audit_page(&shop.db, "fees", "endpoint", &base::PageRequest::default())
            .await
            .unwrap();
        let actions: Vec<&str> = audit
            .items
            .iter()
            .rev()
            .map(|entry| entry.action.as_str())
            .collect();
        assert_eq!(actions, ["deployment.deployed", "deployment.rolled_out"]);
    })
    .await;
}

// proves S10 S44
#[tokio::test(flavor = "multi_thread")]
async fn a_version_without_the_alias_is_not_deployed() {
    let shop = Shop::open(testkit::sqlite(migrations()).await, CANARY).await;
    let error = shop
        .serving
        .deploy(&shop.project, ENDPOINT, Some(2), "ann")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Forbidden);
    assert!(
        error
            .message()
            .contains("version 2 of fees is not fees@champion, version 1 is"),
        "{error}"
    );
    assert!(shop.serving.names().is_empty());
}

// proves S10
#[tokio::test(flavor = "multi_thread")]
async fn deploying_what_serves_already_changes_nothing() {
    let shop = Shop::open(testkit::sqlite(migrations()).await, CANARY).await;
    let first = shop.deploy().await.unwrap();
    assert_eq!(shop.deploy().await.unwrap(), first);
    assert_eq!(shares(&shop).await.len(), 1);
}

// proves S06 S13
#[tokio::test(flavor = "multi_thread")]
async fn a_canary_takes_its_steps_by_the_clock_and_no_request_of_ten_thousand_fails() {
    testkit::on_both(migrations(), |db| async move {
        let shop = Shop::open(db, CANARY).await;
        shop.deploy().await.unwrap();
        shop.champion(2).await;
        let serving = shop.serving.clone();
        let callers: Vec<_> = (0..4)
            .map(|caller| {
                let serving = serving.clone();
                tokio::spawn(async move {
                    let mut versions = [0_u32; 3];
                    for at in 0..2500 {
                        let answer = serving
                            .predict(ENDPOINT, one_row(&format!("{caller}-{at}")))
                            .await
                            .expect("no request fails");
                        versions[answer.version as usize] += 1;
                        tokio::task::yield_now().await;
                    }
                    versions
                })
            })
            .collect();
        let revision = shop.deploy().await.unwrap();
        assert_eq!((revision.version, revision.share), (2, 10));
        shop.serving.advance().await.unwrap();
        assert_eq!(
            shares(&shop).await,
            [(1, 90, "serving".to_owned()), (2, 10, "serving".to_owned())]
        );
        let mut on_two = 0;
        for at in 0..1000 {
            let asked = format!("probe-{at}");
            let answer = shop
                .serving
                .predict(ENDPOINT, one_row(&asked))
                .await
                .unwrap();
            let again = shop
                .serving
                .predict(ENDPOINT, one_row(&asked))
                .await
                .unwrap();
            assert_eq!(
                answer.version, again.version,
                "the same id meets the same revision"
            );
            on_two += u32::from(answer.version == 2);
        }
        assert!((60..150).contains(&on_two), "{on_two} of 1000 at 10 %");
        shop.db.clock().advance(SignedDuration::from_mins(59));
        shop.serving.advance().await.unwrap();
        assert_eq!(shares(&shop).await[1].1, 10);
        shop.db.clock().advance(SignedDuration::from_mins(1));
        shop.serving.advance().await.unwrap();
        assert_eq!(
            shares(&shop).await,
            [(1, 0, "retired".to_owned()), (2, 100, "serving".to_owned())]
        );
        let mut total = 0;
        for caller in callers {
            total += caller.await.unwrap().iter().sum::<u32>();
        }
        assert_eq!(total, 10_000);
        let status = shop.serving.status("fees", ENDPOINT).await.unwrap();
        assert_eq!(
            status
                .revisions
                .iter()
                .map(|revision| revision.errors)
                .sum::<u64>(),
            0
        );
        assert_eq!(status.rollouts[0].state, "done");
    })
    .await;
}

// proves S13 S44
#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_that_breaks_a_criterion_is_rolled_back_and_traffic_stays() {
    let shop = Shop::open(testkit::sqlite(migrations()).await, "rollout = { kind = \"canary\", steps = [10, 100], hold = \"0s\", stop_on = [\"impossible\"] }").await;
    // The very first revision is judged too.
    let error = shop.deploy().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(
        error
            .message()
            .contains("criterion impossible failed: latency_p99_ms"),
        "{error}"
    );
    assert_eq!(shares(&shop).await, [(1, 0, "failed".to_owned())]);
    let status = shop.serving.status("fees", ENDPOINT).await.unwrap();
    assert_eq!(
        (status.state.as_str(), status.rollouts[0].state.as_str()),
        ("empty", "rolled_back")
    );
}

// proves S02
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_of_a_rollout_goes_on_where_it_stood() {
    testkit::on_both(migrations(), |db| async move {
        let mut shop = Shop::open(db, CANARY).await;
        shop.deploy().await.unwrap();
        shop.champion(2).await;
        shop.deploy().await.unwrap();
        let before = shop.serving.predict(ENDPOINT, one_row("a")).await.unwrap();
        shop.restart().await;
        assert_eq!(
            shares(&shop).await,
            [(1, 90, "serving".to_owned()), (2, 10, "serving".to_owned())]
        );
        let after = shop.serving.predict(ENDPOINT, one_row("a")).await.unwrap();
        assert_eq!(
            (before.version, before.values),
            (after.version, after.values)
        );
        shop.db.clock().advance(SignedDuration::from_hours(1));
        shop.serving.advance().await.unwrap();
        assert_eq!(shares(&shop).await[1], (2, 100, "serving".to_owned()));
    })
    .await;
}

// proves S02 S10
#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_files_changed_is_not_loaded_and_the_one_before_serves() {
    let mut shop = Shop::open(testkit::sqlite(migrations()).await, "").await;
    shop.deploy().await.unwrap();
    shop.champion(2).await;
    shop.deploy().await.unwrap();
    let other = std::fs::read(story::fixtures().join("tree.onnx")).unwrap();
    let stored = registry::version(&shop.db, "fees", 2)
        .await
        .unwrap()
        .storage;
    shop.blobs
        .put_bytes(
            &format!("{}/model.onnx", experiments::blob_path(&stored).unwrap()),
            other,
        )
        .await
        .unwrap();
    let error = shop.deploy().await.unwrap_err();
    assert!(
        error
            .message()
            .contains("the files of fees version 2 have changed"),
        "{error}"
    );
    shop.restart().await;
    assert_eq!(
        shares(&shop).await,
        [(1, 100, "serving".to_owned()), (2, 0, "failed".to_owned())]
    );
    let status = shop.serving.status("fees", ENDPOINT).await.unwrap();
    assert!(
        status.rollouts[0]
            .reason
            .contains("revision 2 could not be loaded"),
        "{}",
        status.rollouts[0].reason
    );
    assert_eq!(
        shop.serving
            .predict(ENDPOINT, one_row("a"))
            .await
            .unwrap()
            .version,
        1
    );
}

// proves S08
#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_gives_all_traffic_to_the_revision_before() {
    let shop = Shop::open(testkit::sqlite(migrations()).await, "").await;
    shop.deploy().await.unwrap();
    let error = shop
        .serving
        .rollback("fees", ENDPOINT, "ops")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    shop.champion(2).await;
    shop.deploy().await.unwrap();
    assert_eq!(
        shop.serving
            .rollback("fees", ENDPOINT, "ops")
            .await
            .unwrap()
            .version,
        1
    );
    assert_eq!(
        shares(&shop).await,
        [(1, 100, "serving".to_owned()), (2, 0, "retired".to_owned())]
    );
    assert_eq!(
        shop.serving
            .predict(ENDPOINT, one_row("a"))
            .await
            .unwrap()
            .version,
        1
    );
    // Deploying the champion again is a new revision of the same version.
    assert_eq!(shop.deploy().await.unwrap().revision, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_only_python_can_compute_says_what_to_log() {
    let shop = Shop::open(testkit::sqlite(migrations()).await, "").await;
    let version = shop.register_files("pickle", &[("MLmodel", b"flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n  sklearn:\n    pickled_model: model.pkl\n"), ("model.pkl", b"x")]).await;
    shop.champion(version).await;
    let error = shop.deploy().await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotImplemented);
    assert!(
        error.message().contains("python_function, sklearn"),
        "{error}"
    );
    assert!(error.hint_text().unwrap().contains("mlflow.onnx.log_model"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drains_refuses_new_requests() {
    let shop = Shop::open(testkit::sqlite(migrations()).await, "").await;
    shop.deploy().await.unwrap();
    shop.serving.predict(ENDPOINT, one_row("a")).await.unwrap();
    shop.serving.drain().await.unwrap();
    assert_eq!(
        shop.serving
            .predict(ENDPOINT, one_row("b"))
            .await
            .unwrap_err()
            .kind(),
        Kind::Unavailable
    );
    assert_eq!(
        shop.serving
            .predictions("fees", ENDPOINT, 0, i64::MAX)
            .await
            .unwrap()
            .num_rows(),
        1
    );
}
