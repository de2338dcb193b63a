"""Rounds: every application under the same load, one right after the other, in an order that turns with the round."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from benchmarks import wrk
from benchmarks.compare import first_cursor
from benchmarks.dataset import RECORDS
from benchmarks.results import Sample
from benchmarks.scenarios import Scenario
from benchmarks.servers import Server

WARM_UP_S = 1


def warm_up(servers: list[Server], scenario: Scenario, work: Path) -> None:
    """Let every server answer for a moment: caches fill, statements are prepared."""
    for server in servers:
        _load(server, scenario, 20, WARM_UP_S, work)
        _tidy(server, scenario)


def rounds(
    servers: list[Server], scenario: Scenario, database: str, connections: int, count: int, seconds: int, work: Path
) -> Iterator[Sample]:
    """Yield a sample of every server for each of `count` rounds."""
    for number in range(count):
        turn = number % len(servers)
        for server in servers[turn:] + servers[:turn]:
            before = server.cpu_us()
            load = _load(server, scenario, connections, seconds, work)
            used = server.cpu_us() - before
            _tidy(server, scenario)
            answered = load.requests - load.refused
            yield Sample(
                database=database,
                scenario=scenario.name,
                app=server.app,
                connections=connections,
                round=number,
                requests_per_s=round(answered * 1_000_000 / load.duration_us, 1),
                p50_us=load.p50_us,
                p99_us=load.p99_us,
                cpu_us=round(used / max(load.requests, 1), 1),
                memory_mb=round(server.memory_mb(), 1),
                failed=load.refused + load.broken,
            )


def _load(server: Server, scenario: Scenario, connections: int, seconds: int, work: Path) -> wrk.Load:
    paths = scenario.paths(first_cursor(server) if "{after}" in scenario.path else "")
    return wrk.load(
        server.port, scenario.method, paths, scenario.payload, connections=connections, seconds=seconds, work=work
    )


def _tidy(server: Server, scenario: Scenario) -> None:
    """Take back what was inserted and sweep up, so that every sample meets the same tables."""
    if scenario.inserts or scenario.updates:
        statements = [f"DELETE FROM bench_records WHERE id > {RECORDS}"] if scenario.inserts else []
        if server.url.startswith("sqlite"):
            _on_sqlite(server.url.split("///", 1)[1], statements)
        else:
            asyncio.run(_on_postgres(server.url.replace("+asyncpg", ""), [*statements, "VACUUM bench_records"]))


def _on_sqlite(path: str, statements: list[str]) -> None:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    for statement in statements:
        connection.execute(statement)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _on_postgres(url: str, statements: list[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
