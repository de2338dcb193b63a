"""Seats to take slowly and work to ask for, and how many connections the process holds; configured by `STORM`, as JSON."""

import json
import os
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse

from loom.core.job.job import Job
from loom.core.job.service import JobService
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.sqlalchemy import SessionManager
from loom.core.repository.sqlalchemy.errors import translated
from loom.core.use_case import UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute


class Seat(BaseModel):
    """Something to take."""

    __tablename__ = "storm_seats"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    label: str = ColumnField(length=10, default="")


class Usher(Job[None]):
    """Does nothing; it is the asking that counts."""

    async def execute(self, seat_id: int) -> None:
        """Do nothing."""


class Take(UseCase[Seat, int]):
    """Store, then dawdle inside the transaction."""

    async def execute(self, seconds: float) -> int:
        """Take a seat, slowly."""
        seat = await self.main_repo.create({"label": "x"})
        manager: Any = self.main_repo.session_manager  # type: ignore[attr-defined]  # the repository this runs on
        async with translated(), manager.writing() as connection:
            await connection.execute(sa.text("SELECT pg_sleep(:s)"), {"s": seconds})
        return seat.id


class AskUsher(UseCase[Seat, int]):
    """Store, and dispatch."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self) -> int:
        """Take a seat and have somebody led to it."""
        seat = await self.main_repo.create({"label": "y"})
        self._jobs.dispatch(Usher, params={"seat_id": seat.id})
        return seat.id


class Takes(RestInterface[Seat]):
    """Slow, and in the background."""

    prefix = "/take"
    routes = (RestRoute(Take, "POST", "/{seconds}"), RestRoute(AskUsher, "POST", "/", status_code=202))


class Seats(RestInterface[Seat]):
    """Auto-CRUD."""

    prefix = "/seats"
    auto = True


async def held(_: Request) -> JSONResponse:
    """Answer how many connections are checked out."""
    return JSONResponse(manager.engine.pool.checkedout())  # type: ignore[attr-defined]  # a QueuePool


async def naive(request: Request) -> JSONResponse:
    """Take a connection first and read the body then, as a dependency that opens a session does."""
    async with manager.engine.begin() as connection:
        await connection.execute(sa.text("SELECT 1"))
        return JSONResponse(len(await request.body()))


app = create_app(json.loads(os.environ["STORM"]), interfaces=[Takes, Seats])
manager: SessionManager = app.state.loom.kernel.container.resolve(SessionManager)
app.add_route("/held", held)
app.add_route("/naive", naive, methods=["POST"])
