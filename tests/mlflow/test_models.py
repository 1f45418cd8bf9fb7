"""Models: logging, loading, registering, aliases, stages, autologging."""

import json

import mlflow
import numpy as np
import pytest
from mlflow.exceptions import MlflowException, RestException
from mlflow.models import infer_signature


def log(model, x, name="model", **more):
    return mlflow.sklearn.log_model(model, name=name, signature=infer_signature(x, model.predict(x)), serialization_format="cloudpickle", pip_requirements=["scikit-learn"], **more)


# proves S30
def test_a_scikit_learn_model_is_logged_and_loaded_back(client, experiment, regression):
    model, x, _ = regression
    with mlflow.start_run() as run:
        info = log(model, x)
        mlflow.log_metric("rmse", 1.0, model_id=info.model_id)
    loaded = mlflow.sklearn.load_model(info.model_uri)
    assert np.array_equal(loaded.predict(x), model.predict(x))
    assert np.allclose(mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/model").predict(x), model.predict(x))
    logged = mlflow.get_logged_model(info.model_id)
    assert logged.status == "READY" and logged.source_run_id == run.info.run_id and logged.name == "model"
    assert {metric.key: metric.value for metric in logged.metrics} == {"rmse": 1.0}
    assert [output.model_id for output in client.get_run(run.info.run_id).outputs.model_outputs] == [info.model_id]
    found = mlflow.search_logged_models(experiment_ids=[experiment.experiment_id], filter_string="metrics.rmse < 2", output_format="list")
    assert [one.model_id for one in found] == [info.model_id]


def test_logged_models_are_tagged_searched_and_deleted(client, experiment):
    made = [mlflow.create_external_model(name=f"m{n}", params={"n": str(n)}, tags={"a": "1"}) for n in range(3)]
    mlflow.set_logged_model_tags(made[0].model_id, {"a": "2", "b": "x"})
    mlflow.delete_logged_model_tag(made[0].model_id, "b")
    assert mlflow.get_logged_model(made[0].model_id).tags["a"] == "2"
    mlflow.log_model_params({"extra": "1"}, model_id=made[1].model_id)
    assert mlflow.get_logged_model(made[1].model_id).params == {"n": "1", "extra": "1"}
    ids = [experiment.experiment_id]
    found = client.search_logged_models(ids, filter_string="tags.a = '1' AND params.n != '1'", order_by=[{"field_name": "name", "ascending": False}])
    assert [one.name for one in found] == ["m2"]
    first = client.search_logged_models(ids, max_results=2)
    rest = client.search_logged_models(ids, max_results=2, page_token=first.token)
    assert len(first) == 2 and len(rest) == 1 and not rest.token
    client.delete_logged_model(made[2].model_id)
    with pytest.raises(MlflowException, match="not found"):
        mlflow.get_logged_model(made[2].model_id)


# proves S04
def test_a_registered_model_is_loaded_by_version_alias_and_latest(client, experiment, regression, name):
    model, x, _ = regression
    with mlflow.start_run() as run:
        info = log(model, x, registered_model_name=name)
    second = mlflow.register_model(f"runs:/{run.info.run_id}/model", name, tags={"by": "hand"})
    third = mlflow.register_model(info.model_uri, name)
    assert [str(second.version), str(third.version)] == ["2", "3"]
    client.set_registered_model_alias(name, "trial", 2)
    read = client.get_model_version_by_alias(name, "trial")
    assert str(read.version) == "2" and read.tags == {"by": "hand"} and read.aliases == ["trial"] and read.status == "READY"
    assert read.run_id == run.info.run_id
    for uri in [f"models:/{name}/1", f"models:/{name}@trial", f"models:/{name}/latest"]:
        assert np.array_equal(mlflow.sklearn.load_model(uri).predict(x), model.predict(x)), uri
    assert client.get_registered_model(name).aliases == {"trial": "2"}
    noted = json.loads(mlflow.get_logged_model(info.model_id).tags["mlflow.modelVersions"])
    assert noted[0] == {"name": name, "version": 1}
    client.delete_registered_model_alias(name, "trial")
    with pytest.raises(RestException, match="alias trial not found"):
        client.get_model_version_by_alias(name, "trial")


def test_the_registry_keeps_words_tags_and_stages(client, experiment, name):
    client.create_registered_model(name, tags={"a": "1"}, description="first words")
    run = client.create_run(experiment.experiment_id)
    for _ in range(2):
        client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
    client.update_registered_model(name, "other words")
    client.set_registered_model_tag(name, "b", "2")
    client.delete_registered_model_tag(name, "a")
    client.update_model_version(name, 1, "the first")
    client.set_model_version_tag(name, 1, "k", "v")
    client.set_model_version_tag(name, 1, "gone", "v")
    client.delete_model_version_tag(name, 1, "gone")
    version = client.get_model_version(name, 1)
    assert version.description == "the first" and version.tags == {"k": "v"} and version.current_stage == "None"
    assert client.transition_model_version_stage(name, 1, "staging").current_stage == "Staging"
    assert client.transition_model_version_stage(name, 2, "Staging", archive_existing_versions=True).current_stage == "Staging"
    assert client.get_model_version(name, 1).current_stage == "Archived"
    latest = {v.current_stage: str(v.version) for v in client.get_latest_versions(name)}
    assert latest == {"Archived": "1", "Staging": "2"}
    read = client.get_registered_model(name)
    assert read.description == "other words" and read.tags == {"b": "2"}
    assert client.get_model_version_download_uri(name, 1) == f"{run.info.artifact_uri}/model"


def test_models_and_versions_are_found(client, experiment, name):
    run = client.create_run(experiment.experiment_id)
    for n in range(3):
        client.create_registered_model(f"{name}-{n}", tags={"group": name})
        client.create_model_version(f"{name}-{n}", f"{run.info.artifact_uri}/m", run.info.run_id, tags={"n": str(n)})
    found = client.search_registered_models(filter_string=f"name LIKE '{name}-%'", order_by=["name DESC"])
    assert [one.name for one in found] == [f"{name}-2", f"{name}-1", f"{name}-0"]
    assert len(found[0].latest_versions) == 1
    first = client.search_registered_models(filter_string=f"tags.group = '{name}'", max_results=2)
    rest = client.search_registered_models(filter_string=f"tags.group = '{name}'", max_results=2, page_token=first.token)
    assert len(first) == 2 and len(rest) == 1
    assert len(client.search_model_versions(f"run_id = '{run.info.run_id}'")) == 3
    found = client.search_model_versions(f"name = '{name}-1' AND tags.n = '1'")
    assert [(one.name, str(one.version)) for one in found] == [(f"{name}-1", "1")]


def test_a_model_is_renamed_and_deleted_and_numbers_are_not_given_twice(client, experiment, name):
    run = client.create_run(experiment.experiment_id)
    client.create_registered_model(name)
    for _ in range(2):
        client.create_model_version(name, f"{run.info.artifact_uri}/m", run.info.run_id)
    client.set_registered_model_alias(name, "trial", 1)
    client.rename_registered_model(name, name + "-new")
    assert str(client.get_model_version_by_alias(name + "-new", "trial").version) == "1"
    with pytest.raises(RestException) as refused:
        client.get_registered_model(name)
    assert refused.value.error_code == "RESOURCE_DOES_NOT_EXIST"
    client.delete_model_version(name + "-new", 2)
    assert str(client.create_model_version(name + "-new", f"{run.info.artifact_uri}/m", run.info.run_id).version) == "3"
    client.delete_registered_model(name + "-new")
    assert client.search_model_versions(f"name = '{name}-new'") == []


@pytest.mark.parametrize("source", ["file:///etc/passwd", "http://example.org/m", "/etc", "mlflow-artifacts:/../x", "mlflow-artifacts:/0/%2e%2e/x", "runs:/0123/m", "models:/nobody/1"])
def test_a_hostile_source_is_refused(client, name, source):
    client.create_registered_model(name)
    with pytest.raises(MlflowException) as refused:
        client.create_model_version(name, source)
    assert refused.value.error_code in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"), refused.value


def test_wrong_names_and_aliases_are_refused(client, name):
    for bad in ["a/b", "a:b", " "]:
        with pytest.raises(MlflowException) as refused:
            client.create_registered_model(bad)
        assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
    client.create_registered_model(name)
    with pytest.raises(RestException, match="already exists") as refused:
        client.create_registered_model(name)
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"
    with pytest.raises(RestException, match="not found"):
        client.set_registered_model_alias(name, "trial", 7)
    with pytest.raises(MlflowException):
        client.set_registered_model_alias(name, "v1", 1)


# proves S30
def test_autologging_records_a_fit_with_its_model(client, experiment):
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    mlflow.sklearn.autolog(serialization_format="cloudpickle")
    x, y = load_iris(return_X_y=True, as_frame=True)
    with mlflow.start_run() as run:
        LogisticRegression(max_iter=200).fit(x, y)
    read = client.get_run(run.info.run_id)
    assert read.data.params["max_iter"] == "200" and read.data.metrics["training_accuracy_score"] > 0.9
    assert read.inputs.dataset_inputs and read.outputs.model_outputs
    model = mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model")
    assert model.predict(x).shape == (150,)
