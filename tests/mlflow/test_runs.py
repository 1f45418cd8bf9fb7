"""Runs: what is logged, what is read back, what is refused."""

import math
import time

import mlflow
import pandas as pd
import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException, RestException


# proves S30
def test_a_run_keeps_params_metrics_tags_and_its_end(client, experiment):
    with mlflow.start_run(run_name="first", description="a note", tags={"team": "ops"}) as run:
        mlflow.log_params({"alpha": 0.5, "kind": "ridge", "long": "x" * 6000})
        mlflow.log_metrics({"wape": 0.31, "r2": 0.5})
        mlflow.log_metric("whole", 3)
        mlflow.set_tag("note", "é ✓")
    read = client.get_run(run.info.run_id)
    assert read.info.run_name == "first" and read.info.status == "FINISHED"
    assert read.info.end_time >= read.info.start_time > 1_500_000_000_000
    assert read.info.artifact_uri == f"mlflow-artifacts:/{experiment.experiment_id}/{run.info.run_id}/artifacts"
    assert read.data.params == {"alpha": "0.5", "kind": "ridge", "long": "x" * 6000}
    assert read.data.metrics == {"wape": 0.31, "r2": 0.5, "whole": 3.0}
    assert read.data.tags["note"] == "é ✓" and read.data.tags["mlflow.note.content"] == "a note"


def test_a_run_that_raises_is_failed(client, experiment):
    with pytest.raises(ValueError, match="on purpose"):
        with mlflow.start_run() as run:
            raise ValueError("on purpose")
    assert client.get_run(run.info.run_id).info.status == "FAILED"


# proves S24
def test_the_history_of_a_metric_keeps_every_point_and_the_latest_stands_for_the_run(client, experiment):
    run = client.create_run(experiment.experiment_id)
    id = run.info.run_id
    for step, value in [(0, 3.0), (2, 1.0), (1, 2.0)]:
        client.log_metric(id, "loss", value, step=step, timestamp=1000 + step)
    history = client.get_metric_history(id, "loss")
    assert [(point.step, point.value, point.timestamp) for point in history] == [(0, 3.0, 1000), (1, 2.0, 1001), (2, 1.0, 1002)]
    assert client.get_run(id).data.metrics["loss"] == 1.0
    assert client.get_metric_history(id, "nothing") == []


def test_nan_and_infinity_are_kept_as_mlflow_keeps_them(client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    client.log_metric(id, "odd", float("nan"))
    client.log_metric(id, "big", float("inf"))
    client.log_metric(id, "small", float("-inf"))
    metrics = client.get_run(id).data.metrics
    assert math.isnan(metrics["odd"]) and metrics["big"] > 1e308 and metrics["small"] < -1e308
    assert math.isnan(client.get_metric_history(id, "odd")[0].value)


def test_a_batch_of_a_thousand_metrics_arrives_whole(client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    now = int(time.time() * 1000)
    metrics = [Metric(f"m{n % 10}", float(n), now, n) for n in range(900)]
    params = [Param(f"p{n}", str(n)) for n in range(50)]
    tags = [RunTag(f"t{n}", str(n)) for n in range(50)]
    client.log_batch(id, metrics=metrics, params=params, tags=tags)
    read = client.get_run(id).data
    assert read.metrics["m9"] == 899.0 and len(read.params) == 50 and read.tags["t49"] == "49"
    assert len(client.get_metric_history(id, "m0")) == 90


def test_another_value_for_a_param_is_refused_and_the_same_value_is_not(client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    client.log_param(id, "depth", 3)
    client.log_param(id, "depth", 3)
    with pytest.raises(MlflowException, match="Changing param values is not allowed") as refused:
        client.log_param(id, "depth", 5)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    with pytest.raises(MlflowException, match="Changing param values is not allowed"):
        client.log_batch(id, params=[Param("new", "1"), Param("depth", "5")], metrics=[Metric("m", 1.0, 1, 0)])
    read = client.get_run(id).data
    assert read.params == {"depth": "3"} and read.metrics == {}


def test_what_is_too_long_or_oddly_named_is_refused_by_name(http, client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    for path, body, part in [
        ("runs/log-parameter", {"run_id": id, "key": "a" * 251, "value": "x"}, "'Param key' exceeds the maximum length of 250 characters"),
        ("runs/log-metric", {"run_id": id, "key": "a%", "value": 1, "timestamp": 1}, "Names may only contain alphanumerics"),
        ("runs/log-metric", {"run_id": id, "key": "../a", "value": 1, "timestamp": 1}, "must not resolve to other names"),
        ("runs/log-metric", {"run_id": id, "key": "a", "timestamp": 1}, "Missing value for required parameter 'value'"),
        ("runs/log-metric", {"run_id": id, "key": "a", "value": "x", "timestamp": 1}, "Invalid value"),
        ("runs/log-metric", {"key": "a", "value": 1, "timestamp": 1}, "Missing value for required parameter 'run_id'"),
        ("runs/log-batch", {"run_id": id, "params": [{"key": f"p{n}", "value": "1"} for n in range(101)]}, "at most 100 params. Got 101 params"),
        ("runs/update", {"run_id": id, "status": "DONE"}, "DONE"),
    ]:
        answer = http.api("POST", path, body)
        assert answer.status_code == 400, (path, answer.text)
        assert answer.json()["error_code"] == "INVALID_PARAMETER_VALUE"
        assert part in answer.json()["message"], answer.text


def test_a_value_that_is_too_long_is_cut_as_mlflow_cuts_it(http, client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    http.api("POST", "runs/log-parameter", {"run_id": id, "key": "a", "value": "é" * 6001}).raise_for_status()
    http.api("POST", "runs/log-batch", {"run_id": id, "tags": [{"key": "a", "value": "x" * 8001}]}).raise_for_status()
    read = client.get_run(id).data
    assert read.params["a"] == "é" * 6000 and read.tags["a"] == "x" * 8000


def test_a_run_that_does_not_exist_is_named(client):
    with pytest.raises(RestException, match="Run with id=0123456789abcdef not found") as refused:
        client.get_run("0123456789abcdef")
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def test_a_deleted_run_refuses_writes_and_comes_back(client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    client.delete_run(id)
    with pytest.raises(RestException, match="must be in the 'active' state"):
        client.log_metric(id, "m", 1)
    assert client.search_runs([experiment.experiment_id]) == []
    assert len(client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL)) == 1
    client.restore_run(id)
    client.log_metric(id, "m", 1)


# proves S42
def test_nested_runs_are_found_by_their_parent(client, experiment):
    with mlflow.start_run() as parent:
        for n in range(2):
            with mlflow.start_run(nested=True, run_name=f"child-{n}"):
                mlflow.log_metric("n", n)
    found = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=["metrics.n DESC"])
    assert [run.info.run_name for run in found] == ["child-1", "child-0"]


def test_a_tag_is_replaced_and_removed_and_the_name_tag_renames(client, experiment):
    id = client.create_run(experiment.experiment_id, run_name="old").info.run_id
    client.set_tag(id, "mlflow.runName", "new")
    client.set_tag(id, "a", "1")
    client.set_tag(id, "a", "2")
    read = client.get_run(id)
    assert read.info.run_name == "new" and read.data.tags["a"] == "2"
    client.update_run(id, name="newer", status="KILLED")
    client.delete_tag(id, "a")
    read = client.get_run(id)
    assert (read.info.run_name, read.data.tags["mlflow.runName"], read.info.status) == ("newer", "newer", "KILLED")
    with pytest.raises(RestException, match="No tag with name: a"):
        client.delete_tag(id, "a")


# proves S30
def test_a_dataset_is_logged_as_input_and_searched_by(client, experiment, name):
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
    dataset = mlflow.data.from_pandas(frame, source="https://example.org/rows.csv", name=name)
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="train", tags={"part": "1"})
    inputs = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert len(inputs) == 1 and inputs[0].dataset.name == name and inputs[0].dataset.digest == dataset.digest
    assert {tag.key: tag.value for tag in inputs[0].tags} == {"mlflow.data.context": "train", "part": "1"}
    for text, count in [(f"dataset.name = '{name}'", 1), ("dataset.context = 'train'", 1), ("datasets.context = 'eval'", 0)]:
        assert len(client.search_runs([experiment.experiment_id], text)) == count, text


def test_asynchronous_logging_arrives(client, experiment):
    with mlflow.start_run() as run:
        for step in range(50):
            mlflow.log_metric("m", step, step=step, synchronous=False)
        mlflow.log_params({"a": 1}, synchronous=False)
        mlflow.flush_async_logging()
    assert len(client.get_metric_history(run.info.run_id, "m")) == 50
    assert client.get_run(run.info.run_id).data.params == {"a": "1"}


def test_bare_nan_of_python_and_numbers_as_text_are_understood(http, client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    body = '{"run_id": "%s", "metrics": [{"key": "a", "value": NaN, "timestamp": "5", "step": 1.0}, {"key": "NaN", "value": -Infinity, "timestamp": 5}]}' % id
    answer = http.call("POST", "/api/2.0/mlflow/runs/log-batch", data=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200 and answer.json() == {}, answer.text
    metrics = client.get_run(id).data.metrics
    assert math.isnan(metrics["a"]) and metrics["NaN"] < -1e308


def test_malformed_requests_are_told_what_is_wrong(http):
    for data, part in [("{", "Malformed JSON"), ("[]", "Invalid value"), ('{"run_id": {}}', "Invalid value"), (b"\xff", "UTF-8")]:
        answer = http.call("POST", "/api/2.0/mlflow/runs/log-batch", data=data)
        assert answer.status_code == 400 and part in answer.json()["message"], answer.text
    answer = http.api("GET", "no/such/thing")
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert http.api("GET", "runs/create").json()["error_code"] == "ENDPOINT_NOT_FOUND"


def test_both_prefixes_answer(http, experiment):
    for prefix in ["/api/2.0/mlflow/", "/ajax-api/2.0/mlflow/"]:
        answer = http.call("GET", prefix + "experiments/get", params={"experiment_id": experiment.experiment_id})
        assert answer.json()["experiment"]["name"] == experiment.name
    assert http.call("GET", "/health").status_code == 200
    assert http.call("GET", "/version").text
    assert http.call("GET", "/api/3.0/mlflow/server-info").json()["multipart_uploads_enabled"] is False
