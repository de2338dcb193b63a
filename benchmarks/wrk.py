"""The load generator: wrk, one thread on a core of its own."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from benchmarks.servers import load_core

_SCRIPT = Path(__file__).with_name("load.lua")


class Load(Struct, frozen=True):
    """What wrk saw.

    Attributes:
        requests: answered, of any status.
        duration_us: for how long it asked.
        p50_us, p99_us: latencies.
        refused: answers that were neither 2xx nor 3xx.
        broken: requests without an answer: connecting, reading, writing, or over the time limit.
    """

    requests: int
    duration_us: int
    p50_us: int
    p99_us: int
    refused: int
    broken: int


class Missing(Exception):
    """wrk is not on PATH; the text says what to do."""


def require() -> None:
    """Check that wrk can be run.

    Raises:
        Missing: it cannot.
    """
    if shutil.which("wrk") is None:
        raise Missing("wrk is not on PATH; Debian and Ubuntu: apt-get install wrk; macOS: brew install wrk")


def load(
    port: int, method: str, paths: Sequence[str], body: bytes, *, connections: int, seconds: int, work: Path
) -> Load:
    """Ask for `paths` in turns over `connections` for `seconds`; `work`: a directory for wrk's input."""
    (work / "paths").write_text("\n".join(paths) + "\n")
    (work / "body").write_bytes(body)
    command = [
        *("taskset", "--cpu-list", str(load_core())),
        *("wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"),
        *("--timeout", "10s", "--script", str(_SCRIPT), f"http://127.0.0.1:{port}", "--"),
        *(method, str(work / "paths"), str(work / "body") if body else "-"),
    ]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("SUMMARY "))
    return msgspec.json.decode(line.removeprefix("SUMMARY "), type=Load)
