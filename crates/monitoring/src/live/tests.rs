//! Live predictions judged by criteria, with and without enough outcomes.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};

use super::*;
use crate::window::DAY_MS;

const FILE: &str = r#"
schema = 1
[project]
name = "bikes"
owner = "fleet"
[charter]
problem = "p"
decision = "d"
today_sql = "count_week_ago"
[payoff]
currency = "EUR"
under = -2.0
over = -0.5
[[criterion]]
id = "still-accurate"
kind = "model"
metric = "wape"
on = "live"
op = "<="
value = 0.36
[[criterion]]
id = "surely"
kind = "model"
metric = "wape"
on = "live"
op = "<="
value = 0.36
confidence = 0.95
[[criterion]]
id = "pays"
kind = "business"
metric = "payoff_per_1000"
on = "live"
versus = "today"
op = ">="
[[criterion]]
id = "everywhere"
kind = "model"
metric = "wape"
on = "live"
slice = "station"
min_rows = 10
op = "<="
value = 0.36
[[criterion]]
id = "fast"
kind = "system"
metric = "latency_p99_ms"
op = "<="
value = 20.0
"#;

/// `n` hourly predictions of `predicted`; `today` is what callers send of today's rule.
fn log(n: usize, predicted: f64, today: Option<f64>) -> RecordBatch {
    let column = |values: Vec<f64>| Arc::new(Float64Array::from(values)) as ArrayRef;
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        (
            "prediction_id",
            Arc::new(StringArray::from_iter_values(
                (0..n).map(|row| format!("p{row}")),
            )),
        ),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                (0..n as i64).map(|hour| hour * 3_600_000_000),
            )),
        ),
        ("model", Arc::new(StringArray::from(vec!["bikes"; n]))),
        (
            "version",
            Arc::new(Int64Array::from(
                (0..n)
                    .map(|row| if row < n / 3 { 1 } else { 2 })
                    .collect::<Vec<i64>>(),
            )),
        ),
        (
            "revision",
            Arc::new(Int64Array::from(
                (0..n)
                    .map(|row| if row < n / 3 { 1 } else { 2 })
                    .collect::<Vec<i64>>(),
            )),
        ),
        ("latency_us", Arc::new(Int64Array::from(vec![1500; n]))),
        ("output", column(vec![predicted; n])),
        (
            "in_station",
            Arc::new(StringArray::from_iter_values(
                (0..n).map(|row| if row % 4 == 0 { "north" } else { "south" }),
            )),
        ),
    ];
    if let Some(today) = today {
        columns.push(("in_count_week_ago", column(vec![today; n])));
    }
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The first `known` predictions were about 100.
fn rows(n: usize, known: usize, predicted: f64, today: Option<f64>) -> Rows {
    let labels: HashMap<String, (f64, Option<f64>)> = (0..known)
        .map(|row| (format!("p{row}"), (100.0, None)))
        .collect();
    Rows::join(log(n, predicted, today), &labels, Some("count_week_ago")).unwrap()
}

fn judged(id: &str, rows: &Rows) -> Finding {
    let file = project::parse(FILE).unwrap();
    criterion(
        &file,
        file.criterion(id).unwrap(),
        30,
        Task::Regression,
        rows,
    )
    .unwrap()
}

#[test]
fn a_model_that_decays_alerts_and_one_that_holds_is_ok() {
    let bad = judged("still-accurate", &rows(200, 150, 60.0, None));
    assert_eq!(
        (bad.state, bad.reason.as_str()),
        (State::Alert, "wape is 0.4 over 150 outcomes")
    );
    assert_eq!(
        judged("still-accurate", &rows(200, 150, 70.0, None)).state,
        State::Ok
    );
}

#[test]
fn too_few_labels_are_unknown_and_say_how_many_there_are() {
    let few = judged("still-accurate", &rows(200, 29, 60.0, None));
    assert_eq!(
        few,
        Finding::unknown("outcomes so far 29 of 200 requests, 30 are needed")
    );
    assert_eq!(
        judged("still-accurate", &rows(0, 0, 60.0, None)).state,
        State::Unknown
    );
}

#[test]
fn what_the_callers_send_of_todays_rule_is_what_the_model_must_beat() {
    let better = judged("pays", &rows(200, 100, 95.0, Some(130.0)));
    assert_eq!(better.state, State::Ok, "{}", better.reason);
    assert_eq!(
        better.reason,
        "payoff_per_1000 is -10000 against -15000 of today's rule over 100 outcomes"
    );
    assert_eq!(
        judged("pays", &rows(200, 100, 80.0, Some(100.0))).state,
        State::Alert
    );
}

#[test]
fn without_todays_value_nobody_can_say_whether_it_is_beaten() {
    let unknown = judged("pays", &rows(200, 100, 95.0, None));
    assert_eq!(unknown.state, State::Unknown);
    assert!(unknown.reason.contains("today's rule"));
}

#[test]
fn todays_value_may_come_with_the_outcome() {
    let labels: HashMap<String, (f64, Option<f64>)> = (0..100)
        .map(|row| (format!("p{row}"), (100.0, Some(50.0))))
        .collect();
    let rows = Rows::join(log(100, 90.0, None), &labels, None).unwrap();
    assert_eq!(judged("pays", &rows).state, State::Ok);
}

#[test]
fn a_sliced_criterion_is_as_bad_as_its_worst_slice() {
    let mut labels: HashMap<String, (f64, Option<f64>)> = (0..200)
        .map(|row| (format!("p{row}"), (100.0, None)))
        .collect();
    for row in (0..200).step_by(4) {
        labels.insert(format!("p{row}"), (300.0, None));
    }
    let rows = Rows::join(log(200, 100.0, None), &labels, None).unwrap();
    let worst = judged("everywhere", &rows);
    assert_eq!(worst.state, State::Alert);
    assert_eq!(
        worst.reason,
        "station north: wape is 0.6667 over 50 outcomes"
    );
}

#[test]
fn latencies_are_judged_without_any_outcome() {
    let fast = judged("fast", &rows(200, 0, 60.0, None));
    assert_eq!((fast.state, fast.value), (State::Ok, Some(1.5)));
}

#[test]
fn a_window_shows_its_metrics_with_bounds_and_those_of_today() {
    let file = project::parse(FILE).unwrap();
    let (live, today) = metrics(
        &file,
        Task::Regression,
        &rows(10 * 24, 10 * 24, 90.0, Some(120.0)),
    );
    assert!((live["wape"].value - 0.1).abs() < 1e-9);
    assert!(live["wape"].lower <= live["wape"].value && live["wape"].value <= live["wape"].upper);
    assert!((today["wape"] - 0.2).abs() < 1e-9);
    assert!(live.contains_key("payoff_per_1000") && live.contains_key("bias"));
}

#[test]
fn the_version_in_force_is_the_one_that_made_most_predictions() {
    let rows = rows(90, 0, 1.0, None);
    let who = rows.in_force().unwrap().unwrap();
    assert_eq!((who.model.as_str(), who.version), ("bikes", 2));
    assert_eq!(rows.at[25], DAY_MS + 3_600_000);
}

#[test]
fn numbers_are_written_as_people_read_them() {
    let texts: Vec<String> = [0.0, 0.43219, 12.0, 1234.567, -99999.6, 1e-7]
        .into_iter()
        .map(number)
        .collect();
    assert_eq!(texts, ["0", "0.4322", "12", "1235", "-100000", "0.0000001"]);
}
