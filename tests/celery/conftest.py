"""Brokers, worker processes and the shop they work for."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from celery import Celery
from fastapi import FastAPI

from loom.celery import bootstrap_worker
from loom.rest.fastapi.auto import create_app

STORE = Path(__file__).parents[2] / "examples" / "store"
APPS = Path(__file__).with_name("apps")
sys.path.append(str(APPS))  # a worker process imports the shop by name, so the tests do too
REDIS = os.environ.get("LOOM_TEST_REDIS", "redis://127.0.0.1:6379/11")
RABBITMQ = os.environ.get("LOOM_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")
BROKERS = {"redis": (REDIS, REDIS), "rabbitmq": (RABBITMQ, "rpc://")}


@dataclass
class Shop:
    """One shop: its configuration, its database, and what has happened in it."""

    directory: Path
    broker: str = "memory://"
    backend: str = "cache+memory://"
    eager: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    queue: str = field(default_factory=lambda: f"loom_test_{uuid4().hex}")

    @property
    def config(self) -> dict[str, Any]:
        """The configuration of API and worker."""
        return {
            "app": {"name": "shop", "discovery": {"mode": "modules", "modules": {"include": ["celery_shop"]}}},
            "database": {"url": f"sqlite+aiosqlite:///{self.directory / 'shop.db'}"},
            "celery": {
                "broker_url": self.broker,
                "result_backend": self.backend,
                "task_always_eager": self.eager,
                "task_default_queue": self.queue,
                "queues": [self.queue],
            },
            "jobs": {name: {"queue": self.queue} for name in ("Work", "ReadMark", "Slow", "DiesOnce", "Chain")},
            **self.extra,
        }

    @property
    def attempts(self) -> list[str]:
        """The name in each attempt of `Work`, in order."""
        file = self.directory / "attempts"
        return file.read_text().split() if file.exists() else []

    def marks(self) -> list[tuple[str, str]]:
        """Return text and trace id of every committed mark, in order."""
        with sqlite3.connect(self.directory / "shop.db") as database:
            try:
                return database.execute("SELECT text, trace FROM marks ORDER BY id").fetchall()
            except sqlite3.OperationalError:  # no table yet
                return []

    def texts(self) -> list[str]:
        """Return the text of every committed mark, in order."""
        return [text for text, _ in self.marks()]

    def wait_for(self, text: str, seconds: float = 30) -> list[str]:
        """Return every text once `text` is among them."""
        until = time.monotonic() + seconds
        while text not in self.texts():
            assert time.monotonic() < until, f"{text!r} did not happen; there is {self.texts()}"
            time.sleep(0.05)
        return self.texts()


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop of its own, on a broker in memory."""
    monkeypatch.setenv("SHOP_ATTEMPTS", str(tmp_path / "attempts"))
    return Shop(tmp_path)


@pytest.fixture
def api(shop: Shop) -> Callable[..., FastAPI]:
    """Make the shop's API."""
    return lambda: create_app(shop.config)


@pytest.fixture
def worker(shop: Shop) -> Iterator[Callable[..., Celery]]:
    """Make the shop's worker in this process, to call its tasks eagerly."""
    made: list[Celery] = []

    def make(**options: Any) -> Celery:
        made.append(bootstrap_worker(shop.config, **options).celery_app)
        return made[-1]

    yield make
    for app in made:
        app.loom_worker.close()


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def running_shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose worker, a process of its own, runs on a real broker for all tests of the module."""
    url, backend = BROKERS[request.param]
    _require(request.param, url)
    shop = Shop(tmp_path_factory.mktemp(request.param), url, backend)
    environment = pytest.MonkeyPatch()
    environment.setenv("SHOP_ATTEMPTS", str(shop.directory / "attempts"))
    variables = {"PYTHONPATH": str(APPS), "SHOP_CONFIG": json.dumps(shop.config)}
    with _worker("celery_shop_worker:celery_app", shop.directory, variables):
        yield shop
    environment.undo()
    _delete_queues(shop.broker, shop.queue)


@pytest.fixture
def store_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of examples/store, in use, with its worker on Redis; the environment has the one variable."""
    url = REDIS.rpartition("/")[0] + "/12"
    _require("redis", url)
    store = Path(shutil.copytree(STORE, tmp_path / "store", ignore=shutil.ignore_patterns("*.db*", "__pycache__")))
    monkeypatch.chdir(store)
    monkeypatch.setenv("CELERY_BROKER_URL", url)
    with _worker("app.worker_main:celery_app", store, {"PYTHONPATH": "src", "CELERY_BROKER_URL": url}):
        yield store
    _delete_queues(url, "default", "notifications")


@contextmanager
def _worker(app: str, directory: Path, variables: dict[str, str]) -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-l", "info", "-c", "2"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-n", f"{uuid4().hex}@%h"]
    log = directory / "worker.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, *quiet], env={**os.environ, **variables}, cwd=directory, stdout=out, stderr=out
        )
        try:
            _await_ready(log, process)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _await_ready(log: Path, process: "subprocess.Popen[bytes]", seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while " ready." not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


def _require(name: str, url: str) -> None:
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 0), timeout=2).close()
    except OSError as error:
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"{name} is not reachable at {parts.hostname}:{parts.port}: {error}")


def _delete_queues(broker: str, *names: str) -> None:
    app = Celery(broker=broker, set_as_current=False)
    with app.connection_for_write() as connection:
        for name in names:
            connection.default_channel.queue_delete(name)
    app.close()
