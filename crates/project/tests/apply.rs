//! Planning and applying a project file, on both databases.

use std::path::Path;

use base::PageRequest;
use project::{
    ChangeKind, MIGRATIONS, apply, criterion_version, criterion_versions, plan, project, projects,
};
use store::{Migrations, audit_page};
use testkit::on_both;

const BIKES: &str = include_str!("files/bikes.toml");

fn tables() -> Migrations {
    Migrations::default().with("project", MIGRATIONS)
}

fn here() -> &'static Path {
    Path::new("/srv/bikes")
}

// proves S10 S73
#[tokio::test]
async fn applying_twice_changes_nothing_the_second_time() {
    on_both(tables(), |db| async move {
        let before = plan(&db, BIKES, here()).await.unwrap();
        assert!(
            before
                .changes
                .iter()
                .all(|change| change.kind == ChangeKind::Add)
        );
        let (first, made) = apply(&db, BIKES, here(), "local").await.unwrap();
        assert_eq!(made, before);
        assert_eq!(first.version, 1);

        assert_eq!(plan(&db, BIKES, here()).await.unwrap().changes, []);
        let (second, made) = apply(&db, BIKES, here(), "local").await.unwrap();
        assert_eq!(made.changes, []);
        assert_eq!(
            (second.version, second.applied_at),
            (first.version, first.applied_at)
        );
        let entries = audit_page(&db, "bikes", "", &PageRequest::default())
            .await
            .unwrap()
            .items;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].action, "project.applied");
    })
    .await;
}

// proves S29 S56
#[tokio::test]
async fn a_raised_criterion_is_version_2_and_version_1_stays_readable() {
    on_both(tables(), |db| async move {
        apply(&db, BIKES, here(), "ds").await.unwrap();
        let raised = BIKES.replacen("value      = 0.30", "value      = 0.20", 1);
        let change = &plan(&db, &raised, here()).await.unwrap().changes[0];
        assert_eq!(change.object, "criterion.accurate");
        assert_eq!(change.before, Some(serde_json::json!({"value": 0.3})));
        assert_eq!(change.after, Some(serde_json::json!({"value": 0.2})));

        apply(&db, &raised, here(), "fleet-lead").await.unwrap();
        assert_eq!(
            criterion_version(&db, "bikes", "accurate").await.unwrap(),
            2
        );
        assert_eq!(
            criterion_version(&db, "bikes", "beats-today")
                .await
                .unwrap(),
            1
        );
        let versions = criterion_versions(&db, "bikes", "accurate").await.unwrap();
        assert_eq!(versions[0].target, "wape ≤ 0.20 (95 % bound) on holdout");
        assert_eq!(versions[1].target, "wape ≤ 0.30 (95 % bound) on holdout");
        assert_eq!(versions[0].created_by, "fleet-lead");

        // Lowering it again does not bring version 1 back: the history shows that the goal was moved twice.
        apply(&db, BIKES, here(), "ds").await.unwrap();
        assert_eq!(
            criterion_version(&db, "bikes", "accurate").await.unwrap(),
            3
        );
    })
    .await;
}

#[tokio::test]
async fn a_removed_object_is_shown_and_a_comment_is_no_change_of_content() {
    on_both(tables(), |db| async move {
        let (first, _) = apply(&db, BIKES, here(), "local").await.unwrap();
        let commented = format!("# a comment\n{BIKES}");
        let (second, made) = apply(&db, &commented, here(), "local").await.unwrap();
        assert_eq!(made.changes[0].object, "comments and layout");
        assert_eq!(second.digest, first.digest);
        assert_eq!(second.text, commented);

        let without = BIKES.replacen(
            "[guard]\nmax_retrains_per_30d = 2\nstop_after_failures  = 5",
            "",
            1,
        );
        let made = plan(&db, &without, here()).await.unwrap();
        assert_eq!(made.changes.len(), 1);
        assert_eq!(
            (made.changes[0].kind, made.changes[0].object.as_str()),
            (ChangeKind::Remove, "guard")
        );
    })
    .await;
}

#[tokio::test]
async fn a_wrong_file_leaves_what_is_applied_as_it_is() {
    on_both(tables(), |db| async move {
        apply(&db, BIKES, here(), "local").await.unwrap();
        let wrong = BIKES.replacen("metric     = \"wape\"", "metric = \"wap\"", 1);
        assert!(apply(&db, &wrong, here(), "local").await.is_err());
        assert_eq!(project(&db, "bikes").await.unwrap().version, 1);
        assert_eq!(projects(&db).await.unwrap().len(), 1);
        let missing = project(&db, "bike").await.unwrap_err();
        assert_eq!(missing.message(), "no project is named \"bike\"");
    })
    .await;
}
