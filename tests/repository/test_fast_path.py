"""Reads by the driver: the same answers as SQLAlchemy's, and a connection that is clean, or closed, however one ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loom.core.errors import Unavailable
from loom.core.repository.abc import FilterGroup, FilterOp, FilterSpec, PaginationMode, QuerySpec, SortSpec
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager, SQLAlchemyUnitOfWork
from loom.core.repository.sqlalchemy.lending import Driver, NotRead
from tests.repository.models import Author, Colour, Everything, Level, Size

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=12)
ZONED = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS, lambda x: st.lists(x, max_size=3))
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "whole": st.integers(-(2**31), 2**31 - 1),
    "big": st.integers(-(2**63), 2**63 - 1),
    "real": FLOATS,
    "flag": st.booleans(),
    "word": TEXTS,
    "prose": TEXTS,
    "exact": st.decimals(-(10**7), 10**7, places=2),
    "day": st.dates(),
    "hour": st.times(),
    "moment": ZONED,
    "local": ZONED.map(lambda moment: moment.replace(tzinfo=None)),
    "key": st.uuids(),
    "raw": st.binary(max_size=12),
    "colour": st.sampled_from(Colour),
    "level": st.sampled_from(Level),
    "document": st.dictionaries(TEXTS, JSON, max_size=3),
    "binary": st.lists(JSON, max_size=3),
    "sizes": st.lists(st.builds(Size, width=st.integers(0, 9), unit=TEXTS), max_size=2),
}
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | values for name, values in COLUMNS.items()}), max_size=5)
COMPARED = (FilterOp.EQ, FilterOp.NE, FilterOp.GT, FilterOp.GTE, FilterOp.LT, FilterOp.LTE, FilterOp.IN)
ORDERED = [name for name in COLUMNS if name not in ("document", "binary", "sizes", "raw")]


@st.composite
def filters(draw: st.DrawFn) -> FilterSpec:
    """One filter on a column whose values are compared."""
    name, op = draw(st.sampled_from(ORDERED)), draw(st.sampled_from([*COMPARED, FilterOp.IS_NULL]))
    if op is FilterOp.IS_NULL:
        return FilterSpec(name, op, draw(st.booleans()))
    value = draw(COLUMNS[name])
    return FilterSpec(name, op, [value] if op is FilterOp.IN else value)


QUERIES = st.builds(
    QuerySpec,
    filters=st.builds(FilterGroup, st.lists(filters(), max_size=2).map(tuple), st.sampled_from(["AND", "OR"])),
    sort=st.lists(st.builds(SortSpec, st.sampled_from(ORDERED), st.sampled_from(["ASC", "DESC"])), max_size=2).map(
        tuple
    ),
    pagination=st.sampled_from(PaginationMode),
    limit=st.integers(1, 4),
    page=st.integers(1, 3),
)
PROFILES = st.sampled_from(["default", "parent", "children", "derived", "all"])


@contextmanager
def by_sqlalchemy(repo: Any) -> Iterator[None]:
    """Read everything by SQLAlchemy meanwhile."""
    driver, repo._direct._driver = repo._direct._driver, None
    try:
        yield
    finally:
        repo._direct._driver = driver


async def walked(repo: Any, query: QuerySpec, profile: str) -> list[Any]:
    """Return one page, or every step of a walk."""
    pages = [await repo.list_with_query(query, profile)]
    while getattr(pages[-1], "next_cursor", None):
        query = QuerySpec(query.filters, query.sort, query.pagination, query.limit, cursor=pages[-1].next_cursor)
        pages.append(await repo.list_with_query(query, profile))
    return pages


@given(rows=ROWS, query=QUERIES, profile=PROFILES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_both_ways_give_the_same_bytes(
    manager: SessionManager, rows: list[dict[str, Any]], query: QuerySpec, profile: str
) -> None:
    """Every column type, NULL, relation, projection, profile, filter, sort, page and walk reads alike on both paths."""
    repo: Any = RepositorySQLAlchemy(session_manager=manager, model=Everything)
    async with manager.engine.begin() as connection:
        await connection.execute(sa.delete(manager.tables.table(Everything)))
    for index, row in enumerate(rows):
        parent = (await repo.list_with_query(QuerySpec(limit=1))).items[0].id if index % 2 else None
        await repo.create(Everything(parent_id=parent, **row))
    ids = [item.id for item in (await repo.list_with_query(QuerySpec())).items]

    fast = [await walked(repo, query, profile), [await repo.get_by_id(id, profile) for id in ids]]  # noqa: A001
    with by_sqlalchemy(repo):
        plain = [await walked(repo, query, profile), [await repo.get_by_id(id, profile) for id in ids]]  # noqa: A001
    assert plain == fast
    assert msgspec.json.encode(plain) == msgspec.json.encode(fast)


@pytest.fixture
async def authors(manager: SessionManager) -> Any:
    repo: Any = RepositorySQLAlchemy(session_manager=manager, model=Author)
    await repo.create({"name": "ann"})
    return repo


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements the driver answered."""
    answered: list[str] = []
    fetch = Driver.fetch

    async def told(self: Driver, text: str, parameters: Any) -> Any:
        rows = await fetch(self, text, parameters)
        answered.append(text)
        return rows

    monkeypatch.setattr(Driver, "fetch", told)
    return answered


async def test_a_read_is_one_statement_of_the_driver(authors: Any, asked: list[str]) -> None:
    """Get, list and exists reach the database without SQLAlchemy, once each."""
    await authors.get_by_id(1)
    await authors.list_with_query(QuerySpec())
    await authors.exists(1)

    assert 3 == len(asked)


@pytest.mark.parametrize("manager", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_relations_and_projections_come_in_the_same_statement(authors: Any, asked: list[str]) -> None:
    """On PostgreSQL a profile costs no more round trips than the columns alone."""
    await authors.get_by_id(1, "both")

    assert 1 == len(asked)


async def test_a_read_inside_a_unit_of_work_sees_its_writes(
    manager: SessionManager, authors: Any, asked: list[str]
) -> None:
    """What the transaction wrote is read on its own connection, not by the driver beside it."""
    async with SQLAlchemyUnitOfWork(manager):
        made = await authors.create({"name": "bob"})
        assert made == await authors.get_by_id(made.id)

    assert [] == asked


async def test_whoever_listens_to_statements_hears_every_one(
    manager: SessionManager, authors: Any, asked: list[str]
) -> None:
    """While somebody listens to SQLAlchemy's statements, it runs them all."""
    heard: list[str] = []
    sa.event.listen(manager.engine.sync_engine, "before_cursor_execute", lambda *args: heard.append(args[2]))

    await authors.get_by_id(1)

    assert (1, 0) == (len(heard), len(asked))


SLOW = {
    "postgresql": "SELECT 1 FROM pg_sleep(20)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT max(i) FROM n",
}


async def test_a_cancelled_read_leaves_no_connection_busy(manager: SessionManager, authors: Any) -> None:
    """After a cancellation every connection of the pool answers at once, and none is missing."""
    driver = Driver(manager.engine.sync_engine)
    reads = [asyncio.create_task(driver.fetch(SLOW[manager.engine.dialect.name], [])) for _ in range(5)]
    while manager.engine.pool.checkedout() < 5:  # type: ignore[attr-defined]  # a queue pool
        await asyncio.sleep(0.01)
    for read in reads:
        read.cancel()
    outcomes = await asyncio.gather(*reads, return_exceptions=True)

    assert [asyncio.CancelledError] * 5 == [type(outcome) for outcome in outcomes]
    async with asyncio.timeout(5):
        assert ["ann"] * 15 == [found.name for found in await asyncio.gather(*[authors.get_by_id(1)] * 15)]


async def test_a_refused_statement_gives_its_connection_back(manager: SessionManager) -> None:
    """What the database refuses is told, and the connection goes on."""
    driver = Driver(manager.engine.sync_engine)
    with pytest.raises(NotRead):
        await driver.fetch("SELECT nothing FROM nowhere", [])

    assert 1 == (await driver.fetch("SELECT 1", []))[0][0]
    assert 0 == manager.engine.pool.checkedout()  # type: ignore[attr-defined]  # a queue pool


async def test_a_connection_left_in_a_transaction_is_not_lent(manager: SessionManager) -> None:
    """A connection somebody began a transaction on is replaced, so that a read never joins one."""
    driver = Driver(manager.engine.sync_engine)
    pool: Any = manager.engine.pool
    entry = await pool.borrow()
    await entry.driver_connection.execute("BEGIN")
    await pool.give_back(entry, clean=True)

    entry = await pool.borrow()
    found = getattr(entry.driver_connection, "is_in_transaction", lambda: entry.driver_connection.in_transaction)()
    await pool.give_back(entry, clean=True)
    assert not found
    assert 1 == (await driver.fetch("SELECT 1", []))[0][0]


async def test_a_pool_without_connections_is_told_as_ever(manager: SessionManager, authors: Any) -> None:
    """Where every connection is taken for too long, the read is refused as unavailable."""
    pool: Any = manager.engine.pool
    pool._timeout = 0.05
    taken = [await pool.borrow() for _ in range(15)]
    try:
        with pytest.raises(Unavailable):
            await authors.get_by_id(1)
    finally:
        for entry in taken:
            await pool.give_back(entry, clean=True)
