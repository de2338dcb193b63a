"""Filters and keyset predicates as SQLAlchemy expressions over one model's table."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from loom.core.backend.sqlalchemy import Tables
from loom.core.errors import InvalidQuery
from loom.core.model import EntityInfo, RelationInfo, inspect_model
from loom.core.repository.abc.cursor import SortKey
from loom.core.repository.abc.query import FilterGroup, FilterOp, FilterSpec
from loom.core.repository.values import FilterPathError, UnsafeFilterError, column_value

Clause = sa.ColumnElement[bool]

_COMPARE: dict[FilterOp, Callable[[Any, Any], Clause]] = {
    FilterOp.EQ: lambda c, v: c == v,
    FilterOp.NE: lambda c, v: c != v,
    FilterOp.GT: lambda c, v: c > v,
    FilterOp.GTE: lambda c, v: c >= v,
    FilterOp.LT: lambda c, v: c < v,
    FilterOp.LTE: lambda c, v: c <= v,
    FilterOp.LIKE: lambda c, v: c.like(v),
    FilterOp.ILIKE: lambda c, v: c.ilike(v),
}


class FilterWriter:
    """Writes the conditions of one model.

    Args:
        allowed: filter roots that may be used; empty allows all.
    """

    def __init__(self, info: EntityInfo, tables: Tables, allowed: frozenset[str] = frozenset()) -> None:
        self._info = info
        self._tables = tables
        self._table = tables.table(info.model)
        self._allowed = allowed

    def group(self, group: FilterGroup | None) -> Clause | None:
        """Return the condition of a whole group; None where there is nothing to filter.

        Raises:
            FilterPathError: a field does not exist.
            UnsafeFilterError: a field is not allowed.
            InvalidQuery: a value does not fit its column.
        """
        if group is None or not group.filters:
            return None
        clauses = [self._one(spec) for spec in group.filters]
        return sa.or_(*clauses) if group.op == "OR" else sa.and_(*clauses)

    def _one(self, spec: FilterSpec) -> Clause:
        root, _, leaf = spec.field.partition(".")
        if self._allowed and root not in self._allowed:
            raise UnsafeFilterError(spec.field)
        if spec.op in (FilterOp.EXISTS, FilterOp.NOT_EXISTS):
            wanted = (spec.op is FilterOp.EXISTS) == (spec.value is not False)
            related = self._related(self._relation(root), None)
            return related if wanted else ~related
        if leaf:
            relation = self._relation(root)
            return self._related(relation, FilterSpec(leaf, spec.op, spec.value))
        return _comparison(self._info, self._table, spec)

    def _relation(self, name: str) -> RelationInfo:
        if name not in self._info.relations:
            raise FilterPathError(name)
        return self._info.relations[name]

    def _related(self, relation: RelationInfo, spec: FilterSpec | None) -> Clause:
        """A correlated EXISTS over the related table."""
        join = relation.join
        target = self._tables.table(relation.target).alias()
        query = sa.select(sa.literal(1)).select_from(target)
        here = self._table.c[join.local_column]
        if join.secondary_model is None:
            query = query.where(target.c[join.remote_column] == here)
        else:
            link = self._tables.table(join.secondary_model).alias()
            query = query.join(link, link.c[str(join.secondary_remote_column)] == target.c[join.remote_column])
            query = query.where(link.c[str(join.secondary_local_column)] == here)
        if spec is not None:
            query = query.where(_comparison(inspect_model(relation.target), target, spec))
        return query.correlate(self._table).exists()


def _comparison(info: EntityInfo, table: sa.FromClause, spec: FilterSpec) -> Clause:
    if spec.field not in info.columns:
        raise FilterPathError(spec.field)
    column, field = table.c[spec.field], info.columns[spec.field]
    if spec.op is FilterOp.IS_NULL:
        return column.is_(None) if spec.value is not False else column.is_not(None)
    if spec.op is FilterOp.IN:
        return column.in_([column_value(field, value) for value in _items(spec)])
    if spec.op in (FilterOp.LIKE, FilterOp.ILIKE):
        if field.column_type.type_name not in ("String", "Text"):
            raise InvalidQuery(f"'{spec.field}' is not text; {spec.op} does not apply", field=spec.field)
        return _COMPARE[spec.op](column, column_value(field, spec.value))
    value = column_value(field, spec.value)
    if value is None:
        return column.is_(None) if spec.op is FilterOp.EQ else column.is_not(None)
    return _COMPARE[spec.op](column, value)


def _items(spec: FilterSpec) -> Sequence[Any]:
    if isinstance(spec.value, list | tuple | set | frozenset):
        return list(spec.value)
    return [spec.value]


def ordering(table: sa.Table, keys: Sequence[SortKey]) -> list[Any]:
    """Return the ORDER BY of a total order; NULL last in both directions, on every database."""
    terms: list[Any] = []
    for key in keys:
        column = table.c[key.field]
        if column.nullable:
            terms.append(column.is_(None))
        terms.append(column.desc() if key.descending else column.asc())
    return terms


def after(table: sa.Table, keys: Sequence[SortKey], values: Sequence[Any]) -> Clause:
    """Return the condition "comes after the row with these values" in the total order of `keys`."""
    steps: list[Clause] = []
    equal: list[Clause] = []
    for key, value in zip(keys, values, strict=True):
        column = table.c[key.field]
        if value is None:
            equal.append(column.is_(None))
            continue
        beyond: Clause = column < value if key.descending else column > value
        if column.nullable:
            beyond = sa.or_(beyond, column.is_(None))
        steps.append(sa.and_(*equal, beyond))
        equal.append(column == value)
    return sa.or_(*steps) if steps else sa.false()
