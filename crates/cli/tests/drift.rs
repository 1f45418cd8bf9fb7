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
        // numpy computes these in single precision, or cancels far from zero.
        ("n16_float32", "es" | "hellinger" | "t_test") | ("n17_big_offset", "hellinger") => 1e-4,
        ("n16_float32", _) | (_, "ks") => 1e-6,
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
        let code = i32::from(auto["drifted"] == true);
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

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// `n` rows of (a steady number, a number that moves by `shift`, a word).
fn rows(n: usize, shift: f64) -> Vec<(f64, f64, &'static str)> {
    (0..n)
        .map(|i| {
            let noise = (i * 7919 % n) as f64 / n as f64;
            (noise, noise + shift, ["red", "green"][i % 2])
        })
        .collect()
}

fn as_csv(rows: &[(f64, f64, &str)]) -> String {
    let lines: Vec<String> = rows
        .iter()
        .map(|(a, b, c)| format!("{a:?},{b:?},{c}\n"))
        .collect();
    format!("steady,moved,colour\n{}", lines.concat())
}

// proves S15 S50
#[test]
fn a_table_names_the_column_that_moved_and_the_kind_of_file_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let (before, now) = (rows(400, 0.0), rows(300, 0.3));
    let reference = write(folder.path(), "before.csv", &as_csv(&before));
    let current = write(folder.path(), "now.csv", &as_csv(&now));
    let lines: Vec<String> = now
        .iter()
        .map(|(a, b, c)| format!("{{\"steady\":{a:?},\"moved\":{b:?},\"colour\":\"{c}\"}}\n"))
        .collect();
    let lines = write(folder.path(), "now.jsonl", &lines.concat());

    let table = drift(&[&reference, &current]);
    let text = String::from_utf8_lossy(&table.stdout).into_owned();
    assert_eq!(table.status.code(), Some(1), "{text}");
    assert!(
        text.starts_with("drift: 1 of 3 columns drifted; 400 rows before, 300 now"),
        "{text}"
    );

    let of_csv = json(&drift(&[&reference, &current, "--json", "--all"]));
    assert_eq!(of_csv["columns"]["moved"]["drifted"], true);
    assert_eq!(of_csv["columns"]["steady"]["drifted"], false);
    assert_eq!(of_csv["columns"]["colour"]["method"], "chi2");
    assert_eq!(
        of_csv,
        json(&drift(&[&reference, &lines, "--json", "--all"]))
    );
    assert_eq!(drift(&[&reference, &reference]).status.code(), Some(0));

    // One of three columns is less than half: Evidently's dataset has not drifted.
    let evidently = drift(&[&reference, &current, "--compat", "evidently", "--json"]);
    let document = json(&evidently);
    assert_eq!(document["columns"]["moved"]["drifted"], true);
    assert_eq!(
        (&document["drifted"], evidently.status.code()),
        (&Value::Bool(false), Some(0))
    );
}

// proves S15 S37
#[test]
fn what_cannot_be_compared_says_which_value_where_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(folder.path(), "good.csv", "x,y\n1,a\n2,b\n3,a\n");
    for (name, content, code, part) in [
        ("empty.csv", "", 2, "is empty"),
        ("header.csv", "x,y\n", 2, "holds no rows"),
        ("other.csv", "z\n1\n", 2, "share no column"),
        (
            "null.csv",
            "x\n\n\n",
            2,
            "column \"x\" has no finite value in",
        ),
        (
            "infinite.csv",
            "x\ninf\n-inf\n",
            2,
            "column \"x\" has no finite value in",
        ),
        (
            "words.csv",
            "x\nlong\nshort\n",
            2,
            "column \"x\" is numbers in",
        ),
        (
            "ragged.csv",
            "x,y\n1,a\n2\n",
            2,
            "line 3 has 1 fields instead of 2",
        ),
        ("picture.png", "x", 2, "\"png\" is not a kind of file"),
        ("half.parquet", "PAR1xxxx", 2, "cannot be read as Parquet"),
    ] {
        let path = write(folder.path(), name, content);
        let output = drift(&[&good, &path]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{name}: {error}");
        assert!(
            error.contains(part) && error.contains(name),
            "{name}: {error}"
        );
        assert!(error.contains("hint:"), "{name}: {error}");
    }
    let missing = drift(&[&good, "nowhere.csv"]);
    assert_eq!(missing.status.code(), Some(3));
    // Beside a column that can be judged, one that cannot is a third answer, which is not "no drift".
    let partly = write(folder.path(), "partly.csv", "x,y\n,a\n,b\n,a\n");
    let output = drift(&[&good, &partly, "--json"]);
    let document = json(&output);
    assert_eq!(
        (output.status.code(), &document["drifted"]),
        (Some(1), &Value::Null),
        "{document}"
    );
    assert!(
        document["columns"]["x"]["error"]
            .as_str()
            .unwrap()
            .contains("no finite value")
    );
    assert_eq!(document["columns"]["y"]["drifted"], false);
}
