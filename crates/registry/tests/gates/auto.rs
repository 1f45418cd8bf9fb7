//! The gate's own rule promotes a retraining, and nothing else.

use base::SignedDuration;
use registry::Decision;

use crate::shop::{FILE, Shop, tables};

/// Version 1 is champion, by people; then 25 days pass and new rows are loaded.
async fn later(db: store::Db) -> Shop {
    let clock = db.clock().clone();
    let shop = Shop::open(db, FILE).await;
    shop.make_version().await;
    let first = registry::promote_automatically(shop.db(), &shop.project, 1, "champion")
        .await
        .expect("works");
    assert!(
        !first.promoted && first.why.contains("no champion yet"),
        "{first:?}"
    );
    shop.decide(1, "boss", Decision::Approve)
        .await
        .expect("works");
    registry::promote(shop.db(), &shop.project, 1, "champion", "ds")
        .await
        .expect("works");
    clock.advance(SignedDuration::from_hours(25 * 24));
    shop.load().await;
    shop
}

// proves S51
#[tokio::test(flavor = "multi_thread")]
async fn a_better_retraining_of_the_same_file_is_promoted_without_people() {
    testkit::on_both(tables(), |db| async move {
        let shop = later(db).await;
        let made = shop.make_version().await;
        let number = made.version.expect("it passed").version;
        let against = made.evaluation.metric("mae").unwrap();
        assert!(against.measured.value.unwrap() < against.champion.unwrap());
        let outcome = registry::promote_automatically(shop.db(), &shop.project, number, "champion")
            .await
            .unwrap();
        assert!(outcome.promoted, "{outcome:?}");
        assert!(
            outcome
                .why
                .starts_with("mae is better than that of version 1 by"),
            "{outcome:?}"
        );
        assert_eq!(
            registry::alias(shop.db(), "shop", "champion")
                .await
                .unwrap()
                .version,
            2
        );
        assert_eq!(
            registry::alias(shop.db(), "shop", "previous")
                .await
                .unwrap()
                .version,
            1
        );
    })
    .await;
}

// proves S51
#[tokio::test(flavor = "multi_thread")]
async fn a_retraining_by_another_file_needs_people() {
    testkit::on_both(tables(), |db| async move {
        let mut shop = later(db).await;
        shop.change("window     = \"15d\"", "window     = \"14d\"")
            .await;
        let number = shop
            .make_version()
            .await
            .version
            .expect("it passed")
            .version;
        let outcome = registry::promote_automatically(shop.db(), &shop.project, number, "champion")
            .await
            .unwrap();
        assert!(
            !outcome.promoted && outcome.why.contains("people decide"),
            "{outcome:?}"
        );
        assert_eq!(
            registry::alias(shop.db(), "shop", "champion")
                .await
                .unwrap()
                .version,
            1
        );
        assert_eq!(
            registry::open_approvals(shop.db(), "shop")
                .await
                .unwrap()
                .len(),
            1,
            "the stakeholder is asked"
        );
    })
    .await;
}
