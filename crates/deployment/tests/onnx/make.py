"""Makes the ONNX models in this folder, and what ONNX Runtime answers for a few rows of each.

    pip install scikit-learn==1.9.1 skl2onnx==1.20.0 onnxmltools==1.16.0 lightgbm==4.7.0 xgboost==3.2.0 onnxruntime==1.32.0
    python make.py

`<name>.onnx` is the model, `<name>.json` holds {"inputs": {name: rows}, "outputs": {name: rows}}.
"""

import json
import pathlib
import warnings

import numpy as np
import onnxruntime
import pandas as pd
from lightgbm import LGBMClassifier, LGBMRegressor
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, Int64TensorType, StringTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes, calculate_linear_regressor_output_shapes
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    KBinsDiscretizer, MinMaxScaler, Normalizer, OneHotEncoder, OrdinalEncoder, PolynomialFeatures, RobustScaler, StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier, XGBRegressor

warnings.filterwarnings("ignore")
here = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)
rows, width = 400, 6
x = rng.normal(size=(rows, width)).astype(np.float32)
number = x @ np.arange(1, width + 1) + np.sin(3 * x[:, 0])
two = (number > 0).astype(np.int64)
three = np.digitize(number, [-4, 4]).astype(np.int64)
words = np.array(["low", "mid", "high"])[three]
holes = x.copy()
holes[rng.random(x.shape) < 0.1] = np.nan
mixed = pd.DataFrame({
    "age": rng.integers(18, 90, rows).astype(np.float32),
    "fee": rng.gamma(2.0, 10.0, rows).astype(np.float32),
    "plan": rng.choice(["basic", "plus", "pro"], rows),
    "town": rng.choice(["ulm", "bonn", "kiel", "jena"], rows),
})

for model in (LGBMClassifier, LGBMRegressor):
    shape = calculate_linear_classifier_output_shapes if model is LGBMClassifier else calculate_linear_regressor_output_shapes
    options = {"zipmap": [True, False, "columns"], "nocl": [True, False]} if model is LGBMClassifier else None
    update_registered_converter(model, model.__name__, shape, convert_lightgbm, options=options)
for model in (XGBClassifier, XGBRegressor):
    shape = calculate_linear_classifier_output_shapes if model is XGBClassifier else calculate_linear_regressor_output_shapes
    options = {"zipmap": [True, False, "columns"], "nocl": [True, False]} if model is XGBClassifier else None
    update_registered_converter(model, model.__name__, shape, convert_xgboost, options=options)

OPSET = {"": 18, "ai.onnx.ml": 3}


def columns(**kinds):
    """Numbers through imputer and scaler, categories through one-hot, as teams write it."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer([("n", numbers, ["age", "fee"]), ("c", OneHotEncoder(handle_unknown="ignore"), ["plan", "town"])])


def save(name, fitted, inputs, types, options=None):
    model = to_onnx(fitted, initial_types=types, options=options, target_opset=OPSET)
    (here / f"{name}.onnx").write_bytes(model.SerializeToString())
    session = onnxruntime.InferenceSession(model.SerializeToString())
    answers = session.run(None, inputs)
    outputs = {}
    for port, answer in zip(session.get_outputs(), answers):
        if isinstance(answer, list):  # a sequence of maps: the probabilities in the order of the classes
            answer = np.array([list(row.values()) for row in answer])
        outputs[port.name] = np.asarray(answer).tolist()
    plain = {key: [[None if isinstance(v, float) and np.isnan(v) else v for v in row] for row in value.tolist()] for key, value in inputs.items()}
    (here / f"{name}.json").write_text(json.dumps({"inputs": plain, "outputs": outputs}))


def table(name, fitted, data=x, options=None):
    save(name, fitted, {"x": data[:20]}, [("x", FloatTensorType([None, data.shape[1]]))], options)


def frame(name, fitted, options=None):
    types = [(c, StringTensorType([None, 1]) if mixed[c].dtype.kind not in "fi" else FloatTensorType([None, 1])) for c in mixed]
    test = mixed[:20].copy()
    test.loc[3, "plan"] = "never seen"
    test.loc[4, "age"] = np.nan
    inputs = {c: test[[c]].to_numpy(dtype=object if mixed[c].dtype.kind not in "fi" else np.float32) for c in test}
    save(name, fitted, inputs, types, options)


plain = {"zipmap": False}
off = lambda model: {id(model): plain}

m = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, two)
table("logistic", m, options=off(m))
m = make_pipeline(MinMaxScaler(), LogisticRegression()).fit(x, words)
table("logistic_words", m, options=off(m))
table("logistic_zipmap", make_pipeline(StandardScaler(), LogisticRegression()).fit(x, two))
table("ridge", make_pipeline(RobustScaler(), PCA(4), Ridge()).fit(x, number))
table("polynomial", make_pipeline(PolynomialFeatures(2), Ridge()).fit(x, number))
m = RandomForestClassifier(8, max_depth=4, random_state=1).fit(x, three)
table("forest_three", m, options=off(m))
m = DecisionTreeClassifier(max_depth=5).fit(x, two)
table("tree", m, options=off(m))
table("forest", RandomForestRegressor(8, max_depth=4, random_state=1).fit(x, number))
table("extra_trees", ExtraTreesRegressor(8, max_depth=4, random_state=1).fit(x, number))
m = GradientBoostingClassifier(n_estimators=10, max_depth=3).fit(x, two)
table("boosting", m, options=off(m))
m = LGBMClassifier(n_estimators=12, num_leaves=7, verbose=-1).fit(holes, two)
table("lightgbm", m, holes, off(m))
m = LGBMClassifier(n_estimators=6, num_leaves=7, verbose=-1).fit(holes, three)
table("lightgbm_three", m, holes, off(m))
table("lightgbm_number", LGBMRegressor(n_estimators=12, num_leaves=7, verbose=-1).fit(holes, number), holes)
m = XGBClassifier(n_estimators=12, max_depth=3).fit(holes, two)
table("xgboost", m, holes, off(m))
table("xgboost_number", XGBRegressor(n_estimators=12, max_depth=3).fit(holes, number), holes)
m = make_pipeline(SimpleImputer(), KBinsDiscretizer(4, encode="onehot-dense", quantile_method="averaged_inverted_cdf"), LogisticRegression()).fit(holes, two)
table("bins", m, holes, off(m))
m = make_pipeline(Normalizer("l2"), MLPClassifier((8,), max_iter=50, random_state=1)).fit(x, three)
table("network", m, options=off(m))
table("network_number", make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(8, 4), activation="tanh", max_iter=50, random_state=1)).fit(x, number))
m = GaussianNB().fit(x, three)
table("bayes", m, options=off(m))
m = make_pipeline(columns(), LogisticRegression()).fit(mixed, two)
frame("mixed", m, off(m))
frame("mixed_zipmap", make_pipeline(columns(), LogisticRegression()).fit(mixed, two))
m = make_pipeline(columns(), RandomForestClassifier(5, max_depth=4, random_state=1)).fit(mixed, two)
frame("mixed_forest", m, off(m))
ordinal = ColumnTransformer([("c", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["plan", "town"])], remainder="passthrough")
frame("ordinal", make_pipeline(ordinal, RandomForestRegressor(5, max_depth=4, random_state=1)).fit(mixed, number))
