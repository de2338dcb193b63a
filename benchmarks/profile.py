"""Where a request's processor time goes: the server under load, looked at by py-spy 500 times a second.

python -m benchmarks.profile loom_app get                 # on PostgreSQL
python -m benchmarks.profile loom_app get --database sqlite --top 40
"""

import argparse
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks import compare, measure, wrk
from benchmarks.dataset import drop_postgres, postgres_url, sqlite_url
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import Server, running

_SECONDS = 8
_RATE = 500
_FRAME = re.compile(r"(?P<function>.*) \((?P<file>.*?)(?::\d+)?\)")


def main() -> None:
    """Print processor time by package, by function itself, and by function with what it calls."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile")
    parser.add_argument("app")
    parser.add_argument("scenario", choices=[each.name for each in SCENARIOS])
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--top", type=int, default=30)
    given = parser.parse_args()
    scenario = next(each for each in SCENARIOS if each.name == given.scenario)
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as work:
        stacks, per_request = _profiled(given.app, scenario, given.database, Path(work))
    print(f"{given.app} {scenario.name} on {given.database}: {per_request:.0f} µs of processor time per request\n")
    for title, counts in (
        ("by package, itself", by_package(stacks)),
        ("by function, itself", by_function(stacks)),
        ("by function, with what it calls", inclusive(stacks)),
    ):
        print(f"{title}\n{shown(counts, sum(stacks.values()), per_request, given.top)}\n")


def by_package(stacks: Counter[tuple[str, ...]]) -> Counter[str]:
    """Return samples by the package of the innermost frame."""
    return _summed((package_of(stack[-1]), count) for stack, count in stacks.items())


def by_function(stacks: Counter[tuple[str, ...]]) -> Counter[str]:
    """Return samples by the innermost frame."""
    return _summed((stack[-1], count) for stack, count in stacks.items())


def inclusive(stacks: Counter[tuple[str, ...]]) -> Counter[str]:
    """Return samples by every frame that was on the stack."""
    return _summed((frame, count) for stack, count in stacks.items() for frame in set(stack))


def package_of(frame: str) -> str:
    """Return the package a frame belongs to: `loom/core/engine`, `sqlalchemy/engine`, `asyncpg`, ..."""
    found = _FRAME.fullmatch(frame)
    parts = (found["file"] if found else frame).split("/")
    depth = {"loom": 3, "sqlalchemy": 2}.get(parts[0], 1)
    return "/".join(parts[: min(depth, max(len(parts) - 1, 1))])


def shown(counts: Counter[str], total: int, per_request: float, top: int) -> str:
    """Return the `top` largest counts as µs per request and share."""
    rows = counts.most_common(top)
    return "\n".join(f"{count / total * per_request:8.1f} µs {count / total:6.1%}  {name}" for name, count in rows)


def _summed(pairs: Iterable[tuple[str, int]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for name, count in pairs:
        counts[name] += count
    return counts


def _profiled(app: str, scenario: Scenario, database: str, work: Path) -> tuple[Counter[tuple[str, ...]], float]:
    try:
        url = sqlite_url(work, app) if database == "sqlite" else postgres_url(app)
        with running({app: url}) as servers:
            measure.warm_up(servers, scenario, work)
            return _watched(servers[0], scenario, work)
    finally:
        if database == "postgresql":
            drop_postgres(app)


def _watched(server: Server, scenario: Scenario, work: Path) -> tuple[Counter[tuple[str, ...]], float]:
    raw = work / "stacks"
    seconds, rate, pid = str(_SECONDS - 2), str(_RATE), str(server.pid)
    spy = ["py-spy", "record", "--pid", pid, "--duration", seconds, "--rate", rate, "--format", "raw"]
    cursor = compare.first_cursor(server) if "{after}" in scenario.path else ""
    before = server.cpu_us()
    with subprocess.Popen([*spy, "--output", str(raw)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as watcher:
        load = wrk.load(
            server.port,
            scenario.method,
            scenario.paths(cursor),
            scenario.payload,
            connections=20,
            seconds=_SECONDS,
            work=work,
        )
        errors = watcher.communicate()[1]
    if watcher.returncode:
        raise RuntimeError(errors.decode())
    return _read(raw), (server.cpu_us() - before) / load.requests


def _read(raw: Path) -> Counter[tuple[str, ...]]:
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in raw.read_text().splitlines():
        names, _, count = line.rpartition(" ")
        stacks[tuple(re.sub(r":\d+\)$", ")", name) for name in names.split(";"))] += int(count)
    return stacks


if __name__ == "__main__":
    main()
