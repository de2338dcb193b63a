"""A small application on SQLite: a model with auto-CRUD, and use cases for every source a parameter can have."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from loom.core.command import Command, Internal
from loom.core.errors import Conflict, Forbidden, NotFound, RuleViolation
from loom.core.model import BaseModel, Cardinality, ColumnField, RelationField
from loom.core.repository.abc.query import PaginationMode, QuerySpec
from loom.core.use_case import F, Input, Rule, UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute

Make = Callable[..., FastAPI]


class Shelf(BaseModel):
    """Where books stand."""

    __tablename__ = "rest_shelves"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    label: str = ColumnField(length=40)
    books: list["Book"] = RelationField(
        foreign_key="shelf_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("with_books",)
    )


class Book(BaseModel):
    """A book."""

    __tablename__ = "rest_books"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    isbn: str = ColumnField(length=20, unique=True)
    page_count: int = ColumnField(default=0)
    subtitle: str | None = ColumnField(length=80)
    shelf_id: int | None = ColumnField(foreign_key="rest_shelves.id")


class Echo(Command):
    """A command that is its own answer."""

    text: str
    times: int = 1
    tags: list[str] = []
    signed_by: Internal[str]


class Mood(Command):
    """An answer made of defaults only."""

    happy: bool = False
    level: int = 0


class EchoCommand(UseCase[Any, Echo]):
    """Answer what was sent.

    Field by field.
    """

    rules = [Rule.check(F(Echo).times, via=lambda times: times > 9, message="too often")]

    async def execute(self, cmd: Echo = Input()) -> Echo:
        """Return the command."""
        return cmd


class TellMood(UseCase[Any, Mood]):
    """Answer defaults."""

    async def execute(self) -> Mood:
        """Return defaults."""
        return Mood()


class BindText(UseCase[Any, dict[str, Any]]):
    """Answer what arrived."""

    async def execute(
        self,
        room: str,
        rest: str,
        max_stock: int,
        ratio: float | None = None,
        ids: list[int] = [],  # noqa: B006 - never changed
        loud: bool = False,
    ) -> dict[str, Any]:
        """Return the arguments."""
        return {"room": room, "rest": rest, "max_stock": max_stock, "ratio": ratio, "ids": ids, "loud": loud}


class Search(UseCase[Any, dict[str, Any]]):
    """Answer the query as it was understood, without a model."""

    async def execute(self, query: QuerySpec, only_new: bool = False) -> dict[str, Any]:
        """Return filters and the extra parameter."""
        filters = query.filters.filters if query.filters else ()
        return {"filters": [[f.field, f.op, f.value] for f in filters], "only_new": only_new}


class Fail(UseCase[Any, None]):
    """Fail as asked."""

    async def execute(self, how: str) -> None:
        """Raise."""
        errors: dict[str, Exception] = {
            "not_found": NotFound("Book", id=7),
            "forbidden": Forbidden(),
            "conflict": Conflict("taken"),
            "rule": RuleViolation("isbn", "is odd"),
            "crash": ZeroDivisionError("secret"),
        }
        if how in errors:
            raise errors[how]


class Vanish(UseCase[Any, None]):
    """Answer nothing at all."""

    async def execute(self) -> None:
        """Return."""


class BookInterface(RestInterface[Book]):
    """Auto-CRUD of books."""

    prefix = "/books"
    tags = ("Books",)
    auto = True


class ShelfInterface(RestInterface[Shelf]):
    """Auto-CRUD of shelves; pages by key only."""

    prefix = "/shelves"
    auto = True
    pagination_mode = PaginationMode.CURSOR
    allow_pagination_override = False
    profile_default = "default"
    allowed_profiles = ("default", "with_books")
    expose_profile = True


class PlainInterface(RestInterface[Any]):
    """Use cases without a model."""

    prefix = "/rooms/{room}"
    routes = (RestRoute(BindText, "GET", "/files/{rest:path}"),)


class ToolInterface(RestInterface[Any]):
    """Odds and ends."""

    prefix = "/tools"
    routes = (
        RestRoute(EchoCommand, "POST", "/echo", status_code=202),
        RestRoute(TellMood, "GET", "/mood"),
        RestRoute(Search, "GET", "/search"),
        RestRoute(Fail, "GET", "/fail/{how}"),
        RestRoute(Vanish, "DELETE", "/", status_code=204),
    )


INTERFACES = (BookInterface, ShelfInterface, PlainInterface, ToolInterface)


def configuration(path: Path, **sections: Any) -> dict[str, Any]:
    """Return the configuration of an app with its database at `path`."""
    return {"app": {"name": "library"}, "database": {"url": f"sqlite+aiosqlite:///{path}"}, **sections}


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Build the application; keyword arguments are sections of its configuration."""

    def build(interfaces: tuple[type[Any], ...] = INTERFACES, **sections: Any) -> FastAPI:
        return create_app(configuration(tmp_path / "rest.db", **sections), interfaces=interfaces)

    return build


@pytest.fixture
async def client(make: Make) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application."""
    app = make()
    async with app.router.lifespan_context(app), connect(app) as connected:
        yield connected


@pytest.fixture
async def book(client: httpx.AsyncClient) -> dict[str, Any]:
    """A stored book."""
    stored: dict[str, Any] = (await client.post("/books/", json={"isbn": "001"})).json()
    return stored


def connect(app: FastAPI) -> httpx.AsyncClient:
    """Return a client of `app`; a crash is an answer, not an exception."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://library.test")


@pytest.fixture
def connected() -> Callable[[FastAPI], httpx.AsyncClient]:
    """Open a client of an app of the test's own."""
    return connect


@pytest.fixture
def detail(client: httpx.AsyncClient) -> Callable[[str], Awaitable[Any]]:
    """Ask for a path and return the `detail` of the answer."""

    async def ask(path: str) -> Any:
        return (await client.get(path)).json()["detail"]

    return ask
