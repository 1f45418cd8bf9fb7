"""MLflow's scoring protocol, with its own client and with plain requests."""

# proves S04 S46

import io

import numpy as np
import pytest
import requests
from mlflow.pyfunc.scoring_server.client import ScoringServerClient


def post(endpoint, body=None, kind="application/json", **kwargs):
    url = f"{endpoint.url}/endpoints/{endpoint.name}/invocations"
    if body is not None:
        return requests.post(url, json=body, timeout=30)
    return requests.post(url, headers={"content-type": kind}, timeout=30, **kwargs)


def second(predictions):
    return [row["probabilities"][1] for row in predictions]


def test_the_client_of_mlflow(endpoint):
    host, port = endpoint.url.removeprefix("http://").split(":")
    client = ScoringServerClient(host, f"{port}/endpoints/{endpoint.name}")
    client.wait_server_ready(timeout=5)
    predictions = client.invoke(endpoint.frame).get_predictions()
    np.testing.assert_allclose(second(predictions.to_dict("records")), endpoint.expected, atol=1e-6)


@pytest.mark.parametrize("body", [
    lambda f: {"dataframe_split": f.to_dict("split")},
    lambda f: {"dataframe_records": f.to_dict("records")},
    lambda f: {"inputs": f.to_dict("list")},
    lambda f: {"instances": f.to_dict("records")},
    lambda f: {"inputs": f.values.tolist()},
])
def test_every_way_to_write_a_table(endpoint, body):
    frame = endpoint.frame.astype({"age": float, "fee": float})
    answer = post(endpoint, body(frame))
    assert answer.status_code == 200, answer.text
    np.testing.assert_allclose(second(answer.json()["predictions"]), endpoint.expected, atol=1e-6)
    assert len(answer.json()["prediction_ids"]) == len(frame)


def test_csv(endpoint):
    text = io.StringIO()
    endpoint.frame.to_csv(text, index=False)
    answer = post(endpoint, data=text.getvalue().encode(), kind="text/csv; charset=utf-8")
    assert answer.status_code == 200, answer.text
    np.testing.assert_allclose(second(answer.json()["predictions"]), endpoint.expected, atol=1e-6)


def test_ids_can_be_a_column(endpoint):
    frame = endpoint.frame.head(2).assign(prediction_id=["a-1", "a-2"])
    answer = post(endpoint, {"dataframe_records": frame.astype({"age": float, "fee": float}).to_dict("records")})
    assert answer.json()["prediction_ids"] == ["a-1", "a-2"]


@pytest.mark.parametrize("body, words", [
    (b"{", "malformed JSON"),
    (b"[1]", "JSON object"),
    (b"{}", "exactly one of the keys"),
    (b'{"dataframe_split": {"columns": ["age"], "data": [[1, 2]]}}', "row 0 has 2 values for 1 columns"),
    (b'{"dataframe_records": []}', "empty"),
    (b'{"dataframe_records": [{"age": 1, "fee": 2, "plan": "pro"}]}', '"town" is missing'),
    (b'{"dataframe_records": [{"age": "old", "fee": 2, "plan": "pro", "town": "ulm"}]}', '"age" takes FP32'),
])
def test_bad_bodies_have_mlflows_error_shape(endpoint, body, words):
    answer = post(endpoint, data=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error_code"] == "BAD_REQUEST" and words in answer.json()["message"]


def test_other_content_types_are_415(endpoint):
    answer = post(endpoint, data=b"x", kind="application/xml")
    assert answer.status_code == 415 and "application/xml" in answer.text


def test_ping(endpoint):
    assert requests.get(f"{endpoint.url}/ping", timeout=10).status_code == 200
    assert requests.get(f"{endpoint.url}/endpoints/nobody/ping", timeout=10).status_code == 404


def test_an_unknown_endpoint_is_404(endpoint):
    answer = requests.post(f"{endpoint.url}/endpoints/nobody/invocations", json={"inputs": []}, timeout=10)
    assert answer.status_code == 404 and answer.json()["error_code"] == "RESOURCE_DOES_NOT_EXIST"
