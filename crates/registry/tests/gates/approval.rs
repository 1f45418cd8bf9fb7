//! Who may approve, and how long it counts.

use base::{Kind, SignedDuration};
use project::Verdict;
use registry::{ApprovalState, Decision};

use crate::shop::{FILE, Shop, tables};

// proves S10 S33 S74
#[tokio::test(flavor = "multi_thread")]
async fn only_a_holder_of_the_role_approves_and_never_the_author_or_a_service() {
    testkit::on_both(tables(), |db| async move {
        let text = FILE.replacen(
            "[\"boss\", \"partner\"]",
            "[\"boss\", \"ds\", \"svc:robot\"]",
            1,
        );
        let shop = Shop::open(db, &text).await;
        shop.make_version().await;
        for (actor, part) in [
            ("ds", "forbids to approve one's own work"),
            ("stranger", "does not hold the role stakeholder"),
            ("svc:robot", "is not a person"),
            ("ironloop", "is not a person"),
        ] {
            let error = shop.decide(1, actor, Decision::Approve).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Forbidden);
            assert!(error.message().contains(part), "{actor}: {error}");
        }
        assert_eq!(shop.gate(1).await.verdict, Verdict::Unknown);
        let approval = shop.decide(1, "boss", Decision::Approve).await.unwrap();
        let again = shop.decide(1, "boss", Decision::Approve).await.unwrap();
        assert_eq!(approval, again, "deciding twice is one decision");
        assert_eq!(shop.gate(1).await.verdict, Verdict::Pass);
    })
    .await;
}

// proves S74
#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_logs_in_one_person_does_it_all_and_that_is_recorded() {
    testkit::on_both(tables(), |db| async move {
        let shop = Shop::open(
            db,
            &FILE.replacen("self      = \"forbid\"", "self      = \"record\"", 1),
        )
        .await;
        let run = shop.train().await;
        registry::register(&shop.ctx, &shop.project, &run, "local")
            .await
            .unwrap();
        let approval = shop.decide(1, "local", Decision::Approve).await.unwrap();
        assert!(approval.own);
        let gate = shop.gate(1).await;
        assert_eq!(gate.verdict, Verdict::Pass);
        assert!(gate.approvals[0].given[0].own);
    })
    .await;
}

// proves S44
#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_void_after_a_change_and_expires_with_time() {
    testkit::on_both(tables(), |db| async move {
        let clock = db.clock().clone();
        let mut shop = Shop::open(db, FILE).await;
        shop.make_version().await;
        shop.decide(1, "boss", Decision::Approve).await.unwrap();

        shop.change("value    = 0.30", "value    = 0.31").await;
        registry::evaluate_version(&shop.ctx, &shop.project, 1, "ds")
            .await
            .unwrap();
        let gate = shop.gate(1).await;
        assert_eq!(
            (gate.verdict, gate.approvals[0].state),
            (Verdict::Unknown, ApprovalState::Void)
        );
        assert!(
            shop.refused(1)
                .await
                .contains("is void: what was approved has changed since")
        );

        shop.decide(1, "partner", Decision::Approve).await.unwrap();
        assert_eq!(shop.gate(1).await.verdict, Verdict::Pass);
        clock.advance(SignedDuration::from_hours(15 * 24));
        assert!(
            shop.refused(1)
                .await
                .contains("the evaluation is older than 14d")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_closes_the_gate_until_the_person_decides_again() {
    testkit::on_both(tables(), |db| async move {
        let shop = Shop::open(db, FILE).await;
        shop.make_version().await;
        shop.decide(1, "boss", Decision::Reject).await.unwrap();
        assert_eq!(shop.gate(1).await.verdict, Verdict::Fail);
        assert!(
            shop.refused(1)
                .await
                .contains("a stakeholder has refused it")
        );
        shop.decide(1, "boss", Decision::Approve).await.unwrap();
        assert_eq!(shop.gate(1).await.verdict, Verdict::Pass);
    })
    .await;
}
