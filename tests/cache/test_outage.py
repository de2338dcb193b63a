"""The cache's server gone and back, and event loops that come and go."""

import asyncio
import logging
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import redis

from loom.core.cache import CacheUnavailable, RepositoryCache
from loom.core.cache.circuit import Circuit
from loom.core.repository.abc import QuerySpec
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager
from tests.cache.conftest import open_cache
from tests.cache.models import Shelf


class Server:
    """A Redis of the test's own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start, with what was saved, and wait until it answers."""
        options = ("--port", str(self.port), "--dir", str(self._directory), "--save", "")
        self._process = subprocess.Popen(
            ["redis-server", *options, "--appendonly", "yes", "--appendfsync", "always"], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with suppress(redis.ConnectionError, redis.BusyLoadingError), redis.Redis(port=self.port) as client:
                client.ping()
                return
            time.sleep(0.02)
        pytest.fail("redis-server did not start")

    def stop(self) -> None:
        """Kill it; what it knew is on disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A running Redis that the test may kill."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def repository(cache: RepositoryCache, manager: SessionManager, clock: Clock) -> Any:
    """Return the cached shelves, their circuit on `clock`."""
    cache._values._circuit._clock = clock
    return cache.wrap(RepositorySQLAlchemy(manager, Shelf))


async def test_without_the_server_everything_works_uncached(
    server: Server, manager: SessionManager, caplog: pytest.LogCaptureFixture
) -> None:
    """Reads, lists and writes go to the database; one warning says so."""
    cache, clock = open_cache(server.url), Clock()
    shelves = repository(cache, manager, clock)
    await shelves.create({"label": "A"})
    await shelves.get_by_id(1)
    server.stop()
    await shelves.update(1, {"label": "B"})
    for _ in range(3):
        clock.now += 2
        found = (await shelves.get_by_id(1)).label, (await shelves.list_with_query(QuerySpec())).items[0].label
    await cache.close()

    assert ("B", "B") == found
    assert 1 == len([record for record in caplog.records if record.levelno >= logging.WARNING])


async def test_what_was_written_meanwhile_is_not_read_old_afterwards(
    server: Server, manager: SessionManager, statements: Any
) -> None:
    """The server comes back with what it knew; the row that changed meanwhile is read anew, then cached again."""
    cache, clock = open_cache(server.url), Clock()
    shelves = repository(cache, manager, clock)
    await shelves.create({"label": "A"})
    await shelves.get_by_id(1)
    server.stop()
    await shelves.update(1, {"label": "B"})
    server.start()
    found = []
    for _ in range(3):  # the first one may still hold a connection that is dead
        clock.now += 2
        found.append((await shelves.get_by_id(1)).label)
    with statements() as sent:
        found.append((await shelves.get_by_id(1)).label)
    await cache.close()

    assert (["B"] * 4, []) == (found, sent)


async def test_nobody_asks_again_too_early() -> None:
    """After a failure one caller per pause tries; the others are refused without waiting."""
    clock = Clock()
    circuit, asked = Circuit(pause_s=1, clock=clock), 0

    async def ask() -> None:
        nonlocal asked
        with suppress(CacheUnavailable):
            async with circuit.asking():
                asked += 1
                raise ConnectionError

    await ask()
    await ask()
    clock.now = 1.5
    await ask()
    await ask()

    assert 2 == asked


async def test_an_answer_closes_the_circuit() -> None:
    """Once the server answers everybody may ask."""
    clock = Clock()
    circuit = Circuit(pause_s=1, clock=clock)
    with pytest.raises(CacheUnavailable):
        async with circuit.asking():
            raise TimeoutError
    clock.now = 2
    async with circuit.asking():
        pass
    async with circuit.asking():
        pass


def test_a_cache_outlives_event_loops(url: str, tmp_path: Path) -> None:
    """One cache serves a fresh event loop per task, and a later one reads what an earlier one kept."""
    cache = open_cache(url)

    async def keep() -> None:
        await cache._values.set_value("k", {"a": 1}, ttl=60)
        await cache.close()

    async def find() -> Any:
        found = await cache._values.get_value("k")
        await cache.close()
        return found

    asyncio.run(keep())

    assert [{"a": 1}, {"a": 1}] == [asyncio.run(find()), asyncio.run(find())]


def test_an_entry_ends_whatever_loop_asks() -> None:
    """An entry kept by a loop that is gone ends in time."""
    from loom.core.cache.memory import MemoryCache

    kept = MemoryCache()
    asyncio.run(kept.set("k", 1, ttl=0.01))
    time.sleep(0.02)

    assert asyncio.run(kept.get("k")) is None
