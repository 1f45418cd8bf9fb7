//! Lists on both databases: runs, experiments and logged models by filter, order and page.

#[path = "support/runs.rs"]
mod support;

use base::Kind;
use experiments::{
    Batch, ExperimentSearch, LoggedModelSearch, LoggedModelStatus, Metric, ModelOrder, ModelOutput,
    NewExperiment, NewLoggedModel, Param, Search, Tag,
};
use support::{names, run, tables};

// proves S42
#[tokio::test(flavor = "multi_thread")]
async fn runs_are_found_by_every_kind_of_condition() {
    testkit::on_both(tables(), |db| async move {
        let experiment = experiments::experiment_named(&db, "search").await.unwrap();
        for (at, (name, model, wape)) in [
            ("one", "ridge", 0.3),
            ("two", "forest", 0.2),
            ("three", "Ridge%", f64::NAN),
            ("four", "boost", 0.1),
        ]
        .into_iter()
        .enumerate()
        {
            let made = run(&db, &experiment, name, 100 + at as i64).await;
            let metrics = if name == "four" {
                vec![]
            } else {
                vec![Metric::new("val wape", wape, 1, 0)]
            };
            let batch = Batch {
                metrics,
                params: vec![Param::new("model", model)],
                tags: vec![Tag::new("n", at.to_string())],
            };
            experiments::log_batch(&db, &made.id, batch).await.unwrap();
        }
        let tagged = &names(&db, &experiment, "attributes.run_name = 'two'", &[]).await;
        assert_eq!(tagged, &["two"]);
        for (filter, expected) in [
            ("", vec!["four", "three", "two", "one"]),
            ("metrics.`val wape` < 0.25", vec!["two"]),
            ("metrics.\"val wape\" != 0.2", vec!["three", "one"]),
            ("metrics.`val wape` = 0", vec![]),
            ("params.model = 'ridge'", vec!["one"]),
            (
                "params.model != 'ridge' and start_time >= 102",
                vec!["four", "three"],
            ),
            ("params.model LIKE 'ri%'", vec!["one"]),
            ("params.model LIKE '%dge\u{25}'", vec!["three", "one"]),
            ("params.model ILIKE 'RI%'", vec!["three", "one"]),
            ("params.model LIKE '_idge'", vec!["one"]),
            ("tags.n IN ('1')", vec!["<error>"]),
            ("run_name IN ('one', 'two')", vec!["two", "one"]),
            ("run_name NOT IN ('one', 'two')", vec!["four", "three"]),
            (
                "tags.nothing IS NULL AND params.model IS NOT NULL AND status = 'RUNNING'",
                vec!["four", "three", "two", "one"],
            ),
            ("params.model = 'ridge''; drop table run; --'", vec![]),
            (
                "metrics.`val wape` > 1e-400 and metrics.`val wape` < 1e400",
                vec!["two", "one"],
            ),
        ] {
            if expected == ["<error>"] {
                let search = Search {
                    experiment_ids: vec![experiment.id.clone()],
                    filter: filter.into(),
                    ..Search::default()
                };
                assert_eq!(
                    experiments::search_runs(&db, &search)
                        .await
                        .unwrap_err()
                        .kind(),
                    Kind::Invalid
                );
            } else {
                assert_eq!(
                    names(&db, &experiment, filter, &[]).await,
                    expected,
                    "{filter}"
                );
            }
        }
        assert_eq!(
            names(&db, &experiment, "", &["metrics.`val wape` DESC"]).await,
            ["one", "two", "three", "four"]
        );
        assert_eq!(
            names(&db, &experiment, "", &["metrics.`val wape`"]).await,
            ["two", "one", "three", "four"]
        );
        assert_eq!(
            names(&db, &experiment, "", &["status", "tags.n ASC"]).await,
            ["one", "two", "three", "four"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_runs_neither_overlap_nor_leave_gaps() {
    testkit::on_both(tables(), |db| async move {
        let experiment = experiments::experiment_named(&db, "pages").await.unwrap();
        for n in 0..7 {
            run(&db, &experiment, &format!("r{n}"), 100).await;
        }
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let search = Search {
                experiment_ids: vec![experiment.id.clone()],
                max_results: Some(3),
                page_token: token,
                ..Search::default()
            };
            let page = experiments::search_runs(&db, &search).await.unwrap();
            seen.extend(page.items.into_iter().map(|run| run.name));
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        seen.sort();
        assert_eq!(seen, ["r0", "r1", "r2", "r3", "r4", "r5", "r6"]);
        let bad = Search {
            page_token: Some("x".into()),
            ..Search::default()
        };
        assert!(
            experiments::search_runs(&db, &bad)
                .await
                .unwrap_err()
                .message()
                .contains("page token")
        );
        let most = Search {
            max_results: Some(50_001),
            ..Search::default()
        };
        assert!(
            experiments::search_runs(&db, &most)
                .await
                .unwrap_err()
                .message()
                .contains("at most 50000")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn experiments_are_listed_newest_first_and_keep_their_names_apart() {
    testkit::on_both(tables(), |db| async move {
        for name in ["a", "b"] {
            experiments::create_experiment(
                &db,
                NewExperiment {
                    name: name.into(),
                    tags: vec![Tag::new("team", name)],
                    ..NewExperiment::default()
                },
            )
            .await
            .unwrap();
        }
        let twice = experiments::create_experiment(
            &db,
            NewExperiment {
                name: "a".into(),
                ..NewExperiment::default()
            },
        )
        .await
        .unwrap_err();
        assert_eq!(
            (twice.kind(), twice.message()),
            (Kind::AlreadyExists, "Experiment(name=a) already exists.")
        );
        let all = experiments::search_experiments(&db, &ExperimentSearch::default())
            .await
            .unwrap();
        assert_eq!(
            all.items
                .iter()
                .map(|e| e.name.as_str())
                .collect::<Vec<_>>(),
            ["b", "a", "Default"]
        );
        assert_eq!(all.items[2].id.as_str(), "0");
        let search = ExperimentSearch {
            filter: "tags.team = 'a' AND name LIKE 'a'".into(),
            ..ExperimentSearch::default()
        };
        let found = experiments::search_experiments(&db, &search).await.unwrap();
        assert_eq!(
            (found.items.len(), found.items[0].tags[0].value.as_str()),
            (1, "a")
        );
        let id = &found.items[0].id;
        assert_eq!(
            experiments::rename_experiment(&db, id, "b")
                .await
                .unwrap_err()
                .kind(),
            Kind::AlreadyExists
        );
        experiments::rename_experiment(&db, id, "c").await.unwrap();
        experiments::set_experiment_tag(&db, id, Tag::new("team", "z"))
            .await
            .unwrap();
        experiments::delete_experiment_tag(&db, id, "team")
            .await
            .unwrap();
        assert_eq!(
            experiments::delete_experiment_tag(&db, id, "team")
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
        assert_eq!(
            experiments::experiment_by_name(&db, "c")
                .await
                .unwrap()
                .tags,
            []
        );
        assert_eq!(
            experiments::experiment_by_name(&db, "nobody")
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
    })
    .await;
}

// proves S30
#[tokio::test(flavor = "multi_thread")]
async fn a_logged_model_goes_from_pending_to_ready_and_is_found_by_its_metrics() {
    testkit::on_both(tables(), |db| async move {
        let experiment = experiments::experiment_named(&db, "models").await.unwrap();
        let made = run(&db, &experiment, "r", 1).await;
        let mut ids = Vec::new();
        for (name, wape) in [("good", 0.1), ("bad", 0.9)] {
            let new = NewLoggedModel {
                experiment_id: experiment.id.clone(),
                name: name.into(),
                model_type: "regressor".into(),
                source_run_id: Some(made.id.clone()),
                params: vec![Param::new("alpha", "1")],
                tags: vec![Tag::new("team", "ops")],
            };
            let model = experiments::create_logged_model(&db, new).await.unwrap();
            assert_eq!(model.status, LoggedModelStatus::Pending);
            for (step, value) in [(0, 0.5), (1, wape)] {
                let metric = Metric {
                    model_id: Some(model.id.clone()),
                    dataset_name: Some("holdout".into()),
                    dataset_digest: Some("d".into()),
                    ..Metric::new("wape", value, step, step)
                };
                experiments::log_metric(&db, &made.id, metric)
                    .await
                    .unwrap();
            }
            experiments::log_outputs(
                &db,
                &made.id,
                vec![ModelOutput {
                    model_id: model.id.clone(),
                    step: 0,
                }],
            )
            .await
            .unwrap();
            let ready =
                experiments::finalize_logged_model(&db, &model.id, LoggedModelStatus::Ready)
                    .await
                    .unwrap();
            assert_eq!(
                (ready.status, ready.metrics.len(), ready.params.len()),
                (LoggedModelStatus::Ready, 2, 1)
            );
            ids.push(model.id);
        }
        assert_eq!(
            experiments::get_run(&db, &made.id)
                .await
                .unwrap()
                .model_outputs
                .len(),
            2
        );
        let find = |filter: &str, datasets: &[(&str, Option<&str>)]| LoggedModelSearch {
            experiment_ids: vec![experiment.id.clone()],
            filter: filter.into(),
            datasets: datasets
                .iter()
                .map(|(name, digest)| ((*name).to_owned(), digest.map(str::to_owned)))
                .collect(),
            order_by: vec![ModelOrder {
                field: "metrics.wape".into(),
                ascending: true,
                ..ModelOrder::default()
            }],
            ..LoggedModelSearch::default()
        };
        for (search, expected) in [
            (find("", &[]), vec!["good", "bad"]),
            (
                find("metrics.wape < 0.2 AND params.alpha = '1'", &[]),
                vec!["good"],
            ),
            (
                find("metrics.wape < 0.6", &[("holdout", Some("d"))]),
                vec!["good", "bad"],
            ),
            (find("metrics.wape < 0.6", &[("other", None)]), vec![]),
            (find("name = 'bad'", &[("holdout", None)]), vec!["bad"]),
            (
                find("status = 'LOGGED_MODEL_READY' AND tags.team LIKE 'o%'", &[]),
                vec!["good", "bad"],
            ),
        ] {
            let page = experiments::search_logged_models(&db, &search)
                .await
                .unwrap();
            assert_eq!(
                page.items
                    .into_iter()
                    .map(|model| model.name)
                    .collect::<Vec<_>>(),
                expected,
                "{}",
                search.filter
            );
        }
        experiments::delete_logged_model(&db, &ids[0])
            .await
            .unwrap();
        assert_eq!(
            experiments::get_logged_model(&db, &ids[0])
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
        let unknown = ModelOutput {
            model_id: "m-unknown".parse().unwrap(),
            step: 0,
        };
        assert_eq!(
            experiments::log_outputs(&db, &made.id, vec![unknown])
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
    })
    .await;
}
