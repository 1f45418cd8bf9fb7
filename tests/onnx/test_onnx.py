"""Our ONNX export against the real onnxruntime: every algorithm, 1,000 rows with gaps and unknown categories.

IRONLOOP_ONNX_CASES names the folder that `cargo run -p ironloop-training --example onnx_cases -- FOLDER` wrote; where
it is not set, the example is run here.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

MISSING_MOMENT = -(2**63)
# Of the larger of 1 and the prediction: ONNX runtimes add up the leaves of trees in 32 bits.
TOLERANCE = 1e-5
CASES = [
    "ridge-Regression",
    "logistic_regression-Binary",
    "random_forest-Regression",
    "random_forest-Binary",
    "gradient_boosting-Regression",
    "gradient_boosting-Binary",
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    given = os.environ.get("IRONLOOP_ONNX_CASES")
    if given:
        return Path(given)
    made = tmp_path_factory.mktemp("onnx")
    root = Path(__file__).parents[2]
    command = ["cargo", "run", "--quiet", "-p", "ironloop-training", "--example", "onnx_cases", "--", str(made)]
    subprocess.run(command, cwd=root, check=True)
    return made


def tensors(columns, rows=slice(None)):
    def column(name, missing, kind):
        values = [missing if value is None else value for value in columns[name]][rows]
        return np.array(values, dtype=kind).reshape(-1, 1)

    return {
        "at": column("at", MISSING_MOMENT, np.int64),
        "temperature": column("temperature", np.nan, np.float64),
        "carrier": column("carrier", "", object),
        "open": column("open", np.nan, np.float64),
    }


# proves S46
@pytest.mark.parametrize("case", CASES)
def test_onnxruntime_predicts_what_we_predict(folder, case):
    model = onnx.load(folder / case / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    stored = json.loads((folder / case / "rows.json").read_text())
    expected = np.array(stored["expected"])
    assert len(expected) == 1000
    session = onnxruntime.InferenceSession(folder / case / "model.onnx", providers=["CPUExecutionProvider"])
    assert [put.name for put in session.get_inputs()] == ["at", "temperature", "carrier", "open"]
    (answer,) = session.run(["value"], tensors(stored["columns"]))
    assert answer.shape == (1000, 1) and answer.dtype == np.float64
    off = np.abs(answer[:, 0] - expected) / np.maximum(1.0, np.abs(expected))
    print(f"{case}: largest difference {np.abs(answer[:, 0] - expected).max():.2e}, relative {off.max():.2e}")
    assert off.max() <= TOLERANCE


# proves S46
@pytest.mark.parametrize("case", CASES)
def test_one_row_is_predicted_as_it_is_among_many(folder, case):
    stored = json.loads((folder / case / "rows.json").read_text())
    session = onnxruntime.InferenceSession(folder / case / "model.onnx", providers=["CPUExecutionProvider"])
    for row in [0, 1, 9, 18, 500, 999]:
        (answer,) = session.run(["value"], tensors(stored["columns"], slice(row, row + 1)))
        expected = stored["expected"][row]
        assert abs(answer[0, 0] - expected) <= TOLERANCE * max(1.0, abs(expected))
