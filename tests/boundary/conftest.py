"""A library whose every kind of field a request may try: keys, hidden ones, derived ones, relations; on both databases."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from msgspec import Meta

from loom.core.command import Command, Computed, Internal, Patch
from loom.core.job.job import Job
from loom.core.job.service import JobService
from loom.core.model import BaseModel, BigInteger, Cardinality, ColumnField, RelationField, TimestampedModel
from loom.core.repository.abc.query import CursorResult, PageResult, QuerySpec
from loom.core.response import Response
from loom.core.use_case import Compute, F, Input, LoadById, UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute

POSTGRES = os.environ.get("LOOM_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


class Member(TimestampedModel):
    """Who borrows; `token` is nobody's business."""

    __tablename__ = "edge_members"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=20, unique=True)
    age: int = ColumnField(default=0)
    visits: int = ColumnField(BigInteger, default=0)
    rating: float | None = ColumnField()
    joined: datetime | None = ColumnField()
    token: str = ColumnField(length=20, default="")
    loans: list["Loan"] = RelationField(
        foreign_key="member_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("full",)
    )


class Loan(BaseModel):
    """What is borrowed."""

    __tablename__ = "edge_loans"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    member_id: int = ColumnField(foreign_key="edge_members.id")
    title: str = ColumnField(length=40)
    note: str = ColumnField(length=40, default="")


class Card(Response):
    """What others see of a member."""

    id: int
    name: str
    age: int


class Register(Command):
    """A new member; what the server adds cannot be sent."""

    name: str
    age: int = 0
    token: Internal[str]
    rating: Computed[float]


class Rename(Command):
    """A change."""

    name: Patch[str]
    token: Internal[str]


class Anything(Command):
    """Room for every shape."""

    text: str = ""
    number: int = 0
    real: float = 0.0
    any: Any = None
    many: list[str] = []


class RegisterMember(UseCase[Member, Member]):
    """Register."""

    computes = [Compute.set(F(Register).rating).from_command(F(Register).age, via=float)]

    async def execute(self, cmd: Register = Input()) -> Member:
        """Store."""
        return await self.main_repo.create(cmd)


class RenameMember(UseCase[Member, Member | None]):
    """Rename."""

    async def execute(
        self, member_id: int, cmd: Rename = Input(), member: Member = LoadById(Member, by="member_id")
    ) -> Member | None:
        """Store."""
        return await self.main_repo.update(member.id, cmd)


class ListCards(UseCase[Member, PageResult[Card] | CursorResult[Card]]):
    """List what others see."""

    async def execute(self, query: QuerySpec) -> Any:
        """Ask for members, show cards."""
        return await self.main_repo.list_with_query(query)


class Greet(Job[None]):
    """Counts its runs."""

    ran: list[str] = []

    async def execute(self, name: str) -> None:
        """Count."""
        self.ran.append(name)


class Visit(UseCase[Member, int]):
    """Count a visit the way that loses updates unless the database stands guard, and greet."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self, member_id: int, member: Member = LoadById(Member, by="member_id")) -> int:
        """Read, then write what was read plus one."""
        self._jobs.dispatch(Greet, params={"name": member.name})
        await self.main_repo.update(member.id, {"visits": member.visits + 1})
        return member.visits + 1


class EchoAnything(UseCase[Any, Anything]):
    """Answer what was sent."""

    async def execute(
        self, cmd: Anything = Input(), at: Annotated[int, Meta(ge=0)] = 0, ratio: float = 0.0
    ) -> Anything:
        """Return it."""
        return cmd


class MemberInterface(RestInterface[Member]):
    """All of auto-CRUD."""

    prefix = "/members"
    auto = True


class LoanInterface(RestInterface[Loan]):
    """All of auto-CRUD."""

    prefix = "/loans"
    auto = True


class CardInterface(RestInterface[Member]):
    """Hand-written, showing less than the model has."""

    prefix = "/cards"
    routes = (
        RestRoute(ListCards, "GET", "/"),
        RestRoute(ListCards, "GET", "/again"),
        RestRoute(ListCards, "GET", "/open", filterable=("id", "token", "loans.title"), sortable=("id", "token")),
        RestRoute(RegisterMember, "POST", "/", status_code=201),
        RestRoute(RenameMember, "PATCH", "/{member_id}"),
        RestRoute(Visit, "POST", "/{member_id}/visits"),
    )


class EchoInterface(RestInterface[Any]):
    """No model at all."""

    prefix = "/echo"
    routes = (RestRoute(EchoAnything, "POST", "/"),)


INTERFACES = (MemberInterface, LoanInterface, CardInterface, EchoInterface)


@pytest.fixture
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of an empty database that is gone after the test: SQLite, or PostgreSQL where parametrized with it."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'edge.db'}"
        return
    name = f"loom_edge_{uuid4().hex}"
    admin = await _connect_postgres()
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        yield f"{POSTGRES.rpartition('/')[0].replace('postgresql://', 'postgresql+asyncpg://', 1)}/{name}"
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


@pytest.fixture
def serve(database_url: str) -> Serve:
    """Start the application and give a client of it; keyword arguments are settings."""

    @asynccontextmanager
    async def start(
        *, interfaces: tuple[type[Any], ...] = INTERFACES, rest: dict[str, Any] | None = None, **database: Any
    ) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(
            {
                "app": {"name": "edge", "rest": rest or {}},
                "database": {"url": database_url, **database},
            },
            interfaces=interfaces,
        )
        async with app.router.lifespan_context(app), client_of(app) as client:
            yield client

    return start


@pytest.fixture
async def client(serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application."""
    async with serve() as running:
        yield running


@pytest.fixture
def plain() -> Callable[[FastAPI], httpx.AsyncClient]:
    """A client of an application that a test writes without loom, as its control."""
    return client_of


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """Return a client of `app`; a crash is an answer, not an exception."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://edge.test")


async def _connect_postgres() -> asyncpg.Connection:
    try:
        return await asyncpg.connect(POSTGRES)
    except (OSError, asyncpg.PostgresError) as error:
        if os.environ.get("LOOM_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"PostgreSQL is not reachable at {POSTGRES}: {error}")
