"""The repository of one model on SQLAlchemy Core: statements are built once per shape, rows become structs."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Column, Select
from sqlalchemy.ext.asyncio import AsyncSession

from loom.core.backend.sqlalchemy import CoreModel
from loom.core.errors import InvalidQuery
from loom.core.model import inspect_model
from loom.core.repository.abc.cursor import (
    decode_cursor,
    encode_cursor,
    query_scope,
    total_order,
)
from loom.core.repository.abc.query import (
    CursorResult,
    FilterGroup,
    FilterOp,
    FilterParams,
    FilterSpec,
    PageParams,
    PageResult,
    PaginationMode,
    QuerySpec,
    build_page_result,
    check_page,
)
from loom.core.repository.conditions import Condition, resolve
from loom.core.repository.mutation import Events, Op, mutation_of
from loom.core.repository.sqlalchemy.direct import DirectReads
from loom.core.repository.sqlalchemy.errors import translated
from loom.core.repository.sqlalchemy.filters import parameters
from loom.core.repository.sqlalchemy.scope import session_scope
from loom.core.repository.sqlalchemy.session import SessionManager
from loom.core.repository.sqlalchemy.statements import KEY, LIMIT, OFFSET, Statements
from loom.core.repository.sqlalchemy.transactional import record_change
from loom.core.repository.values import FilterPathError, column_value, stored_values

ModelT = TypeVar("ModelT")
IdT = TypeVar("IdT")
_UNFITTING = object()


class RepositorySQLAlchemy(Generic[ModelT, IdT]):
    """Reads and writes one model.

    Attributes:
        allowed_filter_fields: filter roots that may be used; empty allows all.

    Raises:
        RuntimeError: the model has not been compiled.
    """

    __loom_kind__: ClassVar[str] = "repository"
    allowed_filter_fields: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, session_manager: SessionManager, model: type[ModelT]) -> None:
        self.model = model
        self.session_manager = session_manager
        self._table = session_manager.tables.table(model)
        self._info = inspect_model(model)
        self._names = tuple(self._info.columns)
        self._id = self._info.primary_key[0]
        self._statements = Statements(self._info, session_manager.tables)
        self._related = session_manager.tables.related(model)
        self._direct = DirectReads(session_manager, self._info)

    @property
    def entity_name(self) -> str:
        """The table's name."""
        return self._table.name

    async def get_by_id(self, obj_id: Any, profile: str = "default") -> ModelT | None:
        """Return the entity, or None; an id that cannot be one is None too."""
        return await self._first(self._id, obj_id, profile)

    async def get_by(self, field: str, value: Any, profile: str = "default") -> ModelT | None:
        """Return the first entity, by primary key, whose `field` equals `value`.

        Raises:
            FilterPathError: the model has no such column.
        """
        return await self._first(field, value, profile)

    async def exists(self, obj_id: Any) -> bool:
        """Return whether there is an entity with this id."""
        return await self.exists_by(self._id, obj_id)

    async def exists_by(self, field: str, value: Any) -> bool:
        """Return whether a row has `field` equal to `value`.

        Raises:
            FilterPathError: the model has no such column.
        """
        typed = self._typed(field, value)
        if typed is _UNFITTING:
            return False
        if typed is None:
            return bool(await self._total(*resolve(self._info, _only(field, None))))
        return bool(await self._value(self._statements.exists(field), {KEY: typed}))

    async def count(self) -> int:
        """Return the number of rows."""
        return await self._total(Condition(), [])

    async def list_paginated(
        self, page_params: PageParams, filter_params: FilterParams | None = None, profile: str = "default"
    ) -> PageResult[ModelT]:
        """Return a page in primary-key order, filtered by equality."""
        equal = (filter_params or FilterParams()).filters
        filters = FilterGroup(tuple(FilterSpec(name, FilterOp.EQ, value) for name, value in equal.items()))
        query = QuerySpec(filters=filters, limit=page_params.limit, page=page_params.page)
        return await self._page(query, profile)

    async def list_with_query(
        self, query: QuerySpec, profile: str = "default"
    ) -> PageResult[ModelT] | CursorResult[ModelT]:
        """Return the page or the step `query` asks for.

        Raises:
            InvalidQuery: page, limit, sort, filter or cursor cannot be run.
        """
        if query.pagination is PaginationMode.CURSOR:
            return await self._step(query, profile)
        return await self._page(query, profile)

    async def create(self, data: Any) -> ModelT:
        """Insert in one round trip and return the stored entity.

        Raises:
            Conflict: a unique or foreign key forbids it.
            InvalidPayload: a value is missing or does not fit.
        """
        values = stored_values(self._info, data, creating=True)
        async with translated(), self.session_manager.writing() as connection:
            entity = self._entity((await connection.execute(self._statements.insert, values)).one())
        await self._changed("create", entity, values)
        return entity

    async def update(self, obj_id: Any, data: Any) -> ModelT | None:
        """Change what `data` names in one statement and return the entity; None where there is none.

        Raises:
            Conflict: a unique or foreign key forbids it.
            InvalidPayload: a value does not fit.
        """
        key = self._typed(self._id, obj_id)
        if key is _UNFITTING:
            return None
        values = stored_values(self._info, data, creating=False)
        if not values and not self._statements.touches:
            return await self._row(self._id, key)
        async with translated(), self.session_manager.writing() as connection:
            row = (await connection.execute(self._statements.update, values | {KEY: key})).first()
        if row is None:
            return None
        entity = self._entity(row)
        await self._changed("update", entity, values)
        return entity

    async def delete(self, obj_id: Any) -> bool:
        """Return whether a row was deleted.

        Raises:
            Conflict: other rows still reference it.
        """
        key = self._typed(self._id, obj_id)
        if key is _UNFITTING:
            return False
        async with translated(), self.session_manager.writing() as connection:
            row = (await connection.execute(self._statements.delete, {KEY: key})).first()
        if row is None:
            return False
        await self._changed("delete", self._entity(row))
        return True

    @property
    def _effective_sa_model(self) -> type[Any]:
        """The mapped class, for statements of a subclass."""
        return self.session_manager.tables.mapped(self.model)

    @property
    def _effective_core_model(self) -> CoreModel:
        """The read side of the model, for statements of a subclass."""
        return self.session_manager.tables.core(self.model)

    def _column_for_field(self, name: str) -> Column[Any]:
        """Return a column, for statements of a subclass; FilterPathError where there is none."""
        if name not in self._info.columns:
            raise FilterPathError(name)
        return self._table.c[name]

    def _id_column(self) -> Column[Any]:
        """Return the column entities are found by."""
        return self._table.c[self._id]

    def _to_output(self, row: Any) -> ModelT:
        """Return a mapped object, or a row of a statement over the columns, as the model's struct."""
        return self._effective_core_model.struct(row)  # type: ignore[no-any-return]  # built from self.model

    def _session_scope(self, session: AsyncSession | None = None) -> AbstractAsyncContextManager[AsyncSession]:
        """Give a session: `session` itself, the running transaction's, or one that commits at the end."""
        return session_scope(self.session_manager, session)

    async def on_transaction_committed(self, events: Events) -> None:
        """Called after a commit this repository wrote in, with everything the transaction changed; nothing by default."""

    async def _changed(self, op: Op, entity: ModelT, fields: Iterable[str] = ()) -> None:
        own = type(self).on_transaction_committed is not RepositorySQLAlchemy.on_transaction_committed
        event = partial(mutation_of, self._info, op, entity, fields)
        await record_change(self.session_manager, event, (self,) if own else ())

    async def _first(self, field: str, value: Any, profile: str) -> ModelT | None:
        self._info.check_profile(profile)
        typed = self._typed(field, value)
        if typed is _UNFITTING:
            return None
        if typed is None:
            found = await self._page(QuerySpec(filters=_only(field, None), limit=1), profile)
            return next(iter(found.items), None)
        return await self._row(field, typed, profile)

    async def _row(self, field: str, value: Any, profile: str | None = None) -> ModelT | None:
        """Return the entity found by a typed value; columns only where `profile` is None."""
        found = await self._entities(self._statements.lookup(field), {KEY: value}, profile)
        return next(iter(found), None)

    async def _entities(self, statement: Select[Any], given: Mapping[str, Any], profile: str | None) -> list[ModelT]:
        """Return what `statement` selects, with `profile` loaded; columns only where that is None."""
        found = await self._direct.entities(statement, given, profile)
        if found is not None:
            return found
        async with translated(), self.session_manager.reading() as connection:
            rows = (await connection.execute(statement, dict(given))).all()
            entities = [self._entity(row) for row in rows]
            return entities if profile is None else await self._related.fill(connection, entities, profile)

    async def _value(self, statement: Select[Any], given: Mapping[str, Any]) -> Any:
        """Return the first value of the first row; None where there is no row."""
        found = await self._direct.value(statement, given)
        if found is not None:
            return found.value
        async with translated(), self.session_manager.reading() as connection:
            return (await connection.execute(statement, dict(given))).scalar()

    async def _page(self, query: QuerySpec, profile: str) -> PageResult[ModelT]:
        check_page(query.page, query.limit)
        self._info.check_profile(profile)
        params = PageParams(page=query.page, limit=query.limit)
        condition, values = resolve(self._info, query.filters, self.allowed_filter_fields)
        statement = self._statements.page(condition, total_order(query, self._info))
        given = parameters(condition, values)
        items = await self._entities(statement, given | {LIMIT: params.limit, OFFSET: params.offset}, profile)
        is_last = len(items) < params.limit and (items or params.page == 1)
        total = params.offset + len(items) if is_last else await self._count(condition, given)
        return build_page_result(items, total, params)

    async def _step(self, query: QuerySpec, profile: str) -> CursorResult[ModelT]:
        check_page(1, query.limit)
        self._info.check_profile(profile)
        keys, scope = total_order(query, self._info), query_scope(self._table.name, query, profile)
        secret = self.session_manager.cursor_secret
        condition, values = resolve(self._info, query.filters, self.allowed_filter_fields)
        at = decode_cursor(query.cursor, keys, scope, secret) if query.cursor else None
        statement = self._statements.step(condition, keys, None if at is None else [value is None for value in at])
        given = parameters(condition, values) | {f"k{i}": v for i, v in enumerate(at or ()) if v is not None}
        found = await self._entities(statement, given | {LIMIT: query.limit + 1}, profile)
        items, has_next = found[: query.limit], len(found) > query.limit
        token = encode_cursor([getattr(items[-1], key.field) for key in keys], scope, secret) if has_next else None
        return CursorResult(items=tuple(items), next_cursor=token, has_next=has_next)

    async def _total(self, condition: Condition, values: list[Any]) -> int:
        return await self._count(condition, parameters(condition, values))

    async def _count(self, condition: Condition, given: Mapping[str, Any]) -> int:
        return int(await self._value(self._statements.count(condition), given))

    def _entity(self, row: Any) -> ModelT:
        return self.model(**dict(zip(self._names, row, strict=True)))

    def _typed(self, field: str, value: Any) -> Any:
        """Return `value` as the column's type; `_UNFITTING` where it cannot be one, so that no row can match."""
        if field not in self._info.columns:
            raise FilterPathError(field)
        try:
            return column_value(self._info.columns[field], value)
        except InvalidQuery:
            return _UNFITTING


def _only(field: str, value: Any) -> FilterGroup:
    return FilterGroup((FilterSpec(field, FilterOp.EQ, value),))
