#!/usr/bin/env python3
"""D2: drift of two tables of 1 000 000 rows and 20 columns, Ironloop beside Evidently and NannyML.

    python3 bench/d2_drift.py [--rows 1000000] [--runs 5] [--peers evidently,nannyml] [--json out.json]

The program makes a virtual environment with the pinned peers, writes two Parquet files (10 fractions, 4 whole numbers, 5
texts of 2 to 1000 values, 1 yes-or-no, 2 % missing in four columns; three columns have drifted), runs each tool in a
process of its own, alternating, and checks that the scores agree. Wall time is from the start of the process to its
end, imports included, as a user waits for it; memory is the peak of the process. The limit is numpy alone: sorting
and histograms of the same columns, already in memory.
"""

import argparse
import hashlib
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from peers import cache, ironloop_binary

PINS = ["evidently==0.7.23", "nannyml==0.13.1", "statsmodels==0.14.6", "pandas==2.3.3", "pyarrow"]

MAKE = r"""
import sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
folder, n = sys.argv[1], int(sys.argv[2])
def table(seed, drift):
    rng = np.random.default_rng(seed)
    columns = {}
    for i in range(10):
        values = rng.normal(size=n) if i % 2 else rng.lognormal(size=n)
        if drift and i < 2:
            values = values * 1.15 + 0.2
        if i in (3, 4, 5, 6):
            values[rng.random(n) < 0.02] = np.nan
        columns[f"real_{i}"] = pa.array(values, from_pandas=True)
    for i, most in enumerate((12, 100, 1000, 100000)):
        columns[f"whole_{i}"] = pa.array(rng.integers(0, most, size=n))
    for i, kinds in enumerate((2, 5, 20, 100, 1000)):
        weights = 1 / np.arange(1, kinds + 1)
        if drift and i == 2:
            weights[:5] = weights[:5][::-1]
        codes = rng.choice(kinds, size=n, p=weights / weights.sum())
        columns[f"word_{i}"] = pa.array([f"k{c}" for c in codes])
    columns["yes"] = pa.array(rng.random(n) < 0.3)
    return pa.table(columns)
pq.write_table(table(1, False), f"{folder}/reference.parquet", compression="zstd")
pq.write_table(table(2, True), f"{folder}/current.parquet", compression="zstd")
"""

EVIDENTLY = r"""
import json, sys, warnings
warnings.filterwarnings("ignore")
import pandas as pd
from evidently import Dataset, DataDefinition, Report
from evidently.presets import DataDriftPreset
reference, current = (pd.read_parquet(f"{sys.argv[1]}/{side}.parquet") for side in ("reference", "current"))
run = Report([DataDriftPreset()]).run(Dataset.from_pandas(current, DataDefinition()), Dataset.from_pandas(reference, DataDefinition()))
answer = {}
for metric in run.dict()["metrics"]:
    name = metric.get("metric_name") or metric.get("metric_id") or ""
    if name.startswith("ValueDrift(column="):
        answer[name.split("column=")[1].split(",")[0].rstrip(")")] = float(metric["value"])
print(json.dumps(answer))
"""

NANNYML = r"""
import json, sys, warnings
warnings.filterwarnings("ignore")
import pandas as pd, nannyml
reference, current = (pd.read_parquet(f"{sys.argv[1]}/{side}.parquet") for side in ("reference", "current"))
calculator = nannyml.UnivariateDriftCalculator(column_names=list(reference.columns), continuous_methods=["jensen_shannon"], categorical_methods=["jensen_shannon"], chunk_number=1)
calculator.fit(reference)
frame = calculator.calculate(current).filter(period="analysis").to_df()
print(json.dumps({name: float(frame[(name, "jensen_shannon", "value")].iloc[0]) for name in reference.columns}))
"""

LIMIT = r"""
import json, sys, time
import numpy as np, pyarrow.parquet as pq
reference, current = (pq.read_table(f"{sys.argv[1]}/{side}.parquet") for side in ("reference", "current"))
begin = time.perf_counter()
for name in reference.column_names:
    a, b = reference[name], current[name]
    if str(a.type) in ("double", "int64"):
        a, b = (np.sort(side.drop_null().to_numpy()) for side in (a, b))
        edges = np.histogram_bin_edges(np.concatenate([a, b]), "sturges")
        np.searchsorted(a, edges), np.searchsorted(b, edges)
    else:
        a.value_counts(), b.value_counts()
print(json.dumps({"work": time.perf_counter() - begin}))
"""


def environment() -> pathlib.Path:
    """The Python of an environment that has the pinned peers."""
    name = hashlib.sha256(f"{PINS} {sys.version}".encode()).hexdigest()[:12]
    folder = cache() / f"bench-{name}"
    python = folder / "bin" / "python"
    if not (folder / "whole").exists():
        print(f"installing {', '.join(PINS)} …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS], check=True)
        (folder / "whole").touch()
    return python


def measured(command, allowed=(0,)):
    """(answer, wall seconds, peak MiB) of a process that prints one JSON document."""
    quiet = {**os.environ, "DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
    begin = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=quiet)
    out, error = process.communicate()
    wall = time.perf_counter() - begin
    if process.returncode not in allowed:
        raise SystemExit(f"{command[0]} ended with {process.returncode}: {error[-2000:]}")
    # The largest child so far: each kind of process is run in a helper of its own (see `alone`).
    return json.loads(out[out.index("{"):]), wall, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def alone(command, allowed=(0,)):
    """`measured` in a process of its own, so that the peak is this command's."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(read)
        with os.fdopen(write, "w") as pipe:
            try:
                json.dump({"ok": measured(command, allowed)}, pipe)
            except BaseException as error:  # noqa: BLE001 - handed to the parent
                json.dump({"error": str(error)}, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        answer = json.load(pipe)
    os.wait()
    if "error" in answer:
        raise SystemExit(answer["error"])
    return answer["ok"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peers", default="evidently,nannyml")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    python, binary = environment(), ironloop_binary()
    peers = [peer for peer in options.peers.split(",") if peer]
    with tempfile.TemporaryDirectory(prefix="d2-") as folder:
        folder = pathlib.Path(folder)
        subprocess.run([python, "-c", MAKE, folder, str(options.rows)], check=True)
        files = [folder / "reference.parquet", folder / "current.parquet"]
        ours = [binary, "data", "drift", *files, "--json"]
        scripts = {"evidently": EVIDENTLY, "nannyml": NANNYML}
        commands = {"ironloop": (ours, (0, 1))}
        for peer in peers:
            commands[peer] = ([python, "-c", scripts[peer], folder], (0,))
            commands[f"ironloop --compat {peer}"] = ([*ours, "--compat", peer], (0, 1))
        commands["limit (numpy)"] = ([python, "-c", LIMIT, folder], (0,))
        seconds, peaks, answers = {}, {}, {}
        for turn in range(options.runs):
            for name, (command, allowed) in commands.items():
                answer, wall, peak = alone(command, allowed)
                wall = answer["work"] if name.startswith("limit") else wall
                answers[name] = answer
                seconds.setdefault(name, []).append(wall)
                peaks.setdefault(name, []).append(peak)
                print(f"run {turn + 1} {name}: {wall:.2f} s, {peak:.0f} MiB", file=sys.stderr, flush=True)
        for peer in peers:
            agree(answers[peer], answers[f"ironloop --compat {peer}"]["columns"], peer)
    print(f"{options.rows} rows, {options.runs} runs; {', '.join(PINS)}")
    print("| tool | median s | peak MiB | times Ironloop |")
    print("|---|---|---|---|")
    base = statistics.median(seconds["ironloop"])
    for name in commands:
        median = statistics.median(seconds[name])
        print(f"| {name} | {median:.2f} | {statistics.median(peaks[name]):.0f} | {median / base:.1f} |")
    if options.json:
        options.json.write_text(json.dumps({"rows": options.rows, "seconds": seconds, "peak_mib": peaks}, indent=1))


def agree(theirs, ours, peer):
    """Stops where a score differs."""
    compared = 0
    for name, score in theirs.items():
        seen = ours[name]["score"]
        if seen is None:
            continue
        compared += 1
        if abs(seen - score) > 1e-6 * max(abs(score), 1e-9):
            raise SystemExit(f"{peer}: column {name} has {score}, ironloop --compat {peer} says {seen}")
    if compared < len(ours) / 2:
        raise SystemExit(f"{peer}: only {compared} of {len(ours)} columns were compared")


if __name__ == "__main__":
    main()
