//! Metrics and distances equal those of scikit-learn, scipy and Evidently on stored data.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::{Path, PathBuf};

use data::Task;
use data::measure::drift::{
    Column, category_counts, chi2, decide, jensen_shannon, ks_p, ks_test, psi, wasserstein,
    wasserstein_normed,
};
use data::measure::{Context, Metric, Resampling, bootstrap, compute, days};
use serde_json::Value;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden().join(name)).unwrap()).unwrap()
}

/// Truth and prediction of a file whose first two columns they are.
fn predictions(name: &str) -> (Vec<f64>, Vec<f64>) {
    let text = std::fs::read_to_string(golden().join(format!("quality/{name}.csv"))).unwrap();
    let numbers = |line: &str| {
        let mut fields = line.split(',').map(str::parse::<f64>);
        (
            fields.next().unwrap().unwrap(),
            fields.next().unwrap().unwrap(),
        )
    };
    text.lines().skip(1).map(numbers).unzip()
}

fn close(seen: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected
        .as_f64()
        .unwrap_or_else(|| panic!("{what}: no expected value"));
    let allowed = tolerance * expected.abs().max(1e-12);
    assert!(
        (seen - expected).abs() <= allowed.max(1e-300),
        "{what}: {seen} instead of {expected}"
    );
}

// proves S22 S39
#[test]
fn metrics_of_yes_or_no_equal_scikit_learn() {
    let expected = json("quality.json");
    for set in ["bin_proba", "bin_proba_small"] {
        let (truth, score) = predictions(set);
        let mut ctx = Context::new(Task::Binary);
        let check = |metric, ctx: &Context, value: &Value| {
            close(
                compute(metric, &truth, &score, ctx).unwrap(),
                value,
                1e-9,
                &format!("{set} {metric}"),
            );
        };
        let whole = &expected[set];
        check(Metric::RocAuc, &ctx, &whole["roc_auc"]);
        check(Metric::PrAuc, &ctx, &whole["average_precision"]);
        check(Metric::LogLoss, &ctx, &whole["log_loss"]);
        check(Metric::Brier, &ctx, &whole["brier"]);
        check(Metric::Ece, &ctx, &whole["ece_uniform10"]);
        for (threshold, key) in [(0.5, "sklearn@0.5"), (0.3, "sklearn@0.3")] {
            ctx.threshold = threshold;
            for metric in [
                Metric::Accuracy,
                Metric::BalancedAccuracy,
                Metric::Precision,
                Metric::Recall,
                Metric::F1,
                Metric::Mcc,
            ] {
                check(metric, &ctx, &whole[key][metric.as_str()]);
            }
            let cells: Vec<f64> = whole[key]["confusion_tn_fp_fn_tp"]
                .as_array()
                .unwrap()
                .iter()
                .map(|n| n.as_f64().unwrap())
                .collect();
            check(
                Metric::Specificity,
                &ctx,
                &Value::from(cells[0] / (cells[0] + cells[1])),
            );
        }
    }
}

// proves S22 S39
#[test]
fn metrics_of_numbers_equal_scikit_learn() {
    let expected = json("quality.json");
    let ctx = Context::new(Task::Regression);
    for set in ["reg_pos", "reg_signed"] {
        let (truth, predicted) = predictions(set);
        let whole = &expected[set]["sklearn"];
        for (metric, key) in [
            (Metric::Mae, "mae"),
            (Metric::Rmse, "rmse"),
            (Metric::R2, "r2"),
            (Metric::Mape, "mape_fraction"),
            (Metric::MaxError, "max_error"),
        ] {
            close(
                compute(metric, &truth, &predicted, &ctx).unwrap(),
                &whole[key],
                1e-9,
                &format!("{set} {metric}"),
            );
        }
        let bias = truth
            .iter()
            .zip(&predicted)
            .map(|(t, p)| p - t)
            .sum::<f64>()
            / truth.len() as f64;
        assert!((compute(Metric::Bias, &truth, &predicted, &ctx).unwrap() - bias).abs() < 1e-12);
        let errors: f64 = truth
            .iter()
            .zip(&predicted)
            .map(|(t, p)| (p - t).abs())
            .sum();
        let wape = errors / truth.iter().map(|t| t.abs()).sum::<f64>();
        assert!((compute(Metric::Wape, &truth, &predicted, &ctx).unwrap() - wape).abs() < 1e-12);
    }
}

#[test]
fn the_bootstrap_interval_of_an_auc_is_as_wide_as_theory_says() {
    let (truth, score) = predictions("bin_proba");
    let ctx = Context::new(Task::Binary);
    let how = Resampling {
        resamples: 400,
        ..Resampling::default()
    };
    let interval = bootstrap(Metric::RocAuc, &truth, &score, &[], &ctx, &how).unwrap();
    // Hanley & McNeil's standard error.
    let auc = interval.value;
    let (yes, no) = truth.iter().fold((0.0, 0.0), |(yes, no), t| {
        if *t > 0.5 {
            (yes + 1.0, no)
        } else {
            (yes, no + 1.0)
        }
    });
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let error =
        ((auc * (1.0 - auc) + (yes - 1.0) * (q1 - auc * auc) + (no - 1.0) * (q2 - auc * auc))
            / (yes * no))
            .sqrt();
    let width = (interval.upper - interval.lower) / (2.0 * 1.96);
    assert!(
        (0.8..1.25).contains(&(width / error)),
        "{width} beside {error}"
    );
    assert_eq!(days(&[0, 86_399_999, 86_400_000, -1]), [0, 0, 1, -1]);
}

/// The cells of a one-column file.
fn cells(name: &str, side: &str) -> Vec<Option<String>> {
    let text = std::fs::read_to_string(golden().join(format!("pairs/{name}.{side}.csv"))).unwrap();
    let (mut cells, mut cell, mut quoted, mut inside) = (Vec::new(), String::new(), false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if inside && letters.peek() == Some(&'"') => cell.push(letters.next().unwrap()),
            '"' => (inside, quoted) = (!inside, true),
            '\n' if !inside => {
                cells.push((quoted || !cell.is_empty()).then(|| std::mem::take(&mut cell)));
                quoted = false;
            }
            '\r' if !inside => {}
            other => cell.push(other),
        }
    }
    cells.remove(0);
    cells
}

fn as_numbers(cells: &[Option<String>]) -> Vec<f64> {
    cells
        .iter()
        .map(|cell| {
            cell.as_deref()
                .map_or(f64::NAN, |text| text.parse().unwrap())
        })
        .collect()
}

// proves S50
#[test]
fn distances_of_numbers_equal_scipy_and_evidently() {
    let expected = json("drift.json");
    let mut compared = 0;
    for (name, pair) in expected.as_object().unwrap() {
        if !name.starts_with('n') {
            continue;
        }
        let (a, b) = (
            as_numbers(&cells(name, "ref")),
            as_numbers(&cells(name, "cur")),
        );
        let (reference, current) = (Column::Number(&a), Column::Number(&b));
        let tools = &pair["num"];
        close(
            psi(&reference, &current).unwrap(),
            &tools["psi"],
            1e-9,
            &format!("{name} psi"),
        );
        close(
            jensen_shannon(&reference, &current).unwrap(),
            &tools["jensenshannon"],
            1e-9,
            &format!("{name} js"),
        );
        close(
            wasserstein_normed(&a, &b).unwrap(),
            &tools["wasserstein"],
            1e-9,
            &format!("{name} normed w1"),
        );
        close(
            wasserstein(&a, &b).unwrap(),
            &pair["wasserstein_distance"],
            1e-9,
            &format!("{name} w1"),
        );
        let (d, p) = ks_test(&a, &b).unwrap();
        close(
            d,
            &pair["ks_2samp_auto"]["statistic"],
            1e-9,
            &format!("{name} ks"),
        );
        let exact = pair["ks_2samp_auto"]["pvalue"].as_f64().unwrap();
        if exact > 1e-100 {
            close(
                p,
                &pair["ks_2samp_auto"]["pvalue"],
                1e-6,
                &format!("{name} ks p"),
            );
            let count =
                |values: &[f64]| values.iter().filter(|value| value.is_finite()).count() as f64;
            close(
                ks_p(d, count(&a), count(&b)),
                &pair["ks_2samp_asymp"]["pvalue"],
                1e-3,
                &format!("{name} ks asymptotic p"),
            );
        } else {
            assert!(p < 1e-90, "{name}: {p}");
        }
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} pairs");
}

// proves S50
#[test]
fn distances_of_categories_equal_scipy_and_evidently() {
    let expected = json("drift.json");
    for (name, pair) in expected
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.starts_with('c'))
    {
        let (a, b) = (cells(name, "ref"), cells(name, "cur"));
        let texts = |cells: &'static [Option<String>]| {
            cells.iter().map(Option::as_deref).collect::<Vec<_>>()
        };
        let (a, b) = (texts(a.leak()), texts(b.leak()));
        let (reference, current) = (Column::Category(&a), Column::Category(&b));
        close(
            psi(&reference, &current).unwrap(),
            &pair["cat"]["psi"],
            1e-9,
            &format!("{name} psi"),
        );
        close(
            jensen_shannon(&reference, &current).unwrap(),
            &pair["cat"]["jensenshannon"],
            1e-9,
            &format!("{name} js"),
        );
        let test = chi2(&category_counts(
            a.iter().copied().flatten(),
            b.iter().copied().flatten(),
        ))
        .unwrap();
        close(
            test.statistic,
            &pair["pearson_chi2_2xk"]["statistic"],
            1e-9,
            &format!("{name} chi2"),
        );
        close(
            test.p,
            &pair["pearson_chi2_2xk"]["pvalue"],
            1e-6,
            &format!("{name} chi2 p"),
        );
    }
}

// proves S12 S50
#[test]
fn the_default_rule_finds_what_moved_and_leaves_the_rest_alone() {
    let numbers = |name: &str, side: &str| as_numbers(&cells(name, side));
    let drifted = |name: &str| {
        let (a, b) = (numbers(name, "ref"), numbers(name, "cur"));
        decide(&[(Column::Number(&a), Column::Number(&b))])[0].unwrap()
    };
    for (name, expected) in [
        ("n01_normal_same", false),
        ("n02_normal_shift", true),
        ("n08_nulls", true),
        ("n10_const_diff", true),
        ("n11_const_to_var", true),
        ("n20_boundary_1000", false),
    ] {
        let decision = drifted(name);
        assert_eq!(decision.drifted, expected, "{name}: {decision:?}");
    }
    let words = |name: &str, side: &str| cells(name, side);
    for (name, expected) in [
        ("c01_same", false),
        ("c03_new_categories", true),
        ("c09_const", false),
        ("c13_single_stray", false),
    ] {
        let (a, b) = (words(name, "ref"), words(name, "cur"));
        let (a, b): (Vec<_>, Vec<_>) = (
            a.iter().map(Option::as_deref).collect(),
            b.iter().map(Option::as_deref).collect(),
        );
        let decision = decide(&[(Column::Category(&a), Column::Category(&b))])[0].unwrap();
        assert_eq!(decision.drifted, expected, "{name}: {decision:?}");
    }
    let nothing = [f64::NAN, f64::INFINITY];
    assert!(decide(&[(Column::Number(&nothing), Column::Number(&nothing))])[0].is_none());
}
