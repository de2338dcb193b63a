"""What a transaction changed, and who is told of it when."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from loom.core.repository.mutation import Events, MutationEvent
from loom.core.repository.sqlalchemy import (
    RepositorySQLAlchemy,
    SessionManager,
    SQLAlchemyUnitOfWork,
    SupportsPostCommit,
    get_active_session,
    get_pending_mutations,
    record_mutation,
    transactional,
)
from tests.repository.models import Author, Book, Item


class Hearer:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, tuple[Any, ...]]] = []

    async def on_transaction_committed(self, events: Events) -> None:
        self.heard.extend((event.op, event.ids) for event in events)


class ListeningItems(RepositorySQLAlchemy[Item, int]):
    """A repository with a hook of its own."""

    def __init__(self, session_manager: SessionManager) -> None:
        super().__init__(session_manager, Item)
        self.told: list[Events] = []

    async def on_transaction_committed(self, events: Events) -> None:
        self.told.append(events)


class Stocktaking:
    """A service with transactions of its own."""

    def __init__(self, session_manager: SessionManager, items: Any, *others: Any) -> None:
        self.session_manager = session_manager
        self.items = items
        self.other = others[0] if others else None
        self.told: list[Events] = []

    async def on_transaction_committed(self, events: Events) -> None:
        self.told.append(events)

    @transactional
    async def add(self, *skus: str, fail: bool = False) -> Any:
        """Add one item per SKU."""
        for sku in skus:
            await self.items.create({"sku": sku})
        if fail:
            raise KeyError(skus)
        return get_active_session()

    @transactional
    async def add_twice(self, sku: str) -> None:
        """Add two items by way of `add`."""
        await self.add(sku)
        await self.add(f"{sku}2")


@pytest.fixture
def items(manager: SessionManager) -> ListeningItems:
    return ListeningItems(manager)


@pytest.fixture
def listener(manager: SessionManager) -> Hearer:
    """Hears of every change on the engine."""
    hearer = Hearer()
    manager.listen(hearer)
    return hearer


async def test_a_write_is_recorded_with_what_a_reader_may_depend_on(manager: SessionManager) -> None:
    """Table, list, id, and every column that is not null are the tags of a created row."""
    authors, books = RepositorySQLAlchemy(manager, Author), RepositorySQLAlchemy(manager, Book)
    async with SQLAlchemyUnitOfWork(manager):
        author = await authors.create({"name": "Ada"})
        book = await books.create({"title": "Notes", "author_id": author.id})
        made = get_pending_mutations()[1]

    assert ("rt_books", "create", (book.id,)) == (made.entity, made.op, made.ids)
    assert made.tags == {
        "rt_books",
        "rt_books:list",
        f"rt_books:id:{book.id}",
        "rt_books:title:Notes",
        f"rt_books:author_id:{author.id}",
    }


async def test_every_kind_of_write_is_recorded_in_order(manager: SessionManager, items: Any) -> None:
    """Create, update and delete are events; an update names its columns, and what found no row is none."""
    async with SQLAlchemyUnitOfWork(manager):
        item = await items.create({"sku": "a"})
        await items.update(item.id, {"stock": 1})
        await items.update(99, {"stock": 1})
        await items.delete(item.id)
        await items.delete(item.id)
        pending = get_pending_mutations()

    assert ["create", "update", "delete"] == [event.op for event in pending]
    assert {"stock"} == pending[1].changed_fields
    assert "rt_items:sku:a" in pending[2].tags


async def test_hearers_are_told_after_the_commit_and_not_before(
    manager: SessionManager, items: ListeningItems, listener: Hearer
) -> None:
    """Inside the transaction nobody hears; once it is over, the row is there for whoever is told."""
    async with SQLAlchemyUnitOfWork(manager):
        await items.create({"sku": "a"})
        before = (list(items.told), list(listener.heard))

    assert ([], []) == before
    assert [("create", (1,))] == listener.heard
    assert 1 == len(items.told)


async def test_a_rollback_tells_nobody(manager: SessionManager, items: ListeningItems, listener: Hearer) -> None:
    """What never happened is not announced."""
    with pytest.raises(KeyError):
        async with SQLAlchemyUnitOfWork(manager):
            await items.create({"sku": "a"})
            raise KeyError

    assert ([], []) == (items.told, listener.heard)


async def test_a_write_outside_a_transaction_is_told_at_once(items: ListeningItems, listener: Hearer) -> None:
    """It is durable when the call returns; nothing waits."""
    await items.create({"sku": "a"})

    assert [("create", (1,))] == listener.heard
    assert 1 == len(items.told)
    assert () == get_pending_mutations()


async def test_an_event_of_ones_own_outside_a_transaction_is_dropped(listener: Hearer) -> None:
    """There is no commit it could wait for."""
    record_mutation(MutationEvent("rt_items", "update", (1,)))

    assert ([], ()) == (listener.heard, get_pending_mutations())


async def test_an_event_of_ones_own_waits_for_the_commit(manager: SessionManager, listener: Hearer) -> None:
    """Code that writes by other means says what it changed."""
    async with SQLAlchemyUnitOfWork(manager):
        record_mutation(MutationEvent("rt_items", "update", (1,)))

    assert [("update", (1,))] == listener.heard


async def test_a_failing_hearer_undoes_nothing_and_stops_nobody(
    manager: SessionManager, items: ListeningItems, listener: Hearer, caplog: pytest.LogCaptureFixture
) -> None:
    """What a hearer raises is logged: the transaction has happened."""

    class Broken:
        async def on_transaction_committed(self, events: Events) -> None:
            raise ZeroDivisionError

    manager.listeners.insert(0, Broken())
    async with SQLAlchemyUnitOfWork(manager):
        await items.create({"sku": "a"})

    assert [("create", (1,))] == listener.heard
    assert "Broken.on_transaction_committed failed" in caplog.text
    assert await items.count() == 1


async def test_a_commit_that_is_cut_off_is_told_to_listeners_only(
    manager: SessionManager, items: ListeningItems, listener: Hearer
) -> None:
    """Nobody knows whether it happened: caches forget, hooks that act on facts stay quiet."""

    def cut_off(_: sa.Connection) -> None:
        raise asyncio.CancelledError

    sa.event.listen(manager.engine.sync_engine, "commit", cut_off)
    with pytest.raises(asyncio.CancelledError):
        async with SQLAlchemyUnitOfWork(manager):
            await items.create({"sku": "a"})
    sa.event.remove(manager.engine.sync_engine, "commit", cut_off)

    assert ([("create", (1,))], []) == (listener.heard, items.told)


async def test_transactional_commits_and_tells_the_service(manager: SessionManager, items: ListeningItems) -> None:
    """One transaction; the service and its repositories hear of it once each."""
    service = Stocktaking(manager, items)
    session = await service.add("a", "b")

    assert session is not None
    assert get_active_session() is None
    assert await items.count() == 2
    assert ([2], [2]) == ([len(e) for e in service.told], [len(e) for e in items.told])


async def test_transactional_rolls_back(manager: SessionManager, items: ListeningItems) -> None:
    """A failure leaves nothing behind and tells nobody."""
    service = Stocktaking(manager, items)
    with pytest.raises(KeyError):
        await service.add("a", fail=True)

    assert await items.count() == 0
    assert [] == service.told


async def test_a_nested_call_joins(manager: SessionManager, items: ListeningItems) -> None:
    """A transactional method called by another one shares its transaction, and its commit."""
    service = Stocktaking(manager, items)
    await service.add_twice("a")

    assert [2] == [len(events) for events in service.told]


async def test_every_attribute_that_wants_to_hear_is_told(manager: SessionManager, items: ListeningItems) -> None:
    """A collaborator that wrote nothing is told as well."""
    hearer = Hearer()
    await Stocktaking(manager, items, hearer).add("a")

    assert isinstance(hearer, SupportsPostCommit)
    assert [("create", (1,))] == hearer.heard


async def test_transactional_belongs_on_a_service(manager: SessionManager) -> None:
    """A repository, an object without session manager and a plain function are refused."""

    class Wrong(RepositorySQLAlchemy[Item, int]):
        @transactional
        async def work(self) -> None:
            """Never runs."""

    class Bare:
        @transactional
        async def work(self) -> None:
            """Never runs."""

    with pytest.raises(TypeError, match="belongs on a service"):
        await Wrong(manager, Item).work()
    with pytest.raises(TypeError, match="session_manager"):
        await Bare().work()
    with pytest.raises(TypeError, match="async method"):
        transactional(lambda self: None)  # type: ignore[arg-type, return-value]


async def test_a_statement_of_ones_own_is_told_of_by_table(
    manager: SessionManager, items: ListeningItems, listener: Hearer
) -> None:
    """Custom methods that write by statements or mapped objects tell which table changed; a read tells nothing."""
    table = manager.tables.table(Item)
    async with SQLAlchemyUnitOfWork(manager) as uow:
        await uow.session().execute(sa.insert(table).values(sku="a"))
        await uow.session().execute(sa.select(table))
        await uow.session().execute(sa.delete(table))

    assert [("create", ()), ("delete", ())] == listener.heard


async def test_a_write_of_a_repository_is_told_of_once(
    manager: SessionManager, items: ListeningItems, listener: Hearer
) -> None:
    """Its own statements are no foreign ones."""
    async with SQLAlchemyUnitOfWork(manager):
        item: Any = await items.create({"sku": "a"})
        await items.update(item.id, {"stock": 1})
        await items.delete(item.id)

    assert [("create", (1,)), ("update", (1,)), ("delete", (1,))] == listener.heard
