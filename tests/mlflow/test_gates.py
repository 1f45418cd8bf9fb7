"""Gates: the unmodified client cannot move a protected alias past a gate, by no way it knows."""

import mlflow
import pytest
from mlflow.exceptions import RestException

PROJECT = """
schema = 1
[project]
name  = "{name}"
owner = "ada"
[charter]
problem  = "Shelves are empty at noon."
decision = "The night shift fills them by the forecast."
[people]
stakeholder = ["ada"]
[[criterion]]
id     = "accurate"
kind   = "model"
metric = "wape"
on     = "holdout"
op     = "<="
value  = 0.20
[gate.champion]
needs   = ["accurate"]
approve = [{{ role = "stakeholder", count = 1 }}]
"""


@pytest.fixture
def guarded(http, client, experiment, name, tmp_path):
    """A model with one version, in a project whose gate protects `champion`."""
    name = name[-40:].strip("-_")
    answer = http.call("POST", "/api/v1/projects/apply", json={"text": PROJECT.format(name=name), "base_dir": str(tmp_path)})
    assert answer.status_code == 200, answer.text
    register(client, experiment, name)
    return name


def register(client, experiment, name):
    run = client.create_run(experiment.experiment_id)
    client.create_registered_model(name)
    client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)


def refused(call):
    with pytest.raises(RestException) as error:
        call()
    assert error.value.error_code == "PERMISSION_DENIED", error.value
    return str(error.value)


# proves S10
# proves S44
def test_the_alias_of_a_gate_is_refused_with_the_criterion_that_is_not_met(client, guarded):
    message = refused(lambda: client.set_registered_model_alias(guarded, "champion", 1))
    assert "accurate" in message and f"/p/{guarded}/models/{guarded}/1" in message, message
    assert client.get_registered_model(guarded).aliases == {}
    client.set_registered_model_alias(guarded, "trial", 1)
    assert client.get_registered_model(guarded).aliases == {"trial": "1"}


# proves S10
def test_the_stage_production_is_no_way_around_the_gate(client, guarded):
    refused(lambda: client.transition_model_version_stage(guarded, 1, "Production"))
    assert client.get_model_version(guarded, 1).current_stage == "None"
    assert client.transition_model_version_stage(guarded, 1, "Staging").current_stage == "Staging"


# proves S10
def test_renaming_another_champion_is_no_way_around_the_gate(client, experiment, guarded):
    other = guarded + "-other"
    register(client, experiment, other)
    client.set_registered_model_alias(other, "champion", 1)
    client.rename_registered_model(guarded, guarded + "-aside")
    refused(lambda: client.rename_registered_model(other, guarded))
    assert client.get_model_version_by_alias(other, "champion").name == other


def test_a_model_of_no_project_has_no_gate(client, experiment, name):
    register(client, experiment, name)
    client.set_registered_model_alias(name, "champion", 1)
    copy = mlflow.register_model(f"models:/{name}@champion", name + "-copy")
    assert client.get_model_version_download_uri(copy.name, copy.version) == client.get_model_version_download_uri(name, 1)


# proves S10
def test_deleting_and_making_the_model_again_is_no_way_around_the_gate(client, experiment, guarded):
    client.delete_registered_model(guarded)
    register(client, experiment, guarded)
    refused(lambda: client.set_registered_model_alias(guarded, "champion", 1))
    refused(lambda: client.transition_model_version_stage(guarded, 1, "Production", archive_existing_versions=True))
    assert client.get_registered_model(guarded).aliases == {}


# proves S10
def test_a_version_that_is_made_after_another_was_deleted_is_not_trusted_for_it(client, experiment, guarded):
    client.delete_model_version(guarded, 1)
    run = client.create_run(experiment.experiment_id)
    version = client.create_model_version(guarded, f"{run.info.artifact_uri}/model", run.info.run_id)
    assert version.version == "2" or version.version == 2
    refused(lambda: client.set_registered_model_alias(guarded, "champion", 2))


# proves S10
def test_a_name_in_other_letters_is_another_alias_and_moves_nothing(client, http, guarded):
    for alias in ["CHAMPION", "Champion"]:
        answer = http.api("POST", "registered-models/alias", {"name": guarded, "alias": alias, "version": "1"})
        assert answer.status_code in (200, 403), answer.text
    assert "champion" not in client.get_registered_model(guarded).aliases
    with pytest.raises(RestException):
        client.get_model_version_by_alias(guarded, "champion")


# proves S10
def test_a_second_spelling_of_a_field_is_no_way_around_the_gate(http, guarded):
    both = {"name": guarded, "alias": "champion", "version": "1", "newName": "x", "new_name": "y"}
    assert http.api("POST", "registered-models/alias", both).status_code == 403
    answer = http.api("POST", "registered-models/rename", both)
    assert answer.status_code == 400 and "provide only one of them" in answer.json()["message"]


# proves S10
def test_what_is_imported_gets_no_protected_alias(http, client, experiment, guarded):
    run = client.create_run(experiment.experiment_id)
    body = {"name": guarded, "version": 7, "source": f"runs:/{run.info.run_id}/model", "run_id": run.info.run_id}
    answer = http.call("POST", "/api/v1/import/version", json=body)
    assert answer.status_code == 200 and answer.json() == {"id": "7", "added": True}, answer.text
    assert http.call("POST", "/api/v1/import/version", json=body).json() == {"id": "7", "added": False}
    refused(lambda: client.set_registered_model_alias(guarded, "champion", 7))
