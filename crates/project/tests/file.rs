//! What the project file says, and what is said about a wrong one.

use project::{Algorithm, MonitorCheck, Range, Role, SelfApproval, Verdict, parse};

const BIKES: &str = include_str!("files/bikes.toml");
const CHURN: &str = include_str!("files/churn.toml");

fn refused(text: &str) -> String {
    let error = parse(text).expect_err("the file is wrong");
    assert_eq!(error.kind(), base::Kind::Invalid);
    error.message().to_owned()
}

fn bikes_with(old: &str, new: &str) -> String {
    assert!(BIKES.contains(old), "{old:?} is not in the example");
    BIKES.replacen(old, new, 1)
}

// proves S27 S29 S35 S57
#[test]
fn the_bikes_example_says_the_whole_loop() {
    let file = parse(BIKES).unwrap();
    assert_eq!(file.project.name, "bikes");
    assert_eq!(file.model_name(), "bikes");
    assert_eq!(file.people.of(Role::Stakeholder), ["fleet-lead"]);
    assert_eq!(file.criteria.len(), 7);
    assert_eq!(file.slices(), ["day_type"]);
    let train = file.train.as_ref().unwrap();
    assert_eq!(train.candidates[2].algorithm, Algorithm::GradientBoosting);
    assert_eq!(
        train.candidates[2].space["learning_rate"],
        Range::Log(0.03, 0.3)
    );
    let champion = &file.gates["champion"];
    assert_eq!(champion.after.as_deref(), Some("candidate"));
    assert_eq!(champion.self_approval, SelfApproval::Record);
    assert_eq!(file.deployments["bikes-api"].rollout.steps, [10, 100]);
    assert!(
        matches!(&file.monitors[1].check, MonitorCheck::Criterion { criterion } if criterion == "still-accurate")
    );
    assert_eq!(file.notes, Vec::<String>::new());
}

#[test]
fn the_shipped_example_has_no_problem_and_nothing_without_effect() {
    let file = parse(include_str!("../../../examples/bikes/ironloop.toml")).unwrap();
    assert_eq!(file.notes, Vec::<String>::new());
}

// proves S29 S58
#[test]
fn targets_read_like_sentences() {
    let file = parse(BIKES).unwrap();
    let targets: Vec<_> = file
        .criteria
        .iter()
        .map(|criterion| format!("{}: {}", criterion.id, criterion.target_text()))
        .collect();
    insta::assert_snapshot!(targets.join("\n"), @r#"
    accurate: wape ≤ 0.30 (95 % bound) on holdout
    beats-today: mae ≤ today (95 % bound) on holdout
    beats-champion: mae ≤ champion on holdout
    weekends-too: wape ≤ 0.40 on holdout, each day_type
    fast: latency_p99_ms ≤ 20
    still-accurate: wape ≤ 0.36 on live data, 28d window
    pays: payoff_per_1000 ≥ today on live data, 28d window
    "#);
}

#[test]
fn keys_of_later_versions_are_accepted_and_told() {
    let file = parse(CHURN).unwrap();
    assert_eq!(file.datasets.len(), 2);
    assert_eq!(file.gates["champion"].approve.len(), 2);
    insta::assert_snapshot!(file.notes.join("\n"), @r#"
    line 20: charter.budget is not used yet
    line 27: goal.keep-revenue: is not measurable yet: no criterion names it
    line 67: criterion.beats-today.versus: stays unknown until charter.today_sql says today's rule as SQL
    line 122: entity is not used yet
    line 134: dataset.contracts.source: a source of kind "sql" cannot be loaded yet
    line 218: train.tune.parallel is not used yet
    line 218: train.tune.stop_early is not used yet
    line 255: deployment.churn-api.challenger is not used yet
    line 256: deployment.churn-api.scale.workers is not used yet
    line 257: deployment.churn-api.holdback is not used yet
    line 259: deployment.churn-api.caution is not used yet
    line 264: deployment.churn-api.callers is not used yet
    line 272: feedback.review is not used yet
    line 353: notify is not used yet
    line 361: pipeline.retrain.cache is not used yet
    line 363: pipeline.retrain.retry is not used yet
    line 396: guard.rollback is not used yet
    "#);
}

// proves S29
#[test]
fn an_unknown_key_says_did_you_mean() {
    insta::assert_snapshot!(refused(&bikes_with("margin     = 0.0", "margn      = 0.0")), @r#"
    the project file has a problem at line 63: criterion.beats-today.margn: unknown key "margn"; did you mean "margin"?
    "#);
    insta::assert_snapshot!(refused(&bikes_with("[guard]", "[gaurd]")), @r#"
    the project file has a problem at line 296: gaurd: unknown key "gaurd"; did you mean "guard"?
    "#);
    insta::assert_snapshot!(refused(&bikes_with("currency = \"EUR\"", "currency = \"EUR\"\nzzz = 1")), @r#"
    the project file has a problem at line 35: payoff.zzz: unknown key "zzz"; known here: currency, false_negative, false_positive, over, true_negative, true_positive, under
    "#);
}

// proves S29 S35
#[test]
fn a_wrong_criterion_is_named_with_its_line_and_value() {
    let cases = [
        bikes_with("metric     = \"wape\"", "# no metric"),
        bikes_with("metric     = \"wape\"", "metric = \"wap\""),
        bikes_with("metric     = \"wape\"", "metric = \"beauty\""),
        bikes_with("on         = \"holdout\"", "on = \"holdot\""),
        bikes_with("on         = \"holdout\"", "# nowhere"),
        bikes_with("op         = \"<=\"", "op = \"=<\""),
        bikes_with("value      = 0.30", "# no value"),
        bikes_with("value      = 0.30", "value = \"0.30\""),
        bikes_with("value      = 0.30", "value = 0.30\nversus = \"today\""),
        bikes_with("confidence = 0.95", "confidence = 95"),
        bikes_with(
            "goal       = \"bikes-before-queues\"",
            "goal = \"bikes-before-queue\"",
        ),
        bikes_with("kind   = \"system\"", "kind   = \"model\""),
        bikes_with("id       = \"weekends-too\"", "id       = \"accurate\""),
    ];
    insta::assert_snapshot!(cases.map(|text| refused(&text)).join("\n"), @r#"
    the project file has a problem at line 45: criterion.accurate: "metric" is missing; write for example metric = "wape"
    the project file has a problem at line 49: criterion.accurate.metric: "wap" is not a metric; did you mean "wape"?
    the project file has a problem at line 49: criterion.accurate.metric: "beauty" is not a metric; there are: mae, rmse, r2, wape, mape, bias, max_error, payoff_per_1000, roc_auc, pr_auc, log_loss, brier, accuracy, balanced_accuracy, precision, recall, f1, specificity, mcc, ece, precision_at_k, latency_p50_ms, latency_p99_ms, error_rate
    the project file has a problem at line 50: criterion.accurate.on: "holdot" is not known here; did you mean "holdout"?
    the project file has a problem at line 45: criterion.accurate: does not say on which rows it is measured; write on = "holdout" or on = "live"
    the project file has a problem at line 51: criterion.accurate.op: "=<" is not known here; choose one of <=, >=, <, >
    the project file has a problem at line 45: criterion.accurate: has no target; write value = … for a fixed one, or versus = "today" or "champion"
    the project file has a problem at line 52: criterion.accurate.value: "0.30" is not a number
    the project file has a problem at line 52: criterion.accurate.value: stands beside versus; a criterion has one target, remove one of the two
    the project file has a problem at line 53: criterion.accurate.confidence: 95 is not between 0.5 and 0.9999
    the project file has a problem at line 47: criterion.accurate.goal: no goal is named "bikes-before-queue"; did you mean "bikes-before-queues"?
    the project file has 2 problems:
    line 85: criterion.fast: does not say on which rows it is measured; write on = "holdout" or on = "live"
    line 87: criterion.fast.kind: "latency_p99_ms" is measured with kind = "system"
    the project file has 2 problems:
    line 75: criterion: there are two criterion tables named "accurate"
    line 239: gate.champion.needs: no criterion is named "weekends-too"; there are: accurate, beats-today, beats-champion, accurate, fast, still-accurate, pays
    "#);
}

// proves S44
#[test]
fn what_one_section_names_must_exist_in_another() {
    let cases = [
        bikes_with(
            "needs = [\"accurate\", \"beats-today\"]",
            "needs = [\"acurate\", \"still-accurate\"]",
        ),
        bikes_with("after     = \"candidate\"", "after     = \"champion\""),
        bikes_with("from = [\"trips\"]", "from = [\"trip\"]"),
        bikes_with("from    = \"hours\"", "from    = \"minutes\""),
        bikes_with("features   = [\"hour\"]", "features   = [\"hours\"]"),
        bikes_with(
            "model     = \"bikes@champion\"",
            "model     = \"bike@champion\"",
        ),
        bikes_with("stop_on = [\"fast\"]", "stop_on = [\"quick\"]"),
        bikes_with(
            "criterion  = \"still-accurate\"",
            "criterion  = \"accuracy\"",
        ),
        bikes_with(
            "when     = \"monitor:still-right = alert\"",
            "when     = \"monitor:stil-right = alert\"",
        ),
        bikes_with(
            "do       = \"pipeline:retrain\"",
            "do       = \"pipeline:train\"",
        ),
        bikes_with(
            "\"gate:champion\", \"deploy:bikes-api\"",
            "\"gate:chmpion\", \"deploy:bike-api\", \"trian\"",
        ),
        bikes_with("dataset  = \"trips\"", "dataset  = \"rides\""),
    ];
    insta::assert_snapshot!(cases.map(|text| refused(&text)).join("\n"), @r#"
    the project file has 2 problems:
    line 235: gate.candidate.needs: no criterion is named "acurate"; did you mean "accurate"?
    line 235: gate.candidate.needs.still-accurate: is measured on live data, which a version that is not live does not have; watch it with a [[monitor]] instead
    the project file has a problem at line 238: gate.champion.after: the gate comes after itself, directly or through another gate
    the project file has a problem at line 175: view.hours.from: no dataset or view is named "trip"; did you mean "trips"?
    the project file has a problem at line 184: features.hour.from: no dataset or view is named "minutes"; there are: trips, hours
    the project file has a problem at line 215: train.features: no feature set is named "hours"; did you mean "hour"?
    the project file has a problem at line 247: deployment.bikes-api.model: no model is named "bike"; did you mean "bikes"?
    the project file has a problem at line 249: deployment.bikes-api.rollout.stop_on: no criterion is named "quick"; there are: accurate, beats-today, beats-champion, weekends-too, fast, still-accurate, pays
    the project file has a problem at line 273: monitor.still-right.criterion: no criterion is named "accuracy"; did you mean "accurate"?
    the project file has a problem at line 288: trigger.worse.when: no monitor is named "stil-right"; did you mean "still-right"?
    the project file has a problem at line 289: trigger.worse.do: no pipeline is named "train"; did you mean "retrain"?
    the project file has 3 problems:
    line 293: pipeline.retrain.steps: "trian" is not a step; did you mean "train"?
    line 293: pipeline.retrain.steps: no deployment is named "bike-api"; did you mean "bikes-api"?
    line 293: pipeline.retrain.steps: no gate is named "chmpion"; did you mean "champion"?
    the project file has a problem at line 121: expect.columns.dataset: no dataset is named "rides"; there are: trips
    "#);
}

#[test]
fn a_wrong_value_is_named_with_its_line() {
    let cases = [
        bikes_with("algorithm = \"ridge\"", "algorithm = \"rigde\""),
        bikes_with("horizon = \"1d\"", "horizon = \"1 day\""),
        bikes_with("by     = 2012-12-31", "by     = \"31.12.2012\""),
        bikes_with("schema = 1", "schema = 2"),
        bikes_with("schema = 1", ""),
        bikes_with("folds = 4", "folds = 1"),
        bikes_with("holdout          = \"1w\"", "holdout          = \"6w\""),
        bikes_with("{ int = [40, 120] }", "{ int = [120, 40] }"),
        bikes_with("direction = \"min\"", "direction = \"max\""),
        bikes_with("steps = [10, 100]", "steps = [100, 10]"),
        bikes_with("role = \"stakeholder\"", "role = \"stakeholders\""),
        bikes_with("name  = \"bikes\"", "name  = \"../bikes\""),
        bikes_with("under    = -2.0\nover     = -0.5", ""),
        bikes_with(
            "sensitivity = \"public\"",
            "sensitivity = \"public\"\ncolumns = { tmin = { use = \"never\" } }",
        ),
        bikes_with("schema = 1", "schema = 1\n= 3"),
        String::new(),
    ];
    insta::assert_snapshot!(cases.map(|text| refused(&text)).join("\n"), @r#"
    the project file has a problem at line 220: train.candidate.simplest.algorithm: "rigde" is not known here; did you mean "ridge"?
    the project file has a problem at line 198: label.horizon: "1 day" is not a duration; write a whole number with w, d, h, m, s or ms, as in "28d" or "250ms"
    the project file has a problem at line 31: goal.bikes-before-queues.by: "31.12.2012" is not a date; write it as 2027-06-30
    the project file has a problem at line 3: schema: 2 is newer than 1, the newest form that this Ironloop reads; use a newer Ironloop
    the project file has a problem at line 1: schema: is missing; begin the file with schema = 1
    the project file has a problem at line 204: split.validate.folds: 1 is less than 2, the smallest value allowed
    the project file has a problem at line 203: split.every: must be longer than holdout, or no row is left to train on
    the project file has a problem at line 226: train.candidate.forest.space.trees.int: needs two limits, the lower one first; write for example int = [1, 9]
    the project file has a problem at line 213: train.optimise.direction: is the wrong way for "wape", of which less is better: write "min"
    the project file has a problem at line 249: deployment.bikes-api.rollout.steps: must rise and end with 100 percent; write for example steps = [10, 100]
    the project file has a problem at line 240: gate.champion.approve[1].role: "stakeholders" is not known here; did you mean "stakeholder"?
    the project file has a problem at line 6: project.name: "../bikes" is not a name; use 1 to 100 letters, digits, '-', '_' or '.', beginning with a letter or digit
    the project file has a problem at line 33: payoff: has no amounts; write under and over for a number, or true_positive … true_negative for a yes-or-no label
    the project file has a problem at line 189: features.hour.feature.tmin: uses "tmin", which is barred by use = "never" in its dataset; remove the feature
    the project file has a problem at line 4: not TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
    the project file has 2 problems:
    line 1: project: is missing; write for example [project] with name = "bikes"
    line 1: schema: is missing; begin the file with schema = 1
    "#);
}

#[test]
fn all_problems_are_reported_together_in_the_order_of_the_file() {
    let text = bikes_with("value      = 0.30", "value = true")
        .replace("algorithm = \"random_forest\"", "algorithm = \"forest\"")
        .replace("[guard]", "[gard]");
    insta::assert_snapshot!(refused(&text), @r#"
    the project file has 3 problems:
    line 52: criterion.accurate.value: true is not a number
    line 225: train.candidate.forest.algorithm: "forest" is not known here; choose one of ridge, logistic_regression, random_forest, gradient_boosting, command
    line 296: gard: unknown key "gard"; did you mean "guard"?
    "#);
}

#[test]
fn unknown_is_neither_pass_nor_fail_and_never_passes() {
    use Verdict::{Fail, Pass, Unknown};
    assert_eq!(Verdict::all([Pass, Pass]), Pass);
    assert_eq!(Verdict::all([Pass, Unknown]), Unknown);
    assert_eq!(Verdict::all([Unknown, Fail]), Fail);
    assert_eq!(Verdict::all([]), Pass);
}
