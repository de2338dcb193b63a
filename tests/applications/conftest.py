"""A whole application written against the public API, run as its users run it: environment variables, `create_app()`, a client."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from fastapi.testclient import TestClient

SHOP = Path(__file__).parent / "shop"
POSTGRES = os.environ.get("LOOM_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
EAGER = {
    "METRICS_ENABLED": "false",
    "CELERY_TASK_ALWAYS_EAGER": "true",
    "CELERY_BROKER_URL": "memory://",
    "CELERY_RESULT_BACKEND": "cache+memory://",
}


def forget_app() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[name]


@pytest.fixture
def shop_modules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The shop's `src` on the import path, its modules fresh, the working directory empty."""
    monkeypatch.setattr(sys, "path", [str(SHOP / "src"), *sys.path])
    monkeypatch.chdir(tmp_path)
    forget_app()
    yield
    forget_app()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}"
        return
    name = f"loom_shop_{uuid4().hex}"
    try:
        admin = await asyncpg.connect(POSTGRES)
    except (OSError, asyncpg.PostgresError) as error:
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"PostgreSQL is not reachable at {POSTGRES}: {error}")
    await admin.execute(f'CREATE DATABASE "{name}"')
    yield f"{POSTGRES.rpartition('/')[0].replace('postgresql://', 'postgresql+asyncpg://', 1)}/{name}"
    await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    variables = {**EAGER, "DATABASE_URL": database_url}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def client(shop_modules: None, environment: dict[str, str]) -> Iterator[TestClient]:
    main = importlib.import_module("app.main")
    with TestClient(main.create_app(), raise_server_exceptions=False) as client:
        yield client
