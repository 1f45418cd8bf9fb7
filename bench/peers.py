"""What the benchmarks share: the peer's environment, servers that start and stop, percentiles, a table.

Standard library only. The peer (`mlflow`, pinned) is installed by the program itself into a folder of its own, through pip.
"""

import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

MLFLOW = "mlflow==3.17.2"
ROOT = pathlib.Path(__file__).resolve().parent.parent


def cache() -> pathlib.Path:
    """Outside the clone, so that the next clone finds what is installed."""
    base = os.environ.get("IRONLOOP_CACHE") or os.path.join(os.path.expanduser("~"), ".cache", "ironloop")
    return pathlib.Path(base)


def peer_python() -> pathlib.Path:
    """The Python of an environment that has the pinned peer."""
    name = hashlib.sha256(f"{MLFLOW} {sys.version}".encode()).hexdigest()[:12]
    folder = cache() / f"bench-{name}"
    python = folder / "bin" / "python"
    if not (folder / "whole").exists():
        print(f"installing {MLFLOW} …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", MLFLOW], check=True)
        (folder / "whole").touch()
    return python


def ironloop_binary() -> pathlib.Path:
    """The release binary: IRONLOOP_BINARY, or where cargo puts it."""
    if path := os.environ.get("IRONLOOP_BINARY"):
        return pathlib.Path(path)
    metadata = subprocess.run(
        ["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    binary = pathlib.Path(json.loads(metadata.stdout)["target_directory"]) / "release" / "ironloop"
    if not binary.exists():
        sys.exit(f"{binary} is missing: run `cargo build --release -p ironloop-cli` first")
    return binary


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A server that was started, and how long it took to its first 200."""

    def __init__(self, process: subprocess.Popen, port: int, seconds: float, folder: str):
        self.process, self.port, self.seconds, self.folder = process, port, seconds, folder

    def resident_mib(self) -> float:
        """Resident memory of the process and its children."""
        pids, total = [self.process.pid], 0
        while pids:
            pid = pids.pop()
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
            except FileNotFoundError:
                continue
            total += next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
            pids += [int(child) for child in children.split()]
        return total / 1024


@contextlib.contextmanager
def serving(kind: str, health: str = "/health"):
    """Starts `mlflow` or `ironloop` on an empty folder; stops it at the end."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix=f"bench-{kind}-") as folder:
        if kind == "mlflow":
            bin_folder = peer_python().parent
            command = [
                bin_folder / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port),
                "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts",
            ]
        else:
            command = [ironloop_binary(), "up", "--listen", f"127.0.0.1:{port}", "--home", f"{folder}/home"]
        log = open(os.path.join(folder, "log"), "wb")
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True)
        try:
            seconds = wait(process, port, health, start, folder)
            yield Server(process, port, seconds, folder)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            log.close()


def wait(process, port, health, start, folder) -> float:
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
            connection.request("GET", health)
            if connection.getresponse().status == 200:
                return time.perf_counter() - start
        except OSError:
            pass
        if process.poll() is not None or time.perf_counter() - start > 120:
            sys.exit(f"the server did not start:\n{pathlib.Path(folder, 'log').read_text()[-4000:]}")
        time.sleep(0.002)


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: dict | None = None) -> dict:
    connection.request(method, path, json.dumps(body) if body is not None else None, {"content-type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]!r}")
    return json.loads(text) if text else {}


def quantile(values: list[float], q: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]


def median(values: list[float]) -> float:
    return statistics.median(values)


def versions() -> str:
    peer = subprocess.run(
        [peer_python(), "-c", "import mlflow; print(mlflow.__version__)"], check=True, capture_output=True, text=True
    ).stdout.strip()
    own = subprocess.run([ironloop_binary(), "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return f"{own}, mlflow {peer}, Python {platform.python_version()}, {os.cpu_count()} cores"
