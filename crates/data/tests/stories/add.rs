//! From files to versions.

use base::{Kind, PageRequest};
use data::{Data, State};
use project::Verdict;

use crate::shop::{Home, SHOP, migrations, sales};

// proves S20 S37
#[tokio::test]
async fn rows_of_the_future_are_invisible_until_their_time_comes() {
    testkit::on_both(migrations(), |db| async move {
        let home = Home::new(db);
        home.file("sales.csv", &sales());
        let project = home.project(SHOP).await;
        let first = home
            .data
            .add(&project, "sales", None, "de")
            .await
            .unwrap()
            .version;
        assert_eq!(
            (first.rows, first.hidden, first.state),
            (20, 2, State::Current)
        );
        assert_eq!(first.until, Some(1_767_175_200_000));
        let again = home.data.add(&project, "sales", None, "de").await.unwrap();
        assert_eq!((again.new, again.version.version), (false, 1));

        home.db
            .clock()
            .advance(base::SignedDuration::from_hours(48));
        let later = home.data.add(&project, "sales", None, "de").await.unwrap();
        assert_eq!(
            (later.new, later.version.rows, later.version.hidden),
            (true, 22, 0)
        );
        assert_eq!(
            home.data
                .version("shop", "sales", Some(1))
                .await
                .unwrap()
                .state,
            State::Superseded
        );
        assert_eq!(home.data.read(&first).await.unwrap().num_rows(), 20);
    })
    .await;
}

// proves S20 S38
#[tokio::test]
async fn a_broken_file_is_stopped_by_the_name_of_the_rule_and_the_last_good_version_stays() {
    testkit::on_both(migrations(), |db| async move {
        let home = Home::new(db);
        home.file("sales.csv", &sales());
        let project = home.project(SHOP).await;
        home.data.add(&project, "sales", None, "de").await.unwrap();
        let broken = sales().replace(
            "2025-12-24T10:00:00,north,a@example.org,125",
            "2025-12-24T10:00:00,south,a@example.org,-125",
        );
        let broken = home.file("broken.csv", &broken);

        let stopped = home
            .data
            .add(&project, "sales", Some(&broken), "de")
            .await
            .unwrap();
        assert_eq!(stopped.version.state, State::Quarantined);
        assert_eq!(
            stopped.version.checks.stopped_by(),
            ["known-amount", "once"]
        );
        let amount = &stopped.version.checks.results[0];
        assert_eq!((amount.verdict, amount.failing_rows), (Verdict::Fail, 1));
        assert_eq!(
            amount.examples,
            ["row 5: at = 2025-12-24T10:00:00Z, shop = south, amount = -125"]
        );
        assert_eq!(
            (amount.observed.as_str(), amount.limit.as_str()),
            ("19 of 20 rows (95 %)", "amount at least 0 in every row")
        );

        let current = home.data.version("shop", "sales", None).await.unwrap();
        assert_eq!((current.version, current.state), (1, State::Current));
        assert_eq!(
            home.data.view(&project, "days").await.unwrap().datasets[0].version,
            1
        );
        assert_eq!(home.data.quarantined("shop", "sales").await.unwrap(), 1);
        // The same broken file again makes no second version.
        let again = home
            .data
            .add(&project, "sales", Some(&broken), "de")
            .await
            .unwrap();
        assert_eq!((again.new, again.version.version), (false, 2));
        // Its rows are kept for a look.
        assert_eq!(home.data.read(&again.version).await.unwrap().num_rows(), 20);
        let actions: Vec<String> =
            store::audit_page(&home.db, "shop", "dataset", &PageRequest::default())
                .await
                .unwrap()
                .items
                .into_iter()
                .map(|entry| entry.action)
                .collect();
        assert_eq!(actions, ["data.quarantined", "data.added"]);
    })
    .await;
}

// proves S20
#[tokio::test]
async fn a_column_that_changed_its_type_or_vanished_is_stopped() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    home.file("sales.csv", &sales());
    let project = home.project(SHOP).await;
    home.data.add(&project, "sales", None, "de").await.unwrap();

    let words = home.file("words.csv", &sales().replace(",105\n", ",much\n"));
    let stopped = home
        .data
        .add(&project, "sales", Some(&words), "de")
        .await
        .unwrap()
        .version;
    let schema = stopped
        .checks
        .results
        .iter()
        .find(|result| result.id == "schema")
        .unwrap();
    assert_eq!(schema.observed, "amount is text instead of int");

    let without = home.file(
        "without.csv",
        &sales().replace(",email", "").replace(",a@example.org", ""),
    );
    let stopped = home
        .data
        .add(&project, "sales", Some(&without), "de")
        .await
        .unwrap()
        .version;
    assert_eq!(stopped.checks.stopped_by(), ["schema"]);
}

// proves S20
#[tokio::test]
async fn versions_are_there_after_the_server_was_started_again() {
    testkit::on_both(migrations(), |db| async move {
        let home = Home::new(db);
        home.file("sales.csv", &sales());
        let project = home.project(SHOP).await;
        let first = home
            .data
            .add(&project, "sales", None, "de")
            .await
            .unwrap()
            .version;
        let rows = home.data.read(&first).await.unwrap();
        let profile = home.data.profile(&first).await.unwrap();

        let reopened = Data::new(
            home.db.clone(),
            home.folder.path().join("tables").to_str().unwrap(),
        )
        .unwrap();
        let found = reopened.version("shop", "sales", None).await.unwrap();
        assert_eq!(found, first);
        assert_eq!(reopened.read(&found).await.unwrap(), rows);
        assert_eq!(reopened.profile(&found).await.unwrap(), profile);
        let page = reopened
            .versions("shop", "sales", &PageRequest::default())
            .await
            .unwrap();
        assert_eq!(page.items, std::slice::from_ref(&found));

        // A crash between the rows and the SQL row that names them: the rows are nowhere, and adding again goes on.
        home.db
            .write(|tx| {
                Box::pin(async move {
                    tx.execute("delete from dataset_version where version = 1", &[])
                        .await
                })
            })
            .await
            .unwrap();
        assert_eq!(
            reopened
                .version("shop", "sales", None)
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
        let again = Data::new(
            home.db.clone(),
            home.folder.path().join("tables").to_str().unwrap(),
        )
        .unwrap();
        let added = again
            .add(&project, "sales", None, "de")
            .await
            .unwrap()
            .version;
        assert_eq!((added.version, &added.digest), (1, &first.digest));
        assert!(added.delta_version > first.delta_version);

        let sales = home.folder.path().join("tables/shop/datasets/sales");
        std::fs::remove_dir_all(&sales).unwrap();
        let lost = Data::new(
            home.db.clone(),
            home.folder.path().join("tables").to_str().unwrap(),
        )
        .unwrap()
        .read(&added)
        .await
        .unwrap_err();
        assert_eq!(lost.kind(), Kind::Unavailable, "{lost:?}");
    })
    .await;
}

// proves S20
#[tokio::test]
async fn a_file_without_visible_rows_cannot_satisfy_a_rule() {
    let home = Home::new(testkit::sqlite(migrations()).await);
    let project = home.project(SHOP).await;
    let future = home.file("future.csv", "at,shop,email,amount\n2030-01-01,north,x,1\n");
    let stopped = home
        .data
        .add(&project, "sales", Some(&future), "de")
        .await
        .unwrap()
        .version;
    assert_eq!((stopped.rows, stopped.hidden, stopped.until), (0, 1, None));
    assert_eq!(stopped.checks.stopped_by(), ["known-amount", "once"]);
    assert_eq!(stopped.checks.results[0].verdict, Verdict::Unknown);
    let reopened = Data::new(
        home.db.clone(),
        home.folder.path().join("tables").to_str().unwrap(),
    )
    .unwrap();
    assert_eq!(reopened.read(&stopped).await.unwrap().num_rows(), 0);
    let current = home.data.version("shop", "sales", None).await.unwrap_err();
    assert!(
        current.message().contains("stopped by known-amount, once"),
        "{current:?}"
    );
}
