"""The first round of the comparison: what a client does from day to day, and what it does wrong now and then."""


def story(server, mark):
    call = server.call
    experiment = call("create experiment", "POST", "experiments/create", {"name": mark, "tags": [{"key": "a", "value": "1"}]})["experiment_id"]
    server.seen[-1][5]["experiment_id"] = "<experiment>"
    server.ids[experiment] = "<experiment>"
    call("twice", "POST", "experiments/create", {"name": mark})
    call("no name", "POST", "experiments/create", {})
    call("empty name", "POST", "experiments/create", {"name": ""})
    call("long name", "POST", "experiments/create", {"name": "x" * 501})
    call("hostile location", "POST", "experiments/create", {"name": mark + "h", "artifact_location": "file:///etc"})
    call("by name", "GET", "experiments/get-by-name", {"experiment_name": mark})
    call("by name, none", "GET", "experiments/get-by-name", {"experiment_name": mark + "x"})
    call("get, none", "GET", "experiments/get", {"experiment_id": "99999"})
    call("get, no number", "GET", "experiments/get", {"experiment_id": "abc"})
    call("search", "GET", "experiments/search", {"max_results": 5, "filter": f"name = '{mark}'"})
    call("search too many", "POST", "experiments/search", {"max_results": 50001})
    call("search zero", "POST", "experiments/search", {"max_results": 0})
    call("search bad", "POST", "experiments/search", {"max_results": 5, "filter": "nothing = 'x'"})
    call("page token", "POST", "experiments/search", {"max_results": 5, "page_token": "!"})
    call("delete tag, none", "POST", "experiments/delete-experiment-tag", {"experiment_id": experiment, "key": "zz"})
    call("restore active", "POST", "experiments/restore", {"experiment_id": experiment})

    run = call("create run", "POST", "runs/create", {"experiment_id": experiment, "start_time": 5, "tags": [{"key": "t", "value": "v"}]})["run"]["info"]["run_id"]
    call("two names", "POST", "runs/create", {"experiment_id": experiment, "run_name": "a", "tags": [{"key": "mlflow.runName", "value": "b"}]})
    call("run in no experiment", "POST", "runs/create", {"experiment_id": "99999"})
    for label, body in {
        "metric": {"key": "m", "value": 1.5, "timestamp": 7},
        "metric NaN": {"key": "nan", "value": "NaN", "timestamp": 7, "step": "3"},
        "metric inf": {"key": "inf", "value": "Infinity", "timestamp": 7},
        "metric without value": {"key": "m", "timestamp": 7},
        "metric without time": {"key": "m", "value": 1},
        "metric without key": {"value": 1, "timestamp": 7},
        "metric bad key": {"key": "a,b", "value": 1, "timestamp": 7},
        "metric path key": {"key": "../b", "value": 1, "timestamp": 7},
        "metric negative time": {"key": "m", "value": 1, "timestamp": -1},
        "metric long key": {"key": "k" * 251, "value": 1, "timestamp": 7},
    }.items():
        call(label, "POST", "runs/log-metric", {"run_id": run, **body})
    call("param", "POST", "runs/log-parameter", {"run_id": run, "key": "p", "value": "1"})
    call("param again", "POST", "runs/log-parameter", {"run_id": run, "key": "p", "value": "1"})
    call("param other", "POST", "runs/log-parameter", {"run_id": run, "key": "p", "value": "2"})
    call("param empty", "POST", "runs/log-parameter", {"run_id": run, "key": "empty", "value": ""})
    call("param long", "POST", "runs/log-parameter", {"run_id": run, "key": "long", "value": "x" * 6001})
    call("tag long", "POST", "runs/set-tag", {"run_id": run, "key": "long", "value": "x" * 8001})
    call("tag without key", "POST", "runs/set-tag", {"run_id": run, "value": "x"})
    call("tag gone", "POST", "runs/delete-tag", {"run_id": run, "key": "nothing"})
    call("batch", "POST", "runs/log-batch", {"run_id": run, "metrics": [{"key": "b", "value": 1, "timestamp": 1, "step": s} for s in range(3)], "params": [{"key": "q", "value": "1"}], "tags": [{"key": "u", "value": "1"}]})
    call("batch empty", "POST", "runs/log-batch", {"run_id": run})
    call("batch clash", "POST", "runs/log-batch", {"run_id": run, "params": [{"key": "q", "value": "2"}]})
    call("batch twice", "POST", "runs/log-batch", {"run_id": run, "params": [{"key": "r", "value": "2"}, {"key": "r", "value": "2"}]})
    call("batch many", "POST", "runs/log-batch", {"run_id": run, "params": [{"key": f"p{n}", "value": "2"} for n in range(101)]})
    call("batch metrics many", "POST", "runs/log-batch", {"run_id": run, "metrics": [{"key": "b", "value": 1, "timestamp": 1, "step": s} for s in range(1001)]})
    call("batch no key", "POST", "runs/log-batch", {"run_id": run, "metrics": [{"value": 1, "timestamp": 1}]})
    call("batch no run", "POST", "runs/log-batch", {"run_id": "0" * 32, "params": [{"key": "q", "value": "2"}]})
    dataset = {"name": "d", "digest": "1", "source_type": "local", "source": "{}"}
    call("inputs", "POST", "runs/log-inputs", {"run_id": run, "datasets": [{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "train"}]}]})
    call("update", "POST", "runs/update", {"run_id": run, "status": "FINISHED", "end_time": 9})
    call("update bad", "POST", "runs/update", {"run_id": run, "status": "DONE"})
    call("get run", "GET", "runs/get", {"run_id": run})
    call("get run, none", "GET", "runs/get", {"run_id": "0" * 32})
    call("get run, no id", "GET", "runs/get", {})
    call("history", "GET", "metrics/get-history", {"run_id": run, "metric_key": "b", "max_results": 2})
    call("history, none", "GET", "metrics/get-history", {"run_id": run, "metric_key": "zz"})
    call("history zero", "GET", "metrics/get-history", {"run_id": run, "metric_key": "b", "max_results": 0})
    call("history no run", "GET", "metrics/get-history", {"run_id": "0" * 32, "metric_key": "b"})
    call("interval", "GET", "metrics/get-history-bulk-interval", {"run_ids": [run], "metric_key": "b"}, prefix="/ajax-api/2.0/mlflow/")
    for text in ["", "metrics.m > 1", "metrics.m > 'x'", "params.p = 1", "params.p LIKE '1%'", "metrics.nan = 0", "metrics.nan != 0", "a b c", "params.p > '1'", "attributes.zz = '1'", "zz.a = 1", "dataset.name = 'd'", "params.p IN ('1')", "status IN ('FINISHED')", "tags.t = 'v' OR tags.t = 'w'", "tags.`t` = \"v\"", "params.zz IS NULL", "metrics.m IS NULL"]:
        call(f"search {text}", "POST", "runs/search", {"experiment_ids": [experiment], "filter": text, "max_results": 10})
    for order in ["metrics.m", "metrics.m DESC", "params.p sideways", "zz", "attributes.zz", "start_time desc", "metrics.m ASC extra"]:
        call(f"order {order}", "POST", "runs/search", {"experiment_ids": [experiment], "order_by": [order], "max_results": 10})
    call("order twice", "POST", "runs/search", {"experiment_ids": [experiment], "order_by": ["metrics.m", "metrics.m DESC"]})
    call("search too many runs", "POST", "runs/search", {"experiment_ids": [experiment], "max_results": 50001})
    call("delete run", "POST", "runs/delete", {"run_id": run})
    call("write to deleted", "POST", "runs/log-parameter", {"run_id": run, "key": "z", "value": "1"})
    call("restore run", "POST", "runs/restore", {"run_id": run})

    model = call("logged model", "POST", "logged-models", {"experiment_id": experiment, "name": "lm", "source_run_id": run, "params": [{"key": "a", "value": "1"}]})["model"]["info"]["model_id"]
    call("logged model bad name", "POST", "logged-models", {"experiment_id": experiment, "name": "a/b"})
    call("ready", "PATCH", f"logged-models/{model}", {"model_id": model, "status": "LOGGED_MODEL_READY"})
    call("logged model tags", "PATCH", f"logged-models/{model}/tags", {"tags": [{"key": "k", "value": "v"}]})
    call("logged model tag gone", "DELETE", f"logged-models/{model}/tags/zz", {})
    call("logged model none", "GET", "logged-models/m-0", {})
    call("outputs", "POST", "runs/outputs", {"run_id": run, "models": [{"model_id": model, "step": 1}]})
    call("get run with outputs", "GET", "runs/get", {"run_id": run})
    call("logged models", "POST", "logged-models/search", {"experiment_ids": [experiment], "filter": "name = 'lm'"})
    call("logged models, none", "POST", "logged-models/search", {"experiment_ids": [experiment], "filter": "name = 'zz'"})

    name = mark + "-model"
    call("create model", "POST", "registered-models/create", {"name": name, "description": "d", "tags": [{"key": "a", "value": "1"}]})
    call("model twice", "POST", "registered-models/create", {"name": name})
    call("model bad name", "POST", "registered-models/create", {"name": "a/b"})
    call("model no name", "POST", "registered-models/create", {})
    call("model none", "GET", "registered-models/get", {"name": name + "x"})
    call("version", "POST", "model-versions/create", {"name": name, "source": f"models:/{model}", "model_id": model, "run_id": run})
    call("model without source", "POST", "model-versions/create", {"name": name})
    call("version none", "GET", "model-versions/get", {"name": name, "version": "9"})
    call("version no number", "GET", "model-versions/get", {"name": name, "version": "x"})
    call("download", "GET", "model-versions/get-download-uri", {"name": name, "version": "1"})
    call("alias", "POST", "registered-models/alias", {"name": name, "alias": "best", "version": "1"})
    call("alias bad", "POST", "registered-models/alias", {"name": name, "alias": "a b", "version": "1"})
    call("alias latest", "POST", "registered-models/alias", {"name": name, "alias": "latest", "version": "1"})
    call("alias of none", "POST", "registered-models/alias", {"name": name, "alias": "best", "version": "9"})
    call("alias get", "GET", "registered-models/alias", {"name": name, "alias": "best"})
    call("alias none", "GET", "registered-models/alias", {"name": name, "alias": "zz"})
    call("stage", "POST", "model-versions/transition-stage", {"name": name, "version": "1", "stage": "staging", "archive_existing_versions": False})
    call("stage bad", "POST", "model-versions/transition-stage", {"name": name, "version": "1", "stage": "zz", "archive_existing_versions": False})
    call("model", "GET", "registered-models/get", {"name": name})
    call("models", "GET", "registered-models/search", {"filter": f"name = '{name}'"})
    call("models bad", "GET", "registered-models/search", {"filter": "zz = 'a'"})
    call("versions", "GET", "model-versions/search", {"filter": f"name = '{name}'"})
    call("latest", "POST", "registered-models/get-latest-versions", {"name": name})
    call("alias gone", "DELETE", "registered-models/alias", {"name": name, "alias": "best"})
    call("version delete", "DELETE", "model-versions/delete", {"name": name, "version": "1"})
    call("model delete", "DELETE", "registered-models/delete", {"name": name})
    call("list artifacts", "GET", "artifacts/list", {"run_id": run})
    call("list proxy", "GET", "artifacts", {"path": "none"}, prefix="/api/2.0/mlflow-artifacts/")
    call("unknown path", "GET", "no/such/thing", {})
    call("no body", "POST", "runs/create", raw="")
    call("server info", "GET", "server-info", {}, prefix="/api/3.0/mlflow/")
    call("delete experiment", "POST", "experiments/delete", {"experiment_id": experiment})
    call("delete experiment again", "POST", "experiments/delete", {"experiment_id": experiment})
    call("run in deleted", "POST", "runs/create", {"experiment_id": experiment})
