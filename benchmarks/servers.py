"""Server processes: started on one core, watched for the processor time and the memory they take. Linux only."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from msgspec import Struct

_FIRST_PORT = 18080
_TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


def server_core() -> int:
    """Return the core of the server under load."""
    return min(os.sched_getaffinity(0))


def load_core() -> int:
    """Return the core of the load generator: another one where there are two."""
    return max(os.sched_getaffinity(0))


class Server(Struct, frozen=True):
    """A running application.

    Attributes:
        app: its name under `benchmarks.apps`.
        url: of its database.
        port: where it listens.
        pid: its process.
    """

    app: str
    url: str
    port: int
    pid: int

    def cpu_us(self) -> float:
        """Return the processor time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_US

    def memory_mb(self) -> float:
        """Return the memory it holds."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE_MB


@contextmanager
def running(databases: dict[str, str]) -> Iterator[list[Server]]:
    """Serve each application of `databases` (name -> URL) at the same time; stop them at the end."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(_running(app, url, _FIRST_PORT + index))
            for index, (app, url) in enumerate(databases.items())
        ]


@contextmanager
def _running(app: str, url: str, port: int) -> Iterator[Server]:
    command = [
        "taskset",
        "--cpu-list",
        str(server_core()),
        sys.executable,
        "-m",
        "benchmarks.serve",
        app,
        url,
        str(port),
    ]
    process = subprocess.Popen(command)
    try:
        _wait(process, app, port)
        yield Server(app, url, port, process.pid)
    finally:
        process.terminate()
        process.wait(10)


def _wait(process: subprocess.Popen[bytes], app: str, port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{app} did not start; see above")
        try:
            httpx.get(f"http://127.0.0.1:{port}/bench/ping").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{app} did not answer within 30 seconds")
