"""A repository that keeps entities in memory: the twin of the SQLAlchemy one, for tests and prototypes.

It runs the same queries with the same answers and refusals. It knows one model only, so it has no foreign keys and sees
the relations an entity was seeded with; it has no transactions either.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from msgspec import structs

from loom.core.errors import Conflict, InvalidPayload, InvalidQuery
from loom.core.model import BaseModel, ColumnFieldInfo, inspect_model
from loom.core.model.enums import ServerDefault
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
    SortSpec,
    build_page_result,
    check_page,
)
from loom.core.repository.conditions import resolve
from loom.core.repository.matching import comes_after, in_order, matches, value_of
from loom.core.repository.profiles import shown
from loom.core.repository.values import FilterPathError, column_value, stored_values

EntityT = TypeVar("EntityT")


class InMemoryRepository(Generic[EntityT]):
    """Keeps entities of one type, by id.

    Args:
        entity_type: a model, or any msgspec struct.
        id_field: its id; the primary key where the model has no field of that name.
        creator: makes an entity of what `create` is given and the next id; by default same-named values are copied.
    """

    def __init__(
        self, entity_type: type[EntityT], *, id_field: str = "id", creator: Callable[[Any, int], EntityT] | None = None
    ) -> None:
        self.model = entity_type
        self._info = inspect_model(entity_type)
        self._id = id_field if id_field in self._info.columns else self._info.id_column or id_field
        self._creator = creator
        self._rows: dict[Any, EntityT] = {}
        self._last_id = 0
        self._secret = secrets.token_bytes(32)

    def seed(self, *entities: EntityT) -> None:
        """Keep `entities` as they are; ids given out later are above theirs."""
        for entity in entities:
            self._keep(entity)

    async def get_by_id(self, obj_id: Any, profile: str = "default") -> EntityT | None:
        """Return the entity, or None."""
        return await self.get_by(self._id, obj_id, profile)

    async def get_by(self, field: str, value: Any, profile: str = "default") -> EntityT | None:
        """Return the first entity, by id, whose `field` equals `value`; FilterPathError for an unknown column."""
        self._check_profile(profile)
        found = next(self._equal(field, value), None)
        return None if found is None else shown(self._info, found, profile)

    async def exists(self, obj_id: Any) -> bool:
        """Return whether there is an entity with this id."""
        return await self.exists_by(self._id, obj_id)

    async def exists_by(self, field: str, value: Any) -> bool:
        """Return whether an entity has `field` equal to `value`; FilterPathError for an unknown column."""
        return next(self._equal(field, value), None) is not None

    async def count(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    async def list_paginated(
        self,
        page_params: PageParams | None = None,
        filter_params: FilterParams | None = None,
        profile: str = "default",
    ) -> Any:
        """Return a page in id order; a plain list of everything where no page is asked for."""
        if page_params is None:
            self._check_profile(profile)
            return [shown(self._info, entity, profile) for entity in self._rows.values()]
        equal = (filter_params or FilterParams()).filters
        filters = FilterGroup(tuple(FilterSpec(name, FilterOp.EQ, value) for name, value in equal.items()))
        return self._page(QuerySpec(filters=filters, limit=page_params.limit, page=page_params.page), profile)

    async def list_with_query(
        self, query: QuerySpec, profile: str = "default"
    ) -> PageResult[EntityT] | CursorResult[EntityT]:
        """Return the page or the step `query` asks for; InvalidQuery where it cannot be run."""
        return self._step(query, profile) if query.pagination is PaginationMode.CURSOR else self._page(query, profile)

    async def create(self, data: Any) -> EntityT:
        """Keep and return a new entity with the next id; Conflict where a unique column has the value already."""
        if self._creator is not None:
            return self._keep(self._creator(data, self._last_id + 1))
        values = self._initial() | stored_values(self._info, data, creating=True)
        if values.get(self._id) is None:
            values[self._id] = self._next_id()
        missing = [
            (name, "is required") for name, value in values.items() if value is None and not self._nullable(name)
        ]
        if missing:
            raise InvalidPayload(missing)
        if values[self._id] in self._rows:
            raise Conflict(f"An entity with this {self._id} already exists")
        return self._keep(self._unique(self.model(**values)))

    async def update(self, obj_id: Any, data: Any) -> EntityT | None:
        """Change what `data` names, never the id, and return the entity, or None where there is none."""
        known = next(self._equal(self._id, obj_id), None)
        if known is None:
            return None
        changes = stored_values(self._info, data, creating=False)
        changes.pop(self._id, None)
        missing = [
            (name, "is required") for name, value in changes.items() if value is None and not self._nullable(name)
        ]
        if missing:
            raise InvalidPayload(missing)
        touched = {n: _now(c) for n, c in self._info.columns.items() if c.field.server_onupdate is not None}
        changed: Any = structs.replace(known, **(touched | changes))  # type: ignore[type-var]  # entities are structs
        return self._keep(self._unique(changed))

    async def delete(self, obj_id: Any) -> bool:
        """Return whether an entity was removed."""
        known = next(self._equal(self._id, obj_id), None)
        return known is not None and self._rows.pop(getattr(known, self._id), None) is not None

    def _page(self, query: QuerySpec, profile: str) -> PageResult[EntityT]:
        self._check_profile(profile)
        check_page(query.page, query.limit)
        found = in_order(self._matching(query), self._order(query))
        params = PageParams(page=query.page, limit=query.limit)
        items = [shown(self._info, entity, profile) for entity in found[params.offset : params.offset + params.limit]]
        return build_page_result(items, len(found), params)

    def _step(self, query: QuerySpec, profile: str) -> CursorResult[EntityT]:
        self._check_profile(profile)
        check_page(1, query.limit)
        keys, scope = self._order(query), query_scope(self._info.name, query, profile)
        found = in_order(self._matching(query), keys)
        if query.cursor:
            position = decode_cursor(query.cursor, keys, scope, self._secret)
            found = [entity for entity in found if comes_after(entity, keys, position)]
        step, has_next = found[: query.limit], len(found) > query.limit
        last = [value_of(step[-1], key.field) for key in keys] if has_next else []
        token = encode_cursor(last, scope, self._secret) if has_next else None
        items = tuple(shown(self._info, entity, profile) for entity in step)
        return CursorResult(items=items, next_cursor=token, has_next=has_next)

    def _matching(self, query: QuerySpec) -> list[EntityT]:
        condition, values = resolve(self._info, query.filters)
        return [entity for entity in self._rows.values() if matches(entity, condition, values)]

    def _equal(self, field: str, value: Any) -> Iterator[EntityT]:
        if field not in self._info.columns:
            raise FilterPathError(field)
        try:
            typed = column_value(self._info.columns[field], value)
        except InvalidQuery:
            return iter(())
        condition, values = resolve(self._info, FilterGroup((FilterSpec(field, FilterOp.EQ, typed),)))
        return (entity for entity in self._in_id_order() if matches(entity, condition, values))

    def _in_id_order(self) -> list[EntityT]:
        return in_order(self._rows.values(), self._order(QuerySpec()))

    def _order(self, query: QuerySpec) -> tuple[SortKey, ...]:
        """The total order of a query: a struct that declares no primary key is told apart by its id."""
        if self._info.id_column is None:
            query = replace(query, sort=(*query.sort, SortSpec(self._id)))
        return total_order(query, self._info)

    def _check_profile(self, profile: str) -> None:
        """Refuse a profile a model does not have; a plain struct shows the same under every name."""
        if issubclass(self.model, BaseModel):
            self._info.check_profile(profile)

    def _keep(self, entity: EntityT) -> EntityT:
        key = getattr(entity, self._id)
        self._rows[key] = entity
        if isinstance(key, int):
            self._last_id = max(self._last_id, key)
        return entity

    def _next_id(self) -> Any:
        kind = self._info.columns[self._id].value_type
        if kind is UUID:
            return uuid4()
        return str(uuid4()) if kind is str else self._last_id + 1

    def _nullable(self, name: str) -> bool:
        return bool(self._info.columns[name].field.nullable)

    def _initial(self) -> dict[str, Any]:
        """What the database would fill in by itself."""
        found: dict[str, Any] = {}
        for name, column in self._info.columns.items():
            if column.field.server_default is ServerDefault.NOW:
                found[name] = _now(column)
            elif column.field.nullable and not column.field.has_default:
                found[name] = None
        return found

    def _unique(self, entity: EntityT) -> EntityT:
        for name, column in self._info.columns.items():
            value = value_of(entity, name)
            if not column.field.unique or value is None:
                continue
            if any(
                value_of(o, name) == value and getattr(o, self._id) != getattr(entity, self._id)
                for o in self._rows.values()
            ):
                raise Conflict(f"An entity with this {name} already exists")
        return entity


def _now(column: ColumnFieldInfo) -> Any:
    now = datetime.now(UTC)
    return now if column.column_type.type_name == "DateTime" else now.date()
