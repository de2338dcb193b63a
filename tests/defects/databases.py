"""Empty databases and a served application for tests of defects; all of it is gone after the test."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface

POSTGRES = os.environ.get("LOOM_TEST_POSTGRES", "postgresql+asyncpg://postgres@127.0.0.1:5432/test")

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """The `database` section of an empty database: a SQLite file, or a schema of its own on PostgreSQL."""
    if request.param == "sqlite":
        yield {"url": f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"}
        return
    name = f"loom_defect_{uuid4().hex}"
    try:
        await _on_postgres(f"CREATE SCHEMA {name}")
    except OSError as error:
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"PostgreSQL is not reachable at {sa.make_url(POSTGRES).render_as_string()}: {error}")
    yield {"url": POSTGRES, "connect_args": {"server_settings": {"search_path": name}}}
    await _on_postgres(f"DROP SCHEMA {name} CASCADE")


@pytest.fixture
def serve(database: dict[str, Any]) -> Serve:
    """Serve interfaces on the database and give a client."""

    @asynccontextmanager
    async def running(*interfaces: type[RestInterface[Any]], **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app({"app": {"name": "defects"}, "database": database | settings}, interfaces=interfaces)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            yield client

    return running


async def _on_postgres(statement: str) -> None:
    engine = create_async_engine(POSTGRES, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.text(statement))
    finally:
        await engine.dispose()
