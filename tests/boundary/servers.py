"""Processes a test may kill: the application under `loom run`, a PostgreSQL of its own; and a proxy that is slow or cut."""

import asyncio
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx
import pytest

LOOM = Path(sys.executable).parent / "loom"
STORM = Path(__file__).with_name("storm")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 30) -> float:
    """Return after how many seconds it held; fail where it does not within `seconds`."""
    began = time.monotonic()
    while not await holds():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        await asyncio.sleep(0.02)
    return time.monotonic() - began


class Running:
    """The application of `storm` under `loom run`.

    Attributes:
        client: asks it; every request has ten seconds.
    """

    def __init__(self, config: dict[str, Any], log: Path) -> None:
        self.port = free_port()
        self.log = log
        self._config = {"app": {"name": "storm"}, **config}
        self.client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=10, limits=_UNLIMITED)

    def start(self) -> None:
        """Start it, without waiting."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [LOOM, "run", STORM, "--port", str(self.port)],
                env={**os.environ, "STORM": json.dumps(self._config)},
                stdout=out,
                stderr=out,
            )

    async def ready(self) -> None:
        """Wait until it takes requests."""
        await until(self._answers, 40)

    async def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        return await self.status("/health") == 200

    async def status(self, path: str, method: str = "GET") -> int:
        """Return the status of an answer; 0 where there is none."""
        try:
            return (await self.client.request(method, path)).status_code
        except httpx.TransportError:
            return 0

    async def held(self) -> int:
        """Return how many connections it has checked out."""
        return int((await self.client.get("/held")).json())

    def end(self) -> None:
        """Kill it, if it still runs."""
        self.process.kill()
        self.process.wait()


_UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=20)


@asynccontextmanager
async def running(config: dict[str, Any], log: Path) -> AsyncIterator[Running]:
    """The application with this configuration, ready; killed at the end."""
    app = Running(config, log)
    app.start()
    try:
        await app.ready()
        yield app
    finally:
        app.end()
        await app.client.aclose()


class Postgres:
    """A PostgreSQL of the test's own, run by a user that is not root."""

    def __init__(self) -> None:
        self.port = free_port()
        self._home = Path(tempfile.mkdtemp(prefix="loom-postgres-"))
        self._data = self._home / "data"
        self._user = _unprivileged(self._home)
        self._process: subprocess.Popen[bytes] | None = None
        made = self._run("initdb", "-A", "trust", "-U", "postgres", "--no-sync", "-D", str(self._data))
        assert 0 == made.wait()

    def url(self, port: int | None = None) -> str:
        """Return its URL, by way of another port where one is given."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{port or self.port}/postgres"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        options = ("fsync=off", "unix_socket_directories=", "listen_addresses=127.0.0.1", "max_connections=40")
        set_options = [word for option in options for word in ("-c", option)]
        self._process = self._run("postgres", "-D", str(self._data), "-p", str(self.port), *set_options)
        await until(self._answers)

    async def _answers(self) -> bool:
        with suppress(OSError, asyncpg.PostgresError):
            connection = await asyncpg.connect(self.url().replace("+asyncpg", ""))
            await connection.close()
            return True
        return False

    def stop(self) -> None:
        """End it the way a crash does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        """End it and forget its data."""
        self.stop()
        shutil.rmtree(self._home)

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [_binary(program), *arguments],
            cwd=self._home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._user,
        )


def _unprivileged(home: Path) -> dict[str, Any]:
    """Hand `home` to a user PostgreSQL accepts and return how to start a process as that one."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = names.get("postgres") or names["nobody"]
    os.chown(home, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _binary(name: str) -> str:
    """Return the program of PostgreSQL, or skip."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    program = str(found[-1]) if found else shutil.which(name)
    if program is None:
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{name} of PostgreSQL is not installed")
        pytest.skip(f"{name} of PostgreSQL is not installed")
    return program


class Proxy:
    """A TCP proxy to `target` on loopback.

    Attributes:
        delay_s: how long each piece of an answer is held back.
        is_silent: take everything and pass nothing on, as a host that is gone does.
    """

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = free_port()
        self.delay_s = 0.0
        self.is_silent = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def open(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """End every connection and take no other."""
        assert self._server is not None
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(OSError, asyncio.CancelledError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
            ways = self._pass(reader, far_writer, slow=False), self._pass(far_reader, writer, slow=True)
            try:
                async with asyncio.TaskGroup() as both:
                    for way in ways:
                        both.create_task(way)
            finally:
                far_writer.close()
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slow: bool) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                if slow and self.delay_s:
                    await asyncio.sleep(self.delay_s)
                while self.is_silent:
                    await asyncio.sleep(0.02)
                writer.write(piece)
                await writer.drain()
        writer.close()
