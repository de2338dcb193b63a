"""The example applications, each test with a copy, a database and modules of its own."""

import importlib.util
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

EXAMPLES = Path(__file__).parents[2] / "examples"
POSTGRES = os.environ.get("LOOM_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")

Load = Callable[[], FastAPI]
Serve = Callable[[FastAPI], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database that is gone after the test: SQLite, or PostgreSQL where parametrized with it."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        return
    async with _postgres_database() as url:
        yield url


@pytest.fixture
def fresh_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the test import `main` and `app` as a new process would."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    _forget_examples()
    yield
    _forget_examples()


@pytest.fixture
def store_directory(tmp_path: Path) -> Path:
    """A copy of examples/store."""
    return Path(
        shutil.copytree(
            EXAMPLES / "store", tmp_path / "store", ignore=shutil.ignore_patterns("*.db*", "__pycache__", ".loom")
        )
    )


@pytest.fixture
def load_store(store_directory: Path, database_url: str, fresh_modules: None, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Run the store's main.py and return its app; the modules below `app` are shared by repeated calls."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda: _run_main(store_directory / "main.py")


@pytest.fixture
def load_hello(tmp_path: Path, fresh_modules: None, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Run hello's main.py in an empty directory and return its app."""
    monkeypatch.chdir(tmp_path)
    return lambda: _run_main(EXAMPLES / "hello" / "main.py")


@pytest.fixture
def serve() -> Serve:
    """Start an app's lifespan and give a client of it."""
    return _serve


@pytest.fixture
async def client(load_store: Load) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running store with its seed data."""
    async with _serve(load_store()) as running:
        yield running


@asynccontextmanager
async def _serve(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://store.test") as client,
    ):
        yield client


@asynccontextmanager
async def _postgres_database() -> AsyncIterator[str]:
    name = f"loom_store_{uuid4().hex}"
    admin = await _connect_postgres()
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        yield f"{POSTGRES.rpartition('/')[0].replace('postgresql://', 'postgresql+asyncpg://', 1)}/{name}"
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


async def _connect_postgres() -> asyncpg.Connection:
    try:
        return await asyncpg.connect(POSTGRES)
    except (OSError, asyncpg.PostgresError) as error:
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"PostgreSQL is not reachable at {POSTGRES}: {error}")


def _run_main(path: Path) -> FastAPI:
    spec = importlib.util.spec_from_file_location("main", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["main"] = module
    spec.loader.exec_module(module)
    app: FastAPI = module.app
    return app


def _forget_examples() -> None:
    for name in [name for name in sys.modules if name == "main" or name.split(".")[0] == "app"]:
        del sys.modules[name]
