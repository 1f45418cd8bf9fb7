"""Experiments: making, finding, renaming, deleting and bringing back."""

import mlflow
import pytest
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException, RestException


# proves S30
def test_an_experiment_is_made_once_and_found_by_name_and_id(client, name):
    made = mlflow.set_experiment(name)
    again = mlflow.set_experiment(name)
    assert again.experiment_id == made.experiment_id
    assert client.get_experiment(made.experiment_id).name == name
    found = client.get_experiment_by_name(name)
    assert found.lifecycle_stage == "active"
    assert found.artifact_location == f"mlflow-artifacts:/{made.experiment_id}"
    assert found.creation_time > 1_000_000_000_000  # milliseconds
    assert client.get_experiment_by_name(name + "-nobody") is None


def test_a_second_experiment_of_the_same_name_is_refused(client, name):
    client.create_experiment(name)
    with pytest.raises(RestException) as refused:
        client.create_experiment(name)
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"


def test_a_deleted_experiment_is_hidden_and_comes_back_with_its_runs(client, name):
    id = client.create_experiment(name, tags={"team": "ops"})
    run = client.create_run(id)
    client.delete_experiment(id)
    assert client.get_experiment(id).lifecycle_stage == "deleted"
    assert client.search_experiments(filter_string=f"name = '{name}'") == []
    hidden = client.search_experiments(view_type=ViewType.DELETED_ONLY, filter_string=f"name = '{name}'")
    assert [one.experiment_id for one in hidden] == [id]
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.create_run(id)
    client.restore_experiment(id)
    assert client.get_run(run.info.run_id).info.lifecycle_stage == "active"


def test_experiments_are_found_by_name_pattern_and_tag_in_the_order_asked_for(client, name):
    ids = [client.create_experiment(f"{name}-{n}", tags={"round": name, "n": str(n)}) for n in range(3)]
    found = client.search_experiments(filter_string=f"tags.round = '{name}'", order_by=["name ASC"])
    assert [one.experiment_id for one in found] == ids
    found = client.search_experiments(filter_string=f"name LIKE '{name}-%' AND tags.n != '1'", order_by=["name DESC"])
    assert [one.experiment_id for one in found] == [ids[2], ids[0]]
    first = client.search_experiments(filter_string=f"tags.round = '{name}'", max_results=2, order_by=["name"])
    rest = client.search_experiments(filter_string=f"tags.round = '{name}'", max_results=2, order_by=["name"], page_token=first.token)
    assert [one.experiment_id for one in [*first, *rest]] == ids and not rest.token


def test_an_experiment_is_renamed_and_tagged(client, name):
    id = client.create_experiment(name)
    client.rename_experiment(id, name + "-new")
    client.set_experiment_tag(id, "mlflow.note.content", "what it is about")
    read = client.get_experiment(id)
    assert (read.name, read.tags["mlflow.note.content"]) == (name + "-new", "what it is about")
    client.delete_experiment_tag(id, "mlflow.note.content")
    assert client.get_experiment(id).tags == {}


@pytest.mark.parametrize("location", ["file:///etc", "http://example.org/x", "/etc", "mlflow-artifacts:/../x", "mlflow-artifacts:/%2e%2e/x"])
def test_a_hostile_artifact_location_is_refused(client, name, location):
    with pytest.raises(RestException) as refused:
        client.create_experiment(name, artifact_location=location)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"
