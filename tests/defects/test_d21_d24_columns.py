"""D21 to D24: annotations decide about NULL and types, server defaults are made, a marker is no default."""

import datetime as dt
import enum
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from loom.core.backend.sqlalchemy import Tables
from loom.core.command import Command, CommandField
from loom.core.errors import InvalidPayload
from loom.core.model import BaseModel, ColumnField, ServerDefault, get_column_fields
from loom.core.repository.memory import InMemoryRepository
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager
from tests.defects.databases import database  # noqa: F401 - a fixture


class Kind(enum.Enum):
    BIG = 1
    SMALL = 2


class Thing(BaseModel):
    __tablename__ = "d21_things"
    id: UUID = ColumnField(primary_key=True, server_default=ServerDefault.UUID4)
    code: str = ColumnField(server_default=ServerDefault.UUID4)
    name: str | None = None
    strict: str | None = ColumnField(nullable=False, default="x")
    day: dt.date | None = ColumnField()
    at: dt.time | None = ColumnField()
    key: UUID | None = ColumnField()
    kind: Kind | None = ColumnField()
    raw: bytes | None = ColumnField()
    price: Decimal | None = ColumnField()


@pytest.fixture
async def things(database: dict[str, Any]) -> Any:
    tables = Tables()
    tables.compile(Thing)
    manager = SessionManager(database["url"], connect_args=database.get("connect_args"), tables=tables)
    await manager.create_tables()
    yield RepositorySQLAlchemy(manager, Thing)
    await manager.dispose()


async def test_d21_an_optional_annotation_takes_null(things: Any) -> None:
    """`X | None` stores NULL; an explicit `nullable=False` wins over the annotation."""
    made = await things.create({})

    assert (None, "x") == (made.name, made.strict)
    with pytest.raises(InvalidPayload, match="strict"):
        await things.create({"strict": None})


async def test_d22_the_database_makes_uuids(things: Any) -> None:
    """Keys and text columns with a UUID default are filled with version 4 UUIDs nobody sent."""
    one, two = await things.create({}), await things.create({})

    assert one.id != two.id
    assert [4, 4] == [one.id.version, UUID(one.code).version]


async def test_d22_a_uuid_default_works_in_memory_too() -> None:
    """The in-memory twin numbers a UUID key as the database would."""
    made = await InMemoryRepository(Thing).create({"code": "a"})

    assert isinstance(made.id, UUID)


VALUES: dict[str, Any] = {
    "day": dt.date(2026, 2, 3),
    "at": dt.time(4, 5, 6),
    "key": UUID(int=9),
    "kind": Kind.SMALL,
    "raw": b"\x00\xff",
    "price": Decimal("12.50"),
}
TYPES = {"day": "Date", "at": "Time", "key": "Uuid", "kind": "Integer", "raw": "LargeBinary", "price": "Numeric"}


async def test_d23_values_keep_their_types(things: Any) -> None:
    """Dates, times, UUIDs, enums, bytes and decimals have columns of their own and come back equal."""
    made = await things.create(VALUES)
    found = await things.get_by_id(made.id)

    assert TYPES == {name: get_column_fields(Thing)[name].column_type.type_name for name in TYPES}
    assert VALUES == {name: getattr(found, name) for name in VALUES}
    assert await things.exists_by("kind", Kind.SMALL)


class Marked(Command, frozen=True):
    name: str = CommandField()
    size: int = CommandField(default=3)
    inner: str = CommandField(internal=True, default="i")


def test_d24_a_marker_is_no_default() -> None:
    """`= CommandField()` leaves a field required; `default=` is its value."""
    command, fields = Marked.from_payload({"name": "a"})

    assert ("a", 3, "i", {"name"}) == (command.name, command.size, command.inner, set(fields))
    with pytest.raises(Exception, match="name"):
        Marked.from_payload({})
