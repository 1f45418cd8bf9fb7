//! The store on both databases.

use std::time::Duration;

use base::{Kind, PageRequest};
use serde_json::json;
use store::{AuditEntry, Db, Migrations, NewJob};

fn tables() -> Migrations {
    Migrations::default().with("test", &["create table thing (id TEXT primary key, n BIGINT not null, x DOUBLE PRECISION, ok BOOLEAN not null);\n"])
}

async fn add(db: &Db, id: &'static str, n: i64) -> base::Result<u64> {
    db.write(move |tx| {
        Box::pin(async move {
            tx.execute(
                "insert into thing (id, n, x, ok) values ($1, $2, $3, $4)",
                &[id.into(), n.into(), None::<f64>.into(), true.into()],
            )
            .await
        })
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_change_is_undone_alone_and_others_of_its_group_stay() {
    testkit::on_both(tables(), |db| async move {
        let (a, b, c) = tokio::join!(add(&db, "a", 1), add(&db, "a", 2), add(&db, "b", 3));
        assert_eq!([&a, &b, &c].iter().filter(|r| r.is_ok()).count(), 2);
        let lost = [a, b, c].into_iter().find_map(Result::err).unwrap();
        assert_eq!(lost.kind(), Kind::AlreadyExists);
        let rows: Vec<(String, Option<f64>, bool)> = db
            .rows("select id, x, ok from thing order by id", &[])
            .await
            .unwrap();
        assert_eq!(
            rows,
            [("a".to_owned(), None, true), ("b".to_owned(), None, true)]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_once_and_a_newer_database_is_refused() {
    testkit::on_both(tables(), |db| async move {
        tables().run(&db).await.unwrap();
        let older = Migrations::default().with("test", &[]);
        let refused = older.run(&db).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Conflict);
        assert!(refused.hint_text().unwrap().contains("newer"));
    })
    .await;
}

// proves S44 (the record behind each gate decision)
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_chain_shows_an_entry_that_was_altered() {
    testkit::on_both(tables(), |db| async move {
        for n in 0..3 {
            db.write(move |tx| {
                Box::pin(async move {
                    tx.audit(&AuditEntry {
                        actor: "ada".into(),
                        action: "test.counted".into(),
                        project: "p".into(),
                        object: format!("thing/{n}"),
                        detail: json!({ "n": n }),
                    })
                    .await
                })
            })
            .await
            .unwrap();
        }
        assert_eq!(store::verify_audit(&db).await.unwrap(), 3);
        let page = store::audit_page(&db, "p", "thing/1", &PageRequest::default())
            .await
            .unwrap();
        assert_eq!(page.items.len(), 1);
        db.write(|tx| {
            Box::pin(async move {
                tx.execute("update audit set detail = '{}' where seq = 2", &[])
                    .await
            })
        })
        .await
        .unwrap();
        let broken = store::verify_audit(&db).await.unwrap_err();
        assert!(broken.message().contains("entry 2"), "{broken}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_asked_for_twice_is_one_job_and_a_lost_one_is_queued_again() {
    testkit::on_both(tables(), |db| async move {
        let ask = || {
            db.write(|tx| {
                Box::pin(async move {
                    tx.enqueue(&NewJob {
                        kind: "train",
                        key: Some("k".into()),
                        project: "p".into(),
                        input: json!({"a": 1}),
                    })
                    .await
                })
            })
        };
        let (first, second) = (ask().await.unwrap(), ask().await.unwrap());
        assert_eq!(first, second);
        let claimed = store::claim_job(&db, &["train"], "w1", Duration::from_secs(30))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(claimed.id, first.as_str());
        assert!(
            store::claim_job(&db, &["train"], "w2", Duration::from_secs(30))
                .await
                .unwrap()
                .is_none()
        );
        assert_eq!(store::requeue_lost_jobs(&db, true).await.unwrap(), 1);
        let again = store::claim_job(&db, &["train"], "w2", Duration::from_secs(30))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(again.attempts, 2);
        store::finish_job(&db, &again.id, Ok(json!({"done": true})))
            .await
            .unwrap();
        assert!(store::job(&db, &again.id).await.unwrap().ended());
    })
    .await;
}
