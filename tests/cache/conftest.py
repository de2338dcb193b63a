"""A library in SQLite behind a cache in memory, and behind one on Redis."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis
import sqlalchemy as sa

from loom.core.backend.sqlalchemy import Tables
from loom.core.cache import CacheConfig, RepositoryCache
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager
from tests.cache.models import MODELS

REDIS = os.environ.get("LOOM_TEST_REDIS", "redis://127.0.0.1:6379/11")
ON_REDIS = pytest.param("redis", marks=pytest.mark.redis)


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[SessionManager]:
    """A session manager on an empty SQLite database."""
    tables = Tables()
    tables.compile(*MODELS)
    opened = SessionManager(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}", tables=tables)
    await opened.create_tables()
    yield opened
    await opened.dispose()


@pytest.fixture(params=["memory", ON_REDIS])
def url(request: pytest.FixtureRequest) -> str:
    """Where the cache is."""
    return redis_url() if request.param == "redis" else "memory://"


@pytest.fixture
async def cache(url: str) -> AsyncIterator[RepositoryCache]:
    """A cache with keys of its own."""
    opened = open_cache(url)
    yield opened
    await opened.close()


@pytest.fixture
def of(cache: RepositoryCache, manager: SessionManager) -> Callable[[type[Any]], Any]:
    """Return the cached repository of a model."""
    return lambda model: cache.wrap(RepositorySQLAlchemy(manager, model))


@pytest.fixture
def statements(manager: SessionManager) -> Callable[[], Any]:
    """Count the statements sent to the database in a block."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        sent: list[str] = []

        def note(*arguments: Any) -> None:
            if not arguments[2].startswith("BEGIN"):
                sent.append(arguments[2])

        sa.event.listen(manager.engine.sync_engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            sa.event.remove(manager.engine.sync_engine, "before_cursor_execute", note)

    return counting


def open_cache(url: str, **options: Any) -> RepositoryCache:
    """Return a cache nobody else reads."""
    return RepositoryCache(CacheConfig(url=url, **options), MODELS, namespace=f"test:{uuid4().hex}")


def redis_url() -> str:
    """Return the URL of the Redis tests may use, or skip."""
    client = redis.Redis.from_url(REDIS)
    try:
        client.ping()
    except redis.ConnectionError as error:
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"Redis is not reachable at {REDIS}: {error}")
    finally:
        client.close()
    return REDIS
