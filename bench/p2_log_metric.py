"""P2: log one metric per call over 1, 8 and 64 connections. Peer: `mlflow server` on SQLite.

Both acknowledge each call after it is durable as their database is configured; Ironloop's is fsync on each group commit. Load comes
from processes of their own (one per 8 connections), each with keep-alive connections that send the next call when the last one was answered. After
each round the number of points that the server returns must be the number of calls that it acknowledged. Runs alternate.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import tempfile
import threading
import time

import peers

RUNS = 5
SECONDS = 5.0
CONNECTIONS = (1, 8, 64)


def load(port: int, run_id: str, connections: int, first: int, seconds: float, results) -> None:
    """One process of the load; tells how many calls were answered and how long each took."""
    times: list[float] = []
    lock = threading.Lock()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        own: list[float] = []
        end = time.perf_counter() + seconds
        step = 0
        while time.perf_counter() < end:
            body = {"run_id": run_id, "key": f"m{first + number}", "value": step * 0.5, "timestamp": 1_700_000_000_000 + step, "step": step}
            start = time.perf_counter()
            peers.ask(connection, "POST", "/api/2.0/mlflow/runs/log-metric", body)
            own.append(time.perf_counter() - start)
            step += 1
        with lock:
            times.extend(own)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put(times)


def round_of(port: int, run_id: str, connections: int, seconds: float) -> list[float]:
    share = 8
    results = multiprocessing.Queue()
    processes = [
        multiprocessing.Process(target=load, args=(port, run_id, min(share, connections - first), first, seconds, results))
        for first in range(0, connections, share)
    ]
    for process in processes:
        process.start()
    times = [value for _ in processes for value in results.get()]
    for process in processes:
        process.join()
    return times


def points(port: int, run_id: str, connections: int) -> int:
    """How many points the server gives back."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    total = 0
    for number in range(connections):
        token = ""
        while True:
            page = peers.ask(
                connection, "GET",
                f"/api/2.0/mlflow/metrics/get-history?run_id={run_id}&metric_key=m{number}&max_results=25000" + (f"&page_token={token}" if token else ""),
            )
            total += len(page.get("metrics", []))
            token = page.get("next_page_token", "")
            if not token:
                break
    return total


def one(kind: str, connections: int, seconds: float) -> tuple[float, float]:
    with peers.serving(kind) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        made = peers.ask(connection, "POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0", "start_time": 1_700_000_000_000})
        run_id = made["run"]["info"]["run_id"]
        round_of(server.port, run_id, 1, 0.5)  # warm
        run_id = peers.ask(connection, "POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"})["run"]["info"]["run_id"]
        times = round_of(server.port, run_id, connections, seconds)
        kept = points(server.port, run_id, connections)
        assert kept == len(times), f"{kind} acknowledged {len(times)} calls and gives back {kept} points"
        return len(times) / seconds, peers.quantile(times, 0.99)


def fsyncs() -> float:
    """How many 4 KiB appends with fsync the disk does in a second: the limit of one writer without group commit."""
    with tempfile.TemporaryFile() as file:
        start, number = time.perf_counter(), 0
        while time.perf_counter() - start < 1:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            number += 1
        return number / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON too")
    options = parser.parse_args()
    print(peers.versions(), flush=True)
    figures = []
    for connections in CONNECTIONS:
        rates: dict[str, list[float]] = {"mlflow": [], "ironloop": []}
        p99: dict[str, list[float]] = {"mlflow": [], "ironloop": []}
        for _ in range(options.runs):
            for kind in rates:
                rate, slow = one(kind, connections, options.seconds)
                rates[kind].append(rate)
                p99[kind].append(slow)
        row = {
            "connections": connections,
            **{f"{kind}_per_s": peers.median(values) for kind, values in rates.items()},
            **{f"{kind}_p99_ms": peers.median(values) * 1e3 for kind, values in p99.items()},
        }
        row["ratio"] = row["ironloop_per_s"] / row["mlflow_per_s"]
        figures.append(row)
        print(
            f"{connections:3} connections: mlflow {row['mlflow_per_s']:8.1f}/s (p99 {row['mlflow_p99_ms']:7.1f} ms), "
            f"ironloop {row['ironloop_per_s']:8.1f}/s (p99 {row['ironloop_p99_ms']:7.1f} ms), ratio {row['ratio']:.1f} ×",
            flush=True,
        )
    print(f"limit: {fsyncs():.0f} single fsyncs per second on this disk; group commit shares one among waiting writers")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
