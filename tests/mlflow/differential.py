"""Sends the same requests to MLflow's own server and to ours, and prints where the answers differ.

    mlflow server --port 5099 --backend-store-uri sqlite:////tmp/mlflow.db --artifacts-destination /tmp/mlflow-artifacts
    python differential.py http://127.0.0.1:5099 http://127.0.0.1:5000

Ids, times and made-up names are put aside; statuses, error codes, messages and fields are compared. Differences that
are meant are listed in MEANT with the reason. The exit code is the number of the others.
"""

import json
import re
import sys
import uuid

import requests

# path -> why our answer is another one
MEANT = {
    "hostile location": "we refuse places on the server's disk",
    "unknown path": "MLflow answers a page",
    "no body": "MLflow wants a content type first",
    "page token": "tokens are opaque; ours are words",
    "search bad": "MLflow's parser takes the name for a keyword of SQL",
    "update bad": "MLflow takes no notice of a status that it does not know",
    "history no run": "MLflow answers an empty series for a run that does not exist",
    "order twice": "MLflow answers 500",
    "search too many runs": "ours says what the limit is",
    "search params.p IN ('1')": "ours names the comparator",
    "search status IN ('FINISHED')": "we take a list for every attribute",
    "search metrics.m IS NULL": "ours names the comparator",
    "order zz": "ours lists the older names too",
    "order attributes.zz": "ours lists the older names too",
    "search a b c": "the rest of the filter is shown from where it stops making sense",
    "search tags.t = 'v' OR tags.t = 'w'": "the rest of the filter is shown from where it stops making sense",
    "server info": "we do not offer presigned uploads and the gateway",
}
NOISE = re.compile(r"[0-9a-f]{32}|\d{13}")
# Made up by each server.
LOOSE = {"run_name", "sqlstate", "error_class", "user_id", "next_page_token", "workspace"}
# We say more: which logged model a version came from, and its aliases in every list.
MORE = {"model_id", "aliases"}


def tidy(value, ids):
    if isinstance(value, dict):
        if value.get("key") == "mlflow.runName":
            return {"key": "mlflow.runName"}
        loose = LOOSE | MORE if "current_stage" in value else LOOSE
        return {key: tidy(inner, ids) for key, inner in sorted(value.items()) if key not in loose}
    if isinstance(value, list):
        items = [tidy(inner, ids) for inner in value]
        # Metrics, params and tags come in no order.
        return sorted(items, key=json.dumps) if items and isinstance(items[0], dict) and "key" in items[0] else items
    if isinstance(value, str):
        for old, new in ids.items():
            value = re.sub(rf"\b{old}\b", new, value)
        # Python prints its sets in no order.
        value = re.sub(r"\{('[^{}]*')\}?", lambda found: "{" + ", ".join(sorted(found[1].split(", "))) + "}", value)
        value = value.split("\nhint: ")[0].removesuffix(" See the API docs for more information about request parameters.")
        value = re.sub(r" already exists\. Error: .*", " already exists.", value, flags=re.S)
        return NOISE.sub("<id>", value if len(value) < 2000 else f"<{len(value)} characters>")
    if isinstance(value, int) and value > 10**12:
        return "<time>"
    return value


class Server:
    def __init__(self, url):
        self.url, self.ids, self.seen = url.rstrip("/"), {}, []

    def call(self, label, method, path, body=None, raw=None, prefix="/api/2.0/mlflow/"):
        more = {"data": raw} if raw is not None else {"params": body} if method == "GET" else {"json": body}
        answer = requests.request(method, self.url + prefix + path, timeout=60, **more)
        try:
            content = answer.json()
        except ValueError:
            content = {"text": answer.text[:80]}
        self.seen.append((label, method, path, body, answer.status_code, tidy(content, self.ids)))
        return content


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


def narrow(theirs, ours, path=""):
    """The innermost place where two answers part."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and theirs.keys() == ours.keys():
        for key in theirs:
            if theirs[key] != ours[key]:
                return narrow(theirs[key], ours[key], f"{path}.{key}")
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for at, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            if one != other:
                return narrow(one, other, f"{path}[{at}]")
    return path, theirs, ours


def main():
    mark = f"diff-{uuid.uuid4().hex[:8]}"
    theirs, ours = Server(sys.argv[1]), Server(sys.argv[2])
    for server in (theirs, ours):
        story(server, mark)
    differ = 0
    for (label, method, path, body, status, content), (_, _, _, _, our_status, our_content) in zip(theirs.seen, ours.seen, strict=True):
        if (status, content) == (our_status, our_content):
            continue
        if label in MEANT:
            print(f"meant  {label}: {MEANT[label]}")
            continue
        differ += 1
        print(f"DIFFER {label}: {method} {path} {json.dumps(body)[:150]}")
        place, one, other = narrow(content, our_content)
        print(f"   mlflow {status} {place} {json.dumps(one)[:700]}")
        print(f"   ours   {our_status} {place} {json.dumps(other)[:700]}")
    print(f"{len(theirs.seen)} requests, {differ} differ")
    sys.exit(min(differ, 100))


if __name__ == "__main__":
    main()
