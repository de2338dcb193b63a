"""What recording costs: the store served without a recorder, with an outline and in full, asked in turns by one client.

`python -m benchmarks.recorder [--rounds 30]` prints the median of each kind of request and writes
benchmarks/results/recorder.json. Rounds are interleaved, and each ratio is taken within its round, so that whatever else the
machine does hits every mode alike.
"""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from http.client import HTTPConnection
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODES = ("off", "outline", "full")
HEADERS = {"content-type": "application/json"}
PRICE = json.dumps({"email": " Ada@example.org ", "country": "DE", "unitPrice": 3.5, "quantity": 2}).encode()
REQUESTS = {
    "get": ("GET", "/users/1", b""),
    "preview": ("POST", "/pricing/1/preview", PRICE),
    "patch": ("PATCH", "/users/1", b'{"fullName": "Ada L"}'),
}
PER_ROUND, IN_A_ROW = 100, 20


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--serve", nargs=3, metavar=("MODE", "PORT", "SOCKET"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        _serve(*arguments.serve)
    else:
        _report(_measure(arguments.rounds), arguments.rounds)


def _serve(mode: str, port: str, sink: str) -> None:
    """Serve the store in this directory."""
    os.environ |= {"LOOM_RECORD": mode, "LOOM_RECORD_TO": sink}
    sys.path.insert(0, str(Path.cwd()))
    import uvicorn
    from main import app  # type: ignore[import-not-found]  # the store's own

    from studio.recorder.install import record

    uvicorn.run(record(app, Path.cwd()), port=int(port), log_level="error", access_log=False, timeout_keep_alive=600)


def _measure(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Return seconds: request -> mode -> the median of each round."""
    found: dict[str, dict[str, list[float]]] = {name: {mode: [] for mode in MODES} for name in REQUESTS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sink = str(folder / "sink.sock")
        threading.Thread(target=_drain, args=(sink,), daemon=True).start()
        clients = {mode: stack.enter_context(_Client(mode, folder / mode, sink)) for mode in MODES}
        for number in range(rounds + 2):
            order = MODES[number % 3 :] + MODES[: number % 3]
            for name, request in REQUESTS.items():
                times: dict[str, list[float]] = {mode: [] for mode in MODES}
                for _ in range(PER_ROUND // IN_A_ROW):
                    for mode in order:
                        times[mode] += clients[mode].times(request)
                if number >= 2:  # the first rounds warm up
                    for mode in MODES:
                        found[name][mode].append(statistics.median(times[mode]))
    return found


class _Client:
    """A server process and one connection to it."""

    def __init__(self, mode: str, home: Path, sink: str) -> None:
        shutil.copytree(ROOT / "examples" / "store", home, ignore=shutil.ignore_patterns("*.db*", ".loom"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        command = [sys.executable, "-m", "benchmarks.recorder", "--serve", mode, str(self._port), sink]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, cwd=home, env=environment)
        self._connection = HTTPConnection("127.0.0.1", self._port)

    def __enter__(self) -> "_Client":
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with suppress(ConnectionError):
                self._send(REQUESTS["get"])
                return self
            self._connection.close()
            time.sleep(0.1)
        raise RuntimeError("the store did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def times(self, request: tuple[str, str, bytes]) -> list[float]:
        """Return how long `IN_A_ROW` requests took, one after the other."""
        times = []
        for _ in range(IN_A_ROW):
            began = time.perf_counter()
            self._send(request)
            times.append(time.perf_counter() - began)
        return times

    def _send(self, request: tuple[str, str, bytes]) -> None:
        method, path, body = request
        self._connection.request(method, path, body, HEADERS)
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status


def _drain(path: str) -> None:
    """Take what recorders send and forget it, as a studio would that only listens."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_swallow, args=(connection,), daemon=True).start()


def _swallow(connection: socket.socket) -> None:
    while connection.recv(1 << 20):
        pass


def _report(found: dict[str, dict[str, list[float]]], rounds: int) -> None:
    lines: dict[str, dict[str, float]] = {}
    for name, modes in found.items():
        line = {f"{mode}_us": round(statistics.median(values) * 1e6, 1) for mode, values in modes.items()}
        for mode in MODES[1:]:
            ratios = [with_ / without for with_, without in zip(modes[mode], modes["off"], strict=True)]
            line[f"{mode}_percent"] = round((statistics.median(ratios) - 1) * 100, 1)
        lines[name] = line
        sys.stdout.write(f"{name:8} {line}\n")
    about = {"rounds": rounds, "requests_per_round": PER_ROUND, "python": platform.python_version()}
    file = ROOT / "benchmarks" / "results" / "recorder.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"about": about | {"machine": platform.machine()}, "requests": lines}, indent=2) + "\n")


if __name__ == "__main__":
    main()
