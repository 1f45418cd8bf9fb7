"""A scikit-learn pipeline, logged as ONNX with the mlflow client, registered and deployed."""

import os
import time
import types
import uuid

import mlflow
import numpy as np
import pandas as pd
import pytest
import requests
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

URL = os.environ.get("IRONLOOP_URL", "http://127.0.0.1:5000").rstrip("/")
NUMBERS, WORDS = ["age", "fee"], ["plan", "town"]


def rows(count, seed):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "age": rng.integers(18, 90, count).astype(np.float32),
        "fee": rng.gamma(2.0, 10.0, count).astype(np.float32),
        "plan": rng.choice(["basic", "plus", "pro"], count),
        "town": rng.choice(["ulm", "bonn", "kiel"], count),
    })


def fitted():
    frame = rows(400, 1)
    churned = (frame["fee"] + (frame["plan"] == "basic") * 10 > 25).astype(int)
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    columns = ColumnTransformer([("n", numbers, NUMBERS), ("c", OneHotEncoder(handle_unknown="ignore"), WORDS)])
    return make_pipeline(columns, LogisticRegression()).fit(frame, churned)


def converted(pipeline):
    types_ = [(c, FloatTensorType([None, 1])) for c in NUMBERS] + [(c, StringTensorType([None, 1])) for c in WORDS]
    return to_onnx(pipeline, initial_types=types_, options={id(pipeline): {"zipmap": False}}, target_opset={"": 18, "ai.onnx.ml": 3})


def wait(job):
    for _ in range(600):
        state = requests.get(f"{URL}/api/v1/jobs/{job}", timeout=10).json()
        if state["state"] in ("done", "failed"):
            assert state["state"] == "done", state["error"]
            return state["result"]
        time.sleep(0.1)
    raise AssertionError(f"{job} did not end")


def deploy(name, model):
    """Registers `model` as `name` and deploys it at the endpoint `name`."""
    mlflow.set_tracking_uri(URL)
    mlflow.set_experiment(name)
    with mlflow.start_run():
        signature = mlflow.models.infer_signature(rows(3, 2))
        mlflow.onnx.log_model(model, name="model", registered_model_name=name, signature=signature)
    client = mlflow.MlflowClient()
    version = client.search_model_versions(f"name = '{name}'")[0].version
    client.set_registered_model_alias(name, "champion", version)
    text = f'schema = 1\n[project]\nname = "{name}"\ntitle = "Churn"\nowner = "ann"\n[deployment.{name}]\nmodel = "{name}@champion"\n'
    answer = requests.post(f"{URL}/api/v1/projects/apply", json={"text": text, "base_dir": os.getcwd()}, timeout=30)
    assert answer.ok, answer.text
    answer = requests.post(f"{URL}/api/v1/projects/{name}/deployments/{name}/deploy", json={}, timeout=30)
    assert answer.status_code == 202, answer.text
    wait(answer.json()["job"])


@pytest.fixture(scope="session")
def endpoint():
    pipeline = fitted()
    name = f"churn-{uuid.uuid4().hex[:8]}"
    deploy(name, converted(pipeline))
    frame = rows(25, 3)
    return types.SimpleNamespace(name=name, url=URL, frame=frame, expected=pipeline.predict_proba(frame)[:, 1], pipeline=pipeline)


def v2(frame, **more):
    """A request of the Open Inference Protocol with one input per column."""
    inputs = [
        {"name": c, "shape": [len(frame), 1], "datatype": "BYTES" if frame[c].dtype.kind not in "fi" else "FP32", "data": frame[c].tolist()}
        for c in frame
    ]
    return {"inputs": inputs, **more}
