//! `ironloop data drift` against what Evidently and NannyML said about the same files.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/tests/golden")
}

fn drift(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ironloop"))
        .args(["data", "drift"])
        .args(arguments)
        .env_remove("IRONLOOP_URL")
        .env_remove("IRONLOOP_HOME")
        .output()
        .unwrap()
}

fn of_pair(name: &str, arguments: &[&str]) -> Output {
    let side = |side: &str| {
        golden()
            .join(format!("pairs/{name}.{side}.csv"))
            .display()
            .to_string()
    };
    drift(&[&[side("ref").as_str(), &side("cur"), "--json"], arguments].concat())
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "no JSON ({error}): {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

fn expected(file: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(golden().join(file)).unwrap()).unwrap()
}

/// A number, also where JSON has none for it.
fn as_number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        number => number
            .as_f64()
            .unwrap_or_else(|| panic!("{number} is no number")),
    }
}

/// What differs by more than the tolerance, for the message of a failing test.
fn compare(
    what: &str,
    seen: &Value,
    score: &Value,
    drifted: &Value,
    tolerance: f64,
    wrong: &mut Vec<String>,
) {
    if score.is_null() {
        return;
    }
    if seen["score"].is_null() {
        wrong.push(format!("{what}: {seen} instead of {score}"));
        return;
    }
    let (a, b) = (as_number(&seen["score"]), as_number(score));
    let close = (a.is_nan() && b.is_nan())
        || a == b
        || (a - b).abs() <= tolerance * b.abs()
        || (a - b).abs() < 1e-15;
    if !close {
        wrong.push(format!(
            "{what}: score {a} instead of {b} (off by {:e})",
            (a - b).abs() / b.abs()
        ));
    }
    if seen["drifted"] != *drifted {
        wrong.push(format!(
            "{what}: drifted {} instead of {drifted}",
            seen["drifted"]
        ));
    }
}

/// How far a score may be off: Evidently's own rounding, or a limiting distribution near 0 by subtraction.
fn tolerance(pair: &str, method: &str) -> f64 {
    match (pair, method) {
        // numpy computes these in single precision.
        ("n16_float32", "es" | "hellinger" | "t_test") => 1e-4,
        ("n16_float32", _) => 1e-6,
        ("n17_big_offset", "hellinger") => 1e-4,
        (_, "ks") => 1e-6,
        // 1 − F near 1: the last digit of F is the fifth of a p-value of 1e-11.
        (_, "cramer_von_mises") => 2e-4,
        _ => 1e-9,
    }
}

// proves S50
#[test]
fn evidently_is_reproduced_method_by_method() {
    let tool = expected("evidently_drift.json");
    let mut wrong = Vec::new();
    for (pair, answers) in tool
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| !name.starts_with('_'))
    {
        let output = of_pair(pair, &["--compat", "evidently", "--all"]);
        let seen = &json(&output)["columns"]["x"];
        let kind = answers["inferred"]["cur"].as_str().unwrap();
        let of_kind = &answers[kind];
        if seen["method"] != of_kind["auto"]["method"] {
            wrong.push(format!(
                "{pair}: method {} instead of {}",
                seen["method"], of_kind["auto"]["method"]
            ));
        }
        let auto = &of_kind["auto"];
        let method = auto["method"].as_str().unwrap();
        compare(
            &format!("{pair} auto"),
            seen,
            &auto["score"],
            &auto["drifted"],
            tolerance(pair, method),
            &mut wrong,
        );
        let code = if auto["drifted"] == true { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{pair}");
        for (method, answer) in of_kind.as_object().unwrap() {
            if [
                "auto",
                "binned_percents",
                "tvd_statistic",
                "empirical_mmd_statistic",
            ]
            .contains(&method.as_str())
            {
                continue;
            }
            let ours = &seen["methods"][method];
            if answer["error"].is_string() {
                if !ours["error"].is_string() {
                    wrong.push(format!("{pair} {method}: {ours} where Evidently raises"));
                }
                continue;
            }
            compare(
                &format!("{pair} {method}"),
                ours,
                &answer["score"],
                &answer["drifted"],
                tolerance(pair, method),
                &mut wrong,
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// proves S50
#[test]
fn nannyml_is_reproduced_method_by_method() {
    let tool = expected("nannyml_pairs.json");
    let mut wrong = Vec::new();
    for (pair, answers) in tool
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| !name.starts_with('_'))
    {
        let kinds = answers.as_object().unwrap();
        let kind = if kinds.contains_key("continuous") {
            "continuous"
        } else {
            "categorical"
        };
        let output = of_pair(pair, &["--compat", "nannyml", "--all"]);
        if kinds[kind]["jensen_shannon"]["error"].is_string() && pair.starts_with("n23") {
            assert_eq!(output.status.code(), Some(2), "{pair}");
            continue;
        }
        let document = json(&output);
        let seen = &document["columns"]["x"];
        assert_eq!(seen["method"], "jensen_shannon", "{pair}");
        for (method, answer) in kinds[kind].as_object().unwrap() {
            let ours = &seen["methods"][method];
            if answer["error"].is_string() {
                assert!(ours["error"].is_string(), "{pair} {method}: {ours}");
                continue;
            }
            let off = if pair == "n16_float32" { 1e-6 } else { 1e-9 };
            compare(
                &format!("{pair} {method}"),
                ours,
                &answer["value"],
                &answer["alert"],
                off,
                &mut wrong,
            );
            let limit = &answer["threshold_upper"];
            if !limit.is_null() {
                let (a, b) = (as_number(&ours["threshold"]), as_number(limit));
                if (a - b).abs() > off * b.abs() {
                    wrong.push(format!("{pair} {method}: threshold {a} instead of {b}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
