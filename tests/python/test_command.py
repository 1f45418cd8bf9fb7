"""A user's own training script as a candidate: an unmodified mlflow client inside a training of the server.

The server's address is in IRONLOOP_URL. The server must have been started with IRONLOOP_PYTHON naming a Python that
has mlflow and scikit-learn (this test's own will do).
"""

import os
import time
import uuid
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow import MlflowClient

HERE = Path(__file__).parent
BIKES = HERE.parents[1] / "examples" / "bikes"


@pytest.fixture(scope="session")
def url():
    address = os.environ.get("IRONLOOP_URL")
    assert address, "IRONLOOP_URL is not set: start a server and put its address there"
    return address.rstrip("/")


@pytest.fixture(scope="session")
def project(url):
    """The bikes example on sixty days, with the script beside the simplest candidate."""
    name = f"bikes-{uuid.uuid4().hex[:8]}"
    text = (BIKES / "ironloop.toml").read_text()
    before, rest = text.split("[[train.candidate]]", 1)
    after = rest.split("# ── EVALUATE", 1)[1]
    candidates = f"""
[[train.candidate]]
id = "simplest"
algorithm = "ridge"

[[train.candidate]]
id = "mine"
algorithm = "command"
run = "python {HERE / "train_forest.py"}"
params = {{ trees = 20 }}

# ── EVALUATE"""
    text = before + candidates + after
    text = text.replace('name  = "bikes"', f'name  = "{name}"', 1).replace('"365d"', '"60d"').replace('experiment = "bikes"', f'experiment = "{name}"')
    text = text.replace('model      = "bikes"', f'model      = "{name}"').replace('"bikes@champion"', f'"{name}@champion"')
    post(url, "projects/apply", {"text": text, "base_dir": str(BIKES)})
    finish(url, post(url, f"projects/{name}/datasets/trips/versions", {})["job"])
    return name


def post(url, path, body):
    answer = requests.post(f"{url}/api/v1/{path}", json=body, timeout=60)
    assert answer.ok, answer.text
    return answer.json()


def finish(url, job):
    for _ in range(600):
        state = requests.get(f"{url}/api/v1/jobs/{job}", timeout=60).json()
        if state["state"] in ("done", "failed"):
            assert state["state"] == "done", state
            return state["result"]
        time.sleep(0.5)
    raise AssertionError("the job did not end in five minutes")


@pytest.fixture(scope="session")
def outcome(url, project):
    return finish(url, post(url, f"projects/{project}/train", {})["job"])


# proves S41 S42
def test_a_script_that_logs_with_the_mlflow_client_is_compared_with_our_own_candidates(url, project, outcome):
    entries = {entry["candidate"]: entry for entry in outcome["leaderboard"]}
    assert set(entries) == {"simplest", "mine"}
    assert entries["mine"]["mean"] < entries["simplest"]["mean"], "a forest knows rush hours"
    assert outcome["best_run"] == entries["mine"]["run_id"]
    run = MlflowClient(tracking_uri=url).get_run(outcome["best_run"])
    assert run.info.status == "FINISHED"
    assert run.data.tags["ironloop.candidate"] == "mine"
    assert run.data.tags["mlflow.parentRunId"] == outcome["parent_run"]
    assert run.data.params["trees"] == "20"
    assert {"wape", "mae"} <= set(run.data.metrics)


# proves S41
def test_what_the_script_printed_and_its_model_are_kept_with_the_run(url, outcome):
    client = MlflowClient(tracking_uri=url)
    names = {item.path for item in client.list_artifacts(outcome["best_run"])}
    assert {"model", "output.txt"} <= names
    mlflow.set_tracking_uri(url)
    model = mlflow.pyfunc.load_model(f"runs:/{outcome['best_run']}/model")
    assert model.metadata.get_input_schema().input_names() == ["ts", "tmin", "tmax", "pn"]


# proves S44
def test_the_model_of_a_script_meets_the_same_criteria_as_ours(url, project, outcome):
    result = finish(url, post(url, f"projects/{project}/evaluate", {"run_id": outcome["best_run"]})["job"])
    assert result["verdict"] in ("pass", "fail"), result
    assert result["criteria"], result
