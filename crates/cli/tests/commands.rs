//! The binary as a script sees it: what it prints where, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn ironloop(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ironloop"))
        .args(args)
        .current_dir(folder)
        .env_remove("IRONLOOP_URL")
        .env_remove("IRONLOOP_HOME")
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "no JSON ({error}): {}\n{}",
            String::from_utf8_lossy(&output.stdout),
            errors(output)
        )
    })
}

const SALES: &str = "ts,shop,rain,units\n2025-01-01T00:00:00Z,north,0.5,3\n2025-01-02T00:00:00Z,south,,4\n2025-01-03T00:00:00Z,north,1.5,5\n";

// proves S15
#[test]
fn exit_codes_tell_a_script_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| ironloop(folder.path(), args);
    assert_eq!(code(&run(&["version"])), 0);
    assert_eq!(code(&run(&["no-such-command"])), 2, "usage");

    let missing = run(&["apply", "nowhere.toml"]);
    assert_eq!(
        code(&missing),
        3,
        "a file that is not there: {}",
        errors(&missing)
    );
    assert!(
        errors(&missing).contains("nowhere.toml"),
        "{}",
        errors(&missing)
    );

    std::fs::write(
        folder.path().join("bad.toml"),
        "schema = 1\n[project]\nname = \"x\"\ntitle = \"X\"\nowner = \"me\"\nrisc = \"limited\"\n",
    )
    .unwrap();
    let bad = run(&["apply", "bad.toml"]);
    assert_eq!(code(&bad), 2, "bad input: {}", errors(&bad));
    assert!(
        errors(&bad).contains("risc") && errors(&bad).contains("risk"),
        "no \"did you mean\": {}",
        errors(&bad)
    );

    let nobody = run(&["jobs", "show", "job-1"]);
    assert_eq!(code(&nobody), 3, "not found: {}", errors(&nobody));
    let nowhere = run(&["runs", "--project", "nowhere"]);
    assert_eq!(code(&nowhere), 3, "not found: {}", errors(&nowhere));
    let away = run(&["projects", "--server", "http://127.0.0.1:9"]);
    assert_eq!(code(&away), 5, "no server: {}", errors(&away));
    assert!(errors(&away).contains("hint:"), "{}", errors(&away));
}

#[test]
fn only_loopback_is_listened_on_and_the_message_says_why() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        ["up", "--listen", "0.0.0.0:5000"],
        ["up", "--host", "0.0.0.0"],
    ] {
        let refused = ironloop(folder.path(), &args);
        assert_eq!(code(&refused), 2);
        assert!(
            errors(&refused).contains("no logins"),
            "{}",
            errors(&refused)
        );
    }
}

// proves S14, S10
#[test]
fn a_project_file_is_written_planned_applied_and_then_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sales.csv"), SALES).unwrap();
    let run = |args: &[&str]| ironloop(folder.path(), args);
    let written = run(&["init", "sales.csv", "--json"]);
    assert_eq!(code(&written), 0, "{}", errors(&written));
    assert_eq!(
        (
            json(&written)["label"].as_str(),
            json(&written)["time"].as_str()
        ),
        (Some("units"), Some("ts"))
    );

    let planned = run(&["plan", "--json"]);
    assert_eq!(code(&planned), 0, "{}", errors(&planned));
    assert!(!json(&planned)["changes"].as_array().unwrap().is_empty());
    let first = run(&["apply", "--json"]);
    assert_eq!(code(&first), 0, "{}", errors(&first));
    let second = run(&["apply", "--json"]);
    assert_eq!(
        json(&second)["changes"].as_array().map(Vec::len),
        Some(0),
        "{}",
        json(&second)
    );

    let projects = run(&["projects", "--json"]);
    assert_eq!(json(&projects)["items"][0]["name"], "sales");
    let verified = run(&["audit", "verify", "--json"]);
    assert_eq!(code(&verified), 0);
    assert!(json(&verified)["entries"].as_u64().unwrap() > 0);
}

// proves S20, S28
#[test]
fn data_that_breaks_a_rule_ends_with_1_and_names_the_rule() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sales.csv"), SALES).unwrap();
    let run = |args: &[&str]| ironloop(folder.path(), args);
    assert_eq!(code(&run(&["init", "sales.csv"])), 0);
    assert_eq!(code(&run(&["apply"])), 0);
    let good = run(&["data", "add", "sales", "--json"]);
    assert_eq!(code(&good), 0, "{}", errors(&good));
    assert_eq!(json(&good)["rows"], 3);

    std::fs::write(
        folder.path().join("broken.csv"),
        "ts,shop,rain,units\n2025-01-01T00:00:00Z,north,0.5,\n",
    )
    .unwrap();
    let broken = run(&["data", "add", "sales", "broken.csv", "--json"]);
    assert_eq!(code(&broken), 1, "{}", errors(&broken));
    assert_eq!(json(&broken)["state"], "quarantined", "{}", json(&broken));
    assert!(json(&broken)["checks"].to_string().contains("label-known"));
    let current = run(&["data", "show", "sales", "--json"]);
    assert_eq!(json(&current)["rows"], 3, "the last good version stays");

    let feasible = run(&["design", "check"]);
    assert_eq!(code(&feasible), 1, "three rows carry no goal");
    let untrained = run(&["evaluate"]);
    assert_eq!(code(&untrained), 3, "{}", errors(&untrained));
    assert!(
        errors(&untrained).contains("ironloop train"),
        "{}",
        errors(&untrained)
    );
    let unknown = run(&["data", "add", "nowhere"]);
    assert_eq!(code(&unknown), 3, "{}", errors(&unknown));
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join("config.toml"), "listen = '127.0.0.1:6001'\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ironloop"))
        .args(["config", "show", "--json", "--user", "dana", "--home"])
        .arg(&home)
        .env("IRONLOOP_BACKEND_STORE_URI", "sqlite:////tmp/x.db")
        .output()
        .unwrap();
    let shown = json(&output);
    let source = |setting: &str| {
        let items = shown["items"].as_array().unwrap();
        items
            .iter()
            .find(|item| item["setting"] == setting)
            .unwrap()["source"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(source("user"), "command line");
    assert_eq!(
        source("backend_store_uri"),
        "environment IRONLOOP_BACKEND_STORE_URI"
    );
    assert!(source("listen").ends_with("config.toml"));
    assert_eq!(source("artifacts_destination"), "default");
}

// proves S02 S05 S24 S31 S44
#[test]
fn a_model_goes_from_data_to_predictions_by_commands_alone() {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights");
    for file in ["ironloop.toml", "flights.parquet"] {
        std::fs::copy(example.join(file), folder.path().join(file)).unwrap();
    }
    let run = |args: &[&str]| ironloop(folder.path(), args);
    let good = |args: &[&str]| {
        let done = run(args);
        assert_eq!(code(&done), 0, "{args:?}: {}", errors(&done));
        done
    };
    good(&["apply"]);
    good(&["data", "add", "departures"]);
    good(&["design", "check"]);
    good(&["train", "--candidate", "simplest", "--trials", "1"]);
    let evaluated = good(&["evaluate", "--json"]);
    assert_eq!(json(&evaluated)["verdict"], "pass", "{}", json(&evaluated));

    let promote = ["model", "promote", "flights", "1"];
    let refused = run(&promote);
    assert_eq!(code(&refused), 4, "{}", errors(&refused));
    assert!(
        errors(&refused).contains("approval"),
        "{}",
        errors(&refused)
    );
    let approve = ["approve", "flights", "1", "--user", "operations-lead"];
    good(&approve);
    good(&promote);
    good(&["deploy"]);

    // More rows than one request carries, in the file's order; one in a hundred without weather.
    let row = |n: usize| {
        let temp = if n.is_multiple_of(100) {
            Value::Null
        } else {
            Value::from(n % 90)
        };
        serde_json::json!({
            "ts": "2013-12-24T08:00:00Z", "carrier": "UA", "origin": "EWR", "dest": "ORD", "distance": n % 4000 + 100,
            "temp": temp, "humid": 80.0, "wind_speed": 10.0, "precip": 0.0, "visib": 10.0,
        })
        .to_string()
    };
    let rows: Vec<String> = (0..6001).map(row).collect();
    std::fs::write(folder.path().join("rows.jsonl"), rows.join("\n")).unwrap();
    let predicted = json(&good(&["predict", "--file", "rows.jsonl", "--json"]));
    let all = predicted["predictions"].as_array().unwrap();
    assert_eq!(all.len(), 6001);
    assert!(
        all.iter()
            .all(|p| p.as_f64().is_some_and(|p| (0.0..=1.0).contains(&p)))
    );
    let last = json(&good(&["predict", "--row", &rows[6000], "--json"]));
    assert_eq!(last["predictions"][0], all[6000]);
    let unknown = run(&["predict", "--row", r#"{"carrier":"UA"}"#]);
    assert_eq!(code(&unknown), 2);
    assert!(
        errors(&unknown).contains("\"ts\" is missing"),
        "{}",
        errors(&unknown)
    );

    good(&["monitor", "run"]);
    good(&["monitor", "show"]);
}
