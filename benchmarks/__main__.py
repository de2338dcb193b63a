"""The driver.

python -m benchmarks            # a few minutes
python -m benchmarks --full     # everything, about two hours
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
from msgspec import Struct

from benchmarks import compare, measure, wrk
from benchmarks.dataset import POSTGRES, drop_postgres, postgres_url, sqlite_url
from benchmarks.report import table
from benchmarks.results import Run, Sample, new_run, save
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import Server, running

APPS = ("loom_app", "handwritten", "floor", "litestar_app")


class Plan(Struct, frozen=True):
    """What one run does.

    Attributes:
        databases: in this order.
        scenarios: names.
        apps: names under `benchmarks.apps`.
        connections: each level in turn.
        rounds, seconds: how often, and how long each time.
        full: every scenario on every database, and every application on every level.
        name: of the file of results.
    """

    databases: tuple[str, ...]
    scenarios: tuple[str, ...]
    apps: tuple[str, ...]
    connections: tuple[int, ...]
    rounds: int
    seconds: int
    full: bool
    name: str


def main() -> int:
    """Run and return the exit code."""
    plan = _plan()
    try:
        wrk.require()
        run = _run(plan)
    except (wrk.Missing, compare.Different) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{table(run)}\n\nwritten to {save(run, plan.name)}")
    return 0


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Compare and time the applications.")
    parser.add_argument("--full", action="store_true", help="every scenario, database, application and level")
    parser.add_argument("--database", action="append", choices=("postgresql", "sqlite"))
    parser.add_argument("--scenario", action="append", choices=[each.name for each in SCENARIOS])
    parser.add_argument("--app", action="append", choices=APPS)
    parser.add_argument("--connections", action="append", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--name", help="of the file of results")
    given = parser.parse_args()
    return Plan(
        databases=tuple(given.database or ("postgresql", "sqlite")),
        scenarios=tuple(given.scenario or (each.name for each in SCENARIOS if given.full or not each.only_full)),
        apps=tuple(given.app or APPS),
        connections=tuple(given.connections or (20, 100, 300)),
        rounds=given.rounds or (7 if given.full else 3),
        seconds=given.seconds or (3 if given.full else 1),
        full=given.full or bool(given.scenario),
        name=given.name or ("full" if given.full else "short"),
    )


def _run(plan: Plan) -> Run:
    run = new_run(plan.seconds, plan.rounds, _postgres_version() if "postgresql" in plan.databases else "")
    with tempfile.TemporaryDirectory(prefix="loom-bench-") as work:
        for database in plan.databases:
            with _served(plan, database, Path(work)) as servers:
                scenarios = [each for each in SCENARIOS if each.name in plan.scenarios]
                scenarios = [each for each in scenarios if plan.full or database in each.short_on]
                for scenario in scenarios:
                    compare.check(servers, scenario)
                print(f"{database}: {len(scenarios)} scenarios, all applications agree", flush=True)
                for scenario in scenarios:
                    run.samples.extend(_samples(plan, database, servers, scenario, Path(work)))
    return run


@contextmanager
def _served(plan: Plan, database: str, work: Path) -> Iterator[list[Server]]:
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        for app in plan.apps:
            if database == "sqlite":
                urls[app] = sqlite_url(work, app)
            else:
                stack.callback(drop_postgres, app)
                urls[app] = postgres_url(app)
        yield stack.enter_context(running(urls))


def _samples(plan: Plan, database: str, servers: list[Server], scenario: Scenario, work: Path) -> Iterator[Sample]:
    measure.warm_up(servers, scenario, work)
    for connections in plan.connections if plan.full or database == "postgresql" else plan.connections[:1]:
        wanted = [s for s in servers if plan.full or connections == plan.connections[0] or s.app != "litestar_app"]
        print(f"{database} {scenario.name:12} c={connections:<4}", end="", flush=True)
        found = list(measure.rounds(wanted, scenario, database, connections, plan.rounds, plan.seconds, work))
        for server in wanted:
            rates = sorted(each.requests_per_s for each in found if each.app == server.app)
            print(f"  {server.app} {rates[len(rates) // 2]:,.0f}/s", end="", flush=True)
        print()
        yield from found


def _postgres_version() -> str:
    async def ask() -> str:
        connection = await asyncpg.connect(POSTGRES)
        try:
            version: str = await connection.fetchval("SHOW server_version")
        finally:
            await connection.close()
        return version.split(maxsplit=1)[0]

    return asyncio.run(ask())


if __name__ == "__main__":
    sys.exit(main())
