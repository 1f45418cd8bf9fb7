"""What people do every day with the unmodified client: autologging, nested runs, flavours, the command line, serving."""

import json
import os
import socket
import subprocess
import sys
import time

import mlflow
import numpy as np
import pytest
import requests
from mlflow import MlflowClient
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV


@pytest.fixture(scope="module")
def rows():
    return load_diabetes(return_X_y=True, as_frame=True)


def python(code, *arguments, **environment):
    """Runs `code` in a process of its own."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_grid_search_leaves_a_parent_and_its_best_children(client, experiment, rows):
    x, y = rows
    mlflow.sklearn.autolog(max_tuning_runs=3, log_models=False)
    with mlflow.start_run() as run:
        GridSearchCV(Ridge(), {"alpha": [0.1, 1.0, 10.0, 100.0]}, cv=3).fit(x, y)
    parent = client.get_run(run.info.run_id)
    assert "best_alpha" in parent.data.params and "best_cv_score" in parent.data.metrics
    children = client.search_runs([experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
    assert len(children) == 3 and all("mean_test_score" in child.data.metrics for child in children)
    assert any(file.path == "cv_results.csv" for file in client.list_artifacts(run.info.run_id))


def test_xgboost_is_autologged_and_its_model_predicts_the_same(client, experiment, rows):
    xgboost = pytest.importorskip("xgboost")
    x, y = rows
    mlflow.xgboost.autolog()
    with mlflow.start_run() as run:
        booster = xgboost.train({"max_depth": 2}, xgboost.DMatrix(x, y), num_boost_round=4, evals=[(xgboost.DMatrix(x, y), "train")])
    logged = client.get_run(run.info.run_id)
    assert logged.data.params["max_depth"] == "2"
    assert len(client.get_metric_history(run.info.run_id, "train-rmse")) == 4
    model = client.search_logged_models([experiment.experiment_id])[0]
    loaded = mlflow.xgboost.load_model(f"models:/{model.model_id}")
    assert np.allclose(loaded.predict(xgboost.DMatrix(x)), booster.predict(xgboost.DMatrix(x)))


def test_lightgbm_is_autologged_and_its_model_predicts_the_same(client, experiment, rows):
    lightgbm = pytest.importorskip("lightgbm")
    x, y = rows
    mlflow.lightgbm.autolog()
    with mlflow.start_run() as run:
        booster = lightgbm.train({"num_leaves": 4, "verbose": -1}, lightgbm.Dataset(x, y), num_boost_round=3)
    assert client.get_run(run.info.run_id).data.params["num_leaves"] == "4"
    model = client.search_logged_models([experiment.experiment_id])[0]
    loaded = mlflow.pyfunc.load_model(f"models:/{model.model_id}")
    assert np.allclose(loaded.predict(x), booster.predict(x))


def test_nested_runs_are_found_by_their_parent(client, experiment):
    with mlflow.start_run() as parent:
        for number in range(2):
            with mlflow.start_run(nested=True, run_name=f"child-{number}"):
                mlflow.log_metric("m", number)
    found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["metrics.m DESC"])
    assert list(found["tags.mlflow.runName"]) == ["child-1", "child-0"]


def test_asynchronous_logging_loses_nothing(client, experiment):
    with mlflow.start_run() as run:
        for step in range(500):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.log_params({f"p{number}": number for number in range(50)}, synchronous=False).wait()
        mlflow.flush_async_logging()
    assert [point.step for point in client.get_metric_history(run.info.run_id, "m")] == list(range(500))
    assert len(client.get_run(run.info.run_id).data.params) == 50


def test_system_metrics_are_logged(client, experiment):
    pytest.importorskip("psutil")
    mlflow.set_system_metrics_sampling_interval(0.2)
    mlflow.set_system_metrics_samples_before_logging(1)
    try:
        with mlflow.start_run(log_system_metrics=True) as run:
            time.sleep(1.5)
    finally:
        mlflow.set_system_metrics_sampling_interval(None)
        mlflow.set_system_metrics_samples_before_logging(None)
    keys = client.get_run(run.info.run_id).data.metrics
    assert any(key.startswith("system/") for key in keys), keys


def test_a_model_is_evaluated(client, experiment, rows):
    x, _ = rows
    kind = (x["bmi"] > 0).astype(int)
    forest = RandomForestClassifier(n_estimators=5, random_state=0).fit(x, kind)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(forest, name="model", serialization_format="cloudpickle")
        result = mlflow.models.evaluate(info.model_uri, x.assign(kind=kind), targets="kind", model_type="classifier", evaluator_config={"log_model_explainability": False})
    assert result.metrics["accuracy_score"] > 0.8
    logged = client.get_run(run.info.run_id)
    assert logged.data.metrics["accuracy_score"] == pytest.approx(result.metrics["accuracy_score"])
    assert any("confusion_matrix" in file.path for file in client.list_artifacts(run.info.run_id))


def test_a_prompt_is_registered_changed_loaded_and_found(client, name):
    mlflow.genai.register_prompt(name=name, template="Say {{word}}.", commit_message="first", tags={"a": "1"})
    mlflow.genai.register_prompt(name=name, template="Say {{word}} twice.")
    mlflow.genai.set_prompt_alias(name, alias="live", version=1)
    assert mlflow.genai.load_prompt(f"prompts:/{name}/2").format(word="hi") == "Say hi twice."
    assert mlflow.genai.load_prompt(f"prompts:/{name}@live").template == "Say {{word}}."
    found = mlflow.genai.search_prompts(filter_string=f"name = '{name}'")
    assert [prompt.name for prompt in found] == [name]
    assert name not in {model.name for model in client.search_registered_models()}


def test_the_command_line_of_mlflow_works(url, client, experiment, name):
    def cli(*arguments):
        done = subprocess.run([sys.executable, "-m", "mlflow", *arguments], capture_output=True, text=True, timeout=120, env={**os.environ, "MLFLOW_TRACKING_URI": url})
        assert done.returncode == 0, done.stderr
        return done.stdout

    run = client.create_run(experiment.experiment_id, run_name="from-python")
    client.log_text(run.info.run_id, "words", "note.txt")
    assert name in cli("experiments", "search")
    assert run.info.run_id in cli("runs", "list", "--experiment-id", experiment.experiment_id)
    assert json.loads(cli("runs", "describe", "--run-id", run.info.run_id))["info"]["run_id"] == run.info.run_id
    assert "note.txt" in cli("artifacts", "list", "--run-id", run.info.run_id)
    cli("runs", "delete", "--run-id", run.info.run_id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    cli("experiments", "rename", "--experiment-id", experiment.experiment_id, "--new-name", name + "-cli")
    assert client.get_experiment_by_name(name + "-cli") is not None


def test_mlflow_serves_a_model_of_the_registry(url, experiment, name, rows):
    x, y = rows
    model = Ridge().fit(x, y)
    with mlflow.start_run():
        mlflow.sklearn.log_model(model, name="model", registered_model_name=name, input_example=x.head(2), serialization_format="cloudpickle")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{name}/1", "--env-manager", "local", "--port", str(port)]
    # It looks for uvicorn on the path.
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    server = subprocess.Popen(command, env={**os.environ, "MLFLOW_TRACKING_URI": url, "PATH": path}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(120):
            try:
                if requests.get(f"{address}/ping", timeout=2).ok:
                    break
            except requests.ConnectionError:
                time.sleep(0.5)
        answer = requests.post(f"{address}/invocations", json={"dataframe_split": x.head(3).to_dict(orient="split")}, timeout=30)
        assert answer.ok, answer.text
        assert np.allclose(answer.json()["predictions"], model.predict(x.head(3)))
    finally:
        os.killpg(server.pid, 15)
        server.wait(timeout=20)


OLD = """
import os, sys, mlflow
from mlflow import MlflowClient
assert mlflow.__version__.startswith("2.20"), mlflow.__version__
name = sys.argv[1]
mlflow.set_experiment(name)
with mlflow.start_run(run_name="old") as run:
    mlflow.log_param("p", 1)
    mlflow.log_metrics({"m": 0.5, "n": 1.5}, step=3)
    mlflow.set_tag("t", "v")
    mlflow.log_text("words", "folder/note.txt")
    mlflow.log_dict({"a": 1}, "d.json")
client = MlflowClient()
found = client.search_runs([run.info.experiment_id], "metrics.m > 0.1 and params.p = '1'")
assert [one.info.run_id for one in found] == [run.info.run_id]
assert mlflow.artifacts.load_text(run.info.artifact_uri + "/folder/note.txt") == "words"
client.create_registered_model(name)
version = client.create_model_version(name, run.info.artifact_uri + "/folder", run.info.run_id)
client.set_registered_model_alias(name, "best", version.version)
client.transition_model_version_stage(name, version.version, "Staging")
assert client.get_model_version_by_alias(name, "best").current_stage == "Staging"
print(run.info.run_id)
"""


def test_a_client_of_mlflow_2_logs_searches_and_registers(client, url, name):
    old = os.environ.get("IRONLOOP_OLD_CLIENT")
    if not old:
        pytest.skip("IRONLOOP_OLD_CLIENT is not set: the folder of an old client")
    run_id = python(OLD, name, PYTHONPATH=old, MLFLOW_TRACKING_URI=url).splitlines()[-1]
    run = client.get_run(run_id)
    assert run.data.metrics == {"m": 0.5, "n": 1.5} and run.data.tags["t"] == "v"
    assert MlflowClient(url).get_registered_model(name).aliases == {"best": "1"}
