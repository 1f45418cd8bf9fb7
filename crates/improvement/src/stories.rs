//! Stories of triggers, the guard and the pipeline on both databases.

use std::sync::{Arc, Mutex};

use ::store::{BoxFuture, Db, Migrations};
use base::{Error, Kind, PageRequest, Result, SignedDuration};
use serde_json::{Value, json};

use crate::jobs::{Firing, Settle, Wanted};
use crate::pipeline::{StepResult, run};
use crate::retraining::{RetrainingState, StepRecord, StepState, retraining, retrainings};
use crate::store::retraining::{self as rows, NewRetraining};
use crate::task::{finish_task, open_tasks};
use crate::trigger::Decision;

const P: &str = "bikes";
const STEPS: [&str; 5] = [
    "ingest",
    "train",
    "evaluate",
    "gate:champion",
    "deploy:bikes-api",
];

fn tables() -> Migrations {
    Migrations::default().with("improvement", crate::MIGRATIONS)
}

fn new() -> NewRetraining {
    NewRetraining {
        project: P.to_owned(),
        trigger: Some("worse".to_owned()),
        reason: "still-right: wape is 0.43".to_owned(),
        actor: "ironloop".to_owned(),
        pipeline: "retrain".to_owned(),
        steps: STEPS.map(str::to_owned).to_vec(),
    }
}

/// What becomes of an event of the trigger `worse` (21 days of cooldown, at most two in 30 days, three failures).
async fn event(db: &Db, key: &str) -> Option<Firing> {
    let settle = Settle {
        project: P.to_owned(),
        trigger: "worse".to_owned(),
        cooldown: 21 * 86_400_000,
        event: key.to_owned(),
        known: false,
        wanted: Wanted::Retraining(new()),
        limits: (Some(2), Some(3)),
    };
    db.write(move |tx| {
        let settle = settle.clone();
        Box::pin(async move { settle.apply(tx).await })
    })
    .await
    .unwrap()
}

fn decision(firing: Option<Firing>) -> Option<Decision> {
    firing.map(|firing| firing.decision)
}

fn days(db: &Db, days: i64) {
    db.clock().advance(SignedDuration::from_hours(24 * days));
}

async fn ask(db: &Db) -> String {
    let (id, _) = db
        .write(move |tx| Box::pin(async move { rows::ask(tx, &new()).await }))
        .await
        .unwrap();
    id
}

/// A pipeline whose steps do what `behave` says and remember that they were started.
async fn play(
    db: &Db,
    id: &str,
    started: &Arc<Mutex<Vec<String>>>,
    behave: fn(&str) -> Result<StepResult>,
) -> Result<crate::RetrainOutcome> {
    let started = Arc::clone(started);
    let execute = move |step: String, _: Vec<StepRecord>| -> BoxFuture<'_, Result<StepResult>> {
        started.lock().unwrap().push(step.clone());
        Box::pin(async move { behave(&step) })
    };
    run(
        db,
        retraining(db, id).await.unwrap(),
        &|_, _, _, _| {},
        &execute,
    )
    .await
}

#[expect(clippy::unnecessary_wraps, reason = "as the steps that may fail")]
fn better(step: &str) -> Result<StepResult> {
    Ok(match step {
        "evaluate" => StepResult::go_on("wape 0.25, champion 0.31", json!({ "version": 4 })),
        "deploy:bikes-api" => StepResult::go_on(
            "revision 4 has 100 % of the traffic",
            json!({ "promoted": true }),
        ),
        _ => StepResult::go_on("", Value::Null),
    })
}

fn worse(step: &str) -> Result<StepResult> {
    match step {
        "gate:champion" => Ok(StepResult::stop(
            "mae 92.1 against 88.4 of champion 3",
            Value::Null,
        )),
        other => better(other),
    }
}

fn broken(step: &str) -> Result<StepResult> {
    match step {
        "train" => Err(Error::conflict("no trial ended").hint("look at the runs")),
        other => better(other),
    }
}

// proves S51
#[tokio::test(flavor = "multi_thread")]
async fn an_event_seen_twice_fires_once_and_a_second_one_within_the_cooldown_is_suppressed() {
    testkit::on_both(tables(), |db| async move {
        let first = event(&db, "window:1").await.unwrap();
        assert_eq!(first.decision, Decision::Fired);
        assert_eq!(event(&db, "window:1").await, None);
        let asked = retraining(&db, first.retraining.as_deref().unwrap())
            .await
            .unwrap();
        assert_eq!(
            (asked.state, asked.trigger.as_deref(), asked.promoted),
            (RetrainingState::Queued, Some("worse"), None)
        );
        assert_eq!(Some(asked.job.as_str()), first.job.as_deref());
        play(&db, &asked.id, &Arc::default(), better).await.unwrap();
        days(&db, 20);
        assert_eq!(
            decision(event(&db, "window:2").await),
            Some(Decision::Cooldown)
        );
        days(&db, 8);
        assert_eq!(
            decision(event(&db, "window:3").await),
            Some(Decision::Fired)
        );
        assert_eq!(decision(event(&db, "window:2").await), None);
        assert_eq!(
            retrainings(&db, P, &PageRequest::default())
                .await
                .unwrap()
                .items
                .len(),
            2
        );
    })
    .await;
}

// proves S13
#[tokio::test(flavor = "multi_thread")]
async fn a_challenger_that_is_not_better_is_recorded_and_not_rolled_out() {
    testkit::on_both(tables(), |db| async move {
        let id = ask(&db).await;
        let started = Arc::default();
        let outcome = play(&db, &id, &started, worse).await.unwrap();
        assert!(!outcome.promoted);
        assert_eq!(outcome.challenger, Some(4));
        assert_eq!(
            outcome.why,
            "gate:champion: mae 92.1 against 88.4 of champion 3"
        );
        assert_eq!(*started.lock().unwrap(), STEPS[..4]);
        let kept = retraining(&db, &id).await.unwrap();
        assert_eq!(kept.state, RetrainingState::Rejected);
        let states: Vec<StepState> = kept.steps.iter().map(|step| step.state).collect();
        use StepState::{Done, Stopped, Waiting};
        assert_eq!(states, [Done, Done, Done, Stopped, Waiting]);
    })
    .await;
}

// proves S13 S51
#[tokio::test(flavor = "multi_thread")]
async fn a_better_challenger_goes_all_the_way() {
    testkit::on_both(tables(), |db| async move {
        let id = ask(&db).await;
        let started = Arc::default();
        let outcome = play(&db, &id, &started, better).await.unwrap();
        assert!(outcome.promoted);
        assert_eq!(*started.lock().unwrap(), STEPS);
        // Whoever asks again gets the same answer, and nothing is done twice.
        assert_eq!(
            play(&db, &id, &started, better).await.unwrap().why,
            "revision 4 has 100 % of the traffic"
        );
        assert_eq!(started.lock().unwrap().len(), STEPS.len());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retraining_that_was_killed_goes_on_with_the_step_that_had_not_ended() {
    testkit::on_both(tables(), |db| async move {
        let id = ask(&db).await;
        // As a process leaves it that dies during the training.
        rows::begin_step(&db, &id, "ingest").await.unwrap();
        rows::end_step(
            &db,
            &id,
            "ingest",
            StepState::Done,
            "",
            &json!({ "datasets": { "trips": 2 } }),
        )
        .await
        .unwrap();
        rows::begin_step(&db, &id, "train").await.unwrap();
        assert_eq!(
            retraining(&db, &id).await.unwrap().state,
            RetrainingState::Running
        );
        assert!(rows::ingested(&db, P, "trips", 2).await.unwrap());
        assert!(!rows::ingested(&db, P, "trips", 3).await.unwrap());

        let started = Arc::default();
        assert!(play(&db, &id, &started, better).await.unwrap().promoted);
        assert_eq!(*started.lock().unwrap(), STEPS[1..]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_breaks_fails_the_retraining_with_its_reason() {
    testkit::on_both(tables(), |db| async move {
        let id = ask(&db).await;
        let started = Arc::default();
        let error = play(&db, &id, &started, broken).await.unwrap_err();
        assert_eq!(error.message(), "train: no trial ended");
        let kept = retraining(&db, &id).await.unwrap();
        assert_eq!(
            (kept.state, kept.promoted),
            (RetrainingState::Failed, Some(false))
        );
        assert_eq!(
            kept.why.as_deref(),
            Some("train: no trial ended (look at the runs)")
        );
        assert_eq!(
            play(&db, &id, &started, better).await.unwrap_err().kind(),
            Kind::Conflict
        );
        assert_eq!(started.lock().unwrap().len(), 2);
    })
    .await;
}

// proves S51
#[tokio::test(flavor = "multi_thread")]
async fn failures_in_a_row_open_the_circuit_until_a_person_closes_it() {
    testkit::on_both(tables(), |db| async move {
        for n in 0..3 {
            let fired = event(&db, &format!("window:{n}")).await.unwrap();
            assert_eq!(fired.decision, Decision::Fired, "{}", fired.reason);
            play(&db, &fired.retraining.unwrap(), &Arc::default(), broken)
                .await
                .unwrap_err();
            days(&db, 28);
        }
        let stopped = event(&db, "window:3").await.unwrap();
        assert_eq!(
            (stopped.decision, stopped.retraining),
            (Decision::Circuit, None)
        );
        days(&db, 28);
        assert_eq!(
            decision(event(&db, "window:4").await),
            Some(Decision::Circuit)
        );
        let tasks = open_tasks(&db, "").await.unwrap();
        assert_eq!(tasks.len(), 1, "one task, however often it is asked");
        assert_eq!(tasks[0].role, "ml_engineer");
        assert!(tasks[0].text.contains("3 retrainings failed in a row"));

        let done = finish_task(&db, P, &tasks[0].id, "mle").await.unwrap();
        assert_eq!(
            (done.state.as_str(), done.done_by.as_deref()),
            ("done", Some("mle"))
        );
        finish_task(&db, P, &tasks[0].id, "someone else")
            .await
            .unwrap();
        days(&db, 1);
        assert_eq!(
            decision(event(&db, "window:5").await),
            Some(Decision::Fired)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retraining_that_works_closes_the_circuit() {
    testkit::on_both(tables(), |db| async move {
        for n in 0..3 {
            let fired = event(&db, &format!("window:{n}")).await.unwrap();
            play(&db, &fired.retraining.unwrap(), &Arc::default(), broken)
                .await
                .unwrap_err();
            days(&db, 28);
        }
        assert_eq!(
            decision(event(&db, "window:3").await),
            Some(Decision::Circuit)
        );
        // A person retrains by hand, and it works.
        let id = ask(&db).await;
        play(&db, &id, &Arc::default(), worse).await.unwrap();
        assert!(open_tasks(&db, P).await.unwrap().is_empty());
        days(&db, 31);
        assert_eq!(
            decision(event(&db, "window:4").await),
            Some(Decision::Fired)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_retraining_at_a_time_and_not_more_than_the_guard_allows() {
    testkit::on_both(tables(), |db| async move {
        let id = ask(&db).await;
        assert_eq!(
            decision(event(&db, "window:1").await),
            Some(Decision::Guard)
        );
        play(&db, &id, &Arc::default(), worse).await.unwrap();
        assert_eq!(
            decision(event(&db, "window:2").await),
            Some(Decision::Fired)
        );
        let page = retrainings(
            &db,
            P,
            &PageRequest {
                limit: Some(1),
                token: None,
            },
        )
        .await
        .unwrap();
        assert_eq!((page.items.len(), page.next.as_deref()), (1, Some("1")));
        let running = retrainings(&db, P, &PageRequest::default())
            .await
            .unwrap()
            .items;
        let queued = running
            .iter()
            .find(|one| one.state == RetrainingState::Queued)
            .unwrap();
        play(&db, &queued.id, &Arc::default(), worse).await.unwrap();
        days(&db, 22);
        let refused = event(&db, "window:3").await.unwrap();
        assert_eq!(
            (refused.decision, refused.reason.as_str()),
            (
                Decision::Guard,
                "2 retrainings began in the last 30 days, 2 are allowed"
            )
        );
    })
    .await;
}
