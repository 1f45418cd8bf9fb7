"""A real, unmodified MLflow client against a running server.

The server's address is in IRONLOOP_URL. Every test makes its own experiment and names, so that the suite can run
against a server that holds other things, and twice against the same one.
"""

import os
import re
import uuid

import mlflow
import pytest
import requests
from mlflow import MlflowClient


def pytest_configure(config):
    # A client that tries again for minutes would hide a wrong status.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")


@pytest.fixture(scope="session")
def url():
    address = os.environ.get("IRONLOOP_URL")
    assert address, "IRONLOOP_URL is not set: start a server and put its address there"
    return address.rstrip("/")


@pytest.fixture(autouse=True)
def tracking(url):
    mlflow.set_tracking_uri(url)
    mlflow.set_registry_uri(url)
    yield
    while mlflow.active_run():
        mlflow.end_run()
    mlflow.autolog(disable=True)


@pytest.fixture
def client(url):
    return MlflowClient(tracking_uri=url, registry_uri=url)


@pytest.fixture
def name(request):
    return f"{re.sub('[^a-z_]+', '-', request.node.name)[:60]}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def experiment(name):
    return mlflow.set_experiment(name)


@pytest.fixture
def http(url):
    """Plain requests, for what the client would never send."""

    class Http:
        def call(self, method, path, **more):
            return requests.request(method, url + path, timeout=60, **more)

        def api(self, method, path, body=None, **more):
            if body is not None and method != "GET":
                more["json"] = body
            elif body is not None:
                more["params"] = body
            return self.call(method, "/api/2.0/mlflow/" + path, **more)

    return Http()


@pytest.fixture
def regression():
    """A small real model and its rows."""
    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import Ridge

    x, y = load_diabetes(return_X_y=True, as_frame=True)
    return Ridge(alpha=0.5).fit(x, y), x, y
