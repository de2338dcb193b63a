"""The repository of one model on SQLAlchemy Core: statements are built once per shape, rows become structs."""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from loom.core.command import written_fields
from loom.core.errors import InvalidQuery
from loom.core.model import inspect_model
from loom.core.repository.abc.cursor import SortKey, decode_cursor, encode_cursor, query_scope, total_order
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
from loom.core.repository.sqlalchemy.errors import translated
from loom.core.repository.sqlalchemy.filters import FilterWriter, after, ordering
from loom.core.repository.sqlalchemy.related import RelatedReader
from loom.core.repository.sqlalchemy.session import SessionManager
from loom.core.repository.values import FilterPathError, column_value

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
        self._id = self._info.id_column or next(iter(self._info.columns))
        self._columns = [self._table.c[name] for name in self._info.columns]
        self._select = sa.select(*self._columns)
        self._by_column: dict[str, sa.Select[Any]] = {}
        self._related = RelatedReader(self._info, session_manager.tables)
        self._filters = FilterWriter(self._info, session_manager.tables, self.allowed_filter_fields)

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
        query = sa.select(sa.literal(1)).select_from(self._table).where(self._table.c[field] == typed).limit(1)
        async with translated(), self.session_manager.reading() as connection:
            return (await connection.execute(query)).first() is not None

    async def count(self) -> int:
        """Return the number of rows."""
        async with translated(), self.session_manager.reading() as connection:
            return await self._count(connection, None)

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
        values = self._known(written_fields(data, creating=True))
        return self._entity(await self._write_one(sa.insert(self._table).values(values)))

    async def update(self, obj_id: Any, data: Any) -> ModelT | None:
        """Change what `data` names in one statement and return the entity; None where there is none.

        Raises:
            Conflict: a unique or foreign key forbids it.
            InvalidPayload: a value does not fit.
        """
        key = self._typed(self._id, obj_id)
        if key is _UNFITTING:
            return None
        values: dict[str, Any] = {c.name: sa.func.now() for c in self._columns if c.onupdate is not None}
        values |= {n: v for n, v in self._known(written_fields(data, creating=False)).items() if n != self._id}
        if not values:
            return await self.get_by_id(key, "columns")
        row = await self._write_one(sa.update(self._table).where(self._table.c[self._id] == key).values(values))
        return None if row is None else self._entity(row)

    async def delete(self, obj_id: Any) -> bool:
        """Return whether a row was deleted.

        Raises:
            Conflict: other rows still reference it.
        """
        key = self._typed(self._id, obj_id)
        if key is _UNFITTING:
            return False
        statement = sa.delete(self._table).where(self._table.c[self._id] == key)
        async with translated(), self.session_manager.writing() as connection:
            return bool((await connection.execute(statement)).rowcount)

    async def on_transaction_committed(self, events: Any) -> None:
        """Called after a commit with what changed; nothing by default."""

    async def _first(self, field: str, value: Any, profile: str) -> ModelT | None:
        typed = self._typed(field, value)
        if typed is _UNFITTING:
            return None
        async with translated(), self.session_manager.reading() as connection:
            row = (await connection.execute(self._lookup(field), {"value": typed})).first()
            if row is None:
                return None
            (entity,) = await self._related.fill(connection, [self._entity(row)], profile)
            return entity  # type: ignore[no-any-return]  # built from self.model

    def _lookup(self, field: str) -> sa.Select[Any]:
        statement = self._by_column.get(field)
        if statement is None:
            condition = self._table.c[field] == sa.bindparam("value", type_=self._table.c[field].type)
            statement = self._select.where(condition).order_by(self._table.c[self._id]).limit(1)
            self._by_column[field] = statement
        return statement

    async def _page(self, query: QuerySpec, profile: str) -> PageResult[ModelT]:
        check_page(query.page, query.limit)
        params = PageParams(page=query.page, limit=query.limit)
        condition = self._filters.group(query.filters)
        statement = self._listing(condition, self._order(query)).limit(query.limit).offset(params.offset)
        async with translated(), self.session_manager.reading() as connection:
            items = await self._fetch(connection, statement, profile)
            is_whole = query.page == 1 and len(items) < query.limit
            total = len(items) if is_whole else await self._count(connection, condition)
        return build_page_result(items, total, params)

    async def _step(self, query: QuerySpec, profile: str) -> CursorResult[ModelT]:
        check_page(1, query.limit)
        keys, scope = self._order(query), query_scope(self._table.name, query, profile)
        secret = self.session_manager.cursor_secret
        condition = self._filters.group(query.filters)
        if query.cursor:
            beyond = after(self._table, keys, decode_cursor(query.cursor, keys, scope, secret))
            condition = beyond if condition is None else sa.and_(condition, beyond)
        async with translated(), self.session_manager.reading() as connection:
            found = await self._fetch(connection, self._listing(condition, keys).limit(query.limit + 1), profile)
        items, has_next = found[: query.limit], len(found) > query.limit
        last = [getattr(items[-1], key.field) for key in keys] if has_next else []
        token = encode_cursor(last, scope, secret) if has_next else None
        return CursorResult(items=tuple(items), next_cursor=token, has_next=has_next)

    def _order(self, query: QuerySpec) -> tuple[SortKey, ...]:
        types = {name: column.python_type for name, column in self._info.columns.items()}
        return total_order(query, types, self._id)

    def _listing(self, condition: Any, keys: tuple[SortKey, ...]) -> sa.Select[Any]:
        statement = self._select if condition is None else self._select.where(condition)
        return statement.order_by(*ordering(self._table, keys))

    async def _fetch(self, connection: AsyncConnection, statement: sa.Select[Any], profile: str) -> list[Any]:
        rows = (await connection.execute(statement)).all()
        return await self._related.fill(connection, [self._entity(row) for row in rows], profile)

    async def _count(self, connection: AsyncConnection, condition: Any) -> int:
        statement = sa.select(sa.func.count()).select_from(self._table)
        statement = statement if condition is None else statement.where(condition)
        return int((await connection.execute(statement)).scalar_one())

    async def _write_one(self, statement: Any) -> Any:
        async with translated(), self.session_manager.writing() as connection:
            return (await connection.execute(statement.returning(*self._columns))).first()

    def _entity(self, row: Any) -> ModelT:
        return self.model(**dict(zip(self._info.columns, row, strict=True)))

    def _known(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name in self._info.columns}

    def _typed(self, field: str, value: Any) -> Any:
        """Return `value` as the column's type; `_UNFITTING` where it cannot be one, so that no row can match."""
        if field not in self._info.columns:
            raise FilterPathError(field)
        try:
            return column_value(self._info.columns[field], value)
        except InvalidQuery:
            return _UNFITTING
