"""A user's own training script: scikit-learn and the unmodified mlflow client, nothing of Ironloop.

Ironloop starts it as a candidate of kind `command`. The environment says where the data is and which run to log into.
"""

import json
import os
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


def columns(frame):
    moment = pd.to_datetime(frame["ts"])
    parts = {"hour": moment.dt.hour, "weekday": moment.dt.day_of_week, "day": moment.dt.day_of_year}
    numbers = frame[["tmin", "tmax", "pn"]].astype(float).fillna(-99.0)
    return np.column_stack([*parts.values(), numbers.to_numpy()])


def main():
    folder = Path(os.environ["IRONLOOP_DATA"])
    params = json.loads(os.environ["IRONLOOP_PARAMS"])
    label = os.environ["IRONLOOP_LABEL"]
    features = [feature["name"] for feature in json.loads(os.environ["IRONLOOP_FEATURES"])]
    train, validate = (pd.read_parquet(folder / f"{name}.parquet") for name in ["train", "validate"])
    forest = RandomForestRegressor(
        n_estimators=int(params.get("trees", 50)), min_samples_leaf=5, random_state=int(os.environ["IRONLOOP_SEED"])
    )
    model = make_pipeline(FunctionTransformer(columns), forest)
    with mlflow.start_run():
        model.fit(train[features], train[label])
        predicted = model.predict(validate[features])
        error = np.abs(predicted - validate[label])
        mlflow.log_metric("wape", float(error.sum() / validate[label].abs().sum()))
        mlflow.log_metric("mae", float(error.mean()))
        mlflow.sklearn.log_model(
            model,
            name="model",
            input_example=validate[features].head(3),
            serialization_format="cloudpickle",
        )


if __name__ == "__main__":
    main()
