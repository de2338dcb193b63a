"""The statements of one model, each built once per shape and kept; values are always parameters."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from loom.core.backend.sqlalchemy import Tables
from loom.core.model import EntityInfo
from loom.core.repository.abc.cursor import SortKey
from loom.core.repository.conditions import Condition
from loom.core.repository.sqlalchemy.filters import ConditionWriter, after, comparable, ordering
from loom.core.repository.sqlalchemy.session import TOLD

KEY = "loom_key"
"""Parameter of the value a row is looked up by."""
LIMIT = "loom_limit"
OFFSET = "loom_offset"
_MAX_KEPT = 256


class Statements:
    """Writes and keeps the statements of one model.

    Attributes:
        insert, update, delete: take column values as parameters; `update` and `delete` also KEY. Each returns the row,
            columns in the order of the model.
        touches: an update with nothing to write still changes the row.
    """

    def __init__(self, info: EntityInfo, tables: Tables) -> None:
        self._table = tables.table(info.model)
        self._columns = [self._table.c[name] for name in info.columns]
        self._primary_key = info.primary_key
        self._conditions = ConditionWriter(info, tables)
        self._kept: dict[Any, sa.Select[Any]] = {}
        by_key, told = self._equal(self._primary_key[0]), {TOLD: True}
        self.insert = sa.insert(self._table).returning(*self._columns).execution_options(**told)
        self.update = sa.update(self._table).where(by_key).returning(*self._columns).execution_options(**told)
        self.delete = sa.delete(self._table).where(by_key).returning(*self._columns).execution_options(**told)
        self.touches = any(column.onupdate is not None for column in self._columns)

    def lookup(self, field: str) -> sa.Select[Any]:
        """Return the first row, by primary key, whose `field` is KEY."""
        return self._keep(("lookup", field), lambda: self._lookup(field))

    def exists(self, field: str) -> sa.Select[Any]:
        """Return whether there is such a row: one row or none."""
        return self._keep(("exists", field), lambda: self._exists(field))

    def count(self, condition: Condition) -> sa.Select[Any]:
        """Return the number of rows."""
        return self._keep(("count", condition), lambda: self._count(condition))

    def page(self, condition: Condition, keys: tuple[SortKey, ...]) -> sa.Select[Any]:
        """Return LIMIT rows from OFFSET."""
        order = tuple((key.field, key.descending) for key in keys)
        return self._keep(("page", condition, order), lambda: self._page(condition, keys))

    def step(self, condition: Condition, keys: tuple[SortKey, ...], nulls: Sequence[bool] | None) -> sa.Select[Any]:
        """Return LIMIT rows after a position, see `filters.after`; from the start where `nulls` is None."""
        order = tuple((key.field, key.descending) for key in keys)
        position = None if nulls is None else tuple(nulls)
        return self._keep(("step", condition, order, position), lambda: self._step(condition, keys, position))

    def _keep(self, shape: Any, build: Callable[[], sa.Select[Any]]) -> sa.Select[Any]:
        statement = self._kept.get(shape)
        if statement is None:
            if len(self._kept) >= _MAX_KEPT:  # clients choose shapes, so they must not fill memory
                self._kept.clear()
            statement = self._kept[shape] = build()
        return statement

    def _equal(self, field: str) -> sa.ColumnElement[bool]:
        column = self._table.c[field]
        return comparable(column) == sa.bindparam(KEY, type_=column.type)  # type: ignore[no-any-return]  # typed Any

    def _lookup(self, field: str) -> sa.Select[Any]:
        order = [self._table.c[name] for name in self._primary_key]
        return sa.select(*self._columns).where(self._equal(field)).order_by(*order).limit(sa.literal_column("1"))

    def _exists(self, field: str) -> sa.Select[Any]:
        one: sa.ColumnElement[int] = sa.literal_column("1")
        return sa.select(one).select_from(self._table).where(self._equal(field)).limit(one)

    def _count(self, condition: Condition) -> sa.Select[Any]:
        return self._where(sa.select(sa.func.count()).select_from(self._table), condition)

    def _page(self, condition: Condition, keys: tuple[SortKey, ...]) -> sa.Select[Any]:
        statement = self._where(sa.select(*self._columns), condition).order_by(*ordering(self._table, keys))
        return statement.limit(_number(LIMIT)).offset(_number(OFFSET))

    def _step(self, condition: Condition, keys: tuple[SortKey, ...], nulls: tuple[bool, ...] | None) -> sa.Select[Any]:
        statement = self._where(sa.select(*self._columns), condition)
        if nulls is not None:
            statement = statement.where(after(self._table, keys, nulls))
        return statement.order_by(*ordering(self._table, keys)).limit(_number(LIMIT))

    def _where(self, statement: sa.Select[Any], condition: Condition) -> sa.Select[Any]:
        clause = self._conditions.clause(condition)
        return statement if clause is None else statement.where(clause)


def _number(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.BigInteger())
