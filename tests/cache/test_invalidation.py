"""What a change makes outdated, and when: after the commit, and exactly that."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from loom.core.cache import RepositoryCache
from loom.core.repository.abc import FilterGroup, FilterOp, FilterSpec, QuerySpec
from loom.core.repository.mutation import MutationEvent
from loom.core.repository.sqlalchemy import (
    RepositorySQLAlchemy,
    SessionManager,
    SQLAlchemyUnitOfWork,
    record_mutation,
    with_session_scope,
)
from loom.core.uow.context import active_uow
from tests.cache.models import Shelf, Volume, VolumeWord, Word, Writer


@pytest.fixture
async def shelves(of: Any) -> tuple[Any, Any]:
    """Two shelves with a book each."""
    made = [await of(Shelf).create({"label": label}) for label in "AB"]
    for shelf in made:
        await of(Volume).create({"title": shelf.label, "shelf_id": shelf.id})
    return made[0], made[1]


async def test_a_changed_row_is_read_once_more(of: Any, shelves: Any, statements: Any) -> None:
    """After an update the next read asks once, the one after it not at all."""
    await of(Shelf).get_by_id(1)
    await of(Shelf).update(1, {"label": "new"})
    with statements() as sent:
        found = [await of(Shelf).get_by_id(1), await of(Shelf).get_by_id(1)]

    assert (["new", "new"], 1) == ([shelf.label for shelf in found], len(sent))


async def test_a_deleted_row_is_gone(of: Any, shelves: Any) -> None:
    """A delete is seen at once."""
    await of(Volume).get_by_id(1)
    await of(Volume).delete(1)

    assert await of(Volume).get_by_id(1) is None


async def test_other_rows_stay(of: Any, shelves: Any, statements: Any) -> None:
    """A change of one row leaves the others where they are."""
    await of(Shelf).get_by_id(2)
    await of(Shelf).update(1, {"label": "new"})
    with statements() as sent:
        await of(Shelf).get_by_id(2)

    assert [] == sent


async def test_a_new_row_is_on_the_list(of: Any, shelves: Any) -> None:
    """A list is run again after a write to its table."""
    before = await of(Shelf).list_with_query(QuerySpec())
    await of(Shelf).create({"label": "C"})
    after = await of(Shelf).list_with_query(QuerySpec())

    assert (2, 3) == (before.total_count, after.total_count)


async def test_a_write_past_the_cache_counts(of: Any, shelves: Any, manager: SessionManager) -> None:
    """A repository nobody wrapped tells of its writes too."""
    await of(Shelf).get_by_id(1)
    await RepositorySQLAlchemy(manager, Shelf).update(1, {"label": "new"})

    assert "new" == (await of(Shelf).get_by_id(1)).label


async def test_nothing_is_outdated_before_the_commit(of: Any, shelves: Any, manager: SessionManager) -> None:
    """While a transaction runs others read what is committed; afterwards what it changed."""
    await of(Shelf).get_by_id(1)
    async with SQLAlchemyUnitOfWork(manager):
        await of(Shelf).update(1, {"label": "new"})
        meanwhile = await in_another_context(lambda: of(Shelf).get_by_id(1))
    after = await of(Shelf).get_by_id(1)

    assert ("A", "new") == (meanwhile.label, after.label)


async def test_a_rollback_outdates_nothing(of: Any, shelves: Any, manager: SessionManager, statements: Any) -> None:
    """What never happened costs no read."""
    await of(Shelf).get_by_id(1)
    with pytest.raises(KeyError):
        async with SQLAlchemyUnitOfWork(manager):
            await of(Shelf).update(1, {"label": "new"})
            raise KeyError
    with statements() as sent:
        await of(Shelf).get_by_id(1)

    assert [] == sent


@pytest.mark.parametrize("profile", ["full", "counted"])
async def test_a_child_outdates_its_parent_only(of: Any, shelves: Any, statements: Any, profile: str) -> None:
    """A new book is seen on its shelf; the other shelf is not read again."""
    for shelf in shelves:
        await of(Shelf).get_by_id(shelf.id, profile)
    await of(Volume).create({"title": "new", "shelf_id": 1})
    first = await of(Shelf).get_by_id(1, profile)
    with statements() as sent:
        await of(Shelf).get_by_id(2, profile)

    assert 2 == (len(first.books) if profile == "full" else first.book_count)
    assert [] == sent


async def test_a_child_that_moves_outdates_both_parents(of: Any, shelves: Any) -> None:
    """The old parent cannot be named any more, and is outdated all the same."""
    for shelf in shelves:
        await of(Shelf).get_by_id(shelf.id, "counted")
    await of(Volume).update(1, {"shelf_id": 2})

    assert [0, 2] == [(await of(Shelf).get_by_id(shelf.id, "counted")).book_count for shelf in shelves]


async def test_a_child_that_goes_outdates_its_parent(of: Any, shelves: Any, manager: SessionManager) -> None:
    """A delete inside a transaction does as well."""
    await of(Shelf).get_by_id(1, "full")
    async with SQLAlchemyUnitOfWork(manager):
        await of(Volume).delete(1)

    assert [] == (await of(Shelf).get_by_id(1, "full")).books


async def test_a_referenced_row_outdates_who_shows_it(of: Any, shelves: Any) -> None:
    """A writer's new name is seen on the book, and a word's on whatever has it."""
    writer = await of(Writer).create({"name": "old"})
    word = await of(Word).create({"text": "old"})
    await of(Volume).update(1, {"writer_id": writer.id})
    await of(Volume).get_by_id(1, "full")
    await of(VolumeWord).create({"volume_id": 1, "word_id": word.id})
    linked = await of(Volume).get_by_id(1, "full")
    await of(Writer).update(writer.id, {"name": "new"})
    await of(Word).update(word.id, {"text": "new"})
    found = await of(Volume).get_by_id(1, "full")

    assert ["old"] == [word.text for word in linked.words]
    assert ("new", ["new"]) == (found.writer.name, [word.text for word in found.words])


async def test_rows_the_database_deletes_along_are_gone(of: Any, shelves: Any) -> None:
    """Deleting a shelf deletes its books: entity and list know."""
    await of(Volume).get_by_id(1)
    await of(Volume).list_with_query(QuerySpec())
    await of(Shelf).delete(1)

    assert await of(Volume).get_by_id(1) is None
    assert 1 == (await of(Volume).list_with_query(QuerySpec())).total_count


async def test_columns_the_database_empties_are_empty(of: Any, shelves: Any) -> None:
    """Deleting a writer sets the books' column to null."""
    writer = await of(Writer).create({"name": "W"})
    await of(Volume).update(1, {"writer_id": writer.id})
    await of(Volume).get_by_id(1)
    await of(Writer).delete(writer.id)

    assert (await of(Volume).get_by_id(1)).writer_id is None


async def test_a_list_filtered_by_a_relation_is_outdated_by_it(of: Any, shelves: Any) -> None:
    """Whether a shelf has books is the books' business."""
    empty = QuerySpec(filters=FilterGroup((FilterSpec("books", FilterOp.NOT_EXISTS),)))
    before = await of(Shelf).list_with_query(empty)
    await of(Volume).delete(1)
    after = await of(Shelf).list_with_query(empty)

    assert (0, 1) == (before.total_count, after.total_count)


async def test_a_write_by_other_means_can_be_told(of: Any, shelves: Any, manager: SessionManager) -> None:
    """Code that writes literal SQL says which rows it changed."""
    await of(Shelf).get_by_id(1)
    async with SQLAlchemyUnitOfWork(manager) as uow:
        await uow.connection.execute(sa.text("UPDATE ct_shelves SET label = 'new' WHERE id = 1"))
        record_mutation(MutationEvent("ct_shelves", "update", (1,)))

    assert "new" == (await of(Shelf).get_by_id(1)).label


async def test_a_statement_of_a_custom_method_outdates_its_table(
    cache: RepositoryCache, of: Any, shelves: Any, manager: SessionManager
) -> None:
    """A custom method may write as it likes: rows, lists and parents of its table are read anew."""

    class Sorted(RepositorySQLAlchemy[Volume, int]):
        @with_session_scope
        async def move_all(self, session: AsyncSession, shelf_id: int) -> None:
            """Put every book on one shelf."""
            await session.execute(sa.update(manager.tables.table(Volume)).values(shelf_id=shelf_id))

    volumes = cache.wrap(Sorted(session_manager=manager, model=Volume))
    await volumes.get_by_id(1)
    await of(Shelf).get_by_id(1, "counted")
    await volumes.move_all(2)

    assert 2 == (await volumes.get_by_id(1)).shelf_id
    assert [0, 2] == [(await of(Shelf).get_by_id(key, "counted")).book_count for key in (1, 2)]


async def test_a_slow_reader_does_not_bring_back_the_old_row(
    cache: RepositoryCache, of: Any, shelves: Any, manager: SessionManager
) -> None:
    """A row read before a commit and stored after it is found by nobody."""
    slow = SlowRepository(manager)
    cached = cache.wrap(slow)

    assert "new" == await raced(slow, cached.get_by_id, lambda: of(Shelf).update(1, {"label": "new"}))


async def test_control_deleting_keys_brings_back_the_old_row(of: Any, shelves: Any, manager: SessionManager) -> None:
    """The usual design, delete the key on a write, loses the same race."""
    slow = SlowRepository(manager)
    kept: dict[int, Any] = {}

    async def read(key: int) -> Any:
        if key not in kept:
            kept[key] = await slow.get_by_id(key)
        return kept[key]

    async def write() -> None:
        await of(Shelf).update(1, {"label": "new"})
        kept.pop(1, None)

    assert "A" == await raced(slow, read, write)


class SlowRepository(RepositorySQLAlchemy[Shelf, int]):
    """Holds what it has read until it may go on."""

    def __init__(self, manager: SessionManager) -> None:
        super().__init__(manager, Shelf)
        self.has_read, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def get_by_id(self, obj_id: Any, profile: str = "default") -> Any:
        return await self._held(await super().get_by_id(obj_id, profile))

    async def list_with_query(self, query: QuerySpec, profile: str = "default") -> Any:
        return await self._held(await super().list_with_query(query, profile))

    async def _held(self, found: Any) -> Any:
        self.has_read.set()
        await self.may_go_on.wait()
        return found


async def test_a_slow_list_does_not_bring_back_the_old_row(
    cache: RepositoryCache, of: Any, shelves: Any, manager: SessionManager
) -> None:
    """Nor do the rows of a list that was read before a commit; of a list of children neither."""
    slow = SlowRepository(manager)
    cached = cache.wrap(slow)
    listing = asyncio.ensure_future(cached.list_with_query(QuerySpec(), "counted"))
    await slow.has_read.wait()
    await of(Shelf).update(1, {"label": "new"})
    await of(Volume).create({"title": "new", "shelf_id": 2})
    slow.may_go_on.set()
    await listing
    found = [await of(Shelf).get_by_id(key, "counted") for key in (1, 2)]
    listed = (await cached.list_with_query(QuerySpec(), "counted")).items

    assert [("new", 1), ("B", 2)] == [(shelf.label, shelf.book_count) for shelf in found]
    assert found == list(listed)


async def raced(slow: SlowRepository, read: Callable[[int], Any], write: Callable[[], Any]) -> str:
    """Read row 1, write it before the reader goes on, and return the label that is read then."""
    reading = asyncio.ensure_future(read(1))
    await slow.has_read.wait()
    await write()
    slow.may_go_on.set()
    await reading
    return str((await read(1)).label)


async def in_another_context(work: Callable[[], Any]) -> Any:
    """Run `work` as another request would: outside the running transaction."""

    async def run() -> Any:
        active_uow.set(None)
        return await work()

    return await asyncio.ensure_future(run())
