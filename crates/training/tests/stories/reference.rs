//! Our learners against stored results of scikit-learn and LightGBM on the same rows (`tests/fixtures/reference.py`).

use data::Prepared;
use data::measure::{Context, Metric, compute};
use project::{Algorithm, CandidateSpec};
use serde_json::{Value, json};

use crate::hours::hours;
use crate::sample::candidate;

fn reference() -> Value {
    serde_json::from_str(include_str!("../fixtures/reference.json")).expect("JSON")
}

/// Predictions for the held-out hours.
fn predictions(candidate: &CandidateSpec, data: &Prepared) -> Vec<f64> {
    let model =
        training::fit(candidate, &training::Params::new(), data, &data.train, 1).expect("fits");
    model
        .predict_some(&data.batch, &data.holdout)
        .expect("predicts")
}

fn measured(metric: Metric, data: &Prepared, predicted: &[f64]) -> f64 {
    let truth: Vec<f64> = data
        .holdout
        .iter()
        .map(|row| data.label[*row as usize])
        .collect();
    compute(metric, &truth, predicted, &Context::new(data.task)).expect("a metric of this task")
}

fn data_of(reference: &Value, busy: bool) -> Prepared {
    let learn = reference["learn"].as_u64().expect("a number") as usize;
    hours(
        learn,
        busy.then(|| reference["busy_above"].as_f64().expect("a number")),
    )
}

fn largest_difference(ours: &[f64], theirs: &Value) -> f64 {
    let theirs: Vec<f64> = serde_json::from_value(theirs.clone()).expect("numbers");
    ours.iter()
        .zip(theirs)
        .map(|(ours, theirs)| (ours - theirs).abs())
        .fold(0.0, f64::max)
}

// proves S41
#[test]
fn ridge_predicts_what_scikit_learn_predicts() {
    let reference = reference();
    let data = data_of(&reference, false);
    let ours = predictions(&candidate(Algorithm::Ridge), &data);
    let off = largest_difference(&ours, &reference["ridge"]["first_predictions"]);
    assert!(
        off < 1e-6,
        "predictions of some 300 trips are up to {off} away"
    );
}

// proves S41
#[test]
fn logistic_regression_predicts_what_scikit_learn_predicts() {
    let reference = reference();
    let data = data_of(&reference, true);
    let ours = predictions(&candidate(Algorithm::LogisticRegression), &data);
    let off = largest_difference(
        &ours,
        &reference["logistic_regression"]["first_predictions"],
    );
    // scikit-learn's solver stops earlier than ours: its probabilities are good to about 1e-5.
    assert!(off < 1e-4, "probabilities are up to {off} away");
}

/// Engines differ in binning, sampling and leaf rules: ours may be 6 % worse than theirs, not more.
fn not_much_worse(candidate: &CandidateSpec, name: &str, busy: bool, metric: Metric) {
    let reference = reference();
    let data = data_of(&reference, busy);
    let ours = measured(metric, &data, &predictions(candidate, &data));
    let theirs = reference[name][metric.as_str()].as_f64().expect("a number");
    println!("{name} {metric}: ours {ours:.4}, theirs {theirs:.4}");
    assert!(
        ours <= theirs * 1.06,
        "{name}: our {metric} is {ours}, theirs {theirs}"
    );
}

// proves S41
#[test]
fn a_random_forest_is_as_good_as_scikit_learns() {
    let mut forest = candidate(Algorithm::RandomForest);
    forest.params.insert("trees".to_owned(), json!(200));
    not_much_worse(&forest, "random_forest", false, Metric::Mae);
    not_much_worse(&forest, "random_forest_busy", true, Metric::LogLoss);
}

// proves S41
#[test]
fn gradient_boosting_is_as_good_as_lightgbm() {
    let boost = candidate(Algorithm::GradientBoosting);
    not_much_worse(&boost, "gradient_boosting", false, Metric::Mae);
    not_much_worse(&boost, "gradient_boosting_busy", true, Metric::LogLoss);
}

// proves S41
#[test]
fn trees_beat_the_linear_model_where_hours_and_weekdays_work_together() {
    let reference = reference();
    let data = data_of(&reference, false);
    let mae = |algorithm| {
        measured(
            Metric::Mae,
            &data,
            &predictions(&candidate(algorithm), &data),
        )
    };
    assert!(mae(Algorithm::GradientBoosting) < 0.6 * mae(Algorithm::Ridge));
}
