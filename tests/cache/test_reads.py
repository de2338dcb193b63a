"""Reading through the cache: what is asked of the database, and what comes back."""

from typing import Any
from uuid import uuid4

import pytest

from loom.core.cache import CachedRepository, RepositoryCache
from loom.core.errors import InvalidQuery
from loom.core.repository.abc import FilterGroup, FilterOp, FilterSpec, PageParams, PaginationMode, QuerySpec, SortSpec
from loom.core.repository.sqlalchemy import SessionManager, SQLAlchemyUnitOfWork
from tests.cache.models import SAMPLE, Sample, Shelf, Volume, Volumes, Writer

STEP = QuerySpec(pagination=PaginationMode.CURSOR, limit=2)


@pytest.fixture
async def shelf(of: Any) -> Any:
    """A stored shelf with three books."""
    shelf = await of(Shelf).create({"label": "A"})
    for title in ("x", "y", "z"):
        await of(Volume).create({"title": title, "shelf_id": shelf.id})
    return shelf


@pytest.mark.parametrize("profile", ["default", "full", "counted"])
async def test_an_entity_is_read_once(of: Any, shelf: Any, statements: Any, profile: str) -> None:
    """The second read of any profile asks the database nothing, and gives the same."""
    first = await of(Shelf).get_by_id(shelf.id, profile)
    with statements() as sent:
        second = await of(Shelf).get_by_id(shelf.id, profile)

    assert ([], True) == (sent, first == second)


async def test_an_id_is_the_same_however_it_is_written(of: Any, shelf: Any, statements: Any) -> None:
    """Text and number share one entry."""
    await of(Shelf).get_by_id(str(shelf.id))
    with statements() as sent:
        await of(Shelf).get_by_id(shelf.id)

    assert [] == sent


async def test_a_missing_entity_is_not_kept(of: Any) -> None:
    """A row that is created later is found."""
    missing = await of(Shelf).get_by_id(1)
    await of(Shelf).create({"label": "A"})

    assert missing is None
    assert "A" == (await of(Shelf).get_by_id(1)).label


async def test_every_column_type_comes_back_as_it_was(of: Any, statements: Any) -> None:
    """Decimals keep their digits, times their zone, documents their numbers."""
    sample = await of(Sample).create({"id": uuid4(), **SAMPLE})
    first = await of(Sample).get_by_id(sample.id)
    with statements() as sent:
        second = await of(Sample).get_by_id(str(sample.id).upper())

    assert [] == sent
    assert repr(first) == repr(second)


async def test_what_reads_undeclared_tables_is_not_kept(of: Any, statements: Any) -> None:
    """A loader that says nothing of what it reads is asked every time."""
    sample = await of(Sample).create({"id": uuid4(), **SAMPLE})
    await of(Sample).get_by_id(sample.id, "odd")
    with statements() as sent:
        again = await of(Sample).get_by_id(sample.id, "odd")

    assert 7 == again.secret
    assert sent


@pytest.mark.parametrize(
    "query",
    [
        QuerySpec(limit=2),
        QuerySpec(limit=2, page=2),
        QuerySpec(limit=2, page=9),
        QuerySpec(sort=(SortSpec("title", "DESC"),)),
        QuerySpec(filters=FilterGroup((FilterSpec("title", FilterOp.IN, ["x", "z"]),))),
        STEP,
    ],
)
async def test_a_list_is_read_once(of: Any, shelf: Any, statements: Any, query: QuerySpec) -> None:
    """The second time neither the list nor its entities are asked for, and the answer is the same."""
    first = await of(Volume).list_with_query(query, "full")
    with statements() as sent:
        second = await of(Volume).list_with_query(query, "full")

    assert ([], True) == (sent, first == second)


async def test_a_page_by_filter_params_is_read_once(of: Any, shelf: Any, statements: Any) -> None:
    """`list_paginated` is a list like others."""
    first = await of(Volume).list_paginated(PageParams(limit=2))
    with statements() as sent:
        second = await of(Volume).list_paginated(PageParams(limit=2))

    assert ([], True) == (sent, first == second)


async def test_only_the_first_step_of_a_walk_is_kept(of: Any, shelf: Any, statements: Any) -> None:
    """Later steps are asked for by one client only."""
    first = await of(Volume).list_with_query(STEP)
    later = QuerySpec(pagination=PaginationMode.CURSOR, limit=2, cursor=first.next_cursor)
    await of(Volume).list_with_query(later)
    with statements() as sent:
        found = await of(Volume).list_with_query(later)

    assert (1, ["z"]) == (len(sent), [item.title for item in found.items])


async def test_a_list_is_mended(of: Any, shelf: Any, statements: Any) -> None:
    """One entity that is outdated is read alone; the list is not run again."""
    query = QuerySpec(filters=FilterGroup((FilterSpec("label", FilterOp.EQ, "A"),)))
    await of(Shelf).list_with_query(query, "counted")
    await of(Volume).create({"title": "new", "shelf_id": shelf.id})
    with statements() as sent:
        found = await of(Shelf).list_with_query(query, "counted")

    assert [4] == [item.book_count for item in found.items]
    assert sent
    assert not any("label =" in statement for statement in sent)


async def test_a_refused_query_is_refused_every_time(of: Any, shelf: Any) -> None:
    """The repository words the refusal; nothing of it is kept."""
    for _ in range(2):
        with pytest.raises(InvalidQuery, match="page"):
            await of(Volume).list_with_query(QuerySpec(page=0))
        with pytest.raises(InvalidQuery, match="nope"):
            await of(Volume).list_with_query(QuerySpec(sort=(SortSpec("nope"),)))


async def test_a_transaction_reads_the_database(of: Any, shelf: Any, manager: SessionManager, statements: Any) -> None:
    """Decisions are made on what is stored, not on what was."""
    await of(Shelf).get_by_id(shelf.id)
    with statements() as sent:
        async with SQLAlchemyUnitOfWork(manager):
            await of(Shelf).get_by_id(shelf.id)

    assert 1 == len(sent)


async def test_what_a_transaction_saw_is_not_kept(of: Any, shelf: Any, manager: SessionManager) -> None:
    """Rows that were never committed are in no cache."""
    with pytest.raises(KeyError):
        async with SQLAlchemyUnitOfWork(manager):
            await of(Shelf).update(shelf.id, {"label": "never"})
            await of(Shelf).get_by_id(shelf.id)
            await of(Shelf).list_with_query(QuerySpec())
            raise KeyError

    assert "A" == (await of(Shelf).get_by_id(shelf.id)).label
    assert ["A"] == [item.label for item in (await of(Shelf).list_with_query(QuerySpec())).items]


async def test_a_read_of_ones_own_is_kept_by_its_arguments(
    cache: RepositoryCache, manager: SessionManager, shelf: Any
) -> None:
    """A marked method runs once per argument, gives models, and runs again once a row has changed."""
    volumes = Volumes(manager)
    cached = cache.wrap(volumes)
    titled = [await cached.titled("x"), await cached.titled(title="x"), await cached.titled("y")]
    await cached.update(titled[0][0].id, {"title": "x2"})
    after = await cached.titled("x")

    assert [Volume, Volume, Volume] == [type(item) for found in titled for item in found]
    assert titled[0] == titled[1]
    assert ([], ["x", "y", "x"]) == (after, volumes.calls)


async def test_everything_else_passes_through(cache: RepositoryCache, manager: SessionManager, shelf: Any) -> None:
    """Methods and attributes of the wrapped repository stay reachable."""
    cached = cache.wrap(Volumes(manager))

    assert isinstance(cached, CachedRepository)
    assert ("plain", "ct_volumes", Volume) == (await cached.plain(), cached.entity_name, cached.model)
    assert (3, True) == (await cached.count(), await cached.exists_by("title", "x"))
    with pytest.raises(AttributeError):
        _ = cached.nothing_of_the_kind


async def test_a_repository_can_stay_out(cache: RepositoryCache, manager: SessionManager) -> None:
    """`__cache_policy__ = False` on the class leaves it as it is."""

    class Uncached(Volumes):
        __cache_policy__ = False

    repository = Uncached(manager)

    assert cache.wrap(repository) is repository


async def test_a_related_entity_is_part_of_the_value(of: Any, shelf: Any, statements: Any) -> None:
    """Relations come back as models."""
    writer = await of(Writer).create({"name": "Ada"})
    volume = await of(Volume).create({"title": "n", "shelf_id": shelf.id, "writer_id": writer.id})
    await of(Volume).get_by_id(volume.id, "full")
    with statements() as sent:
        found = await of(Volume).get_by_id(volume.id, "full")

    assert ([], Writer(id=writer.id, name="Ada")) == (sent, found.writer)
