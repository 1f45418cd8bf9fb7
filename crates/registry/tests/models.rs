//! Models, versions, aliases and stages on both databases; gates have their own stories.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use base::{Kind, PageRequest};
use experiments::{NewLoggedModel, NewRun, Run, Tag};
use registry::{ModelSearch, NewVersion, Stage};
use store::{Db, Migrations};

fn tables() -> Migrations {
    Migrations::default()
        .with("project", project::MIGRATIONS)
        .with("experiments", experiments::MIGRATIONS)
        .with("registry", registry::MIGRATIONS)
}

async fn run(db: &Db) -> Run {
    let experiment = experiments::experiment_named(db, "bikes").await.unwrap();
    let new = NewRun {
        experiment_id: experiment.id,
        name: String::new(),
        tags: vec![],
        start_time: None,
        user: "ada".into(),
    };
    experiments::create_run(db, new).await.unwrap()
}

fn from_run(name: &str, run: &Run) -> NewVersion {
    NewVersion {
        name: name.into(),
        source: format!("{}/model", run.artifact_uri),
        run_id: Some(run.id.clone()),
        ..NewVersion::default()
    }
}

// proves S04
#[tokio::test(flavor = "multi_thread")]
async fn versions_are_numbered_and_no_number_is_given_twice() {
    testkit::on_both(tables(), |db| async move {
        let run = run(&db).await;
        let missing = registry::create_version(&db, from_run("bikes", &run)).await;
        assert_eq!(missing.unwrap_err().kind(), Kind::NotFound);
        registry::create_model(&db, "bikes", "", vec![])
            .await
            .unwrap();
        let twice = registry::create_model(&db, "bikes", "", vec![]).await;
        assert_eq!(twice.unwrap_err().kind(), Kind::AlreadyExists);
        for expected in 1..=2 {
            let made = registry::create_version(&db, from_run("bikes", &run))
                .await
                .unwrap();
            assert_eq!(
                (made.version, made.storage),
                (expected, format!("{}/model", run.artifact_uri))
            );
        }
        registry::delete_version(&db, "bikes", 2, "ada")
            .await
            .unwrap();
        assert_eq!(
            registry::create_version(&db, from_run("bikes", &run))
                .await
                .unwrap()
                .version,
            3
        );
        let search = ModelSearch {
            filter: format!("run_id = '{}'", run.id),
            ..ModelSearch::default()
        };
        let found = registry::search_versions(&db, &search).await.unwrap();
        assert_eq!(
            found
                .items
                .iter()
                .map(|version| version.version)
                .collect::<Vec<_>>(),
            [3, 1]
        );
    })
    .await;
}

// proves S44 (the record of each move)
#[tokio::test(flavor = "multi_thread")]
async fn an_alias_moves_is_renamed_with_its_model_and_each_move_is_in_the_audit_log() {
    testkit::on_both(tables(), |db| async move {
        let run = run(&db).await;
        registry::create_model(&db, "bikes", "", vec![])
            .await
            .unwrap();
        for _ in 0..2 {
            registry::create_version(&db, from_run("bikes", &run))
                .await
                .unwrap();
        }
        registry::set_alias(&db, "bikes", "trial", 1, "ada")
            .await
            .unwrap();
        registry::set_alias(&db, "bikes", "trial", 2, "bob")
            .await
            .unwrap();
        assert_eq!(
            registry::alias(&db, "bikes", "trial")
                .await
                .unwrap()
                .version,
            2
        );
        registry::rename_model(&db, "bikes", "bicycles", "ada")
            .await
            .unwrap();
        assert_eq!(
            registry::alias(&db, "bicycles", "trial")
                .await
                .unwrap()
                .aliases,
            ["trial"]
        );
        assert_eq!(
            registry::model(&db, "bikes").await.unwrap_err().kind(),
            Kind::NotFound
        );
        registry::delete_alias(&db, "bicycles", "trial", "ada")
            .await
            .unwrap();
        assert_eq!(
            registry::alias(&db, "bicycles", "trial")
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
        registry::delete_model(&db, "bicycles", "ada")
            .await
            .unwrap();
        let log = store::audit_page(&db, "", "", &PageRequest::default())
            .await
            .unwrap();
        let actions: Vec<(&str, &str)> = log
            .items
            .iter()
            .map(|entry| (entry.actor.as_str(), entry.action.as_str()))
            .collect();
        assert_eq!(
            actions,
            [
                ("ada", "registry.model-deleted"),
                ("ada", "registry.alias-removed"),
                ("ada", "registry.model-renamed"),
                ("bob", "registry.alias-set"),
                ("ada", "registry.alias-set"),
            ]
        );
        for bad in ["", "a b", "latest", "v7", "a/b"] {
            let refused = registry::set_alias(&db, "bicycles", bad, 1, "ada")
                .await
                .unwrap_err();
            assert_eq!(refused.kind(), Kind::Invalid, "{bad:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_tags_and_words_are_kept_and_models_are_found_by_them() {
    testkit::on_both(tables(), |db| async move {
        let run = run(&db).await;
        for name in ["a", "b", "prompt"] {
            let tags = if name == "prompt" {
                vec![Tag::new("mlflow.prompt.is_prompt", "true")]
            } else {
                vec![Tag::new("team", name)]
            };
            registry::create_model(&db, name, "words", tags)
                .await
                .unwrap();
        }
        for _ in 0..2 {
            registry::create_version(&db, from_run("a", &run))
                .await
                .unwrap();
        }
        registry::transition_stage(&db, "a", 1, Stage::Staging, false, "ada")
            .await
            .unwrap();
        registry::transition_stage(&db, "a", 2, Stage::Staging, true, "ada")
            .await
            .unwrap();
        let latest = registry::latest_versions(&db, "a", &[]).await.unwrap();
        let latest: Vec<(i64, Stage)> = latest
            .into_iter()
            .map(|version| (version.version, version.stage))
            .collect();
        assert_eq!(latest, [(1, Stage::Archived), (2, Stage::Staging)]);
        let refused = registry::transition_stage(&db, "a", 1, Stage::None, true, "ada")
            .await
            .unwrap_err();
        assert_eq!(refused.kind(), Kind::Invalid);
        registry::set_version_tag(&db, "a", 1, Tag::new("k", "v"))
            .await
            .unwrap();
        registry::describe_version(&db, "a", 1, "the first")
            .await
            .unwrap();
        let read = registry::version(&db, "a", 1).await.unwrap();
        assert_eq!(
            (read.tags, read.description.as_str()),
            (vec![Tag::new("k", "v")], "the first")
        );
        for (filter, expected) in [
            ("", vec!["a", "b"]),
            ("tags.team = 'b'", vec!["b"]),
            ("name ILIKE 'A%'", vec!["a"]),
            (
                "tags.`mlflow.prompt.is_prompt` = 'false' AND name != 'b'",
                vec!["a"],
            ),
            ("tags.`mlflow.prompt.is_prompt` = 'true'", vec!["prompt"]),
        ] {
            let search = ModelSearch {
                filter: filter.into(),
                ..ModelSearch::default()
            };
            let found = registry::search_models(&db, &search).await.unwrap();
            assert_eq!(
                found
                    .items
                    .iter()
                    .map(|model| model.name.as_str())
                    .collect::<Vec<_>>(),
                expected,
                "{filter}"
            );
        }
        let search = ModelSearch {
            filter: "name = 'a' AND tags.k = 'v' AND version_number < 2".into(),
            ..ModelSearch::default()
        };
        assert_eq!(
            registry::search_versions(&db, &search)
                .await
                .unwrap()
                .items
                .len(),
            1
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_points_into_what_the_caller_names_and_nowhere_else() {
    testkit::on_both(tables(), |db| async move {
        let run = run(&db).await;
        registry::create_model(&db, "m", "", vec![]).await.unwrap();
        let new = NewLoggedModel {
            experiment_id: run.experiment_id.clone(),
            name: "lm".into(),
            model_type: String::new(),
            source_run_id: Some(run.id.clone()),
            params: vec![],
            tags: vec![],
        };
        let logged = experiments::create_logged_model(&db, new).await.unwrap();
        let source = |source: String| NewVersion {
            name: "m".into(),
            source,
            ..NewVersion::default()
        };
        let made = registry::create_version(&db, source(format!("models:/{}", logged.id)))
            .await
            .unwrap();
        assert_eq!(
            (made.storage, made.run_id.as_ref()),
            (logged.artifact_uri.clone(), Some(&run.id))
        );
        let noted = experiments::get_logged_model(&db, &logged.id)
            .await
            .unwrap();
        assert_eq!(
            experiments::tag_value(&noted.tags, "mlflow.modelVersions"),
            Some("[{\"name\":\"m\",\"version\":1}]")
        );
        let made = registry::create_version(&db, source(format!("runs:/{}/model", run.id)))
            .await
            .unwrap();
        assert_eq!(made.storage, format!("{}/model", run.artifact_uri));
        let made = registry::create_version(&db, source("models:/m/1".into()))
            .await
            .unwrap();
        assert_eq!(made.storage, logged.artifact_uri);
        for bad in [
            "file:///etc/passwd".to_owned(),
            "/etc".to_owned(),
            "http://example.org/m".to_owned(),
            format!("{}/../x", run.artifact_uri),
            format!("{}/%2e%2e/x", run.artifact_uri),
            format!("{}x/model", run.artifact_uri),
            "models:/nobody/1".to_owned(),
            "runs:/0123/m".to_owned(),
            String::new(),
        ] {
            let new = NewVersion {
                run_id: Some(run.id.clone()),
                ..source(bad.clone())
            };
            assert!(
                registry::create_version(&db, new).await.is_err(),
                "{bad:?} was accepted"
            );
        }
        assert!(
            registry::create_version(&db, source(run.artifact_uri.clone()))
                .await
                .is_err(),
            "a run that was not named"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_version_keeps_its_number_and_the_next_one_follows_it() {
    testkit::on_both(tables(), |db| async move {
        let run = run(&db).await;
        registry::create_model(&db, "bikes", "", vec![])
            .await
            .unwrap();
        let import = |number| registry::import_version(&db, from_run("bikes", &run), number, 5, 6);
        assert!(import(7).await.unwrap());
        assert!(!import(7).await.unwrap());
        assert!(import(3).await.unwrap());
        assert_eq!(import(0).await.unwrap_err().kind(), Kind::Invalid);
        let kept = registry::version(&db, "bikes", 7).await.unwrap();
        assert_eq!((kept.created_at, kept.updated_at), (5, 6));
        assert_eq!((kept.stage, kept.aliases.len()), (Stage::None, 0));
        let next = registry::create_version(&db, from_run("bikes", &run)).await;
        assert_eq!(next.unwrap().version, 8);
        let mut elsewhere = from_run("bikes", &run);
        elsewhere.source = "/etc".into();
        let refused = registry::import_version(&db, elsewhere, 9, 5, 6).await;
        assert!(
            refused
                .unwrap_err()
                .message()
                .contains("Invalid model version source")
        );
    })
    .await;
}
