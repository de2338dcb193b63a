"""Databases and repositories: every fixture gives something empty and takes it away afterwards."""

import asyncio
import os
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from loom.core.backend.sqlalchemy import Tables
from loom.core.repository.memory import InMemoryRepository
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager
from tests.repository.models import MODELS, Item

POSTGRES = os.environ.get("LOOM_TEST_POSTGRES", "postgresql+asyncpg://postgres@127.0.0.1:5432/test")
ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.fixture(scope="session")
def schema() -> Iterator[str]:
    """A PostgreSQL schema of this process with the tables of the test models; dropped at the end."""
    name = f"loom_repository_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    _run(_prepare(name))
    yield name
    _run(_on_postgres(f"DROP SCHEMA {name} CASCADE"))


@pytest.fixture(params=["sqlite", ON_POSTGRES])
async def manager(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SessionManager]:
    """A session manager on an empty database with the tables of the test models."""
    async with _opened(request, tmp_path) as opened:
        yield opened


PLAIN_POSTGRES = pytest.param("postgres plain", marks=pytest.mark.postgres)


@pytest.fixture(params=["memory", "sqlite", "sqlite plain", ON_POSTGRES, PLAIN_POSTGRES])
async def items(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    """An empty repository of items: in memory, and on each database with and without the fast path."""
    if request.param == "memory":
        yield InMemoryRepository(Item)
        return
    async with _opened(request, tmp_path) as opened:
        yield RepositorySQLAlchemy(session_manager=opened, model=Item)


@asynccontextmanager
async def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SessionManager]:
    database, _, plain = request.param.partition(" ")
    if database == "sqlite":
        url = f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        opened = SessionManager(url, tables=_tables(), fast_path=not plain)
        await opened.create_tables()
    else:
        opened = _on_schema(request.getfixturevalue("schema"), fast_path=not plain)
    try:
        yield opened
        assert opened.engine.pool.checkedout() == 0, "a test left a connection checked out"  # type: ignore[attr-defined]  # a queue pool
    finally:
        if database == "postgres":
            await _empty(opened)
        await opened.dispose()


def _tables() -> Tables:
    tables = Tables()
    tables.compile(*MODELS)
    return tables


def _on_schema(name: str, *, fast_path: bool = True) -> SessionManager:
    search_path = {"server_settings": {"search_path": name}}
    return SessionManager(POSTGRES, tables=_tables(), connect_args=search_path, pool_timeout=5, fast_path=fast_path)


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run in a thread of its own: the fixture may be asked for while a test's loop runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _prepare(schema: str) -> None:
    await _on_postgres(f"CREATE SCHEMA {schema}")
    opened = _on_schema(schema)
    await opened.create_tables()
    await opened.dispose()


async def _empty(manager: SessionManager) -> None:
    async with manager.engine.begin() as connection:
        names = ", ".join(manager.tables.metadata.tables)
        await connection.execute(sa.text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


async def _on_postgres(*statements: str) -> None:
    engine = create_async_engine(POSTGRES, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            for statement in statements:
                await connection.execute(sa.text(statement))
    except OSError as error:
        reason = f"PostgreSQL is not reachable at {sa.make_url(POSTGRES).render_as_string()}: {error}"
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    finally:
        await engine.dispose()
