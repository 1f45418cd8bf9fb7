"""Moving in and out: an `mlruns` folder, a database and a server of MLflow's come in whole, and go out again."""

import json
import os
import subprocess

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag


def ironloop(url, *arguments):
    binary = os.environ.get("IRONLOOP_BINARY")
    if not binary:
        pytest.skip("IRONLOOP_BINARY is not set")
    done = subprocess.run([binary, "--json", "--server", url, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def fill(uri, name):
    """Some of everything that is logged, in a store of MLflow's own."""
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    experiment = client.create_experiment(name, tags={"team": "ops"})
    ids = []
    for number in range(3):
        run = client.create_run(experiment, run_name=f"run-{number}", start_time=1000 + number)
        ids.append(run.info.run_id)
        metrics = [Metric("loss", 1.0 / (step + 1), 2000 + step, step) for step in range(50)]
        metrics.append(Metric("odd/nan", float("nan"), 3000, 0))
        client.log_batch(run.info.run_id, metrics, [Param("rate", f"0.{number}"), Param("text", "two\nlines")], [RunTag("team", "ops")])
        client.log_text(run.info.run_id, f"hello {number}", "folder/note é.txt")
        client.set_terminated(run.info.run_id, end_time=4000 + number)
    client.delete_run(ids[2])
    client.create_registered_model(name + "-model", tags={"kind": "test"}, description="words")
    for run_id in ids[:2]:
        uri = client.get_run(run_id).info.artifact_uri
        client.create_model_version(name + "-model", f"{uri}/folder", run_id, description="d")
    client.set_registered_model_alias(name + "-model", "best", "2")
    return ids


@pytest.fixture(params=["folder", "database"])
def store(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if request.param == "folder":
        monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        return str(tmp_path / "mlruns")
    return f"sqlite:///{tmp_path}/mlflow.db"


def test_what_mlflow_kept_comes_in_whole_and_only_once(store, client, url, name):
    try:
        ids = fill(store, name)
    except mlflow.exceptions.MlflowException as error:
        pytest.skip(f"this MLflow keeps no such store: {error}")
    first = ironloop(url, "import", "mlflow", "--from", store)
    assert first["problems"] == []
    assert first["runs"]["added"] == 3 and first["metric points"]["found"] == 3 * 51 and first["files"]["found"] == 3
    assert first["versions"]["added"] == 2

    experiment = client.get_experiment_by_name(name)
    assert experiment.tags["team"] == "ops"
    run = client.get_run(ids[1])
    assert run.info.experiment_id == experiment.experiment_id
    assert (run.info.run_name, run.info.status, run.info.start_time, run.info.end_time) == ("run-1", "FINISHED", 1001, 4001)
    assert run.data.params == {"rate": "0.1", "text": "two\nlines"} and run.data.tags["team"] == "ops"
    history = client.get_metric_history(ids[1], "loss")
    assert [(point.step, point.value, point.timestamp) for point in history] == [(step, 1.0 / (step + 1), 2000 + step) for step in range(50)]
    assert run.data.metrics["odd/nan"] != run.data.metrics["odd/nan"]
    path = mlflow.artifacts.download_artifacts(run_id=ids[1], artifact_path="folder/note é.txt", tracking_uri=url)
    with open(path) as file:
        assert file.read() == "hello 1"
    assert client.get_run(ids[2]).info.lifecycle_stage == "deleted"
    version = client.get_model_version_by_alias(name + "-model", "best")
    assert (int(version.version), version.run_id, version.description) == (2, ids[1], "d")
    assert client.get_registered_model(name + "-model").tags == {"kind": "test"}

    again = ironloop(url, "import", "mlflow", "--from", store)
    assert again["runs"]["added"] == 0 and again["versions"]["added"] == 0 and again["problems"] == []
    assert len(client.get_metric_history(ids[1], "loss")) == 50


def test_what_goes_out_is_opened_by_plain_mlflow(client, url, name, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    ids = fill(url, name)
    folder = tmp_path / "out"
    wrote = ironloop(url, "export", "--to", str(folder), "--experiment", name)
    assert wrote["runs"] == 3 and wrote["files"] == 3 and wrote["metric_points"] == 3 * 51
    try:
        plain = MlflowClient(tracking_uri=str(folder), registry_uri=str(folder))
        experiment = plain.get_experiment_by_name(name)
    except mlflow.exceptions.MlflowException as error:
        pytest.skip(f"this MLflow opens no folder: {error}")
    found = plain.search_runs([experiment.experiment_id])
    assert {run.info.run_id for run in found} == set(ids[:2])
    run = plain.get_run(ids[0])
    assert run.data.params == {"rate": "0.0", "text": "two\nlines"}
    assert len(plain.get_metric_history(ids[0], "loss")) == 50
    assert [file.path for file in plain.list_artifacts(ids[0], "folder")] == ["folder/note é.txt"]
    assert plain.get_model_version_by_alias(name + "-model", "best").run_id == ids[1]
