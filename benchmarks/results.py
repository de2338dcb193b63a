"""What was measured, as data; on disk as JSON in `benchmarks/results/`."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
from msgspec import Struct

RESULTS = Path(__file__).with_name("results")
_PACKAGES = (
    *("fastapi", "starlette", "pydantic", "sqlalchemy", "asyncpg", "aiosqlite", "msgspec", "uvicorn", "uvloop"),
    *("httptools", "litestar", "advanced-alchemy"),
)


class Sample(Struct, frozen=True, kw_only=True):
    """One application under one load, once.

    Attributes:
        database: "postgresql" or "sqlite".
        scenario, app: names.
        connections: open at the same time.
        round: from 0; samples of one round were taken one right after the other.
        requests_per_s: answered with success.
        p50_us, p99_us: latencies.
        cpu_us: processor time of the server per request.
        memory_mb: what the server held at the end.
        failed: requests without an answer, or with one that is no success.
    """

    database: str
    scenario: str
    app: str
    connections: int
    round: int
    requests_per_s: float
    p50_us: int
    p99_us: int
    cpu_us: float
    memory_mb: float
    failed: int


class Run(Struct, frozen=True, kw_only=True):
    """One run of the driver.

    Attributes:
        date: when it began, UTC.
        commit: of the repository.
        machine: processor and cores.
        python: its version.
        postgresql: its version; empty where it was not used.
        versions: of the packages that matter.
        seconds: of each sample.
        rounds: how many.
        samples: all of them.
    """

    date: datetime
    commit: str
    machine: str
    python: str
    postgresql: str
    versions: dict[str, str]
    seconds: int
    rounds: int
    samples: list[Sample]


def new_run(seconds: int, rounds: int, postgresql: str) -> Run:
    """Return a run without samples that describes this machine."""
    return Run(
        date=datetime.now(UTC).replace(microsecond=0),
        commit=_commit(),
        machine=f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        python=platform.python_version(),
        postgresql=postgresql,
        versions={name: version(name) for name in _PACKAGES},
        seconds=seconds,
        rounds=rounds,
        samples=[],
    )


def save(run: Run, name: str) -> Path:
    """Write `run` and return where."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(run), indent=1) + b"\n")
    return path


def read(path: Path) -> Run:
    """Return a saved run."""
    return msgspec.json.decode(path.read_bytes(), type=Run)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _commit() -> str:
    shown = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return shown.stdout.strip()
