"""Artifacts, sources and places: paths that climb, addresses that lead elsewhere, and what is deleted."""

CLIMB = ["../x", "a/../../x", "/etc/passwd", "%2e%2e/x", "%2e%2e%2fx", "%252e%252e%252fx", "..%5cx", "a\\..\\x", "c:/x", "a//b", "./a", "a/.", "a\0b", "a%00b", "~", "a b", "a?b", "a#b", "%", "a/", "file:///etc/passwd", "...", "é"]


def places(server, mark):
    call = server.call
    experiment = server.known(call("p experiment", "POST", "experiments/create", {"name": mark}), "experiment_id")
    run = call("p run", "POST", "runs/create", {"experiment_id": experiment, "start_time": 1, "run_name": "r"})["run"]["info"]["run_id"]
    other = call("p run 2", "POST", "runs/create", {"experiment_id": experiment, "start_time": 1, "run_name": "r2"})["run"]["info"]["run_id"]
    logged = call("p logged", "POST", "logged-models", {"experiment_id": experiment, "name": "lm", "source_run_id": run})["model"]["info"]["model_id"]
    root = f"{experiment}/{run}/artifacts"
    artifacts = "/api/2.0/mlflow-artifacts/artifacts/"
    for path in ["a.txt", "folder/b.json", "folder/deep/c.csv", "plot.png", "page.html", "with space.txt", "é.txt", "MLmodel"]:
        call(f"put {path}", "PUT", f"{root}/{path}", raw=b"hello", prefix=artifacts)
        call(f"get {path}", "GET", f"{root}/{path}", prefix=artifacts, heads=("content-disposition", "content-type", "x-content-type-options"))
    call("put to root", "PUT", "", raw=b"x", prefix=artifacts)
    call("get none", "GET", f"{root}/none.txt", prefix=artifacts)
    call("get folder", "GET", f"{root}/folder", prefix=artifacts)
    for path in ["", root, root + "/folder", root + "/none", root + "/a.txt"]:
        if path:
            call(f"proxy list {path[-10:]}", "GET", "artifacts", {"path": path}, prefix="/api/2.0/mlflow-artifacts/")
    for path in [None, "", "folder", "folder/deep", "none", "a.txt", "folder/"]:
        body = {"run_id": run} | ({} if path is None else {"path": path})
        call(f"list {path}", "GET", "artifacts/list", body)
        call(f"logged list {path}", "GET", f"logged-models/{logged}/artifacts/directories", {} if path is None else {"artifact_directory_path": path})
    call("list of none", "GET", "artifacts/list", {"run_id": "0" * 32})
    call("list no run", "GET", "artifacts/list", {})
    call("list uuid", "GET", "artifacts/list", {"run_uuid": run})
    for path in CLIMB:
        call(f"climb list {path!r}", "GET", "artifacts/list", {"run_id": run, "path": path})
        call(f"climb proxy {path!r}", "GET", "artifacts", {"path": path}, prefix="/api/2.0/mlflow-artifacts/")
        call(f"climb get-artifact {path!r}", "GET", "get-artifact", {"run_id": run, "path": path}, prefix="/")
        call(f"climb get {path!r}", "GET", path.lstrip("/") if not path.startswith("/") else "%2f" + path[1:], prefix=artifacts)
        call(f"climb put {path!r}", "PUT", f"{root}/" + path.replace("?", "%3F").replace("#", "%23"), raw=b"x", prefix=artifacts)
        call(f"climb upload {path!r}", "POST", "upload-artifact", raw=b"x", query={"run_uuid": run, "path": path}, prefix="/ajax-api/2.0/mlflow/")
    call("get-artifact", "GET", "get-artifact", {"run_id": run, "path": "a.txt"}, prefix="/", heads=("content-disposition", "content-type"))
    call("get-artifact uuid", "GET", "get-artifact", {"run_uuid": run, "path": "a.txt"}, prefix="/")
    call("get-artifact none", "GET", "get-artifact", {"run_id": run, "path": "zz"}, prefix="/")
    call("get-artifact no run", "GET", "get-artifact", {"path": "a.txt"}, prefix="/")
    call("get-artifact no path", "GET", "get-artifact", {"run_id": run}, prefix="/")
    call("upload", "POST", "upload-artifact", raw=b"up", query={"run_uuid": run, "path": "up/u.txt"}, prefix="/ajax-api/2.0/mlflow/")
    call("upload no run", "POST", "upload-artifact", raw=b"up", query={"path": "u.txt"}, prefix="/ajax-api/2.0/mlflow/")
    call("upload no path", "POST", "upload-artifact", raw=b"up", query={"run_uuid": run}, prefix="/ajax-api/2.0/mlflow/")
    call("upload no data", "POST", "upload-artifact", raw=b"", query={"run_uuid": run, "path": "u.txt"}, prefix="/ajax-api/2.0/mlflow/")
    call("upload no such run", "POST", "upload-artifact", raw=b"up", query={"run_uuid": "0" * 32, "path": "u.txt"}, prefix="/ajax-api/2.0/mlflow/")
    call("uploaded", "GET", "artifacts/list", {"run_id": run, "path": "up"})
    call("range", "GET", f"{root}/a.txt", prefix=artifacts, headers={"Range": "bytes=1-2"}, heads=("content-range", "accept-ranges"))
    call("remove", "DELETE", f"{root}/a.txt", prefix=artifacts)
    call("remove again", "DELETE", f"{root}/a.txt", prefix=artifacts)
    call("bulk", "GET", "metrics/get-history-bulk", {"run_id": [run], "metric_key": "k"}, prefix="/ajax-api/2.0/mlflow/")
    call("bulk no run", "GET", "metrics/get-history-bulk", {"metric_key": "k"}, prefix="/ajax-api/2.0/mlflow/")
    call("bulk no key", "GET", "metrics/get-history-bulk", {"run_id": [run]}, prefix="/ajax-api/2.0/mlflow/")
    call("bulk many", "GET", "metrics/get-history-bulk", {"run_id": [run] * 101, "metric_key": "k"}, prefix="/ajax-api/2.0/mlflow/")
    for body in [{}, {"run_ids": run}, {"run_ids": run, "metric_key": "k", "start_step": 1}, {"run_ids": run, "metric_key": "k", "start_step": 5, "end_step": 1}, {"run_ids": run, "metric_key": "k", "max_results": 0}, {"run_ids": run, "metric_key": "k", "max_results": 99999}, {"run_ids": [run] * 101, "metric_key": "k"}, {"run_ids": "0" * 32, "metric_key": "k"}, {"run_ids": run, "metric_key": "k", "max_results": "x"}]:
        call(f"interval {list(body)} {body.get('max_results')}", "GET", "metrics/get-history-bulk-interval", body, prefix="/ajax-api/2.0/mlflow/")
    name = mark + "-m"
    call("p model", "POST", "registered-models/create", {"name": name})
    for number, (source, more) in enumerate([
        ("file:///etc", {}), ("/etc/passwd", {}), ("/etc", {"run_id": run}), ("http://127.0.0.1/x", {}), ("https://example.org/x", {}), ("s3://bucket/model", {}), ("s3://bucket/../x", {}), ("s3://bucket/a%2f..%2fx", {}), ("ftp://x/y", {}), ("gs://b/m", {}), ("dbfs:/x", {}), ("hdfs://x/y", {}), ("model", {}), ("../x", {}), ("models:/none/1", {}), ("models:/" + name + "/1", {}), ("models:/" + name + "@zz", {}), ("models:/m-" + "0" * 32, {}), (f"models:/{logged}", {}), (f"models:/{logged}", {"model_id": logged}), (f"models:/{logged}", {"model_id": "m-" + "0" * 32}),
        (f"runs:/{run}/model", {}), (f"runs:/{run}/model", {"run_id": run}), (f"runs:/{run}/model", {"run_id": other}), (f"runs:/{run}", {"run_id": run}), (f"runs:/{run}/../x", {"run_id": run}), (f"mlflow-artifacts:/{root}/model", {}), (f"mlflow-artifacts:/{root}/model", {"run_id": run}), (f"mlflow-artifacts:/{root}/model", {"run_id": other}), (f"mlflow-artifacts:/{root}/../../x", {"run_id": run}), (f"mlflow-artifacts:/{root}/%2e%2e/x", {"run_id": run}), (f"mlflow-artifacts:/{experiment}/models/{logged}/artifacts", {"model_id": logged}), (f"mlflow-artifacts:/{root}x", {"run_id": run}), ("mlflow-artifacts://h:5/x", {}), ("s3://bucket/model", {"run_id": "0" * 32}), ("a\0b", {}), ("x" * 501, {}), ("s3://b/" + "x" * 600, {}), ("s3://b/a?x=y", {}), ("s3://b/a#y", {}), ("", {}), ("prompt-template", {}), ("dummy-source", {}),
    ]):
        call(f"source {number} {source[:24]} {sorted(more)}", "POST", "model-versions/create", {"name": name, "source": source, **more})
        server.drop("version")
    for number, location in enumerate(["s3://bucket/x", "gs://b/x", "/tmp/x", "file:///tmp/x", "mlflow-artifacts:/x", "mlflow-artifacts:/../x", "mlflow-artifacts:/a/%2e%2e/b", "http://x/y", "https://x/y", "ftp://x/y", "s3://b/a#frag", "s3://b/a?q=..", "s3://b/../a", "x" * 3000, "a\0b", "relative/path", "dbfs:/x", "runs:/x/y", "models:/x/1", "mlflow-artifacts://other:5000/x", "wasbs://c@a/x", "hdfs://x/y", "file:.", "s3:bucket"]):
        call(f"location {number} {location[:30]!r}", "POST", "experiments/create", {"name": f"{mark}-l{number}", "artifact_location": location})
        server.drop("experiment_id")
    call("p version", "POST", "model-versions/create", {"name": name + "2", "source": f"models:/{logged}", "model_id": logged})
    call("p model 2", "POST", "registered-models/create", {"name": name + "2"})
    for number in range(4):
        call("p version", "POST", "model-versions/create", {"name": name + "2", "source": f"models:/{logged}", "model_id": logged})
    for version, stage, archive in [("1", "Production", False), ("2", "Production", True), ("3", "production", True), ("1", "Archived", True), ("4", "None", True), ("4", "Staging", True), ("1", "", True), ("9", "Staging", False), ("1", "Staging", None)]:
        call(f"stage {version} {stage} {archive}", "POST", "model-versions/transition-stage", {"name": name + "2", "version": version, "stage": stage, "archive_existing_versions": archive})
    call("latest", "POST", "registered-models/get-latest-versions", {"name": name + "2"})
    call("latest GET", "GET", "registered-models/get-latest-versions", {"name": name + "2", "stages": ["Production"]})
    call("latest stages", "POST", "registered-models/get-latest-versions", {"name": name + "2", "stages": ["production", "Staging"]})
    call("latest bad stage", "POST", "registered-models/get-latest-versions", {"name": name + "2", "stages": ["zz"]})
    for alias in ["v1", "V9", "latest", "Latest", "a b", "a/b", "ok-1_2", "1", "", "é", "x" * 256, "a.b", "v", "vx"]:
        call(f"alias {alias[:9]!r}", "POST", "registered-models/alias", {"name": name + "2", "alias": alias, "version": "1"})
    call("alias latest get", "GET", "registered-models/alias", {"name": name + "2", "alias": "latest"})
    call("alias drop none", "DELETE", "registered-models/alias", {"name": name + "2", "alias": "none"})
    call("rename", "POST", "registered-models/rename", {"name": name + "2", "new_name": name + "3"})
    call("renamed from", "GET", "registered-models/get", {"name": name + "2"})
    call("renamed to", "GET", "registered-models/get", {"name": name + "3"})
    call("rename to taken", "POST", "registered-models/rename", {"name": name + "3", "new_name": name})
    call("rename same", "POST", "registered-models/rename", {"name": name + "3", "new_name": name + "3"})
    call("delete version", "DELETE", "model-versions/delete", {"name": name + "3", "version": "4"})
    call("next version", "POST", "model-versions/create", {"name": name + "3", "source": f"models:/{logged}", "model_id": logged})
    for path, body in {"get": {}, "get-download-uri": {}}.items():
        call(f"deleted version {path}", "GET", f"model-versions/{path}", {"name": name + "3", "version": "4", **body})
    call("deleted version tag", "POST", "model-versions/set-tag", {"name": name + "3", "version": "4", "key": "k", "value": "v"})
    call("deleted version update", "PATCH", "model-versions/update", {"name": name + "3", "version": "4", "description": "d"})
    call("drop logged", "DELETE", f"logged-models/{logged}", {})
    call("dropped logged", "GET", f"logged-models/{logged}", {})
    call("drop logged again", "DELETE", f"logged-models/{logged}", {})
    call("finalize dropped", "PATCH", f"logged-models/{logged}", {"status": "LOGGED_MODEL_READY"})
    call("tag dropped", "PATCH", f"logged-models/{logged}/tags", {"tags": [{"key": "k", "value": "v"}]})
    call("drop run", "POST", "runs/delete", {"run_id": run})
    call("drop run again", "POST", "runs/delete", {"run_id": run})
    pair = {"key": "k", "value": "v"}
    for path, body in {"set-tag": pair, "delete-tag": {"key": "k"}, "log-parameter": pair, "log-metric": {"key": "k", "value": 1, "timestamp": 1}, "log-batch": {"params": [pair]}, "log-inputs": {"datasets": []}, "outputs": {"models": [{"model_id": "m-" + "0" * 32, "step": 0}]}, "update": {"status": "FINISHED"}, "log-model": {"model_json": '{"artifact_path": "a", "flavors": {}, "utc_time_created": "x", "run_id": "y"}'}}.items():
        call(f"deleted run {path}", "POST", f"runs/{path}", {"run_id": run, **body})
    call("deleted run get", "GET", "runs/get", {"run_id": run})
    call("restore run", "POST", "runs/restore", {"run_id": run})
    call("restore run again", "POST", "runs/restore", {"run_id": run})
    call("log model", "POST", "runs/log-model", {"run_id": run, "model_json": '{"artifact_path": "a", "flavors": {}, "utc_time_created": "x", "run_id": "y"}'})
    call("drop experiment", "POST", "experiments/delete", {"experiment_id": experiment})
    call("deleted experiment run", "GET", "runs/get", {"run_id": other})
    call("deleted experiment write", "POST", "runs/set-tag", {"run_id": other, **pair})
    call("deleted experiment name", "GET", "experiments/get-by-name", {"experiment_name": mark})
    call("deleted experiment rename", "POST", "experiments/update", {"experiment_id": experiment, "new_name": mark + "q"})
    call("deleted experiment tag", "POST", "experiments/set-experiment-tag", {"experiment_id": experiment, **pair})
    call("deleted experiment untag", "POST", "experiments/delete-experiment-tag", {"experiment_id": experiment, "key": "k"})
    call("deleted experiment model", "POST", "logged-models", {"experiment_id": experiment, "name": "x"})
    call("deleted experiment twice", "POST", "experiments/create", {"name": mark})
    call("restore experiment", "POST", "experiments/restore", {"experiment_id": experiment})
    call("drop default", "POST", "experiments/delete", {"experiment_id": "0"})
    call("restore default", "POST", "experiments/restore", {"experiment_id": "0"})
