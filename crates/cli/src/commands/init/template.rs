//! The text of a new project file.

use std::fmt::Write as _;

use super::Found;
use super::columns::{Column, Sort};

/// The project file for what was found, in the order of the life cycle.
pub fn project_file(found: &Found<'_>) -> String {
    let mut text = String::new();
    for part in [design(found), data(found), develop(found), deploy(found)] {
        text.push_str(&part);
    }
    text
}

/// A TOML string; a JSON string is one.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn binary(found: &Found<'_>) -> bool {
    found.label.sort == Sort::Bool
}

fn metric(found: &Found<'_>) -> &'static str {
    if binary(found) { "roc_auc" } else { "wape" }
}

fn design(found: &Found<'_>) -> String {
    let name = quoted(&found.name);
    let (op, value) = if binary(found) {
        (">=", "0.70")
    } else {
        ("<=", "0.30")
    };
    let metric = metric(found);
    format!(
        r#"# Everything about one use of machine learning, in the order of its life. Replace the sentences in <…>.
schema = 1

[project]
name  = {name}
title = "<what is predicted, in a few words>"
owner = "me"
risk  = "limited"                     # minimal, limited or high

# ── DESIGN: why, for whom, and what must be true ──
[charter]
problem      = "<what goes wrong today>"
decision     = "<what somebody does with each prediction>"
intended_use = "<where the model may be used>"
today        = "<how it is decided today: what a model must beat>"

[charter.feasible]                    # what `ironloop design check` asks of the data
min_rows    = 1000
max_missing = 0.2

[people]
stakeholder    = ["me"]
data_scientist = ["me"]
ml_engineer    = ["me"]

[[criterion]]                         # written once; used by the gate, the rollout and the monitor
id     = "good-enough"
kind   = "model"
metric = "{metric}"
on     = "holdout"
op     = "{op}"
value  = {value}                         # <the number that makes it worth while>

[[criterion]]
id     = "still-good"
kind   = "model"
metric = "{metric}"
on     = "live"
op     = "{op}"
value  = {value}
window = "28d"

"#
    )
}

fn data(found: &Found<'_>) -> String {
    let set = quoted(&found.name);
    let mut text = format!(
        "# ── DATA: where rows come from and what must hold for them ──\n[dataset.{set}]\nsource = {{ kind = \"file\", path = {} }}\n",
        quoted(&found.source)
    );
    let _ = writeln!(
        text,
        "time   = {}                    # rows later than now do not exist yet",
        quoted(&found.time.name)
    );
    let names: Vec<String> = found
        .columns
        .iter()
        .map(|column| quoted(&column.name))
        .collect();
    let _ = write!(
        text,
        r#"
[[expect]]
dataset  = {set}
id       = "columns"
check    = "columns"
columns  = [{}]
severity = "error"

[[expect]]
dataset  = {set}
id       = "label-known"
check    = "not_null"
column   = {}
severity = "error"

[view.rows]                           # cleaning, in SQL: dropped rows are counted
from = [{set}]
sql  = 'select * from {set} where {} is not null'

[features.all]                        # raw columns; what is made of them lives inside the model
from    = "rows"
"#,
        names.join(", "),
        quoted(&found.label.name),
        sql_name(&found.label.name),
    );
    let _ = writeln!(text, "time    = {}", quoted(&found.time.name));
    text.push_str("feature = [\n");
    for column in found
        .columns
        .iter()
        .filter(|column| column.name != found.label.name)
    {
        let _ = writeln!(
            text,
            "  {{ name = {}, type = \"{}\" }},",
            quoted(&column.name),
            feature_type(column, found)
        );
    }
    let kind = if binary(found) { "bool" } else { "number" };
    let _ = write!(
        text,
        "]\n\n[label]\nname    = {label}\nfrom    = \"rows\"\nsql     = {sql}\ntype    = \"{kind}\"\nhorizon = \"0s\"                        # how long after a prediction its truth is known\n\n[split]\nby       = \"time\"\nholdout  = \"60d\"                    # the newest rows are held out\nvalidate = {{ folds = 3 }}\n\n",
        label = quoted(&found.label.name),
        sql = quoted(&sql_name(&found.label.name)),
    );
    text
}

/// A column of text that says the time is read as time.
fn feature_type(column: &Column, found: &Found<'_>) -> &'static str {
    if found.time.name == column.name {
        Sort::Time.word()
    } else {
        column.sort.word()
    }
}

/// A column's name inside SQL: bare where it can be, since a quoted one keeps its capitals.
fn sql_name(name: &str) -> String {
    let bare = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if bare {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

fn develop(found: &Found<'_>) -> String {
    let name = quoted(&found.name);
    let (linear, direction) = if binary(found) {
        ("logistic_regression", "max")
    } else {
        ("ridge", "min")
    };
    let metric = metric(found);
    format!(
        r#"# ── DEVELOP: what is tried ──
[train]
experiment = {name}
model      = {name}
seed       = 7
optimise   = {{ metric = "{metric}", direction = "{direction}" }}
tune       = {{ method = "tpe", trials = 10, limit = "10m" }}
features   = ["all"]

[[train.candidate]]
id        = "simplest"
algorithm = "{linear}"
params    = {{ l2 = 1.0 }}

[[train.candidate]]
id        = "forest"
algorithm = "random_forest"
space     = {{ trees = {{ int = [40, 120] }}, max_depth = {{ int = [6, 14] }} }}

[[train.candidate]]
id        = "boost"
algorithm = "gradient_boosting"
space     = {{ learning_rate = {{ log = [0.03, 0.3] }}, leaves = {{ int = [15, 63] }}, trees = {{ int = [100, 300] }} }}

# ── EVALUATE: what a version must show, and who must agree ──
[gate.candidate]
needs = ["good-enough"]

[gate.champion]
after   = "candidate"
needs   = ["good-enough"]
approve = [{{ role = "stakeholder", count = 1 }}]
self    = "record"                    # one person may approve its own work, and it is recorded

"#
    )
}

fn deploy(found: &Found<'_>) -> String {
    let api = quoted(&format!("{}-api", found.name));
    format!(
        r#"# ── DEPLOY ──
[deployment.{api}]
model     = {model}
protocols = ["v2", "mlflow"]
rollout   = {{ kind = "canary", steps = [10, 100], hold = "0s" }}
log       = {{ share = 1.0, keep = "365d" }}

# ── MONITOR ──
[[monitor]]
id         = "input-drift"
deployment = {api}
check      = "drift"
method     = "default"
window     = "28d"
every      = "28d"
min_rows   = 200

[[monitor]]
id         = "still-good"
deployment = {api}
check      = "criterion"
criterion  = "still-good"
every      = "28d"
min_labels = 100
"#,
        model = quoted(&format!("{}@champion", found.name)),
    )
}
