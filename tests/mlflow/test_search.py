"""Search for runs: filters, orders, pages, data frames."""

import mlflow
import pytest
from mlflow.exceptions import RestException


@pytest.fixture
def runs(client, experiment):
    """Four runs; the last has no metric."""
    made = {}
    for n, (name, model, wape) in enumerate([("one", "ridge", 0.3), ("two", "forest", 0.2), ("three", "Ridge", float("nan")), ("four", "boost", None)]):
        id = client.create_run(experiment.experiment_id, start_time=1000 + n, run_name=name, tags={"n": str(n), "my tag": "x"}).info.run_id
        client.log_param(id, "model", model)
        if wape is not None:
            client.log_metric(id, "val wape", wape)
        made[name] = id
    return made


# proves S42
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["four", "three", "two", "one"]),
        ("metrics.`val wape` < 0.25", ["two"]),
        ('metrics."val wape" >= 0.2 and params.model = "ridge"', ["one"]),
        ("metrics.`val wape` != 0.2", ["three", "one"]),
        ("params.model LIKE '%idge'", ["three", "one"]),
        ("params.model LIKE 'r%'", ["one"]),
        ("params.model ILIKE 'R%'", ["three", "one"]),
        ("params.model != 'ridge' AND attributes.start_time > 1002", ["four"]),
        ("tags.`my tag` = 'x' AND tags.n = '2'", ["three"]),
        ("tags.n != '1' AND run_name LIKE '%o%'", ["four", "one"]),
        ("run_name = 'two'", ["two"]),
        ("status = 'RUNNING' and attributes.status != 'FINISHED'", ["four", "three", "two", "one"]),
        ("params.nothing IS NULL AND tags.n IS NOT NULL", ["four", "three", "two", "one"]),
        ("params.model = ''", []),
    ],
)
def test_runs_are_found_by(client, experiment, runs, text, expected):
    found = client.search_runs([experiment.experiment_id], text)
    assert [run.info.run_name for run in found] == expected


def test_run_ids_are_found_in_a_list(client, experiment, runs):
    ids = (runs["one"], runs["three"])
    found = client.search_runs([experiment.experiment_id], f"attributes.run_id IN {ids!r}")
    assert [run.info.run_name for run in found] == ["three", "one"]


def test_runs_come_in_the_order_asked_for_with_missing_values_last(client, experiment, runs):
    def names(*order):
        return [run.info.run_name for run in client.search_runs([experiment.experiment_id], order_by=list(order))]

    assert names("metrics.`val wape` ASC") == ["two", "one", "three", "four"]
    assert names("metrics.`val wape` DESC") == ["one", "two", "three", "four"]
    assert names("attributes.status", "tags.n DESC") == ["four", "three", "two", "one"]
    assert names("start_time ASC") == ["one", "two", "three", "four"]


def test_pages_hold_every_run_once(client, experiment, runs):
    seen, token = [], None
    while True:
        page = client.search_runs([experiment.experiment_id], max_results=3, page_token=token)
        seen += [run.info.run_name for run in page]
        token = page.token
        if not token:
            break
    assert sorted(seen) == sorted(runs)


def test_a_search_into_a_data_frame_has_columns_for_params_metrics_and_tags(experiment, runs):
    frame = mlflow.search_runs(experiment_ids=[experiment.experiment_id], filter_string="params.model = 'ridge'")
    assert list(frame["run_id"]) == [runs["one"]]
    assert frame.loc[0, "metrics.val wape"] == 0.3 and frame.loc[0, "params.model"] == "ridge" and frame.loc[0, "tags.n"] == "0"
    assert mlflow.search_runs(search_all_experiments=True, max_results=5).shape[0] == 5


@pytest.mark.parametrize(
    "text",
    ["metrics.a = 1 OR metrics.b = 2", "metrics.a = 'x'", "params.a = 1", "foo.a = 'x'", "attributes.nothing = 'x'", "metrics.a ==", "params.a > 'x'", "tags.a = 'x", "start_time = 'x'"],
)
def test_a_filter_that_makes_no_sense_is_refused(client, experiment, text):
    with pytest.raises(RestException) as refused:
        client.search_runs([experiment.experiment_id], text)
    assert refused.value.error_code == "INVALID_PARAMETER_VALUE"


def test_an_order_that_makes_no_sense_is_refused(client, experiment):
    for order in ["metrics.a sideways", "nothing", "foo.a", ""]:
        with pytest.raises(RestException) as refused:
            client.search_runs([experiment.experiment_id], order_by=[order])
        assert refused.value.error_code == "INVALID_PARAMETER_VALUE", order


def test_history_is_thinned_out_for_charts(http, client, experiment):
    id = client.create_run(experiment.experiment_id).info.run_id
    for start in range(0, 2000, 1000):
        client.log_batch(id, metrics=[mlflow.entities.Metric("loss", float(n), n, n) for n in range(start, start + 1000)])
    answer = http.call("GET", "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval", params={"run_ids": [id], "metric_key": "loss", "max_results": 320})
    points = answer.json()["metrics"]
    assert len(points) == 320 and points[0]["step"] == 0 and points[-1]["step"] == 1999 and points[0]["run_id"] == id
