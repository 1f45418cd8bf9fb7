#!/usr/bin/env python3
"""V1: one row over HTTP, gradient-boosted trees and a scikit-learn pipeline, Ironloop beside Python servers.

    python3 bench/v1_serving.py --ironloop target/release/ironloop [--runs 5] [--seconds 5] [--json out.json]

The program makes a virtual environment with pinned peers (MLServer, `mlflow models serve`), trains a LightGBM model
(200 trees, 30 features) and a pipeline (StandardScaler, LogisticRegression), converts both to ONNX for Ironloop, starts
all servers side by side, checks that they answer alike, and drives one at a time with wrk at 1, 8 and 64
connections. Runs alternate between servers, so that what else the machine does meets all of them; the median counts.
Peers serve their native model, as their users do. Everything runs with one thread per model (OMP_NUM_THREADS=1).
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

PINS = [
    "mlserver==1.7.1", "mlserver-lightgbm==1.7.1", "mlserver-sklearn==1.7.1", "uvicorn==0.34.3", "uvloop==0.21.0",
    "mlflow==3.17.2", "lightgbm==4.7.0", "scikit-learn==1.9.1", "skl2onnx==1.20.0", "onnxmltools==1.16.0", "onnx==1.23.2", "onnxruntime==1.32.0",
]
CONNECTIONS = [1, 8, 64]
MODELS = ["trees", "pipeline"]
FEATURES = 30

TRAIN = r'''
import json, pathlib, sys, warnings
import joblib, mlflow, numpy as np
from lightgbm import LGBMClassifier
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from skl2onnx import to_onnx, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
warnings.filterwarnings("ignore")
folder = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(7)
x = rng.normal(size=(20000, 30)).astype(np.float32)
y = (x[:, 0] + x[:, 1] * x[:, 2] + np.sin(3 * x[:, 3]) + rng.normal(size=20000) > 0).astype(int)
update_registered_converter(LGBMClassifier, "LGBM", calculate_linear_classifier_output_shapes, convert_lightgbm, options={"zipmap": [True, False, "columns"], "nocl": [True, False]})
models = {"trees": LGBMClassifier(n_estimators=200, num_leaves=31, n_jobs=1, verbose=-1).fit(x, y), "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y)}
for name, model in models.items():
    onnx = to_onnx(model, initial_types=[("x", FloatTensorType([None, 30]))], options={id(model): {"zipmap": False}}, target_opset={"": 18, "ai.onnx.ml": 3})
    (folder / f"{name}.onnx").write_bytes(onnx.SerializeToString())
    served = folder / "mlserver" / name
    served.mkdir(parents=True, exist_ok=True)
    if name == "trees":
        model.booster_.save_model(str(served / "model.bst"))
        implementation, file = "mlserver_lightgbm.LightGBMModel", "model.bst"
        mlflow.lightgbm.save_model(model.booster_, folder / "mlflow" / name)
    else:
        joblib.dump(model, served / "model.joblib")
        implementation, file = "mlserver_sklearn.SKLearnModel", "model.joblib"
        mlflow.sklearn.save_model(model, folder / "mlflow" / name, pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle")
    (served / "model-settings.json").write_text(json.dumps({"name": name, "implementation": implementation, "parameters": {"uri": f"./{file}", "version": "1"}}))
rows = x[:20]
(folder / "rows.json").write_text(json.dumps(rows.tolist()))
(folder / "expected.json").write_text(json.dumps({name: model.predict_proba(rows)[:, 1].tolist() for name, model in models.items()}))
'''

LOG = r'''
import sys, mlflow, onnx
url, folder = sys.argv[1:]
mlflow.set_tracking_uri(url)
mlflow.set_experiment("v1")
for name in ("trees", "pipeline"):
    with mlflow.start_run():
        mlflow.onnx.log_model(onnx.load(f"{folder}/{name}.onnx"), name="model", registered_model_name=name)
    mlflow.MlflowClient().set_registered_model_alias(name, "champion", 1)
'''


def say(text):
    print(text, file=sys.stderr, flush=True)


def environment(work):
    """A virtual environment with the pinned peers."""
    python = work / "venv" / "bin" / "python"
    marker = work / "venv" / "pins.txt"
    if not marker.exists() or marker.read_text() != "\n".join(PINS):
        say("installing the peers …")
        subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PINS], check=True)
        marker.write_text("\n".join(PINS))
    return python


def wrk():
    if not shutil.which("wrk"):
        say("installing wrk …")
        subprocess.run(["apt-get", "install", "-y", "-q", "wrk"], check=True, stdout=subprocess.DEVNULL)
    return shutil.which("wrk")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def call(url, body=None, kind="application/json"):
    data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    request = urllib.request.Request(url, data=data, headers={"content-type": kind})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{url} answered {error.code}: {error.read().decode()[:500]}") from error


@contextlib.contextmanager
def running(name, command, ready, work, **more):
    """A server process, from its first answer at `ready` until the block ends."""
    log = (work / f"{name}.log").open("w")
    process = subprocess.Popen([str(part) for part in command], stdout=log, stderr=subprocess.STDOUT, **more)
    try:
        begin = time.monotonic()
        while True:
            try:
                urllib.request.urlopen(ready, timeout=2)
                break
            except OSError:
                if process.poll() is not None or time.monotonic() - begin > 180:
                    raise SystemExit(f"{name} did not start; see {log.name}") from None
                time.sleep(0.1)
        say(f"{name} answers after {time.monotonic() - begin:.1f} s")
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def v2(rows):
    return {"inputs": [{"name": "x", "shape": [len(rows), FEATURES], "datatype": "FP32", "data": [v for row in rows for v in row]}]}


def scoring(rows):
    return {"inputs": rows}


def first(answer, model):
    """The probability of the second class, out of whichever shape a server answers in."""
    if "outputs" in answer:
        output = next((o for o in answer["outputs"] if o["name"] in ("probabilities", "predict_proba")), answer["outputs"][0])
        width = 2 if len(output["shape"]) == 2 and output["shape"][1] == 2 else 1
        return output["data"][width - 1::width]
    rows = answer["predictions"]
    return [row["probabilities"][1] if isinstance(row, dict) else row[1] if isinstance(row, list) else row for row in rows]


def measure(tool, work, url, body, connections, seconds):
    script = work / "post.lua"
    script.write_text(f"wrk.method = 'POST'\nwrk.headers['Content-Type'] = 'application/json'\nwrk.body = [==[{json.dumps(body)}]==]\n")
    out = subprocess.run([tool, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{url} failed under load:\n{out}")
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    share = lambda q: (lambda m: float(m[1]) * unit[m[2]])(re.search(rf"{q}%\s+([\d.]+)(us|ms|s)", out))
    return {"rps": float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), "p50_ms": share(50), "p99_ms": share(99)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ironloop", default="target/release/ironloop", type=pathlib.Path)
    parser.add_argument("--work", default="target/bench/v1", type=pathlib.Path, help="environment, models and logs")
    parser.add_argument("--runs", default=5, type=int)
    parser.add_argument("--seconds", default=5, type=int)
    parser.add_argument("--peers", default="mlserver,mlflow")
    parser.add_argument("--json", type=pathlib.Path, help="write all numbers there")
    options = parser.parse_args()
    if not options.ironloop.exists():
        raise SystemExit(f"{options.ironloop} does not exist: build it with `cargo build --release`, or pass --ironloop")
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    python, tool = environment(work), wrk()
    threads = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    if not (work / "expected.json").exists():
        say("training …")
        subprocess.run([python, "-c", TRAIN, work], check=True, env=threads)
    rows, expected = json.loads((work / "rows.json").read_text()), json.loads((work / "expected.json").read_text())

    with contextlib.ExitStack() as stack:
        urls = {}
        port, home = free_port(), work / "home"
        shutil.rmtree(home, ignore_errors=True)
        base = f"http://127.0.0.1:{port}"
        command = [options.ironloop.resolve(), "up", "--home", home, "--listen", f"127.0.0.1:{port}"]
        stack.enter_context(running("ironloop", command, f"{base}/health", work))
        subprocess.run([python, "-c", LOG, base, work], check=True, env=threads, stdout=subprocess.DEVNULL)
        for model in MODELS:
            text = f'schema = 1\n[project]\nname = "{model}"\ntitle = "V1"\nowner = "bench"\n[deployment.{model}]\nmodel = "{model}@champion"\n'
            call(f"{base}/api/v1/projects/apply", {"text": text, "base_dir": str(work)})
            job = call(f"{base}/api/v1/projects/{model}/deployments/{model}/deploy", {})["job"]
            while (state := call(f"{base}/api/v1/jobs/{job}"))["state"] not in ("done", "failed"):
                time.sleep(0.1)
            if state["state"] == "failed":
                raise SystemExit(state["error"])
            urls["ironloop", model] = (f"{base}/v2/models/{model}/infer", v2)
        if "mlserver" in options.peers:
            ports = {"http_port": free_port(), "grpc_port": free_port(), "metrics_port": free_port()}
            (work / "mlserver" / "settings.json").write_text(json.dumps({"host": "127.0.0.1", "debug": False, "parallel_workers": 0, **ports}))
            base = f"http://127.0.0.1:{ports['http_port']}"
            command = [work / "venv" / "bin" / "mlserver", "start", work / "mlserver"]
            stack.enter_context(running("mlserver", command, f"{base}/v2/health/ready", work, env=threads, cwd=work))
            urls.update({("mlserver", model): (f"{base}/v2/models/{model}/infer", v2) for model in MODELS})
        if "mlflow" in options.peers:
            for model in MODELS:
                port = free_port()
                path = f"{work / 'venv' / 'bin'}:{os.environ['PATH']}"
                command = [work / "venv" / "bin" / "mlflow", "models", "serve", "-m", work / "mlflow" / model, "-p", port, "--env-manager", "local"]
                stack.enter_context(running(f"mlflow-{model}", command, f"http://127.0.0.1:{port}/ping", work, env={**threads, "PATH": path}))
                urls["mlflow", model] = (f"http://127.0.0.1:{port}/invocations", scoring)

        def body(server, model, some):
            made = urls[server, model][1](some)
            if server == "mlserver" and model == "pipeline":
                made["outputs"] = [{"name": "predict_proba"}]
            return made

        for (server, model), (url, _) in urls.items():
            found = first(call(url, body(server, model, rows)), model)
            worst = max(abs(a - b) for a, b in zip(found, expected[model], strict=True))
            say(f"{server} {model}: 20 answers, largest difference from the training process {worst:.1e}")
            if worst > 2e-6:
                raise SystemExit("the servers do not answer alike")

        samples = {}
        for run in range(options.runs):
            for (server, model), (url, _) in urls.items():
                for connections in CONNECTIONS:
                    cell = measure(tool, work, url, body(server, model, rows[:1]), connections, options.seconds)
                    samples.setdefault((model, connections, server), []).append(cell)
            say(f"run {run + 1} of {options.runs} is done")

    median = {key: {unit: statistics.median(cell[unit] for cell in cells) for unit in cells[0]} for key, cells in samples.items()}
    print(f"{'model':10}{'conns':>6}  {'server':10}{'req/s':>10}{'p50 ms':>9}{'p99 ms':>9}  Ironloop answers")
    for (model, connections, server), cell in sorted(median.items(), key=lambda item: (item[0][0], item[0][1], item[0][2] != "ironloop")):
        own = median[model, connections, "ironloop"]
        ratio = "" if server == "ironloop" else f"{own['rps'] / cell['rps']:.1f} × as many, p99 {own['p99_ms'] / cell['p99_ms']:.2f} ×"
        print(f"{model:10}{connections:>6}  {server:10}{cell['rps']:>10.0f}{cell['p50_ms']:>9.2f}{cell['p99_ms']:>9.2f}  {ratio}")
    if options.json:
        options.json.write_text(json.dumps([{"model": m, "connections": c, "server": s, "median": median[m, c, s], "samples": cells} for (m, c, s), cells in samples.items()], indent=1))


if __name__ == "__main__":
    main()
