"""Traces of the unmodified client: made, read, searched, tagged, assessed and deleted."""

import mlflow
import pytest
from mlflow.entities import AssessmentSource
from mlflow.exceptions import RestException


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")


@mlflow.trace
def outer(number):
    with mlflow.start_span("inner", span_type="TOOL") as span:
        span.set_inputs({"number": number, "text": "é", "list": [1, 2.5, None, True]})
        span.set_outputs(number * 2)
        span.set_attribute("depth", 1)
    if number < 0:
        raise ValueError("too small")
    return number + 1


@pytest.fixture
def trace(experiment):
    outer(4)
    return mlflow.get_last_active_trace_id()


def test_a_trace_comes_back_with_its_spans(trace, experiment):
    found = mlflow.get_trace(trace)
    assert found.info.experiment_id == experiment.experiment_id
    assert str(found.info.state).endswith("OK")
    root, inner = sorted(found.data.spans, key=lambda span: span.start_time_ns)
    assert (root.name, inner.name, inner.parent_id) == ("outer", "inner", root.span_id)
    assert root.inputs == {"number": 4} and root.outputs == 5
    assert inner.inputs == {"number": 4, "text": "é", "list": [1, 2.5, None, True]}
    assert inner.span_type == "TOOL" and inner.get_attribute("depth") == 1
    assert found.info.request_preview == '{"number": 4}' and found.info.response_preview == "5"


def test_a_failed_call_leaves_a_trace_with_its_error(experiment):
    with pytest.raises(ValueError):
        outer(-1)
    found = mlflow.search_traces(filter_string="status = 'ERROR'", return_type="list")
    assert len(found) == 1
    assert any(event.name == "exception" for span in found[0].data.spans for event in span.events)


def test_traces_are_searched_by_attributes_tags_and_metadata(experiment):
    with mlflow.start_run() as run:
        outer(1)
    inside = mlflow.get_last_active_trace_id()
    outer(2)
    mlflow.set_trace_tag(inside, "team", "ops")

    def ids(filter_string, **more):
        return [found.info.trace_id for found in mlflow.search_traces(filter_string=filter_string, return_type="list", **more)]

    assert len(ids(None)) == 2
    assert ids("tags.team = 'ops'") == [inside]
    assert ids(f"attributes.run_id = '{run.info.run_id}'") == [inside]
    assert ids(f"metadata.`mlflow.sourceRun` = '{run.info.run_id}'") == [inside]
    assert len(ids("name = 'outer' AND timestamp_ms > 0")) == 2
    assert ids("name LIKE 'in%'") == []
    assert ids(None, order_by=["timestamp_ms ASC"])[0] == inside
    assert len(ids(None, max_results=1)) == 1
    with pytest.raises(RestException, match="Invalid attribute key 'nothing'"):
        ids("nothing = 'x'")
    with pytest.raises(RestException, match="cannot be searched by 'span'"):
        ids("span.name = 'x'")


def test_tags_are_set_and_removed(trace):
    mlflow.set_trace_tag(trace, "a", "1")
    mlflow.set_trace_tag(trace, "a", "2")
    assert mlflow.get_trace(trace).info.tags["a"] == "2"
    mlflow.delete_trace_tag(trace, "a")
    assert "a" not in mlflow.get_trace(trace).info.tags
    with pytest.raises(RestException, match="No trace tag with key 'a'"):
        mlflow.delete_trace_tag(trace, "a")


def test_feedback_and_expectations_are_kept_changed_and_removed(trace):
    source = AssessmentSource(source_type="HUMAN", source_id="ada")
    feedback = mlflow.log_feedback(trace_id=trace, name="good", value=True, rationale="it is", source=source)
    mlflow.log_expectation(trace_id=trace, name="answer", value={"is": 5}, source=source)
    kept = {one.name: one for one in mlflow.get_trace(trace).info.assessments}
    assert kept["good"].value is True and kept["good"].rationale == "it is" and kept["good"].source.source_id == "ada"
    assert kept["answer"].value == {"is": 5}
    feedback.value = False
    mlflow.update_assessment(trace, feedback.assessment_id, feedback)
    assert mlflow.get_assessment(trace, feedback.assessment_id).value is False
    other = mlflow.override_feedback(trace_id=trace, assessment_id=feedback.assessment_id, value=0.5)
    assert mlflow.get_assessment(trace, feedback.assessment_id).valid is False
    mlflow.delete_assessment(trace, other.assessment_id)
    assert mlflow.get_assessment(trace, feedback.assessment_id).valid is True
    with pytest.raises(RestException, match="Assessment with ID 'a-0' not found"):
        mlflow.get_assessment(trace, "a-0")


def test_deleted_traces_are_gone_with_their_spans(client, trace, experiment):
    assert client.delete_traces(experiment.experiment_id, trace_ids=[trace]) == 1
    assert mlflow.search_traces(return_type="list") == []
    outer(1), outer(2)
    assert client.delete_traces(experiment.experiment_id, max_timestamp_millis=2**45, max_traces=1) == 1
    assert len(mlflow.search_traces(return_type="list")) == 1


def test_a_trace_of_another_experiment_cannot_be_overwritten(http, trace, name):
    other = mlflow.create_experiment(name + "-other")
    info = {"trace_id": trace, "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": other}}, "request_time": "2026-01-01T00:00:00Z", "state": "OK"}
    answer = http.call("POST", "/api/3.0/mlflow/traces", json={"trace": {"trace_info": info}})
    assert answer.status_code == 400 and answer.json()["error_code"] == "RESOURCE_ALREADY_EXISTS"


def test_spans_that_are_none_are_refused_whole(http, experiment):
    def send(data, **headers):
        return http.call("POST", "/v1/traces", data=data, headers={"Content-Type": "application/x-protobuf", "x-mlflow-experiment-id": experiment.experiment_id, **headers})

    assert send(b"\xff\xff").status_code == 400
    assert send(b"").json() == {"detail": "Invalid OpenTelemetry format - no spans found"}
    assert send(b"{}", **{"Content-Type": "application/json"}).status_code == 400
    assert send(b"\x0a\x00", **{"Content-Encoding": "gzip"}).status_code == 400
    assert send(b"\x0a\x08\x12\x06\x12\x04\x0a\x02ab").status_code == 400, "a trace id of two bytes"
    assert mlflow.search_traces(return_type="list") == []


def test_what_is_not_served_says_so_by_name(http):
    for path, feature in {"scorers/list": "registered scorers", "gateway/endpoints/list": "AI gateway", "datasets/search": "evaluation datasets", "label-schemas": "review of traces"}.items():
        answer = http.call("GET", f"/api/3.0/mlflow/{path}")
        assert answer.status_code == 404 and answer.json()["error_code"] == "ENDPOINT_NOT_FOUND", answer.text
        assert feature in answer.json()["message"], answer.text


def test_an_evaluation_leaves_its_scores_on_the_traces_of_its_run(experiment):
    @mlflow.genai.scorer
    def exact(outputs, expectations):
        return outputs == expectations["expected_response"]

    @mlflow.trace
    def answer(question):
        return "4" if question == "2 + 2" else "?"

    rows = [
        {"inputs": {"question": "2 + 2"}, "expectations": {"expected_response": "4"}},
        {"inputs": {"question": "why"}, "expectations": {"expected_response": "so"}},
    ]
    result = mlflow.genai.evaluate(data=rows, predict_fn=answer, scorers=[exact])
    assert result.metrics["exact/mean"] == 0.5
    found = mlflow.search_traces(run_id=result.run_id, return_type="list")
    assert sorted(one.value for trace in found for one in trace.info.assessments if one.name == "exact") == [False, True]
