"""The Open Inference Protocol as NVIDIA's client speaks it."""

# proves S02 S46

import numpy as np
import pytest
import requests
import tritonclient.http as triton
from conftest import v2
from tritonclient.utils import InferenceServerException


@pytest.fixture(scope="module")
def client(endpoint):
    return triton.InferenceServerClient(endpoint.url.removeprefix("http://"))


def inputs(frame, binary=True):
    made = []
    for name in frame:
        text = frame[name].dtype.kind not in "fi"
        values = frame[[name]].to_numpy(dtype=object if text else np.float32)
        tensor = triton.InferInput(name, list(values.shape), "BYTES" if text else "FP32")
        tensor.set_data_from_numpy(values, binary_data=binary)
        made.append(tensor)
    return made


def probabilities(result):
    return result.as_numpy("probabilities")[:, 1]


def test_health_and_metadata(client, endpoint):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready(endpoint.name)
    assert not client.is_model_ready("nobody")
    assert client.get_server_metadata()["name"] == "ironloop"
    metadata = client.get_model_metadata(endpoint.name)
    assert [(i["name"], i["datatype"], i["shape"]) for i in metadata["inputs"]] == [
        ("age", "FP32", [-1, 1]), ("fee", "FP32", [-1, 1]), ("plan", "BYTES", [-1, 1]), ("town", "BYTES", [-1, 1]),
    ]
    assert [o["name"] for o in metadata["outputs"]] == ["label", "probabilities"]
    assert metadata["versions"] == ["1"]
    assert any(entry["name"] == endpoint.name and entry["state"] == "READY" for entry in client.get_model_repository_index())


def test_health_bodies_are_json_as_the_protocol_says(endpoint):
    assert requests.get(f"{endpoint.url}/v2/health/live", timeout=10).json() == {"live": True}
    assert requests.get(f"{endpoint.url}/v2/health/ready", timeout=10).json()["ready"] is True
    assert requests.get(f"{endpoint.url}/v2/models/{endpoint.name}/ready", timeout=10).json()["ready"] is True


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_answers_equal_the_training_process(client, endpoint, binary_in, binary_out):
    wanted = [triton.InferRequestedOutput("probabilities", binary_data=binary_out)]
    result = client.infer(endpoint.name, inputs(endpoint.frame, binary_in), outputs=wanted)
    np.testing.assert_allclose(probabilities(result), endpoint.expected, atol=1e-6)
    assert result.as_numpy("label") is None


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_requests_and_answers(client, endpoint, algorithm):
    result = client.infer(endpoint.name, inputs(endpoint.frame), request_compression_algorithm=algorithm, response_compression_algorithm="gzip")
    np.testing.assert_allclose(probabilities(result), endpoint.expected, atol=1e-6)


def test_ids_and_versions(client, endpoint):
    result = client.infer(endpoint.name, inputs(endpoint.frame.head(1)), request_id="order-1", model_version="1")
    assert result.get_response()["id"] == "order-1"
    assert result.get_response()["model_version"] == "1"
    assert result.get_response()["parameters"]["prediction_ids"] == "order-1"
    result = client.infer(endpoint.name, inputs(endpoint.frame.head(2)))
    assert "id" not in result.get_response()
    assert len(set(result.get_response()["parameters"]["prediction_ids"].split(","))) == 2


def test_asynchronous_requests(client, endpoint):
    pending = [client.async_infer(endpoint.name, inputs(endpoint.frame.iloc[[i]])) for i in range(10)]
    found = [probabilities(request.get_result())[0] for request in pending]
    np.testing.assert_allclose(found, endpoint.expected[:10], atol=1e-6)


@pytest.mark.parametrize("wrong, words", [
    (lambda i: i[:3], "town"),
    (lambda i: i[:1] + [triton.InferInput("fee", [25, 1], "BYTES").set_data_from_numpy(np.array([["a"]] * 25, dtype=object))] + i[2:], "fee"),
])
def test_refusals_name_the_input(client, endpoint, wrong, words):
    with pytest.raises(InferenceServerException) as refused:
        client.infer(endpoint.name, wrong(inputs(endpoint.frame)))
    assert refused.value.status() == "400" and words in refused.value.message()


def test_unknown_names(client, endpoint):
    with pytest.raises(InferenceServerException) as refused:
        client.infer("nobody", inputs(endpoint.frame))
    assert refused.value.status() == "404"
    with pytest.raises(InferenceServerException) as refused:
        client.infer(endpoint.name, inputs(endpoint.frame), model_version="99")
    assert refused.value.status() == "404"
    with pytest.raises(InferenceServerException) as refused:
        client.infer(endpoint.name, inputs(endpoint.frame), outputs=[triton.InferRequestedOutput("nothing")])
    assert refused.value.status() == "400" and "nothing" in refused.value.message()


def infer(endpoint, **kwargs):
    return requests.post(f"{endpoint.url}/v2/models/{endpoint.name}/infer", timeout=30, **kwargs)


def changed(endpoint, at, **more):
    body = v2(endpoint.frame.head(2))
    body["inputs"][at].update(more)
    return {"json": body}


@pytest.mark.parametrize("case, status, words", [
    (lambda e: {"data": b"{"}, 400, "malformed"),
    (lambda e: {"data": b'{"inputs": [{"name": "age", "shape": [1], "datatype": "FP32", "data": [NaN]}]}'}, 400, "malformed"),
    (lambda e: {"json": {}}, 400, "inputs"),
    (lambda e: {"json": {"inputs": []}}, 400, "no inputs"),
    (lambda e: changed(e, 0, shape=[3, 1]), 400, '"age" declares shape [3, 1] and holds 2 values'),
    (lambda e: changed(e, 0, shape=[1, 2]), 400, '"age"'),
    (lambda e: changed(e, 0, data=["old", "young"]), 400, '"old"'),
    (lambda e: changed(e, 0, datatype="BYTES", data=["old", "young"]), 400, '"age" takes FP32'),
    (lambda e: changed(e, 0, datatype="FLOAT"), 400, '"FLOAT"'),
    (lambda e: changed(e, 0, name="aeg"), 400, '"age" is missing'),
    (lambda e: {"json": v2(e.frame.head(0))}, 400, "empty"),
    (lambda e: {"data": b" " * (33 * 1024 * 1024)}, 413, "larger than"),
])
def test_bad_requests_are_refused_with_what_is_wrong(endpoint, case, status, words):
    answer = infer(endpoint, **case(endpoint))
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


def test_missing_numbers_are_imputed_and_unknown_categories_are_known_to_the_model(endpoint):
    frame = endpoint.frame.head(2).copy()
    frame.loc[frame.index[0], "plan"] = "never seen"
    body = v2(frame)
    body["inputs"][0]["data"][1] = None
    frame.loc[frame.index[1], "age"] = float("nan")
    answer = infer(endpoint, json=body)
    assert answer.status_code == 200, answer.text
    found = next(o for o in answer.json()["outputs"] if o["name"] == "probabilities")
    np.testing.assert_allclose(np.reshape(found["data"], found["shape"])[:, 1], endpoint.pipeline.predict_proba(frame)[:, 1], atol=1e-6)


def test_get_on_infer_is_not_allowed(endpoint):
    assert requests.get(f"{endpoint.url}/v2/models/{endpoint.name}/infer", timeout=10).status_code == 405


def test_a_probe_is_answered(endpoint):
    assert infer(endpoint, json=v2(endpoint.frame.head(1)), headers={"x-ironloop-log": "off"}).status_code == 200
