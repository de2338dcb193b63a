"""Repositories of one's own: methods with a session, the hooks they are written with, and what they join."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from loom.core.backend.sqlalchemy import SABase
from loom.core.errors import Conflict
from loom.core.repository.abc import FilterGroup, FilterOp, FilterSpec, QuerySpec
from loom.core.repository.sqlalchemy import (
    FilterPathError,
    RepositorySQLAlchemy,
    SessionManager,
    SQLAlchemyUnitOfWork,
    UnsafeFilterError,
    get_active_session,
    with_session_scope,
)
from tests.repository.models import Author, Book, Item


class Items(RepositorySQLAlchemy[Item, int]):
    allowed_filter_fields = frozenset({"sku", "rank"})

    @with_session_scope
    async def low(self, session: AsyncSession, limit: int, *, above: int = 0) -> list[Item]:
        """By the mapped class."""
        mapped = self._effective_sa_model
        stock = self._column_for_field("stock")
        statement = sa.select(mapped).where(stock < limit, stock > above).order_by(self._id_column())
        return [self._to_output(row) for row in (await session.execute(statement)).scalars()]

    @with_session_scope
    async def by_core(self, session: AsyncSession, sku: str) -> Item | None:
        """By the read side."""
        core = self._effective_core_model
        found: Item | None = await core.fetch_one(session, core.select().where(core.sku == sku))
        return found

    @with_session_scope
    async def add_mapped(self, session: AsyncSession, sku: str) -> Item:
        row = self._effective_sa_model(sku=sku)
        session.add(row)
        await session.flush()
        return self._to_output(row)

    @with_session_scope
    async def add_two(self, session: AsyncSession, one: str, two: str) -> int:
        """The session's rows and the repository's own calls are one transaction."""
        session.add(self._effective_sa_model(sku=one))
        await self.create({"sku": two})
        return await self.count()

    @with_session_scope
    async def add_later(self, session: AsyncSession, sku: str) -> None:
        session.add(self._effective_sa_model(sku=sku))

    async def create(self, data: Any) -> Item:
        return await super().create({**data, "sku": data["sku"].upper()})


@pytest.fixture
def repository(manager: SessionManager) -> Items:
    return Items(session_manager=manager, model=Item)


async def test_a_method_gets_its_session(repository: Items) -> None:
    """The session is not among the arguments of the call; the others arrive as given."""
    for sku, stock in (("a", 1), ("b", 3), ("c", 9)):
        await repository.create({"sku": sku, "stock": stock})

    assert [item.sku for item in await repository.low(5)] == ["A", "B"]
    assert [item.sku for item in await repository.low(limit=5, above=1)] == ["B"]


async def test_the_read_side_gives_structs(repository: Items) -> None:
    """`_effective_core_model` has columns as attributes and fetches what the repository itself would."""
    made = await repository.create({"sku": "a"})

    assert made == await repository.by_core("A")
    assert await repository.by_core("B") is None


async def test_a_mapped_row_is_stored_with_what_the_database_fills_in(repository: Items) -> None:
    """A row added to the session is committed at the end of the scope, generated columns read back."""
    made = await repository.add_mapped("x")

    assert made.id == 1
    assert made.created_at is not None
    assert made == await repository.get_by_id(1)


async def test_a_mapped_class_refuses_what_is_no_attribute(repository: Items) -> None:
    """A misspelt keyword is an error, as it is for the struct."""
    assert issubclass(repository._effective_sa_model, SABase)
    with pytest.raises(TypeError, match="skuu"):
        repository._effective_sa_model(skuu="a")


async def test_a_scope_is_one_transaction(repository: Items) -> None:
    """What a method adds to the session and what it calls are stored together or not at all."""
    assert await repository.add_two("a", "b") == 2

    with pytest.raises(Conflict, match="sku"):
        await repository.add_two("c", "b")
    assert await repository.count() == 2


async def test_a_scope_joins_the_running_transaction(manager: SessionManager, repository: Items) -> None:
    """Inside a unit of work nothing is committed by the method; the unit of work decides."""
    with pytest.raises(RuntimeError):
        async with SQLAlchemyUnitOfWork(manager):
            await repository.add_mapped("a")
            assert await repository.count() == 1
            raise RuntimeError

    assert await repository.count() == 0


async def test_what_a_method_leaves_unwritten_is_written_at_its_end(manager: SessionManager, repository: Items) -> None:
    """Inside a unit of work a method that only adds meets the database's refusal itself, not somebody after it."""
    await repository.add_mapped("a")

    async with SQLAlchemyUnitOfWork(manager) as running:
        await repository.add_later("b")
        with pytest.raises(Conflict, match="sku"):
            await repository.add_later("a")
        await running.rollback()

    assert await repository.count() == 1


async def test_the_end_of_a_transaction_waits_for_the_statement_that_runs(
    manager: SessionManager, repository: Items
) -> None:
    """When one of several gathered calls fails, the others neither break the connection nor write after the end."""
    await repository.create({"sku": "x"})
    calls: list[asyncio.Task[Any]] = []

    with pytest.raises(Conflict):
        async with SQLAlchemyUnitOfWork(manager):
            calls += [asyncio.create_task(repository.create({"sku": sku})) for sku in ("x", "b", "c", "d")]
            await calls[0]
    await asyncio.gather(*calls, return_exceptions=True)

    assert manager.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a queue pool
    assert await repository.count() == 1
    assert await repository.create({"sku": "after"}) is not None


async def test_a_given_session_is_used_as_it_is(manager: SessionManager, repository: Items) -> None:
    """With `session=` nothing is committed or rolled back by the method."""
    async with manager.session() as session:
        made = await repository.add_mapped("a", session=session)
        await session.rollback()

    assert made.id == 1
    assert await repository.count() == 0


async def test_a_refusal_inside_a_scope_is_an_error_of_looms_tree(repository: Items) -> None:
    """What the database refuses comes out as Conflict, with nothing stored and no transaction left running."""
    await repository.add_mapped("a")

    with pytest.raises(Conflict, match="sku"):
        await repository.add_mapped("a")
    assert get_active_session() is None
    assert await repository.count() == 1


async def test_other_errors_come_out_as_they_are(repository: Items) -> None:
    """An error of the method's own, an operating system error among them, is not taken for the database's."""
    with pytest.raises(FileNotFoundError):
        async with repository._session_scope():
            raise FileNotFoundError


async def test_gathered_methods_share_a_transaction_safely(manager: SessionManager, repository: Items) -> None:
    """Sessions and repository calls of one unit of work take turns on its connection."""
    async with SQLAlchemyUnitOfWork(manager):
        made = await asyncio.gather(*(repository.add_mapped(sku) for sku in "abcdef"), repository.create({"sku": "x"}))
        found = await asyncio.gather(*(repository.by_core(sku) for sku in "abc"), repository.count())

    assert sorted(item.id for item in made) == [1, 2, 3, 4, 5, 6, 7]
    assert [*[item.sku for item in found[:3]], found[3]] == ["a", "b", "c", 7]


async def test_a_plain_session_fails_gathered_calls(manager: SessionManager, repository: Items) -> None:
    """The control: tasks that flush one ordinary session at once meet in the middle of it."""
    async with manager.session() as session:
        await session.connection()
        calls = (repository.add_mapped(sku, session=session) for sku in "abcdef")
        results = await asyncio.gather(*calls, return_exceptions=True)
        await session.rollback()

    assert any(isinstance(result, Exception) for result in results)


async def test_an_unknown_column_is_a_value_error(repository: Items) -> None:
    """`_column_for_field` names what the model does not have."""
    with pytest.raises(ValueError, match="nope") as caught:
        repository._column_for_field("nope")
    assert isinstance(caught.value, FilterPathError)


async def test_only_allowed_fields_may_be_filtered(repository: Items) -> None:
    """A filter on a field outside `allowed_filter_fields` is refused, known or not."""
    await repository.create({"sku": "a"})

    def query(field: str) -> QuerySpec:
        return QuerySpec(filters=FilterGroup((FilterSpec(field, FilterOp.EQ, "A"),)))

    assert (await repository.list_with_query(query("sku"))).total_count == 1  # type: ignore[union-attr]  # a page
    for field in ("full_name", "nope"):
        with pytest.raises(UnsafeFilterError) as caught:
            await repository.list_with_query(query(field))
        assert caught.value.path == field


class Authors(RepositorySQLAlchemy[Author, int]):
    @with_session_scope
    async def named(self, session: AsyncSession, name: str, profile: str) -> list[Author]:
        core = self._effective_core_model
        found: list[Author] = await core.fetch_all(
            session, core.select(profile).where(core.name == name), profile=profile
        )
        return found


async def test_the_read_side_loads_profiles(manager: SessionManager) -> None:
    """`fetch_all` fills relations and projections of the profile as the repository does."""
    authors, books = Authors(manager, Author), RepositorySQLAlchemy[Book, int](manager, Book)
    author = await authors.create({"name": "Ann"})
    await books.create({"title": "One", "author_id": author.id})

    assert [await authors.get_by_id(author.id, "both")] == await authors.named("Ann", "both")
