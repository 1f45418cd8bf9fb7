"""P1: cold start of the server to its first 200, and its resident memory. Peer: `mlflow server` on SQLite.

Each run starts on an empty folder, so both make their database. Runs alternate. Beside the figures: the start of a process that
does nothing, below which nothing can go.
"""

import argparse
import http.client
import subprocess
import time

import peers

RUNS = 5


def one(kind: str) -> tuple[float, float]:
    with peers.serving(kind) as server:
        check(server.port)
        time.sleep(1)
        return server.seconds, server.resident_mib()


def check(port: int) -> None:
    """Both must really serve: an experiment that was made is found by its name."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    made = peers.ask(connection, "POST", "/api/2.0/mlflow/experiments/create", {"name": "bench"})
    found = peers.ask(connection, "GET", "/api/2.0/mlflow/experiments/get-by-name?experiment_name=bench")
    assert found["experiment"]["experiment_id"] == made["experiment_id"], (made, found)


def process_start() -> float:
    start = time.perf_counter()
    subprocess.run(["true"], check=True)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    runs = parser.parse_args().runs
    print(peers.versions(), flush=True)
    seconds: dict[str, list[float]] = {"mlflow": [], "ironloop": []}
    memory: dict[str, list[float]] = {"mlflow": [], "ironloop": []}
    for number in range(runs):
        for kind in ("mlflow", "ironloop"):
            took, resident = one(kind)
            seconds[kind].append(took)
            memory[kind].append(resident)
            print(f"run {number + 1} {kind:9} {took * 1e3:9.1f} ms  {resident:7.1f} MiB", flush=True)
    floor = peers.median([process_start() for _ in range(20)])
    start = {kind: peers.median(values) for kind, values in seconds.items()}
    resident = {kind: peers.median(values) for kind, values in memory.items()}
    print("\nmedian       start        memory")
    for kind in start:
        print(f"{kind:9} {start[kind] * 1e3:9.1f} ms  {resident[kind]:7.1f} MiB")
    print(f"process   {floor * 1e3:9.1f} ms")
    print(f"ratio     {start['mlflow'] / start['ironloop']:9.1f} ×   1/{resident['mlflow'] / resident['ironloop']:.1f}")


if __name__ == "__main__":
    main()
