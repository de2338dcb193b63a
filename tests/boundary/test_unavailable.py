"""A database that is away, full or slow: 503 with Retry-After, nothing of its words, and back to work when it is back."""

import asyncio
import time
from typing import Any

import asyncpg
import httpx
import pytest
import sqlalchemy as sa

from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute

POSTGRES = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgres"], indirect=True)]


class Nap(BaseModel):
    """Something to read."""

    __tablename__ = "edge_naps"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    label: str = ColumnField(length=10, default="")


class Sleep(UseCase[Nap, str]):
    """Keep a connection busy."""

    async def execute(self, seconds: float) -> str:
        """Sleep in the database."""
        manager: Any = self.main_repo.session_manager  # type: ignore[attr-defined]  # the repository this test runs on
        from loom.core.repository.sqlalchemy.errors import translated

        async with translated(), manager.writing() as connection:
            await connection.execute(sa.text("SELECT pg_sleep(:s)"), {"s": seconds})
        return "slept"


class Naps(RestInterface[Nap]):
    """Auto-CRUD."""

    prefix = "/naps"
    auto = True


class Sleeps(RestInterface[Nap]):
    """Slow."""

    prefix = "/sleep"
    routes = (RestRoute(Sleep, "POST", "/{seconds}"),)


INTERFACES = (Naps, Sleeps)


def assert_unavailable(answer: httpx.Response) -> None:
    assert (503, "1") == (answer.status_code, answer.headers["retry-after"])
    assert "unavailable" == answer.json()["detail"]["code"]
    for word in ("sql", "asyncpg", "postgres", "select", "pool", "traceback", "/"):
        assert word not in answer.json()["detail"]["message"].lower()


class TestOnPostgres:
    """Where a server can go away."""

    pytestmark = POSTGRES

    async def test_no_connection_left_is_told_in_time(self, serve: Any) -> None:
        """A request that finds every connection busy is a 503 within the pool's patience."""
        async with serve(interfaces=INTERFACES, pool_size=1, max_overflow=0, pool_timeout=0.3) as client:
            busy = asyncio.create_task(client.post("/sleep/2"))
            await asyncio.sleep(0.2)  # the connection is taken once the statement runs; nothing tells from outside
            started = time.monotonic()
            refused = await client.get("/naps/")
            waited = time.monotonic() - started
            assert 200 == (await busy).status_code
            again = await client.get("/naps/")

        assert_unavailable(refused)
        assert waited < 2
        assert 200 == again.status_code

    async def test_control_a_patient_pool_waits(self, serve: Any) -> None:
        """With time to wait the same request is answered: what refuses it is the pool's patience."""
        async with serve(interfaces=INTERFACES, pool_size=1, max_overflow=0, pool_timeout=30) as client:
            busy = asyncio.create_task(client.post("/sleep/0.5"))
            await asyncio.sleep(0.2)
            answer = await client.get("/naps/")
            await busy

        assert 200 == answer.status_code

    async def test_statement_that_takes_too_long(self, serve: Any) -> None:
        """A statement the server cancels for its length is a 503."""
        limits = {"connect_args": {"server_settings": {"statement_timeout": "100"}}}
        async with serve(interfaces=INTERFACES, **limits) as client:
            answer = await client.post("/sleep/5")

        assert_unavailable(answer)

    async def test_connection_lost_and_found(self, serve: Any, database_url: str) -> None:
        """When the server ends every connection, a request is a 503 at worst and the next ones work."""
        async with serve(interfaces=INTERFACES) as client:
            await client.get("/naps/")
            await end_connections(database_url)
            first = await client.get("/naps/")
            later = [(await client.get("/naps/")).status_code for _ in range(3)]

        assert first.status_code in (200, 503)
        assert [200, 200, 200] == later

    async def test_connection_lost_in_a_transaction(self, serve: Any, database_url: str) -> None:
        """A transaction whose connection dies is a 503, and stores nothing."""
        async with serve(interfaces=INTERFACES) as client:
            busy = asyncio.create_task(client.post("/sleep/5"))
            await asyncio.sleep(0.3)
            await end_connections(database_url)
            answer = await busy

        assert_unavailable(answer)


async def test_no_database_at_all(tmp_path: Any) -> None:
    """Without a database every request is a 503; the process says it is alive, and not ready."""
    app = create_app(
        {
            "app": {"name": "edge"},
            "database": {"url": "postgresql+asyncpg://nobody@127.0.0.1:1/none", "create_all": False},
        },
        interfaces=[Naps],
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://e") as client:
        answers = [await client.get("/naps/"), await client.get("/naps/1"), await client.post("/naps/", json={})]
        health, ready = await client.get("/health"), await client.get("/ready")

    for answer in answers:
        assert_unavailable(answer)
    assert (200, {"status": "ok"}) == (health.status_code, health.json())
    assert (503, {"database": "unavailable"}, "1") == (
        ready.status_code,
        ready.json()["checks"],
        ready.headers["retry-after"],
    )


async def end_connections(database_url: str) -> None:
    """End every other connection to the database, as an administrator would."""
    admin = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
    )
    await admin.close()
