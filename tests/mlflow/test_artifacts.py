"""Artifacts through the server: files up and down, folders, and what must never be reached."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import mlflow
import pytest
from mlflow.exceptions import MlflowException


# proves S30
def test_files_go_up_and_come_down_unchanged(client, experiment, tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "a.txt").write_text("first")
    (tmp_path / "in" / "deep" / "b ü.bin").write_bytes(bytes(range(256)) * 40)
    with mlflow.start_run() as run:
        mlflow.log_artifacts(tmp_path / "in", "all")
        mlflow.log_text("text", "notes/note.txt")
        mlflow.log_dict({"a": 1}, "d.json")
    id = run.info.run_id
    assert [(file.path, file.is_dir) for file in client.list_artifacts(id)] == [("all", True), ("d.json", False), ("notes", True)]
    assert [(file.path, file.file_size) for file in client.list_artifacts(id, "all")] == [("all/a.txt", 5), ("all/deep", None)]
    folder = client.download_artifacts(id, "all", str(tmp_path))
    assert (tmp_path / "all" / "deep" / "b ü.bin").read_bytes() == bytes(range(256)) * 40, folder
    assert mlflow.artifacts.load_text(f"runs:/{id}/notes/note.txt") == "text"
    assert json.loads(mlflow.artifacts.load_text(f"mlflow-artifacts:/{experiment.experiment_id}/{id}/artifacts/d.json")) == {"a": 1}


def test_a_large_file_is_streamed_both_ways(client, experiment, tmp_path):
    big = tmp_path / "big.bin"
    big.write_bytes(b"0123456789abcdef" * (20 * 1024 * 1024 // 16))
    id = client.create_run(experiment.experiment_id).info.run_id
    client.log_artifact(id, str(big))
    (tmp_path / "out").mkdir()
    path = client.download_artifacts(id, "big.bin", str(tmp_path / "out"))
    assert open(path, "rb").read() == big.read_bytes()


def test_an_artifact_that_does_not_exist_is_an_error(client, experiment, tmp_path):
    id = client.create_run(experiment.experiment_id).info.run_id
    assert client.list_artifacts(id) == []
    with pytest.raises(MlflowException):
        client.download_artifacts(id, "nothing.txt", str(tmp_path))


def test_an_artifact_is_deleted(client, experiment, http):
    with mlflow.start_run() as run:
        mlflow.log_text("x", "a/x.txt")
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment.experiment_id}/{run.info.run_id}/artifacts/a/x.txt"
    assert http.call("GET", path).status_code == 200
    assert http.call("DELETE", path).status_code == 200
    assert http.call("GET", path).status_code == 404
    assert client.list_artifacts(run.info.run_id, "a") == []


def test_no_path_leaves_the_root_in_any_encoding(url):
    # requests would tidy the path up before it sends it.
    host = urlsplit(url).netloc
    for path in ["../x", "a/../../x", "%2e%2e/x", "%2e%2e%2fx", "..%2fx", "a/%252e%252e/x", "%5c..%5cx", "/etc/passwd", "%2fetc%2fpasswd", "a%00b", "c:/x"]:
        for method in ["GET", "PUT", "DELETE"]:
            connection = HTTPConnection(host, timeout=30)
            connection.request(method, f"/api/2.0/mlflow-artifacts/artifacts/{path}", body=b"x" if method == "PUT" else None)
            assert connection.getresponse().status == 400, (method, path)
            connection.close()


def test_lists_refuse_a_way_up(http, client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    assert http.call("GET", "/api/2.0/mlflow-artifacts/artifacts", params={"path": "../.."}).status_code == 400
    assert http.api("GET", "artifacts/list", {"run_id": id, "path": "../.."}).status_code == 400
    assert http.call("GET", "/get-artifact", params={"run_id": id, "path": "../../x"}).status_code == 400


def test_a_download_is_never_a_page(http, client, experiment):
    with mlflow.start_run() as run:
        mlflow.log_text("<script>alert(1)</script>", 'page "é".html')
    for path in ["/get-artifact", "/ajax-api/2.0/mlflow/get-artifact"]:
        answer = http.call("GET", path, params={"run_id": run.info.run_id, "path": 'page "é".html'})
        assert answer.status_code == 200 and answer.text.startswith("<script>")
        assert answer.headers["content-disposition"].startswith("attachment; ")
        assert answer.headers["content-disposition"].endswith("filename*=UTF-8''page%20%22%C3%A9%22.html")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "html" not in answer.headers["content-type"]
    listed = http.api("GET", "artifacts/list", {"run_id": run.info.run_id}).json()
    assert listed["root_uri"] == run.info.artifact_uri and listed["files"][0]["path"] == 'page "é".html'
