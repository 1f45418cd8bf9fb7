//! Stories of outcomes, windows and alerts on both databases.

use std::collections::HashMap;

use ::store::{Db, Migrations};
use base::Kind;

use crate::alert::{AlertState, acknowledge, open_alerts};
use crate::check::{Check, State};
use crate::outcome::{Outcome, Recorded, record_outcomes};
use crate::store::window::{WindowRow, checks, grown, judged_until, save, windows};
use crate::store::{alert, outcome};
use crate::window::{DAY_MS, Window};

const P: &str = "bikes";
const E: &str = "bikes-api";

fn tables() -> Migrations {
    Migrations::default().with("monitoring", crate::MIGRATIONS)
}

fn truth(id: &str, value: f64) -> Outcome {
    Outcome {
        prediction_id: id.to_owned(),
        value,
        today: None,
        at: None,
    }
}

async fn tell(db: &Db, outcomes: Vec<Outcome>, predicted_at: Vec<Option<i64>>) -> Recorded {
    record_outcomes(db, P, E, outcomes, predicted_at, Some(60 * DAY_MS))
        .await
        .unwrap()
}

fn window(day: i64) -> Window {
    let start = testkit::start_of_test().as_millisecond() + (day - 40) * DAY_MS;
    Window {
        start,
        end: start + DAY_MS,
    }
}

fn row(window: Window, requests: i64, labels: i64) -> WindowRow {
    WindowRow {
        start_at: window.start,
        end_at: window.end,
        requests,
        labels,
        live: "{}".to_owned(),
        today: "{}".to_owned(),
        drift: "{}".to_owned(),
        ..WindowRow::default()
    }
}

async fn judged(db: &Db, monitor: &str, day: i64, state: State) {
    let window = window(day);
    let check = Check {
        monitor: monitor.to_owned(),
        window,
        state,
        value: Some(0.43),
        target: "wape ≤ 0.36 on live data".to_owned(),
        reason: "wape is 0.43 over 640 outcomes".to_owned(),
    };
    save(db, P, E, row(window, 672, 640), vec![check])
        .await
        .unwrap();
}

// proves S54
#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_told_twice_is_one_and_a_contradiction_is_refused() {
    testkit::on_both(tables(), |db| async move {
        let made = Some(window(1).start);
        let first = tell(
            &db,
            vec![truth("a", 5.0), truth("b", 7.0)],
            vec![made, made],
        )
        .await;
        assert_eq!(
            first,
            Recorded {
                stored: 2,
                ..Recorded::default()
            }
        );
        let again = tell(
            &db,
            vec![
                truth("a", 5.0),
                truth("b", 8.0),
                truth("c", 1.0),
                truth("c", 1.0),
                truth("c", 2.0),
            ],
            vec![made; 5],
        )
        .await;
        assert_eq!(
            again,
            Recorded {
                stored: 1,
                duplicate: 2,
                conflicting: 2,
                ..Recorded::default()
            }
        );
        let known = outcome::labels(&db, P, E, window(1)).await.unwrap();
        assert_eq!(known["b"].0, 7.0);
        assert_eq!(known.len(), 3);
    })
    .await;
}

// proves S54
#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_of_an_unknown_prediction_waits_and_is_joined_once() {
    testkit::on_both(tables(), |db| async move {
        let early = tell(
            &db,
            vec![truth("later", 3.0), truth("never", 4.0)],
            vec![None, None],
        )
        .await;
        assert_eq!(
            early,
            Recorded {
                unknown: 2,
                ..Recorded::default()
            }
        );
        assert!(
            outcome::labels(&db, P, E, window(1))
                .await
                .unwrap()
                .is_empty()
        );
        let made = HashMap::from([("later".to_owned(), window(1).start + 5)]);
        assert_eq!(outcome::join(&db, P, E, &made, None).await.unwrap(), 1);
        assert_eq!(outcome::join(&db, P, E, &made, None).await.unwrap(), 0);
        assert_eq!(
            outcome::labels(&db, P, E, window(1)).await.unwrap()["later"],
            (3.0, None)
        );
        assert_eq!(outcome::pending(&db, P, E).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_is_too_late_is_counted_and_not_used() {
    testkit::on_both(tables(), |db| async move {
        let now = testkit::start_of_test().as_millisecond();
        let (old, young) = (now - 61 * DAY_MS, now - 59 * DAY_MS);
        let told = tell(
            &db,
            vec![truth("old", 1.0), truth("young", 1.0), truth("waits", 1.0)],
            vec![Some(old), Some(young), None],
        )
        .await;
        assert_eq!(
            told,
            Recorded {
                stored: 1,
                late: 1,
                unknown: 1,
                ..Recorded::default()
            }
        );
        let made = HashMap::from([("waits".to_owned(), old)]);
        assert_eq!(
            outcome::join(&db, P, E, &made, Some(60 * DAY_MS))
                .await
                .unwrap(),
            0
        );
        let all = Window {
            start: old - 1,
            end: now,
        };
        assert_eq!(outcome::labels(&db, P, E, all).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_true_is_refused_as_a_whole() {
    testkit::on_both(tables(), |db| async move {
        for bad in [
            truth("a", f64::NAN),
            truth("a", f64::INFINITY),
            truth("", 1.0),
        ] {
            let refused = record_outcomes(
                &db,
                P,
                E,
                vec![truth("good", 1.0), bad],
                vec![None, None],
                None,
            )
            .await
            .unwrap_err();
            assert_eq!(refused.kind(), Kind::Invalid);
        }
        assert!(outcome::pending(&db, P, E).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_outcomes_are_stored_in_one_call() {
    testkit::on_both(tables(), |db| async move {
        let outcomes = (0..1000)
            .map(|n| truth(&format!("p-{n}"), f64::from(n)))
            .collect();
        let told = tell(
            &db,
            outcomes,
            (0..1000).map(|n| Some(window(1).start + n)).collect(),
        )
        .await;
        assert_eq!(told.stored, 1000);
        assert_eq!(
            outcome::labels(&db, P, E, window(1)).await.unwrap().len(),
            1000
        );
    })
    .await;
}

// proves S24
#[tokio::test(flavor = "multi_thread")]
async fn a_late_label_asks_for_the_right_past_window_again() {
    testkit::on_both(tables(), |db| async move {
        for day in 1..=3 {
            let made = Some(window(day).start + 1);
            tell(&db, vec![truth(&format!("first-{day}"), 1.0)], vec![made]).await;
            save(&db, P, E, row(window(day), 2, 1), Vec::new())
                .await
                .unwrap();
        }
        assert!(grown(&db, P, E).await.unwrap().is_empty());
        tell(&db, vec![truth("late", 1.0)], vec![Some(window(2).end - 1)]).await;
        assert_eq!(grown(&db, P, E).await.unwrap(), [window(2)]);
        save(&db, P, E, row(window(2), 2, 2), Vec::new())
            .await
            .unwrap();
        assert!(grown(&db, P, E).await.unwrap().is_empty());
        let labels: Vec<i64> = windows(&db, P, E, 10)
            .await
            .unwrap()
            .iter()
            .map(|row| row.labels)
            .collect();
        assert_eq!(labels, [1, 2, 1]);
    })
    .await;
}

// proves S12 S50
#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_opened_once_and_resolves_when_a_window_is_good_again() {
    testkit::on_both(tables(), |db| async move {
        judged(&db, "input-drift", 1, State::Ok).await;
        judged(&db, "input-drift", 2, State::Alert).await;
        judged(&db, "input-drift", 2, State::Alert).await;
        judged(&db, "input-drift", 3, State::Alert).await;
        judged(&db, "input-drift", 4, State::Unknown).await;
        let open = open_alerts(&db, P).await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(
            (open[0].monitor.as_str(), open[0].window_end),
            ("input-drift", window(2).end)
        );
        assert!(open[0].message.contains("0.43") && open[0].message.contains("wape ≤ 0.36"));
        judged(&db, "input-drift", 5, State::Ok).await;
        assert!(open_alerts(&db, P).await.unwrap().is_empty());
        let all = alert::of_endpoint(&db, P, E).await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].state, AlertState::Resolved);
        assert!(all[0].resolved_at.is_some());
        judged(&db, "input-drift", 6, State::Alert).await;
        assert_eq!(alert::of_endpoint(&db, P, E).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filling_in_an_old_window_does_not_touch_the_alert_of_the_newest() {
    testkit::on_both(tables(), |db| async move {
        judged(&db, "still-right", 1, State::Unknown).await;
        judged(&db, "still-right", 2, State::Ok).await;
        judged(&db, "still-right", 1, State::Alert).await;
        assert!(open_alerts(&db, P).await.unwrap().is_empty());
        assert_eq!(
            judged_until(&db, P).await.unwrap(),
            [("still-right".to_owned(), window(2).end)]
        );
        let states: Vec<State> = checks(&db, P, E, 0)
            .await
            .unwrap()
            .iter()
            .map(|check| check.state)
            .collect();
        assert_eq!(states, [State::Alert, State::Ok]);
        // The newest one does, also when it is judged again.
        judged(&db, "still-right", 2, State::Alert).await;
        assert_eq!(open_alerts(&db, P).await.unwrap().len(), 1);
        judged(&db, "still-right", 2, State::Ok).await;
        judged(&db, "still-right", 2, State::Alert).await;
        assert_eq!(open_alerts(&db, P).await.unwrap().len(), 1);
        assert_eq!(alert::of_endpoint(&db, P, E).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_acknowledged_by_name_and_the_audit_log_knows() {
    testkit::on_both(tables(), |db| async move {
        judged(&db, "still-right", 1, State::Alert).await;
        let id = open_alerts(&db, P).await.unwrap()[0].id.clone();
        let seen = acknowledge(&db, P, &id, "mle").await.unwrap();
        assert_eq!(
            (seen.state, seen.acknowledged_by.as_deref()),
            (AlertState::Acknowledged, Some("mle"))
        );
        acknowledge(&db, P, &id, "ds").await.unwrap();
        judged(&db, "still-right", 2, State::Ok).await;
        assert_eq!(
            acknowledge(&db, P, &id, "ds").await.unwrap_err().kind(),
            Kind::Conflict
        );
        assert_eq!(
            acknowledge(&db, "other", &id, "ds")
                .await
                .unwrap_err()
                .kind(),
            Kind::NotFound
        );
        let page = ::store::audit_page(
            &db,
            P,
            &format!("alert/{id}"),
            &base::PageRequest::default(),
        )
        .await
        .unwrap();
        let actions: Vec<&str> = page
            .items
            .iter()
            .map(|entry| entry.action.as_str())
            .collect();
        assert_eq!(
            actions,
            [
                "monitoring.alert_resolved",
                "monitoring.alert_acknowledged",
                "monitoring.alert_opened"
            ]
        );
    })
    .await;
}
