//! Runs on both databases: what is logged, kept and refused.

#[path = "support/runs.rs"]
mod support;

use base::{Kind, RunId};
use experiments::{
    Batch, DatasetRef, Metric, NewRun, Param, RunStatus, RunUpdate, Search, Tag, ViewType,
};
use support::{names, run, tables};

// proves S30
#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_what_was_logged_to_it() {
    testkit::on_both(tables(), |db| async move {
        let experiment = experiments::experiment_named(&db, "bikes").await.unwrap();
        assert_eq!(
            experiments::experiment_named(&db, "bikes").await.unwrap(),
            experiment
        );
        assert_eq!(
            experiment.artifact_location,
            format!("mlflow-artifacts:/{}", experiment.id)
        );
        let made = run(&db, &experiment, "", 5).await;
        assert!(!made.name.is_empty());
        let batch = Batch {
            metrics: vec![
                Metric::new("wape", 0.5, 10, 0),
                Metric::new("wape", 0.4, 11, 1),
                Metric::new("odd", f64::NAN, 10, 0),
                Metric::new("big", f64::INFINITY, 1, 0),
            ],
            params: vec![Param::new("alpha", "0.1")],
            tags: vec![Tag::new("team", "ops"), Tag::new("mlflow.runName", "first")],
        };
        experiments::log_batch(&db, &made.id, batch.clone())
            .await
            .unwrap();
        experiments::log_batch(&db, &made.id, batch).await.unwrap();
        let dataset = DatasetRef {
            name: "bikes".into(),
            digest: "d1".into(),
            source_type: "local".into(),
            source: "{}".into(),
            ..DatasetRef::default()
        };
        experiments::log_input(&db, &made.id, dataset.clone(), "train")
            .await
            .unwrap();
        experiments::end_run(&db, &made.id, RunStatus::Finished)
            .await
            .unwrap();
        let read = experiments::get_run(&db, &made.id).await.unwrap();
        assert_eq!(
            (read.name.as_str(), read.status, read.tag("team")),
            ("first", RunStatus::Finished, Some("ops"))
        );
        assert_eq!(
            (read.metric("wape"), read.metric("big"), read.param("alpha")),
            (Some(0.4), Some(f64::MAX), Some("0.1"))
        );
        assert!(read.metric("odd").unwrap().is_nan());
        assert_eq!(
            (
                read.datasets[0].dataset.clone(),
                read.datasets[0].tags[0].value.as_str()
            ),
            (dataset, "train")
        );
        assert_eq!(read.end_time, Some(db.clock().now_ms()));
        assert_eq!(
            experiments::metric_history(&db, &made.id, "wape", None, None)
                .await
                .unwrap()
                .points
                .len(),
            2
        );
        assert_eq!(
            experiments::artifact_path(&read, "model").unwrap(),
            format!("{}/{}/artifacts/model", experiment.id, made.id)
        );
    })
    .await;
}

// proves S30
#[tokio::test(flavor = "multi_thread")]
async fn the_latest_point_is_the_one_of_the_highest_step_then_time_then_value() {
    testkit::on_both(tables(), |db| async move {
        let experiment = experiments::experiment_named(&db, "latest").await.unwrap();
        let made = run(&db, &experiment, "r", 1).await;
        for (value, at, step) in [
            (1.0, 50, 2),
            (9.0, 99, 1),
            (2.0, 50, 2),
            (1.5, 50, 2),
            (3.0, 49, 2),
        ] {
            experiments::log_metric(&db, &made.id, Metric::new("m", value, at, step))
                .await
                .unwrap();
        }
        assert_eq!(
            experiments::get_run(&db, &made.id)
                .await
                .unwrap()
                .metric("m"),
            Some(2.0)
        );
        let first = experiments::metric_history(&db, &made.id, "m", Some(2), None)
            .await
            .unwrap();
        let second =
            experiments::metric_history(&db, &made.id, "m", Some(9), first.next.as_deref())
                .await
                .unwrap();
        let values: Vec<f64> = first
            .points
            .iter()
            .chain(&second.points)
            .map(|point| point.value)
            .collect();
        assert_eq!((values, second.next), (vec![3.0, 1.0, 1.5, 2.0, 9.0], None));
        for step in 0..300_i64 {
            experiments::log_metric(&db, &made.id, Metric::new("long", step as f64, step, step))
                .await
                .unwrap();
        }
        let sample = experiments::metric_history_sample(&db, &[made.id], "long", None, 10)
            .await
            .unwrap();
        let steps: Vec<i64> = sample.iter().map(|(_, point)| point.step).collect();
        assert_eq!((steps.len(), steps[0], steps[9]), (10, 0, 299));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_written_whole_or_not_at_all_and_a_param_keeps_its_value() {
    testkit::on_both(tables(), |db| async move {
        let experiment = experiments::experiment_named(&db, "batch").await.unwrap();
        let made = run(&db, &experiment, "r", 1).await;
        experiments::log_param(&db, &made.id, Param::new("a", "1")).await.unwrap();
        experiments::log_param(&db, &made.id, Param::new("a", "1")).await.unwrap();
        let again = experiments::log_param(&db, &made.id, Param::new("a", "2")).await.unwrap_err();
        assert!(again.message().starts_with("Changing param values is not allowed. Param with key='a' was already logged with value='1'"), "{again}");
        let mixed = Batch { metrics: vec![Metric::new("m", 1.0, 1, 0)], params: vec![Param::new("b", "1"), Param::new("a", "2")], tags: vec![Tag::new("t", "x")] };
        let refused = experiments::log_batch(&db, &made.id, mixed).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Invalid);
        let read = experiments::get_run(&db, &made.id).await.unwrap();
        assert_eq!((read.metric("m"), read.param("b"), read.tag("t")), (None, None, None));
        let many = Batch { params: (0..101).map(|n| Param::new(format!("p{n}"), "x")).collect(), ..Batch::default() };
        assert!(experiments::log_batch(&db, &made.id, many).await.unwrap_err().message().contains("at most 100 params. Got 101 params"));
        let full = Batch { metrics: (0..1000).map(|n| Metric::new(format!("m{}", n % 7), f64::from(n), i64::from(n), 0)).collect(), ..Batch::default() };
        experiments::log_batch(&db, &made.id, full).await.unwrap();
        assert_eq!(experiments::get_run(&db, &made.id).await.unwrap().metric("m5"), Some(999.0 - 999.0 % 7.0 + 5.0 - if 999 % 7 < 5 { 7.0 } else { 0.0 }));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deleted_refuses_writes_is_hidden_and_comes_back() {
    testkit::on_both(tables(), |db| async move {
        let experiment = experiments::experiment_named(&db, "gone").await.unwrap();
        let made = run(&db, &experiment, "r", 1).await;
        experiments::delete_run(&db, &made.id).await.unwrap();
        let refused = experiments::log_metric(&db, &made.id, Metric::new("m", 1.0, 1, 0))
            .await
            .unwrap_err();
        assert_eq!(
            refused.message(),
            format!(
                "The run {} must be in the 'active' state. Current state is deleted.",
                made.id
            )
        );
        assert!(names(&db, &experiment, "", &[]).await.is_empty());
        let deleted = Search {
            experiment_ids: vec![experiment.id.clone()],
            view: ViewType::DeletedOnly,
            ..Search::default()
        };
        assert_eq!(
            experiments::search_runs(&db, &deleted)
                .await
                .unwrap()
                .items
                .len(),
            1
        );
        experiments::restore_run(&db, &made.id).await.unwrap();
        experiments::delete_experiment(&db, &experiment.id)
            .await
            .unwrap();
        assert_eq!(
            experiments::experiment_named(&db, "gone")
                .await
                .unwrap_err()
                .kind(),
            Kind::Conflict
        );
        let new = NewRun {
            experiment_id: experiment.id.clone(),
            name: String::new(),
            tags: vec![],
            start_time: None,
            user: String::new(),
        };
        assert!(
            experiments::create_run(&db, new)
                .await
                .unwrap_err()
                .message()
                .contains("must be in the 'active' state")
        );
        assert_eq!(
            experiments::delete_experiment(&db, &experiment.id)
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
        experiments::restore_experiment(&db, &experiment.id)
            .await
            .unwrap();
        experiments::update_run(
            &db,
            &made.id,
            RunUpdate {
                name: Some("new".into()),
                ..RunUpdate::default()
            },
        )
        .await
        .unwrap();
        assert_eq!(
            names(&db, &experiment, "tags.mlflow.runName = 'new'", &[]).await,
            ["new"]
        );
        let missing: RunId = "0123".parse().unwrap();
        assert_eq!(
            experiments::get_run(&db, &missing)
                .await
                .unwrap_err()
                .message(),
            "Run with id=0123 not found"
        );
    })
    .await;
}
