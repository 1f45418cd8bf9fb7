//! Traces, and what comes from another store, on both databases.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use base::{ExperimentId, Kind, LoggedModelId, PageRequest, RunId};
use experiments::{
    Assessment, ImportedExperiment, ImportedLoggedModel, ImportedRun, Lifecycle, Span, SpanBatch,
    Tag, Trace, TraceDoom, TraceSearch, TraceState,
};
use serde_json::{Map, json};
use store::{Db, Migrations};

fn tables() -> Migrations {
    Migrations::default().with("experiments", experiments::MIGRATIONS)
}

async fn experiment(db: &Db) -> ExperimentId {
    experiments::experiment_named(db, "bikes").await.unwrap().id
}

fn trace(id: &str, experiment_id: &ExperimentId, at: i64) -> Trace {
    Trace {
        id: id.into(),
        experiment_id: experiment_id.clone(),
        request_time: at,
        duration: Some(5),
        state: TraceState::Ok,
        client_request_id: None,
        request_preview: Some("in".into()),
        response_preview: None,
        metadata: vec![Tag::new("who", "ada")],
        tags: vec![Tag::new(experiments::TRACE_NAME, "predict")],
        assessments: vec![],
    }
}

fn span(trace_id: &str, id: &str, start: i64) -> Span {
    Span {
        trace_id: trace_id.into(),
        id: id.into(),
        start,
        content: json!({ "name": id }).to_string(),
    }
}

async fn found(db: &Db, experiment_id: &ExperimentId, filter: &str) -> Vec<String> {
    let search = TraceSearch {
        experiment_ids: vec![experiment_id.clone()],
        filter: filter.into(),
        order_by: vec!["timestamp_ms ASC".into()],
        page: PageRequest::default(),
    };
    let page = experiments::search_traces(db, &search).await.unwrap();
    page.items.into_iter().map(|trace| trace.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_and_spans_of_a_trace_arrive_in_any_order() {
    testkit::on_both(tables(), |db| async move {
        let id = experiment(&db).await;
        let mut early = trace("tr-1", &id, 10);
        early.state = TraceState::InProgress;
        let batch = |trace: Trace, span: Span| SpanBatch {
            trace,
            with_root: false,
            spans: vec![span],
        };
        experiments::log_spans(&db, vec![batch(early.clone(), span("tr-1", "b", 2))])
            .await
            .unwrap();
        assert_eq!(
            experiments::get_trace(&db, "tr-1").await.unwrap().state,
            TraceState::InProgress
        );
        experiments::start_trace(&db, trace("tr-1", &id, 10))
            .await
            .unwrap();
        // What comes late changes no facts that the client told.
        experiments::log_spans(&db, vec![batch(early, span("tr-1", "a", 1))])
            .await
            .unwrap();
        let read = experiments::get_trace(&db, "tr-1").await.unwrap();
        assert_eq!((read.state, read.duration), (TraceState::Ok, Some(5)));
        let place = experiments::tag_value(&read.tags, "mlflow.artifactLocation").unwrap();
        assert!(place.ends_with("/traces/tr-1/artifacts"), "{place}");
        let spans = experiments::spans_of(&db, &["tr-1".into()]).await.unwrap();
        let ids: Vec<&str> = spans.iter().map(|span| span.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
        let other = experiments::experiment_named(&db, "other").await.unwrap();
        let stolen = experiments::start_trace(&db, trace("tr-1", &other.id, 10)).await;
        assert_eq!(stolen.unwrap_err().kind(), Kind::AlreadyExists);
        let odd = experiments::start_trace(&db, trace("../x", &id, 1)).await;
        assert_eq!(odd.unwrap_err().kind(), Kind::Invalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_are_searched_and_deleted() {
    testkit::on_both(tables(), |db| async move {
        let id = experiment(&db).await;
        for (name, at) in [("tr-1", 10), ("tr-2", 20), ("tr-3", 30)] {
            experiments::start_trace(&db, trace(name, &id, at))
                .await
                .unwrap();
        }
        experiments::set_trace_tag(&db, "tr-2", Tag::new("team", "ops"))
            .await
            .unwrap();
        assert_eq!(found(&db, &id, "").await, ["tr-1", "tr-2", "tr-3"]);
        assert_eq!(found(&db, &id, "tags.team = 'ops'").await, ["tr-2"]);
        assert_eq!(
            found(
                &db,
                &id,
                "metadata.who LIKE 'a%' AND timestamp_ms > 10 AND name = 'predict'"
            )
            .await,
            ["tr-2", "tr-3"]
        );
        assert_eq!(
            found(&db, &id, "tags.team IS NULL AND status = 'OK'").await,
            ["tr-1", "tr-3"]
        );
        let oldest = TraceDoom {
            until: Some(20),
            most: Some(1),
            ..TraceDoom::default()
        };
        assert_eq!(
            experiments::delete_traces(&db, &id, oldest).await.unwrap(),
            1
        );
        let one = TraceDoom {
            ids: vec!["tr-2".into(), "tr-9".into()],
            ..TraceDoom::default()
        };
        assert_eq!(experiments::delete_traces(&db, &id, one).await.unwrap(), 1);
        assert_eq!(found(&db, &id, "").await, ["tr-3"]);
        let all = experiments::delete_traces(&db, &id, TraceDoom::default()).await;
        assert_eq!(all.unwrap_err().kind(), Kind::Invalid);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_that_overrides_another_makes_it_invalid() {
    testkit::on_both(tables(), |db| async move {
        let id = experiment(&db).await;
        experiments::start_trace(&db, trace("tr-1", &id, 10))
            .await
            .unwrap();
        let content = |value: serde_json::Value| -> Map<String, serde_json::Value> {
            value.as_object().unwrap().clone()
        };
        let first = content(json!({ "assessment_name": "good", "feedback": { "value": true } }));
        let first = experiments::create_assessment(&db, "tr-1", first)
            .await
            .unwrap();
        let second = json!({ "assessment_name": "good", "feedback": { "value": false }, "overrides": first.id });
        let second = experiments::create_assessment(&db, "tr-1", content(second))
            .await
            .unwrap();
        let valid = |assessment: Assessment| assessment.content["valid"].clone();
        let read = experiments::get_assessment(&db, "tr-1", &first.id).await.unwrap();
        assert_eq!(valid(read), json!(false));
        experiments::delete_assessment(&db, "tr-1", &second.id)
            .await
            .unwrap();
        let read = experiments::get_assessment(&db, "tr-1", &first.id).await.unwrap();
        assert_eq!(valid(read), json!(true));
        let change = content(json!({ "expectation": { "value": 1 } }));
        let other_kind = experiments::update_assessment(&db, "tr-1", &first.id, change).await;
        assert_eq!(other_kind.unwrap_err().kind(), Kind::Invalid);
        let both = content(json!({ "assessment_name": "x", "feedback": {}, "expectation": {} }));
        let both = experiments::create_assessment(&db, "tr-1", both).await;
        assert_eq!(both.unwrap_err().kind(), Kind::Invalid);
        let nowhere = content(json!({ "assessment_name": "x", "feedback": {} }));
        let nowhere = experiments::create_assessment(&db, "tr-9", nowhere).await;
        assert_eq!(nowhere.unwrap_err().kind(), Kind::NotFound);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_twice_is_there_once_with_its_ids_and_times() {
    testkit::on_both(tables(), |db| async move {
        let root = "mlflow-artifacts:/";
        let new = ImportedExperiment {
            name: "moved".into(),
            created_at: 5,
            updated_at: 6,
            tags: vec![Tag::new("team", "ops")],
        };
        let first = experiments::import_experiment(&db, new.clone(), root)
            .await
            .unwrap();
        let again = experiments::import_experiment(&db, new, root)
            .await
            .unwrap();
        assert!(first.added && !again.added && first.id == again.id);
        let experiment_id: ExperimentId = first.id.parse().unwrap();
        let kept = experiments::get_experiment(&db, &experiment_id)
            .await
            .unwrap();
        assert_eq!((kept.created_at, kept.updated_at), (5, 6));

        let run_id = RunId::fresh();
        let run = ImportedRun {
            id: run_id.clone(),
            experiment_id: experiment_id.clone(),
            name: "old".into(),
            user: "ada".into(),
            status: "FAILED".into(),
            start_time: 7,
            end_time: Some(8),
        };
        assert!(
            experiments::import_run(&db, run.clone())
                .await
                .unwrap()
                .added
        );
        assert!(!experiments::import_run(&db, run).await.unwrap().added);
        let kept = experiments::get_run(&db, &run_id).await.unwrap();
        assert_eq!(
            (kept.start_time, kept.end_time, kept.lifecycle),
            (7, Some(8), Lifecycle::Active)
        );

        let model_id = LoggedModelId::fresh();
        let model = ImportedLoggedModel {
            id: model_id.clone(),
            experiment_id,
            name: "m".into(),
            status: "LOGGED_MODEL_READY".into(),
            model_type: String::new(),
            source_run_id: Some(run_id.clone()),
            created_at: 9,
            updated_at: 9,
            params: vec![Tag::new("depth", "3")],
            tags: vec![],
        };
        assert!(
            experiments::import_logged_model(&db, model.clone())
                .await
                .unwrap()
                .added
        );
        assert!(
            !experiments::import_logged_model(&db, model)
                .await
                .unwrap()
                .added
        );
        let kept = experiments::get_logged_model(&db, &model_id).await.unwrap();
        assert_eq!(
            (kept.created_at, kept.source_run_id, kept.params.len()),
            (9, Some(run_id), 1)
        );
    })
    .await;
}
