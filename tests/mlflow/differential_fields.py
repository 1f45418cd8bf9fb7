"""Every field of every endpoint: absent, empty, of each wrong type, too large, and with characters that no name has."""

WRONG = {
    "absent": ...,
    "null": None,
    "empty": "",
    "number": 123,
    "fraction": 1.5,
    "true": True,
    "list": ["a"],
    "object": {"a": 1},
    "2^63": 2**63,
    "digits beyond": "9223372036854775808",
    "control": "a\u0001b\nc",
    "NUL": "a\0b",
    "long": "y" * 300,
    "word": "word",
}
NONE = "0" * 32


def fields(server, mark):
    call = server.call
    experiment = server.known(call("f experiment", "POST", "experiments/create", {"name": mark}), "experiment_id")
    run = call("f run", "POST", "runs/create", {"experiment_id": experiment, "start_time": 1, "run_name": "r"})["run"]["info"]["run_id"]
    logged = call("f logged", "POST", "logged-models", {"experiment_id": experiment, "name": "lm", "source_run_id": run})["model"]["info"]["model_id"]
    name = mark + "-m"
    call("f model", "POST", "registered-models/create", {"name": name})
    call("f version", "POST", "model-versions/create", {"name": name, "source": f"models:/{logged}", "model_id": logged})
    call("f alias", "POST", "registered-models/alias", {"name": name, "alias": "a1", "version": "1"})
    metric = {"key": "k", "value": 1.0, "timestamp": 5, "step": 1}
    pair = {"key": "k", "value": "v"}
    which = {"experiment_id": experiment}
    version = {"name": name, "version": "1"}
    endpoints = [
        ("POST", "experiments/create", {"name": mark + "-x", "artifact_location": "mlflow-artifacts:/x", "tags": [pair]}),
        ("GET", "experiments/get", which),
        ("GET", "experiments/get-by-name", {"experiment_name": mark}),
        ("POST", "experiments/search", {"max_results": 1, "filter": f"name = '{mark}'", "order_by": ["name"], "view_type": "ACTIVE_ONLY", "page_token": ""}),
        ("GET", "experiments/search", {"max_results": 1, "filter": f"name = '{mark}'", "view_type": "ACTIVE_ONLY"}),
        ("POST", "experiments/update", {**which, "new_name": mark}),
        ("POST", "experiments/set-experiment-tag", {**which, **pair}),
        ("POST", "experiments/delete-experiment-tag", {**which, "key": "k"}),
        ("POST", "runs/create", {**which, "user_id": "u", "run_name": "n", "start_time": 5, "tags": [pair]}),
        ("GET", "runs/get", {"run_id": run}),
        ("POST", "runs/update", {"run_id": run, "status": "RUNNING", "end_time": 7, "run_name": "n"}),
        ("POST", "runs/log-metric", {"run_id": run, **metric}),
        ("POST", "runs/log-parameter", {"run_id": run, **pair}),
        ("POST", "runs/set-tag", {"run_id": run, **pair}),
        ("POST", "runs/delete-tag", {"run_id": run, "key": "k"}),
        ("POST", "runs/log-batch", {"run_id": run, "metrics": [metric], "params": [pair], "tags": [pair]}),
        ("POST", "runs/log-inputs", {"run_id": run, "datasets": [], "models": []}),
        ("POST", "runs/outputs", {"run_id": run, "models": []}),
        ("POST", "runs/log-model", {"run_id": run, "model_json": "{}"}),
        ("POST", "runs/search", {"experiment_ids": [experiment], "filter": "", "run_view_type": "ACTIVE_ONLY", "max_results": 0, "order_by": [], "page_token": ""}),
        ("GET", "metrics/get-history", {"run_id": run, "metric_key": "k", "max_results": 3, "page_token": ""}),
        ("POST", "logged-models", {**which, "name": "n", "model_type": "t", "source_run_id": run, "params": [], "tags": []}),
        ("PATCH", f"logged-models/{logged}", {"status": "LOGGED_MODEL_READY"}),
        ("PATCH", f"logged-models/{logged}/tags", {"tags": [pair]}),
        ("POST", f"logged-models/{logged}/params", {"params": [{"key": "k", "value": "v"}]}),
        ("POST", "logged-models/search", {"experiment_ids": [experiment], "filter": "name = 'zz'", "max_results": 5, "order_by": [], "page_token": "", "datasets": []}),
        ("POST", "registered-models/create", {"name": mark + "-y", "description": "d", "tags": []}),
        ("GET", "registered-models/get", {"name": name}),
        ("PATCH", "registered-models/update", {"name": name, "description": "d"}),
        ("POST", "registered-models/rename", {"name": name, "new_name": name}),
        ("POST", "registered-models/set-tag", {"name": name, **pair}),
        ("DELETE", "registered-models/delete-tag", {"name": name, "key": "k"}),
        ("POST", "registered-models/get-latest-versions", {"name": name, "stages": []}),
        ("GET", "registered-models/search", {"filter": f"name = '{name}'", "max_results": 5, "order_by": [], "page_token": ""}),
        ("POST", "registered-models/alias", {**version, "alias": "a1"}),
        ("GET", "registered-models/alias", {"name": name, "alias": "a1"}),
        ("DELETE", "registered-models/alias", {"name": name, "alias": "a2"}),
        ("GET", "model-versions/get", version),
        ("PATCH", "model-versions/update", {**version, "description": "d"}),
        ("POST", "model-versions/set-tag", {**version, **pair}),
        ("DELETE", "model-versions/delete-tag", {**version, "key": "k"}),
        ("POST", "model-versions/transition-stage", {**version, "stage": "Staging", "archive_existing_versions": False}),
        ("GET", "model-versions/get-download-uri", version),
        ("GET", "model-versions/search", {"filter": f"name = '{name}'", "max_results": 5, "order_by": [], "page_token": ""}),
        ("POST", "model-versions/create", {"name": name, "source": f"models:/{logged}", "run_id": run, "tags": [], "run_link": "", "description": "d", "model_id": logged}),
    ]
    for method, path, body in endpoints:
        short = path.replace(logged, "{id}")
        for field in body:
            for kind, value in WRONG.items():
                if method == "GET" and kind in ("null", "object", "list", "NUL", "control"):
                    continue
                changed = {key: inner for key, inner in body.items() if key != field}
                if value is not ...:
                    changed[field] = value
                if short in ("experiments/create", "registered-models/create", "experiments/update", "registered-models/rename") and field not in ("name", "new_name") and "name" in changed:
                    # A new thing each time, so that the first answer does not hide the others.
                    key = "new_name" if "new_name" in changed else "name"
                    changed[key] = changed[key] + "" if key == "new_name" else f"{changed[key]}-{field}-{kind}"
                call(f"{method} {short} {field} {kind}", method, path, changed)
    for kind, body in {"list": "[1]", "text": '"a"', "broken": '{"a": ', "number": "5", "empty": "", "null": "null", "twice encoded": '"{\\"run_id\\": \\"x\\"}"', "unknown field": '{"zz": 1}', "latin": b'{"run_id": "\xe9"}'}.items():
        call(f"body {kind}", "POST", "runs/set-tag", raw=body, headers={"Content-Type": "application/json"})
    call("content type", "POST", "runs/set-tag", raw='{"run_id": "x", "key": "k"}', headers={"Content-Type": "text/plain"})
    call("camel", "POST", "runs/set-tag", {"runId": run, "key": "camel", "value": "v"})
    call("camel both", "POST", "runs/set-tag", {"runId": run, "run_id": run, "key": "camel", "value": "v"})
    call("uuid", "POST", "runs/set-tag", {"run_uuid": run, "key": "uuid", "value": "v"})
    call("bare NaN", "POST", "runs/log-metric", raw='{"run_id": "%s", "key": "bare", "value": NaN, "timestamp": 5}' % run, headers={"Content-Type": "application/json"})
    for kind, item in {"text": "a", "number": 1, "null": None, "list": [], "no value": {"key": "k2"}, "number value": {"key": "k2", "value": 5}, "number key": {"key": 5, "value": "5"}, "long key": {"key": "y" * 251, "value": "v"}, "bad key": {"key": "a?b", "value": "v"}, "null value": {"key": "k3", "value": None}, "empty key": {"key": "", "value": "v"}, "long value": {"key": "k4", "value": "v" * 9000}}.items():
        for part in ("params", "tags"):
            call(f"batch {part} item {kind}", "POST", "runs/log-batch", {"run_id": run, part: [item]})
        call(f"model tag item {kind}", "POST", "registered-models/create", {"name": f"{mark}-t-{kind}", "tags": [item]})
        call(f"experiment tag item {kind}", "POST", "experiments/create", {"name": f"{mark}-t-{kind}", "tags": [item]})
        server.drop("experiment_id")
        call(f"run tag item {kind}", "POST", "runs/create", {"experiment_id": experiment, "tags": [item], "start_time": 1})
        call(f"logged tag item {kind}", "POST", "logged-models", {"experiment_id": experiment, "name": "x", "tags": [item]})
        call(f"logged param item {kind}", "POST", "logged-models", {"experiment_id": experiment, "name": "x", "params": [item]})
    for kind, change in {"word": {"value": "word"}, "no time": {"timestamp": None}, "text step": {"step": "1"}, "word step": {"step": "x"}, "huge step": {"step": 2**63}, "minus step": {"step": -5}, "minus time": {"timestamp": -5}, "true": {"value": True}, "text value": {"value": "1.5"}, "-inf": {"value": "-Infinity"}, "no key": {"key": ""}, "number key": {"key": 5}, "fraction time": {"timestamp": 1.5}, "half model": {"model_id": "m-1"}, "dataset": {"dataset_name": "d", "dataset_digest": "1"}, "half dataset": {"dataset_name": "d"}}.items():
        call(f"batch metric {kind}", "POST", "runs/log-batch", {"run_id": run, "metrics": [{**metric, "key": "bm", **change}]})
        call(f"one metric {kind}", "POST", "runs/log-metric", {"run_id": run, **metric, "key": "om", **change})
    call("f get run", "GET", "runs/get", {"run_id": run})
    for path, body in {"runs/delete": {"run_id": NONE}, "runs/restore": {"run_id": NONE}, "runs/update": {"run_id": NONE, "status": "RUNNING"}, "runs/set-tag": {"run_id": NONE, "key": "k", "value": "v"}, "runs/delete-tag": {"run_id": NONE, "key": "k"}, "runs/log-metric": {"run_id": NONE, **metric}, "runs/log-parameter": {"run_id": NONE, **pair}, "runs/log-inputs": {"run_id": NONE, "datasets": []}, "runs/outputs": {"run_id": NONE, "models": [{"model_id": logged, "step": 0}]}, "runs/log-batch": {"run_id": NONE}, "experiments/delete": {"experiment_id": "99999"}, "experiments/restore": {"experiment_id": "99999"}, "experiments/update": {"experiment_id": "99999", "new_name": "q"}, "experiments/set-experiment-tag": {"experiment_id": "99999", **pair}, "registered-models/rename": {"name": "none", "new_name": "b"}, "registered-models/set-tag": {"name": "none", **pair}, "registered-models/get-latest-versions": {"name": "none"}, "registered-models/alias": {"name": "none", "alias": "a", "version": "1"}, "model-versions/create": {"name": "none", "source": f"models:/{logged}", "model_id": logged}, "model-versions/set-tag": {"name": "none", "version": "1", **pair}, "model-versions/transition-stage": {"name": "none", "version": "1", "stage": "Staging", "archive_existing_versions": False}, "logged-models/search": {"experiment_ids": ["99999"]}}.items():
        call(f"none {path}", "POST", path, body)
    for path, body in {"registered-models/delete": {"name": "none"}, "registered-models/delete-tag": {"name": "none", "key": "k"}, "registered-models/alias": {"name": "none", "alias": "k"}, "model-versions/delete": {"name": name, "version": "99"}, "model-versions/delete-tag": {"name": name, "version": "99", "key": "k"}, "logged-models/m-0": {}, "logged-models/m-0/tags/k": {}}.items():
        call(f"none DELETE {path}", "DELETE", path, body)
