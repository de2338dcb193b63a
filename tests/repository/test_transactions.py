"""Units of work: all or nothing, closed on every way out, and nothing joins one that is over."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa

from loom.core.errors import Conflict
from loom.core.repository.sqlalchemy import (
    RepositorySQLAlchemy,
    SessionManager,
    SQLAlchemyUnitOfWork,
    SQLAlchemyUnitOfWorkFactory,
    get_active_session,
)
from loom.core.uow import UnitOfWork, UnitOfWorkFactory, get_active_uow
from tests.repository.models import Author, Book, Item


@pytest.fixture
def items(manager: SessionManager) -> RepositorySQLAlchemy[Item, int]:
    return RepositorySQLAlchemy(session_manager=manager, model=Item)


def checked_out(manager: SessionManager) -> int:
    pool: Any = manager.engine.pool
    return int(pool.checkedout())


async def test_leaving_normally_commits(manager: SessionManager, items: Any) -> None:
    """What was written is there afterwards; inside, it is seen."""
    async with SQLAlchemyUnitOfWork(manager):
        await items.create({"sku": "a"})
        assert await items.count() == 1

    assert await items.count() == 1


async def test_an_exception_rolls_everything_back(manager: SessionManager, items: Any) -> None:
    """Every write of a failed unit of work is gone, and the exception is the caller's own."""
    with pytest.raises(KeyError, match="mine"):
        async with SQLAlchemyUnitOfWork(manager):
            await items.create({"sku": "a"})
            raise KeyError("mine")

    assert await items.count() == 0
    assert checked_out(manager) == 0


async def test_the_context_is_clear_afterwards(manager: SessionManager) -> None:
    """The unit of work and its session are found inside, and neither afterwards."""
    async with SQLAlchemyUnitOfWork(manager) as uow:
        assert get_active_uow() is uow
        assert get_active_session() is uow.session()

    assert get_active_uow() is None
    assert get_active_session() is None


async def test_a_write_after_the_commit_has_a_transaction_of_its_own(manager: SessionManager, items: Any) -> None:
    """A write in the same task after the commit is stored, whether the unit of work was left or committed by hand."""
    uow = SQLAlchemyUnitOfWorkFactory(manager).create()
    await uow.begin()
    await items.create({"sku": "a"})
    await uow.commit()
    await items.create({"sku": "b"})

    assert checked_out(manager) == 0
    assert await items.count() == 2


async def test_a_task_may_outlive_the_transaction_it_was_started_in(manager: SessionManager, items: Any) -> None:
    """A task that inherited the context of a finished unit of work writes in a transaction of its own."""
    over = asyncio.Event()

    async def later() -> None:
        await over.wait()
        await items.create({"sku": "later"})

    async with SQLAlchemyUnitOfWork(manager):
        task = asyncio.create_task(later())
        await items.create({"sku": "now"})
    over.set()
    await task

    assert await items.count() == 2


async def test_misuse_is_named(manager: SessionManager) -> None:
    """Begin twice, commit or rollback before begin, and commit after the end are RuntimeErrors."""
    uow = SQLAlchemyUnitOfWork(manager)
    with pytest.raises(RuntimeError, match="before begin"):
        await uow.commit()
    with pytest.raises(RuntimeError, match="before begin"):
        await uow.rollback()
    await uow.begin()
    with pytest.raises(RuntimeError, match="called twice"):
        await uow.begin()
    await uow.rollback()
    with pytest.raises(RuntimeError, match="after the end"):
        await uow.commit()


def test_the_protocols_are_met(manager: SessionManager) -> None:
    """The classes are what the executor's protocols ask for."""
    assert isinstance(SQLAlchemyUnitOfWork(manager), UnitOfWork)
    assert isinstance(SQLAlchemyUnitOfWorkFactory(manager), UnitOfWorkFactory)


async def test_gathered_calls_share_the_transaction(manager: SessionManager, items: Any) -> None:
    """Calls gathered inside one unit of work all run, one statement at a time, and commit together."""
    async with SQLAlchemyUnitOfWork(manager):
        await asyncio.gather(*(items.create({"sku": str(n)}) for n in range(20)), *(items.count() for _ in range(20)))

    assert await items.count() == 20


async def test_gathered_calls_outside_commit_one_by_one(items: Any) -> None:
    """Without a unit of work each call has its own transaction; one that fails does not undo the others."""
    calls = (items.create({"sku": str(n % 10)}) for n in range(11))
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert [type(r) for r in results if isinstance(r, BaseException)] == [Conflict]
    assert await items.count() == 10


async def test_cancelling_rolls_back_and_gives_the_connection_back(manager: SessionManager, items: Any) -> None:
    """A task cancelled between two statements leaves no row, no connection and the CancelledError."""
    written = asyncio.Event()

    async def work() -> None:
        async with SQLAlchemyUnitOfWork(manager):
            await items.create({"sku": "a"})
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await written.wait()
    assert checked_out(manager) == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert checked_out(manager) == 0
    assert await items.count() == 0


@pytest.mark.parametrize("yields", range(0, 40, 3))
async def test_cancelling_anywhere_leaves_nothing_behind(manager: SessionManager, items: Any, yields: int) -> None:
    """Cancelled at any turn of the loop, a unit of work of several statements is stored whole or not at all."""

    async def work() -> None:
        async with SQLAlchemyUnitOfWork(manager):
            for n in range(3):
                await items.create({"sku": str(n)})

    task = asyncio.create_task(work())
    for _ in range(yields):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert checked_out(manager) == 0
    assert await items.count() in (0, 3)
    assert await items.create({"sku": "after"}) is not None


async def test_a_caught_refusal_cannot_end_in_a_silent_rollback(manager: SessionManager, items: Any) -> None:
    """Where the database refused a statement, the commit raises the refusal again: never success with nothing stored."""
    with pytest.raises(Conflict, match="sku"):
        async with SQLAlchemyUnitOfWork(manager):
            await items.create({"sku": "a"})
            with pytest.raises(Conflict):
                await items.create({"sku": "a"})

    assert await items.count() == 0
    assert (await items.create({"sku": "a"})).sku == "a"


async def test_a_savepoint_keeps_the_transaction_alive(manager: SessionManager, items: Any) -> None:
    """A refusal inside a savepoint of the session undoes the savepoint only."""
    table = manager.tables.table(Item)
    async with SQLAlchemyUnitOfWork(manager) as uow:
        await items.create({"sku": "a"})
        with pytest.raises(sa.exc.IntegrityError):
            async with uow.session().begin_nested():
                await uow.session().execute(sa.insert(table).values(sku="a"))
        await items.create({"sku": "b"})

    assert await items.count() == 2


async def test_a_referenced_row_cannot_be_deleted(manager: SessionManager) -> None:
    """Deleting a row that a RESTRICT foreign key points to is a Conflict, in a unit of work and outside."""
    authors = RepositorySQLAlchemy(session_manager=manager, model=Author)
    books = RepositorySQLAlchemy(session_manager=manager, model=Book)
    author = await authors.create({"name": "A"})
    await books.create({"title": "T", "author_id": author.id})

    with pytest.raises(Conflict, match="referenced"):
        await authors.delete(author.id)
    with pytest.raises(Conflict, match="referenced"):
        async with SQLAlchemyUnitOfWork(manager):
            await authors.delete(author.id)
    assert await authors.count() == 1


async def test_a_reference_to_nothing_is_a_conflict(manager: SessionManager) -> None:
    """A foreign key to a row that does not exist is a Conflict whose text holds no SQL."""
    books = RepositorySQLAlchemy(session_manager=manager, model=Book)

    with pytest.raises(Conflict) as caught:
        await books.create({"title": "T", "author_id": 99})
    assert "INSERT" not in str(caught.value)
    assert await books.count() == 0


async def test_creating_tables_at_once_is_safe(manager: SessionManager) -> None:
    """Several workers may create the tables at the same time."""
    async with manager.engine.begin() as connection:
        await connection.run_sync(manager.tables.metadata.drop_all)
    await asyncio.gather(*(m.create_tables() for m in (manager, manager, manager)))

    assert await RepositorySQLAlchemy(session_manager=manager, model=Item).count() == 0


async def test_a_database_in_memory_serves_concurrent_tasks() -> None:
    """Tasks take turns on the one connection of a database in memory, so their transactions do not mix."""
    from tests.repository.conftest import _tables

    manager = SessionManager("sqlite+aiosqlite://", tables=_tables())
    await manager.create_tables()
    items = RepositorySQLAlchemy(session_manager=manager, model=Item)

    async def work(n: int) -> None:
        async with SQLAlchemyUnitOfWork(manager):
            await items.create({"sku": str(n)})
            await asyncio.sleep(0)
            if n % 2:
                raise KeyError(n)

    await asyncio.gather(*(work(n) for n in range(10)), return_exceptions=True)

    assert await items.count() == 5
    await manager.dispose()
