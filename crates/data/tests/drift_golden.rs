//! Tests and distances equal scipy's, alibi-detect's and Evidently's on stored pairs of columns.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::{Path, PathBuf};

use data::measure::drift::bins::{Numbers, Rule, edges};
use data::measure::drift::contingency::{
    Test, fisher_exact, g_test, pearson, pearson_yates, two_proportions,
};
use data::measure::drift::ranks::{
    Side, anderson_darling_sorted, cramer_von_mises_sorted, mann_whitney_sorted, t_test, welch_test,
};
use data::measure::drift::{
    Width, energy, epps_singleton_sorted, ks_test, mmd, shares, sorted, wasserstein,
};
use serde_json::Value;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden().join(name)).unwrap()).unwrap()
}

fn numbers(name: &str, side: &str) -> Vec<f64> {
    std::fs::read_to_string(golden().join(format!("pairs/{name}.{side}.csv")))
        .unwrap()
        .lines()
        .skip(1)
        .filter_map(|line| line.parse().ok())
        .filter(|value: &f64| value.is_finite())
        .collect()
}

fn value(expected: &Value) -> f64 {
    match expected {
        Value::String(text) => text.parse().unwrap(),
        number => number.as_f64().unwrap_or(f64::NAN),
    }
}

fn close(seen: f64, expected: &Value, tolerance: f64, what: &str, wrong: &mut Vec<String>) {
    let expected = value(expected);
    let same = seen == expected
        || (seen.is_nan() && expected.is_nan())
        || (seen - expected).abs() <= tolerance * expected.abs()
        || (seen - expected).abs() < 1e-15;
    if !same {
        wrong.push(format!(
            "{what}: {seen} instead of {expected}, off by {:e}",
            (seen - expected).abs() / expected.abs()
        ));
    }
}

fn both(seen: Option<Test>, expected: &Value, off: f64, what: &str, wrong: &mut Vec<String>) {
    if expected["error"].is_string() || expected.is_null() {
        return;
    }
    let Some(seen) = seen else {
        wrong.push(format!("{what}: no answer instead of {expected}"));
        return;
    };
    close(
        seen.statistic,
        &expected["statistic"],
        off,
        &format!("{what} statistic"),
        wrong,
    );
    let p = if expected["pvalue"].is_null() {
        &expected["pvalue_clipped_0.001_0.25"]
    } else {
        &expected["pvalue"]
    };
    close(seen.p, p, off, &format!("{what} p"), wrong);
}

// proves S50
#[test]
fn tests_of_numbers_equal_scipy() {
    let scipy = json("scipy.json");
    let mut wrong = Vec::new();
    for (name, pair) in scipy
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.starts_with('n'))
    {
        // Single precision and an offset of 1e9 leave numpy itself fewer digits.
        let off = if name == "n16_float32" { 1e-4 } else { 1e-9 };
        let (raw_a, raw_b) = (numbers(name, "ref"), numbers(name, "cur"));
        let (a, b) = (sorted(&raw_a), sorted(&raw_b));
        both(
            t_test(&raw_a, &raw_b),
            &pair["ttest_equal_var"],
            off,
            &format!("{name} t"),
            &mut wrong,
        );
        both(
            welch_test(&raw_a, &raw_b),
            &pair["ttest_welch"],
            off,
            &format!("{name} welch"),
            &mut wrong,
        );
        both(
            mann_whitney_sorted(&a, &b, Side::Less),
            &pair["mannwhitneyu_less"],
            off,
            &format!("{name} u less"),
            &mut wrong,
        );
        both(
            mann_whitney_sorted(&a, &b, Side::Both),
            &pair["mannwhitneyu_two_sided"],
            off,
            &format!("{name} u"),
            &mut wrong,
        );
        both(
            anderson_darling_sorted(&a, &b),
            &pair["anderson_ksamp_midrank"],
            off,
            &format!("{name} ad"),
            &mut wrong,
        );
        // 1 − F near 1 keeps seven digits of a p-value of 1e-10, here and there.
        both(
            cramer_von_mises_sorted(&a, &b),
            &pair["cramervonmises_2samp"],
            2e-4,
            &format!("{name} cvm"),
            &mut wrong,
        );
        if name != "n10_const_diff" {
            both(
                epps_singleton_sorted(&a, &b),
                &pair["epps_singleton_2samp"],
                off.max(1e-8),
                &format!("{name} es"),
                &mut wrong,
            );
        }
        close(
            energy(&a, &b).unwrap(),
            &pair["energy_distance"],
            off,
            &format!("{name} energy"),
            &mut wrong,
        );
        close(
            wasserstein(&a, &b).unwrap(),
            &pair["wasserstein_distance"],
            off,
            &format!("{name} w1"),
            &mut wrong,
        );
        let (d, p) = ks_test(&a, &b).unwrap();
        close(
            d,
            &pair["ks_2samp_auto"]["statistic"],
            off,
            &format!("{name} ks"),
            &mut wrong,
        );
        close(
            p,
            &pair["ks_2samp_auto"]["pvalue"],
            off.max(1e-6),
            &format!("{name} ks p"),
            &mut wrong,
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// proves S50
#[test]
fn edges_of_bins_equal_numpy() {
    let scipy = json("scipy.json");
    let mut wrong = Vec::new();
    for (name, pair) in scipy
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| name.starts_with('n'))
    {
        let (a, b) = (sorted(&numbers(name, "ref")), sorted(&numbers(name, "cur")));
        let all = sorted(&[a.clone(), b].concat());
        let kind = if name.contains("_int") {
            Numbers::Whole
        } else {
            Numbers::Real
        };
        for (rule, of) in [
            ("sturges", Rule::Sturges),
            ("doane", Rule::Doane),
            ("fd", Rule::FreedmanDiaconis),
            ("auto", Rule::Auto),
        ] {
            for (which, values) in [("ref", &a), ("combined", &all)] {
                let seen = edges(values, of, kind);
                match &pair[format!("numpy_bin_edges_{rule}_{which}")] {
                    Value::Array(expected) => {
                        if seen.len() != expected.len() {
                            wrong.push(format!(
                                "{name} {rule} {which}: {} instead of {} edges",
                                seen.len(),
                                expected.len()
                            ));
                            continue;
                        }
                        for (edge, other) in seen.iter().zip(expected) {
                            let off = if name == "n16_float32" { 1e-6 } else { 1e-9 };
                            close(
                                *edge,
                                other,
                                off,
                                &format!("{name} {rule} {which}"),
                                &mut wrong,
                            );
                        }
                    }
                    short if short["n_edges"].is_number() && short["n_edges"] != seen.len() => {
                        wrong.push(format!(
                            "{name} {rule} {which}: {} instead of {}",
                            seen.len(),
                            short["n_edges"]
                        ));
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// proves S50
#[test]
fn tests_and_distances_of_categories_equal_scipy() {
    let scipy = json("scipy.json");
    let mut wrong = Vec::new();
    let counts = |pair: &Value, side: &str| -> Vec<f64> {
        pair[side].as_array().unwrap().iter().map(value).collect()
    };
    for (name, pair) in scipy
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, pair)| !name.starts_with('_') && pair["counts_ref"].is_array())
    {
        let (a, b) = (counts(pair, "counts_ref"), counts(pair, "counts_cur"));
        let off = 1e-9;
        both(
            Some(pearson(&a, &b)),
            &pair["pearson_chi2_2xk"],
            off,
            &format!("{name} chi2"),
            &mut wrong,
        );
        both(
            Some(pearson_yates(&a, &b)),
            &pair["chi2_contingency_default_yates"],
            off,
            &format!("{name} yates"),
            &mut wrong,
        );
        // scipy corrects a 2 × 2 table here, too.
        if a.len() != 2 {
            both(
                Some(g_test(&a, &b)),
                &pair["g_contingency"],
                off,
                &format!("{name} g"),
                &mut wrong,
            );
        }
        for (distance, key) in [
            (
                shares::jensen_shannon as fn(&[f64], &[f64]) -> f64,
                "js_distance_base_e",
            ),
            (shares::jensen_shannon_base_2, "js_distance_base_2"),
            (shares::total_variation, "tvd"),
            (shares::l_infinity, "l_infinity"),
            (shares::hellinger, "hellinger"),
        ] {
            close(
                distance(&a, &b),
                &pair[key],
                off,
                &format!("{name} {key}"),
                &mut wrong,
            );
        }
        if let ([no, yes], [no_now, yes_now]) = (a.as_slice(), b.as_slice()) {
            if pair["fisher_exact"].is_object() {
                both(
                    Some(fisher_exact([[*no, *yes], [*no_now, *yes_now]])),
                    &pair["fisher_exact"],
                    1e-8,
                    &format!("{name} fisher"),
                    &mut wrong,
                );
            }
            let z = two_proportions([*yes, *yes_now], [no + yes, no_now + yes_now]);
            close(
                z.p,
                &pair["two_proportion_z"]["pvalue"],
                off,
                &format!("{name} z"),
                &mut wrong,
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// proves S50
#[test]
fn the_kernel_distance_equals_alibi_detect_and_evidently() {
    let rows = |side: &str| -> Vec<Vec<f64>> {
        std::fs::read_to_string(golden().join(format!("pairs/m01_multi.{side}.csv")))
            .unwrap()
            .lines()
            .skip(1)
            .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
            .collect()
    };
    let seen = mmd(&rows("ref"), &rows("cur"), Width::OfReferencePairs, 0, 0).unwrap();
    let expected = json("alibi_mmd.json");
    // Its arithmetic is single precision.
    let sigma = value(&expected["m01_multi"]["sigma"][0]);
    assert!((seen.sigma - sigma).abs() < 1e-6, "{seen:?}");
    let statistic = value(&expected["numpy_restatement_unbiased"]);
    assert!((seen.statistic - statistic).abs() < 1e-8, "{seen:?}");
    for (name, pair) in json("evidently_drift.json").as_object().unwrap() {
        let expected = &pair["num"]["empirical_mmd_statistic"];
        if expected.is_number() {
            let column = |side: &str| {
                numbers(name, side)
                    .into_iter()
                    .map(|x| vec![x])
                    .collect::<Vec<_>>()
            };
            let seen = mmd(&column("ref"), &column("cur"), Width::OfReference, 0, 0).unwrap();
            assert!(
                (seen.statistic - value(expected)).abs() < 1e-9,
                "{name}: {seen:?}"
            );
        }
    }
}
