"""Conditions, orders and keyset positions as SQLAlchemy expressions over one model's table.

Values are bind parameters, named by position (`f0`, `k0`, ...), so an expression is built once per shape and kept.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.sql.functions import FunctionElement

from loom.core.backend.sqlalchemy import Tables
from loom.core.model import EntityInfo, RelationInfo
from loom.core.repository.abc.cursor import SortKey
from loom.core.repository.abc.query import FilterOp
from loom.core.repository.conditions import ESCAPE, Condition, Test

Clause = sa.ColumnElement[bool]

_COMPARE: dict[FilterOp, Callable[[Any, Any], Clause]] = {
    FilterOp.EQ: lambda c, v: c == v,
    FilterOp.NE: lambda c, v: c != v,
    FilterOp.GT: lambda c, v: c > v,
    FilterOp.GTE: lambda c, v: c >= v,
    FilterOp.LT: lambda c, v: c < v,
    FilterOp.LTE: lambda c, v: c <= v,
    FilterOp.IN: lambda c, v: c.in_(v),
    FilterOp.LIKE: lambda c, v: c.like(v, escape=ESCAPE),
    FilterOp.ILIKE: lambda c, v: c.ilike(v, escape=ESCAPE),
}


class Moment(FunctionElement[Any]):
    """A date with time, or a time, in one text form. SQLite's clock writes `10:00:00`, SQLAlchemy `10:00:00.000000`.

    As text the two are different and in the wrong order; a walk sorted by such a column would lose rows.
    """

    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


def comparable(column: Any) -> Any:
    """Return `column` as an expression that may be ordered and compared on every database."""
    return Moment(column) if isinstance(column.type, sa.DateTime | sa.Time) else column


class ConditionWriter:
    """Writes the conditions of one model."""

    def __init__(self, info: EntityInfo, tables: Tables) -> None:
        self._info = info
        self._tables = tables
        self._table = tables.table(info.model)

    def clause(self, condition: Condition) -> Clause | None:
        """Return the expression, the value of test i being the parameter `f<i>`; None where there are no tests."""
        if not condition.tests and not condition.groups:
            return None
        return self._all(condition, (f"f{index}" for index in count()))

    def _all(self, condition: Condition, names: Iterator[str]) -> Clause:
        clauses = [self._one(test, next(names)) for test in condition.tests]
        clauses += [self._all(group, names) for group in condition.groups]
        return sa.or_(*clauses) if condition.any_of else sa.and_(*clauses)

    def _one(self, test: Test, name: str) -> Clause:
        if not test.relation:
            return _comparison(self._table, test, name)
        related = self._related(self._info.relations[test.relation], test, name)
        return related if test.wanted or test.field else ~related

    def _related(self, relation: RelationInfo, test: Test, name: str) -> Clause:
        """A correlated EXISTS over the related table."""
        join = relation.join
        target = self._tables.table(relation.target).alias()
        query: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(target)
        here = self._table.c[join.local_column]
        if join.secondary_model is None:
            query = query.where(target.c[join.remote_column] == here)
        else:
            link = self._tables.table(join.secondary_model).alias()
            query = query.join(link, link.c[str(join.secondary_remote_column)] == target.c[join.remote_column])
            query = query.where(link.c[str(join.secondary_local_column)] == here)
        if test.field:
            query = query.where(_comparison(target, test, name))
        return query.correlate(self._table).exists()


def parameters(condition: Condition, values: Sequence[Any]) -> dict[str, Any]:
    """Return the parameters of a clause."""
    given = enumerate(zip(condition.every_test(), values, strict=True))
    return {f"f{i}": value for i, (test, value) in given if test.op not in _WITHOUT_VALUE}


def ordering(table: sa.Table, keys: Sequence[SortKey]) -> list[Any]:
    """Return the ORDER BY of a total order; NULL last in both directions, on every database."""
    terms: list[Any] = []
    for key in keys:
        column = table.c[key.field]
        if column.nullable:
            terms.append(column.is_(None))
        value = comparable(column)
        terms.append(value.desc() if key.descending else value.asc())
    return terms


def after(table: sa.Table, keys: Sequence[SortKey], nulls: Sequence[bool]) -> Clause:
    """Return the condition "comes after the row at this position" in the total order of `keys`.

    Args:
        nulls: which values of the position are NULL; the others are the parameters `k<i>`.
    """
    steps: list[Clause] = []
    equal: list[Clause] = []
    for index, (key, is_null) in enumerate(zip(keys, nulls, strict=True)):
        column = table.c[key.field]
        if is_null:  # NULL is last: nothing of this key comes after it
            equal.append(column.is_(None))
            continue
        value, here = _bind(f"k{index}", column.type), comparable(column)
        beyond: Clause = here < value if key.descending else here > value
        if column.nullable:
            beyond = sa.or_(beyond, column.is_(None))
        steps.append(sa.and_(*equal, beyond))
        equal.append(here == value)
    return sa.or_(*steps) if steps else sa.false()


_WITHOUT_VALUE = (FilterOp.IS_NULL, FilterOp.EXISTS)


def _comparison(table: Any, test: Test, name: str) -> Clause:
    column = table.c[test.field]
    if test.op is FilterOp.IS_NULL:
        clause: Clause = column.is_(None) if test.wanted else column.is_not(None)
        return clause
    if test.op in (FilterOp.LIKE, FilterOp.ILIKE):
        return _COMPARE[test.op](sa.type_coerce(column, sa.String()), _bind(name, sa.String()))
    return _COMPARE[test.op](comparable(column), _bind(name, column.type, many=test.op is FilterOp.IN))


def _bind(name: str, kind: Any, *, many: bool = False) -> BindParameter[Any]:
    return sa.bindparam(name, type_=kind, expanding=many)


@compiles(Moment)
def _moment(element: Moment, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(Moment, "sqlite")
def _moment_sqlite(element: Moment, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"({text} || substr('.000000', 1, 7 * (instr({text}, '.') = 0)))"
