//! The alias `champion` moves only past its gate.

use project::Verdict;
use registry::Decision;

use crate::shop::{FILE, Shop, tables};

// proves S10 S22 S44
#[tokio::test(flavor = "multi_thread")]
async fn promotion_is_refused_until_every_criterion_passes_and_the_stakeholder_agrees() {
    testkit::on_both(tables(), |db| async move {
        let shop = Shop::open(db, FILE).await;
        let made = shop.make_version().await;
        assert_eq!(made.refusal, None);
        let version = made.version.expect("it passed the gate candidate").version;
        assert_eq!(version, 1);

        let accurate = made.evaluation.criterion("accurate").unwrap();
        let (value, upper) = (
            accurate.measured.value.unwrap(),
            accurate.measured.upper.unwrap(),
        );
        assert!(value < upper && upper < 0.2, "{accurate:?}");
        let today = made.evaluation.criterion("beats-today").unwrap();
        assert!((today.baseline.unwrap() - 15.0).abs() < 1e-9, "{today:?}");
        assert!(today.difference.unwrap().upper.unwrap() < 0.0, "{today:?}");
        assert_eq!(
            made.evaluation.criterion("beats-champion").unwrap().reason,
            "no champion yet to compare with"
        );
        assert_eq!(made.evaluation.slices.len(), 2);

        let refusal = shop.refused(1).await;
        assert!(
            refusal.contains("it waits for the approval of 1 stakeholder (0 given)"),
            "{refusal}"
        );
        assert!(refusal.contains("/p/shop/models/shop/1"), "{refusal}");
        let open = registry::open_approvals(shop.db(), "shop").await.unwrap();
        assert_eq!(open.len(), 1, "the stakeholder is asked once: {open:?}");

        shop.decide(1, "boss", Decision::Approve).await.unwrap();
        assert_eq!(
            registry::open_approvals(shop.db(), "shop").await.unwrap(),
            []
        );
        let moved = registry::promote(shop.db(), &shop.project, 1, "champion", "ds")
            .await
            .unwrap();
        assert_eq!((moved.version, moved.previous), (1, None));
        assert_eq!(
            registry::alias(shop.db(), "shop", "champion")
                .await
                .unwrap()
                .version,
            1
        );
        store::verify_audit(shop.db()).await.unwrap();
    })
    .await;
}

// proves S44
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_a_criterion_becomes_no_version_and_the_refusal_names_everything() {
    testkit::on_both(tables(), |db| async move {
        let shop = Shop::open(
            db,
            &FILE.replacen("value      = 0.20", "value      = 0.001", 1),
        )
        .await;
        let made = shop.make_version().await;
        assert_eq!(made.version, None);
        let refusal = made.refusal.unwrap();
        for part in [
            "criterion accurate (version 1) fails",
            "wanted wape ≤ 0.001 (95 % bound) on holdout",
            "upper bound",
            "on orders version 1",
        ] {
            assert!(refusal.contains(part), "{part:?} is not in {refusal:?}");
        }
    })
    .await;
}

// proves S29 S44 S56
#[tokio::test(flavor = "multi_thread")]
async fn a_raised_criterion_closes_the_gate_and_old_evaluations_keep_version_1() {
    testkit::on_both(tables(), |db| async move {
        let mut shop = Shop::open(db, FILE).await;
        let first = shop.make_version().await.evaluation;
        shop.decide(1, "boss", Decision::Approve).await.unwrap();
        assert_eq!(shop.gate(1).await.verdict, Verdict::Pass);

        shop.change("value      = 0.20", "value      = 0.001").await;
        let gate = shop.gate(1).await;
        assert_eq!(gate.verdict, Verdict::Unknown);
        assert!(
            shop.refused(1)
                .await
                .contains("measured by version 1 of the criterion, now there is version 2")
        );

        let second = registry::evaluate_version(&shop.ctx, &shop.project, 1, "ds")
            .await
            .unwrap();
        assert_eq!(second.criterion("accurate").unwrap().version, 2);
        assert_eq!(second.criterion("accurate").unwrap().verdict, Verdict::Fail);
        assert_eq!(second.criterion("beats-today").unwrap().version, 1);
        assert_eq!(shop.gate(1).await.verdict, Verdict::Fail);
        assert!(
            shop.refused(1)
                .await
                .contains("criterion accurate (version 2) fails")
        );
        let kept = registry::evaluations(shop.db(), "shop", 10).await.unwrap();
        assert!(kept.contains(&first), "evidence is never changed");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_nobody_evaluated_is_unknown_and_unknown_never_passes() {
    testkit::on_both(tables(), |db| async move {
        let shop = Shop::open(db, FILE).await;
        let run = shop.train().await;
        registry::create_model(shop.db(), "shop", "", Vec::new())
            .await
            .unwrap();
        let new = registry::NewVersion {
            name: "shop".to_owned(),
            source: format!("runs:/{run}/model"),
            run_id: Some(run),
            ..Default::default()
        };
        registry::create_version(shop.db(), new).await.unwrap();
        assert_eq!(shop.gate(1).await.verdict, Verdict::Unknown);
        assert!(
            shop.refused(1)
                .await
                .contains("the version was never evaluated")
        );
        // An alias that no gate protects is free.
        registry::set_alias(shop.db(), "shop", "challenger", 1, "client")
            .await
            .unwrap();
    })
    .await;
}

// proves S44
#[tokio::test(flavor = "multi_thread")]
async fn a_holdout_that_has_judged_too_many_models_says_nothing_any_more() {
    testkit::on_both(tables(), |db| async move {
        let two = FILE.replacen(
            "validate = { folds = 2 }",
            "validate = { folds = 2 }\nmax_holdout_uses = 1",
            1,
        );
        let mut shop = Shop::open(db, &two).await;
        let first = shop.make_version().await.evaluation;
        assert_eq!(
            (
                first.holdout_uses,
                first.criterion("accurate").unwrap().verdict
            ),
            (1, Verdict::Pass)
        );
        let again = registry::evaluate_version(&shop.ctx, &shop.project, 1, "ds")
            .await
            .unwrap();
        assert_eq!(again.holdout_uses, 1, "the same model again is no new use");

        shop.change(
            "algorithm = \"ridge\"",
            "algorithm = \"ridge\"\nparams = { l2 = 500.0 }",
        )
        .await;
        let second = shop.make_version().await;
        assert_eq!(second.evaluation.holdout_uses, 2);
        assert_eq!(
            second.evaluation.criterion("accurate").unwrap().verdict,
            Verdict::Unknown
        );
        assert!(
            second
                .refusal
                .unwrap()
                .contains("the holdout has judged 2 models, 1 are allowed")
        );
    })
    .await;
}

// proves S44
#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_takes_the_number_of_a_deleted_one_has_passed_nothing() {
    testkit::on_both(tables(), |db| async move {
        let shop = Shop::open(db, FILE).await;
        let made = shop.make_version().await;
        assert!(made.version.is_some());
        shop.decide(1, "boss", Decision::Approve).await.unwrap();
        assert_eq!(shop.gate(1).await.verdict, Verdict::Pass);

        let other = shop.train().await;
        let another = || registry::NewVersion {
            name: "shop".to_owned(),
            source: format!("runs:/{other}/model"),
            run_id: Some(other.clone()),
            ..Default::default()
        };
        registry::delete_version(shop.db(), "shop", 1, "ds")
            .await
            .unwrap();
        assert!(
            registry::import_version(shop.db(), another(), 1, 5, 6)
                .await
                .unwrap()
        );
        let refusal = shop.refused(1).await;
        assert!(refusal.contains("was never evaluated"), "{refusal}");

        registry::delete_model(shop.db(), "shop", "ds")
            .await
            .unwrap();
        registry::create_model(shop.db(), "shop", "", Vec::new())
            .await
            .unwrap();
        registry::create_version(shop.db(), another())
            .await
            .unwrap();
        let refusal = shop.refused(1).await;
        assert!(refusal.contains("was never evaluated"), "{refusal}");
    })
    .await;
}
