//! Metrics of classes, curves, calibration, numbers, rankings and groups equal scikit-learn's, Evidently's and
//! fairlearn's; estimates without labels equal NannyML's.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data::measure::estimate::cbpe::{Cbpe, Labelled, Target};
use data::measure::estimate::{dle, limits};
use data::measure::quality::calibration::{Cut, curve};
use data::measure::quality::classes::{
    Average, Confusion, log_loss, roc_auc_one_vs_one, roc_auc_per_class, top_k_accuracy,
};
use data::measure::quality::fairness::{Frame, Rate};
use data::measure::quality::ranking::{WithoutRelevant, at_k, by_score};
use data::measure::quality::{curves, numbers};
use serde_json::Value;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden().join(name)).unwrap()).unwrap()
}

fn table(name: &str) -> Vec<Vec<String>> {
    std::fs::read_to_string(golden().join(format!("quality/{name}.csv")))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

#[track_caller]
fn close(seen: f64, expected: &Value, what: &str) {
    within(seen, expected, 1e-9, what);
}

#[track_caller]
fn within(seen: f64, expected: &Value, off: f64, what: &str) {
    let expected = expected
        .as_f64()
        .unwrap_or_else(|| panic!("{what}: {expected}"));
    assert!(
        (seen - expected).abs() <= off * expected.abs().max(1e-6),
        "{what}: {seen} instead of {expected}"
    );
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

// proves S22 S39
#[test]
fn metrics_of_several_classes_equal_scikit_learn() {
    let expected = &json("quality.json")["multiclass"];
    let names = ["cat", "dog", "fox", "owl"];
    let place = |name: &str| names.iter().position(|other| *other == name).unwrap();
    let (mut truth, mut p, mut predicted) = (Vec::new(), Vec::new(), Vec::new());
    for row in table("multiclass") {
        truth.push(place(&row[0]));
        p.push(
            row[1..5]
                .iter()
                .map(|cell| number(cell))
                .collect::<Vec<_>>(),
        );
        predicted.push(place(&row[5]));
    }
    let confusion = Confusion::new(&truth, &predicted, 4);
    close(confusion.accuracy(), &expected["accuracy"], "accuracy");
    close(confusion.kappa(), &expected["kappa"], "kappa");
    close(confusion.mcc(), &expected["mcc"], "mcc");
    for (average, name) in [
        (Average::Macro, "macro"),
        (Average::Weighted, "weighted"),
        (Average::Micro, "micro"),
    ] {
        let seen = confusion.average(average);
        close(seen.precision, &expected[name]["precision"], name);
        close(seen.recall, &expected[name]["recall"], name);
        close(seen.f1, &expected[name]["f1"], name);
    }
    for (class, seen) in confusion.of_classes().iter().enumerate() {
        close(
            seen.precision,
            &expected["per_class"]["precision"][class],
            "precision",
        );
        close(
            seen.recall,
            &expected["per_class"]["recall"][class],
            "recall",
        );
        close(seen.f1, &expected["per_class"]["f1"][class], "f1");
        close(
            seen.support,
            &expected["per_class"]["support"][class],
            "support",
        );
    }
    close(log_loss(&truth, &p), &expected["log_loss"], "log loss");
    close(
        top_k_accuracy(&truth, &p, 2),
        &expected["top2_accuracy"],
        "top 2",
    );
    let auc = roc_auc_per_class(&truth, &p, 4);
    close(
        auc.iter().sum::<f64>() / 4.0,
        &expected["roc_auc_ovr_macro"],
        "one vs rest",
    );
    for (class, name) in names.iter().enumerate() {
        close(
            auc[class],
            &expected["evidently"]["RocAucByLabel(classification_name=default)"][name],
            name,
        );
    }
    close(
        roc_auc_one_vs_one(&truth, &p, 4),
        &expected["roc_auc_ovo_macro"],
        "one vs one",
    );
}

// proves S22 S39
#[test]
fn curves_and_calibration_equal_scikit_learn() {
    let all = json("quality.json");
    for set in ["bin_proba", "bin_proba_small"] {
        let expected = &all[set];
        let (truth, score): (Vec<f64>, Vec<f64>) = table(set)
            .iter()
            .map(|row| (number(&row[0]), number(&row[1])))
            .unzip();
        close(
            curves::ks_statistic(&truth, &score),
            &expected["ks_statistic"],
            "ks",
        );
        for (cut, name) in [(Cut::Uniform, "uniform"), (Cut::Quantile, "quantile")] {
            let bins = curve(&truth, &score, 10, cut);
            let expected = &expected[format!("calibration_curve_{name}10")];
            assert_eq!(
                bins.len(),
                list(&expected["prob_pred"]).len(),
                "{set} {name}"
            );
            for (at, bin) in bins.iter().enumerate() {
                close(bin.predicted, &expected["prob_pred"][at], name);
                close(bin.observed, &expected["prob_true"][at], name);
            }
        }
        for (threshold, name) in [(0.3, "sklearn@0.3"), (0.5, "sklearn@0.5")] {
            let class = |value: &f64, from: f64| usize::from(*value >= from);
            let confusion = Confusion::new(
                &truth.iter().map(|t| class(t, 0.5)).collect::<Vec<_>>(),
                &score
                    .iter()
                    .map(|s| class(s, threshold))
                    .collect::<Vec<_>>(),
                2,
            );
            let expected = &expected[name];
            close(
                confusion.balanced_accuracy(),
                &expected["balanced_accuracy"],
                name,
            );
            close(confusion.kappa(), &expected["kappa"], name);
            close(confusion.mcc(), &expected["mcc"], name);
            close(confusion.f_beta(1, 2.0), &expected["f2"], name);
        }
        if set == "bin_proba_small" {
            let roc = curves::roc(&truth, &score);
            for (at, (fpr, tpr, _)) in roc.iter().enumerate() {
                close(*fpr, &expected["roc_curve"]["fpr"][at], "fpr");
                close(*tpr, &expected["roc_curve"]["tpr"][at], "tpr");
            }
            for (at, (precision, recall, threshold)) in
                curves::precision_recall(&truth, &score).iter().enumerate()
            {
                close(
                    *precision,
                    &expected["pr_curve"]["precision"][at],
                    "precision",
                );
                close(*recall, &expected["pr_curve"]["recall"][at], "recall");
                close(
                    *threshold,
                    &expected["pr_curve"]["thresholds"][at],
                    "threshold",
                );
            }
        }
    }
}

// proves S22 S39
#[test]
fn errors_of_numbers_equal_scikit_learn_also_where_targets_are_negative() {
    let all = json("quality.json");
    for set in ["reg_pos", "reg_signed"] {
        let (truth, predicted): (Vec<f64>, Vec<f64>) = table(set)
            .iter()
            .map(|row| (number(&row[0]), number(&row[1])))
            .unzip();
        let expected = &all[set]["sklearn"];
        close(
            numbers::median_absolute_error(&truth, &predicted),
            &expected["medae"],
            "medae",
        );
        close(
            numbers::mean_squared_error(&truth, &predicted),
            &expected["mse"],
            "mse",
        );
        close(
            numbers::explained_variance(&truth, &predicted),
            &expected["explained_variance"],
            "explained",
        );
        close(
            numbers::pinball(&truth, &predicted, 0.9),
            &expected["pinball_0.9"],
            "pinball",
        );
        close(
            numbers::mean_relative_error(&truth, &predicted),
            &expected["mape_fraction"],
            "mape",
        );
        if set == "reg_pos" {
            // scikit-learn refuses predictions below zero; they were raised to it.
            let raised: Vec<f64> = predicted.iter().map(|p| p.max(0.0)).collect();
            close(
                numbers::mean_squared_log_error(&truth, &raised),
                &expected["msle"],
                "msle",
            );
        } else {
            assert!(numbers::mean_squared_log_error(&truth, &predicted).is_nan());
        }
        let residuals = numbers::residuals(&truth, &predicted);
        let expected = &all[set]["residuals(pred-true)"];
        close(residuals.mean, &expected["mean"], "mean");
        close(residuals.deviation, &expected["std_ddof1"], "std");
        for (seen, name) in residuals.quantiles.iter().zip(["q05", "q50", "q95"]) {
            close(*seen, &expected[name], name);
        }
    }
}

// proves S22 S39
#[test]
fn rankings_equal_evidently() {
    let all = json("ranking.json");
    let mut items: BTreeMap<String, Vec<(f64, bool)>> = BTreeMap::new();
    for row in table("ranking") {
        items
            .entry(row[0].clone())
            .or_default()
            .push((number(&row[2]), row[3] == "1"));
    }
    let users: Vec<Vec<bool>> = items.values().map(|items| by_score(items)).collect();
    for (without, key) in [
        (WithoutRelevant::Drop, "False"),
        (WithoutRelevant::Zero, "True"),
    ] {
        let expected = &all[format!("k=10,no_feedback_users={key}")];
        let of = |metric: &str, k: usize| {
            let (_, found) = expected
                .as_object()
                .unwrap()
                .iter()
                .find(|(name, _)| name.starts_with(metric))
                .unwrap();
            found["value"][(k - 1).to_string()].clone()
        };
        for k in 1..=10 {
            let seen = at_k(&users, k, without);
            close(seen.precision, &of("PrecisionTopK", k), "precision");
            close(seen.recall, &of("RecallTopK", k), "recall");
            close(seen.f1, &of("FBetaTopK", k), "f1");
            close(seen.hit_rate, &of("HitRate", k), "hit rate");
            close(seen.reciprocal_rank, &of("MRR", k), "mrr");
            close(seen.ndcg, &of("NDCG", k), "ndcg");
        }
        // Evidently's MAP is another quantity from k = 2 on; at 1 both are the recall.
        let first = at_k(&users, 1, without);
        close(first.average_precision, &of("MAP", 1), "map");
    }
}

// proves S22 S39
#[test]
fn rates_of_groups_equal_fairlearn() {
    let expected = &json("fairlearn.json")["bin_proba"];
    let rows = table("bin_proba");
    let frame = Frame::new(
        rows.iter()
            .map(|row| (row[0] == "1", number(&row[1]) >= 0.5, row[2].as_str())),
    );
    for (rate, name) in [
        (Rate::Accuracy, "accuracy"),
        (Rate::Selection, "selection_rate"),
        (Rate::Precision, "precision"),
        (Rate::TruePositive, "tpr"),
        (Rate::FalseNegative, "fnr"),
        (Rate::FalsePositive, "fpr"),
        (Rate::TrueNegative, "tnr"),
    ] {
        for (group, seen) in &frame.groups {
            close(seen.rate(rate), &expected["by_group"][name][group], name);
        }
        close(frame.overall.rate(rate), &expected["overall"][name], name);
        close(
            frame.difference(rate),
            &expected["difference_between_groups"][name],
            name,
        );
        close(
            frame.ratio(rate),
            &expected["ratio_between_groups"][name],
            name,
        );
        close(
            frame.difference_to_overall(rate),
            &expected["difference_to_overall"][name],
            name,
        );
        close(
            frame.ratio_to_overall(rate),
            &expected["ratio_to_overall"][name],
            name,
        );
    }
    close(
        frame.demographic_parity_difference(),
        &expected["demographic_parity_difference"],
        "parity",
    );
    close(
        frame.equalized_odds_difference(),
        &expected["equalized_odds_difference"],
        "odds",
    );
    close(
        frame.equalized_odds_ratio(),
        &expected["equalized_odds_ratio"],
        "odds ratio",
    );
    close(
        frame.equal_opportunity_difference(),
        &expected["equal_opportunity_difference"],
        "opportunity",
    );
}

/// Rows of one chunk of the car loans, from their counts.
fn loans(rows: &[Vec<String>], chunk: usize) -> Labelled {
    let mut loans = Labelled::default();
    for row in rows.iter().filter(|row| row[0] == chunk.to_string()) {
        for _ in 0..row[4].parse::<usize>().unwrap() {
            loans.score.push(number(&row[1]));
            loans.decided.push(number(&row[2]));
            loans.truth.push(number(&row[3]));
        }
    }
    loans
}

// proves S12 S39
#[test]
fn performance_without_labels_equals_nannyml() {
    let all = json("nannyml_car_loan_cbpe.json");
    let expected = &all["cbpe_chunk5000"];
    let rows = table("car_loan");
    let chunks: Vec<Labelled> = (0..20).map(|chunk| loans(&rows, chunk)).collect();
    let mut reference = Labelled::default();
    for chunk in &chunks[..10] {
        reference.truth.extend(&chunk.truth);
        reference.score.extend(&chunk.score);
        reference.decided.extend(&chunk.decided);
    }
    let cbpe = Cbpe::fit(reference).unwrap();
    let knots = cbpe.calibration().expect("calibration helps here");
    for (at, (x, y)) in list(&all["isotonic_thresholds"]["x"])
        .iter()
        .zip(list(&all["isotonic_thresholds"]["y"]))
        .enumerate()
    {
        close(knots.x[at], x, "knot");
        close(knots.y[at], y, "knot");
    }
    for (target, name, off) in [
        // The original breaks ties of scores by the order of an unstable sort.
        (Target::RocAuc, "roc_auc", 2e-2),
        (Target::Accuracy, "accuracy", 1e-9),
        (Target::Precision, "precision", 1e-9),
        (Target::Recall, "recall", 1e-9),
        (Target::Specificity, "specificity", 1e-9),
        (Target::F1, "f1", 1e-9),
        (Target::TruePositive, "true_positive", 1e-9),
        (Target::FalsePositive, "false_positive", 1e-9),
        (Target::FalseNegative, "false_negative", 1e-9),
        (Target::TrueNegative, "true_negative", 1e-9),
    ] {
        for (at, chunk) in chunks.iter().enumerate() {
            let seen = cbpe.estimate(target, &chunk.score, &chunk.decided);
            let of = |part: &str| &expected[format!("{name}|{part}")][at];
            close(seen.value, of("value"), name);
            within(seen.sampling_error, of("sampling_error"), off, name);
            within(seen.lower, of("lower_confidence_boundary"), off, name);
            within(seen.upper, of("upper_confidence_boundary"), off, name);
        }
    }
    for (at, chunk) in chunks.iter().enumerate() {
        // Ties again: the original walks row by row.
        let seen = cbpe.estimate(Target::AveragePrecision, &chunk.score, &chunk.decided);
        within(
            seen.value,
            &expected["average_precision|value"][at],
            1e-3,
            "average precision",
        );
    }
    let realized: Vec<f64> = (0..10)
        .map(|at| expected["accuracy|realized"][at].as_f64().unwrap())
        .collect();
    let (low, high) = limits(&realized, 0.0, 1.0);
    close(low, &expected["accuracy|lower_threshold"][0], "lower limit");
    close(
        high,
        &expected["accuracy|upper_threshold"][0],
        "upper limit",
    );
}

// proves S12 S39
#[test]
fn estimated_losses_have_a_band_that_holds_the_true_ones() {
    let truth: Vec<f64> = (0..4000).map(|i| f64::from(i % 97) + 1.0).collect();
    let predicted: Vec<f64> = truth
        .iter()
        .enumerate()
        .map(|(i, t)| t + ((i * 31) % 13) as f64 - 6.0)
        .collect();
    for target in [
        dle::Target::Mae,
        dle::Target::Mse,
        dle::Target::Rmse,
        dle::Target::Mape,
    ] {
        let losses = target.losses(&truth, &predicted);
        // A model of the loss that knows nothing but its mean is right about the whole.
        let known = losses.iter().sum::<f64>() / losses.len() as f64;
        let estimate = dle::estimate(target, &vec![known; 500], &losses);
        let realized = target.realized(&truth[..500], &predicted[..500]);
        assert!(
            estimate.lower <= realized && realized <= estimate.upper,
            "{target:?}: {realized} outside {estimate:?}"
        );
        assert!(dle::estimate(target, &[-1.0, -2.0], &losses).value == 0.0);
    }
}
