"""Applications in directories of their own and the `loom migrate` command on them, each run as a new process would."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import Result
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from typer.testing import CliRunner

from loom.cli import cli

EXAMPLES = Path(__file__).parents[2] / "examples"
POSTGRES = os.environ.get("LOOM_TEST_POSTGRES", "postgresql+asyncpg://postgres@127.0.0.1:5432/test")
DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

Migrate = Callable[..., Result]


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database; gone after the test."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        return
    name = f"loom_migrate_{uuid4().hex}"
    try:
        run(on(POSTGRES, f'CREATE DATABASE "{name}"'))
    except OSError as error:
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"PostgreSQL is not reachable: {error}")
    yield sa.make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    run(on(POSTGRES, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project directory."""
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A copy of examples/store without its database and migrations."""
    ignored = shutil.ignore_patterns("*.db*", "__pycache__", ".loom", "migrations", "alembic.ini")
    return Path(shutil.copytree(EXAMPLES / "store", tmp_path / "store", ignore=ignored))


@pytest.fixture
def migrate(monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[Migrate]:
    """Run `loom migrate ...` for the app in a directory, with DATABASE_URL set; modules are forgotten before each run."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("DATABASE_URL", url)

    def command(directory: Path, *words: str, database: str = url) -> Result:
        forget()
        monkeypatch.setenv("DATABASE_URL", database)
        return CliRunner().invoke(cli, ["migrate", *words, "--app", str(directory)])

    yield command
    forget()


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("main", "app")]:
        del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if not (Path(entry) / "main.py").exists()]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run in a thread of its own, whatever loop there is here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Any]:
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def on(url: str, *statements: str) -> None:
    async with connected(url) as connection:
        for statement in statements:
            await connection.execute(sa.text(statement))


async def rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    async with connected(url) as connection:
        return [tuple(row) for row in await connection.execute(sa.text(statement))]


async def tables(url: str) -> set[str]:
    """Every table but Alembic's own."""
    async with connected(url) as connection:
        names = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    return set(names) - {"alembic_version"}
