"""A8. More clients than connections, and clients that leave half-way: nobody waits for ever, nothing stays checked out."""

import asyncio
from collections import Counter
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa

from loom.core.model import BaseModel, ColumnField
from loom.core.repository.sqlalchemy import SessionManager
from loom.core.repository.sqlalchemy.errors import translated
from loom.core.use_case import UseCase
from loom.rest.model import RestInterface, RestRoute

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgres"], indirect=True)]

IDLE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'"


class Seat(BaseModel):
    """Something to take."""

    __tablename__ = "edge_seats"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    label: str = ColumnField(length=10, default="")


class Take(UseCase[Seat, int]):
    """Store, then dawdle inside the transaction."""

    async def execute(self, seconds: float) -> int:
        """Take a seat, slowly."""
        seat = await self.main_repo.create({"label": "x"})
        manager: Any = self.main_repo.session_manager  # type: ignore[attr-defined]  # the repository this test runs on
        async with translated(), manager.writing() as connection:
            await connection.execute(sa.text("SELECT pg_sleep(:s)"), {"s": seconds})
        return seat.id


class Takes(RestInterface[Seat]):
    """Slow."""

    prefix = "/take"
    routes = (RestRoute(Take, "POST", "/{seconds}"),)


class Seats(RestInterface[Seat]):
    """Auto-CRUD."""

    prefix = "/seats"
    auto = True


def manager_of(client: Any) -> Any:
    """Return the session manager of the application a client talks to."""
    return client._transport.app.state.loom.kernel.container.resolve(SessionManager)


async def test_saturated_pool_answers_everyone(serve: Any, database_url: str) -> None:
    """Two hundred slow clients on five connections get their seat or a 503; then everything is as before."""
    async with serve(interfaces=(Takes, Seats), pool_size=5, max_overflow=0, pool_timeout=0.5) as client:
        answers = await asyncio.gather(*(client.post("/take/0.05") for _ in range(200)))
        after = await client.get("/seats/?limit=1")
        checked_out = manager_of(client).engine.pool.checkedout()

    counts = Counter(answer.status_code for answer in answers)
    assert {200, 503} == counts.keys()
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 503)
    assert (200, counts[200], 0) == (after.status_code, after.json()["total_count"], checked_out)


async def test_clients_that_leave_take_nothing_along(serve: Any, database_url: str) -> None:
    """Requests cancelled inside their transaction store nothing and give their connection back."""
    async with serve(interfaces=(Takes, Seats), pool_size=5, max_overflow=0, pool_timeout=5) as client:
        for _ in range(20):
            leaving = [asyncio.create_task(client.post("/take/5")) for _ in range(5)]
            await asyncio.sleep(0.05)
            for task in leaving:
                task.cancel()
            await asyncio.gather(*leaving, return_exceptions=True)
        after = await client.get("/seats/")
        checked_out = manager_of(client).engine.pool.checkedout()
        observer = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        idle = await observer.fetchval(IDLE)
        await observer.close()

    assert (200, 0, 0, 0) == (after.status_code, after.json()["total_count"], checked_out, idle)


async def test_control_a_connection_not_given_back_is_seen(serve: Any, database_url: str) -> None:
    """A connection still in a transaction shows in everything the tests above look at."""
    async with (
        serve(interfaces=(Takes, Seats), pool_size=5, max_overflow=0) as client,
        manager_of(client).engine.begin() as connection,
    ):
        await connection.execute(sa.text("SELECT 1"))
        observer = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        idle = await observer.fetchval(IDLE)
        await observer.close()
        checked_out = manager_of(client).engine.pool.checkedout()

    assert (1, 1) == (idle, checked_out)
