"""The repository's contract, on SQLite and on PostgreSQL."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from loom.core.backend.sqlalchemy import Tables
from loom.core.errors import Conflict, InvalidPayload, InvalidQuery
from loom.core.model import BaseModel, Cardinality, ColumnField, OnDelete, RelationField
from loom.core.repository.abc import (
    FilterGroup,
    FilterOp,
    FilterSpec,
    PaginationMode,
    QuerySpec,
    SortSpec,
)
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager, SQLAlchemyUnitOfWork

POSTGRES = os.environ.get("LOOM_TEST_POSTGRES", "postgresql+asyncpg://postgres@127.0.0.1:5432/test")


class Note(BaseModel):
    __tablename__ = "notes"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    owner_id: int = ColumnField(foreign_key="owners.id", on_delete=OnDelete.RESTRICT)
    text: str = ColumnField(length=40)


class Owner(BaseModel):
    __tablename__ = "owners"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    email: str = ColumnField(length=40, unique=True)
    rank: int | None = ColumnField(default=None)
    notes: list[Note] = RelationField(
        foreign_key="owner_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("with_notes",)
    )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def manager(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SessionManager]:
    tables = Tables()
    tables.compile(Owner)
    if request.param == "sqlite":
        made = SessionManager(f"sqlite+aiosqlite:///{tmp_path}/test.db", tables=tables)
        await made.create_tables()
        yield made
        await made.dispose()
        return
    schema = f"loom_{uuid4().hex[:12]}"
    admin = SessionManager(POSTGRES)
    try:
        async with admin.engine.begin() as connection:
            await connection.execute(sa.schema.CreateSchema(schema))
    except OSError:
        await admin.dispose()
        if os.environ.get("LOOM_REQUIRE_SERVICES"):
            raise
        pytest.skip(f"PostgreSQL is not reachable at {POSTGRES}")
    made = SessionManager(POSTGRES, tables=tables, connect_args={"server_settings": {"search_path": schema}})
    await made.create_tables()
    yield made
    await made.dispose()
    async with admin.engine.begin() as connection:
        await connection.execute(sa.schema.DropSchema(schema, cascade=True))
    await admin.dispose()


@pytest.fixture
def owners(manager: SessionManager) -> RepositorySQLAlchemy[Owner, int]:
    return RepositorySQLAlchemy(manager, Owner)


@pytest.fixture
def notes(manager: SessionManager) -> RepositorySQLAlchemy[Note, int]:
    return RepositorySQLAlchemy(manager, Note)


async def test_a_created_entity_is_found_by_id_and_by_column(owners: Any) -> None:
    """Create returns generated columns; both lookups give an equal entity."""
    made = await owners.create({"email": "a@b"})

    assert await owners.get_by_id(made.id) == made
    assert await owners.get_by("email", "a@b") == made


@pytest.mark.parametrize("key", [0, 2**40, 10**30, "x", None, "\x00"])
async def test_an_id_that_cannot_be_one_is_not_found(owners: Any, key: Any) -> None:
    """No value of an id raises; there is just no such row."""
    assert await owners.get_by_id(key) is None


async def test_an_update_writes_only_what_it_names(owners: Any) -> None:
    """Untouched columns stay, an explicit None is written, the key never changes."""
    made = await owners.create({"email": "a@b", "rank": 3})

    assert (await owners.update(made.id, {"email": "c@d", "id": 99})) == Owner(id=made.id, email="c@d", rank=3)
    assert (await owners.update(made.id, {"rank": None})).rank is None


async def test_a_duplicate_is_a_conflict_that_names_the_column(owners: Any) -> None:
    """The message says which column and repeats neither value nor SQL."""
    await owners.create({"email": "a@b"})

    with pytest.raises(Conflict, match="email") as caught:
        await owners.create({"email": "a@b"})
    assert "a@b" not in str(caught.value)


async def test_a_missing_column_is_named(owners: Any) -> None:
    """NOT NULL comes back as a violation on that field."""
    with pytest.raises(InvalidPayload) as caught:
        await owners.create({})

    assert [v.field for v in caught.value.violations] == ["email"]


async def test_a_referenced_row_cannot_be_deleted(owners: Any, notes: Any) -> None:
    """RESTRICT is a conflict; a missing row is False."""
    owner = await owners.create({"email": "a@b"})
    await notes.create({"owner_id": owner.id, "text": "hi"})

    with pytest.raises(Conflict):
        await owners.delete(owner.id)
    assert await owners.delete(10_000) is False


async def _walk(owners: Any, limit: int) -> list[int]:
    seen, cursor = [], None
    while True:
        query = QuerySpec(
            sort=(SortSpec("rank", "DESC"),), pagination=PaginationMode.CURSOR, limit=limit, cursor=cursor
        )
        step = await owners.list_with_query(query)
        seen += [owner.id for owner in step.items]
        cursor = step.next_cursor
        if not step.has_next:
            return seen


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_a_walk_over_a_repeating_descending_sort_with_nulls_sees_every_row_once(owners: Any, limit: int) -> None:
    """Ties and NULLs neither lose nor repeat a row, whatever the step."""
    for index, rank in enumerate([2, 1, None, 2, None, 1, 2, 3]):
        await owners.create({"email": f"{index}@b", "rank": rank})

    assert await _walk(owners, limit) == [8, 1, 4, 7, 2, 6, 3, 5]


async def test_the_naive_walk_loses_rows(owners: Any) -> None:
    """The control: continuing at `rank < last` skips rows that share the last value."""
    for index, rank in enumerate([2, 2, 2, 1]):
        await owners.create({"email": f"{index}@b", "rank": rank})

    def query(filters: FilterGroup | None) -> QuerySpec:
        return QuerySpec(filters=filters, sort=(SortSpec("rank", "DESC"),), limit=2)

    first = await owners.list_with_query(query(None))
    beyond = FilterGroup((FilterSpec("rank", FilterOp.LT, first.items[-1].rank),))
    second = await owners.list_with_query(query(beyond))

    assert len(first.items) + len(second.items) < 4


@pytest.mark.parametrize("cursor", ["", "x", "a.b", "é.é", "A" * 600, "e30.AAAA"])
async def test_a_cursor_that_was_not_issued_here_is_refused(owners: Any, cursor: str) -> None:
    """Malformed and forged tokens are the caller's mistake; an empty one is no cursor."""
    query = QuerySpec(pagination=PaginationMode.CURSOR, cursor=cursor or None)
    if not cursor:
        assert (await owners.list_with_query(query)).items == ()
        return
    with pytest.raises(InvalidQuery, match="cursor"):
        await owners.list_with_query(query)


async def test_a_page_past_the_end_knows_the_total(owners: Any) -> None:
    """total_count does not depend on the page."""
    for index in range(3):
        await owners.create({"email": f"{index}@b"})

    page = await owners.list_with_query(QuerySpec(limit=2, page=9))

    assert (page.items, page.total_count, page.has_next) == ((), 3, False)


@pytest.mark.parametrize(
    ("spec", "ids"),
    [
        (FilterSpec("rank", FilterOp.GTE, "2"), [2, 3]),
        (FilterSpec("rank", FilterOp.IN, ("1", "3")), [1, 3]),
        (FilterSpec("rank", FilterOp.IN, ()), []),
        (FilterSpec("rank", FilterOp.IS_NULL, True), [4]),
        (FilterSpec("rank", FilterOp.IS_NULL, False), [1, 2, 3]),
        (FilterSpec("email", FilterOp.LIKE, "2%"), [3]),
        (FilterSpec("notes", FilterOp.EXISTS, True), [1]),
        (FilterSpec("notes", FilterOp.EXISTS, False), [2, 3, 4]),
        (FilterSpec("notes.text", FilterOp.EQ, "hi"), [1]),
        (FilterSpec("notes.text", FilterOp.EQ, "no"), []),
    ],
)
async def test_a_filter_keeps_exactly_these_rows(owners: Any, notes: Any, spec: FilterSpec, ids: list[int]) -> None:
    """Values are typed by their column; relation filters look at each row's own relations."""
    for index, rank in enumerate([1, 2, 3, None]):
        await owners.create({"email": f"{index}@b", "rank": rank})
    await notes.create({"owner_id": 1, "text": "hi"})

    page = await owners.list_with_query(QuerySpec(filters=FilterGroup((spec,))))

    assert [owner.id for owner in page.items] == ids


@pytest.mark.parametrize(
    "query",
    [
        QuerySpec(filters=FilterGroup((FilterSpec("nope", FilterOp.EQ, 1),))),
        QuerySpec(filters=FilterGroup((FilterSpec("rank", FilterOp.EQ, "abc"),))),
        QuerySpec(filters=FilterGroup((FilterSpec("rank", FilterOp.EQ, 2**40),))),
        QuerySpec(sort=(SortSpec("nope"),)),
        QuerySpec(limit=0),
        QuerySpec(limit=1001),
        QuerySpec(page=0),
    ],
)
async def test_a_query_that_cannot_run_is_refused(owners: Any, query: QuerySpec) -> None:
    """Unknown fields, ill-typed values and bad pages are the caller's mistake."""
    with pytest.raises(InvalidQuery):
        await owners.list_with_query(query)


async def test_a_profile_loads_its_relations(owners: Any, notes: Any) -> None:
    """A relation is loaded in its profiles and absent elsewhere."""
    owner = await owners.create({"email": "a@b"})
    note = await notes.create({"owner_id": owner.id, "text": "hi"})

    assert (await owners.get_by_id(owner.id, "with_notes")).notes == [note]


async def test_a_cancelled_unit_of_work_leaves_nothing_behind(manager: SessionManager, owners: Any) -> None:
    """Cancellation rolls back and gives the connection back."""
    inside = asyncio.Event()

    async def work() -> None:
        async with SQLAlchemyUnitOfWork(manager):
            await owners.create({"email": "a@b"})
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await owners.count() == 0
    assert manager.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_calls_gathered_inside_a_unit_of_work_share_it_safely(manager: SessionManager, owners: Any) -> None:
    """Concurrent calls take turns on the one connection and commit together."""
    async with SQLAlchemyUnitOfWork(manager):
        await asyncio.gather(*(owners.create({"email": f"{i}@b"}) for i in range(5)))

    assert await owners.count() == 5
