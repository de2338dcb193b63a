"""Relations and projections in the statement that reads their owners: one more column for each, on PostgreSQL.

Related rows arrive as an array of rows whose values are those of the columns, so nothing is lost on the way. One row is looked
for by `(SELECT true .. LIMIT 1) IS NOT NULL`: EXISTS in a select list may read the whole related table for every page.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, Struct

from loom.core.backend.profiles import Additions, ProfileProjection, Source
from loom.core.backend.sqlalchemy import Tables
from loom.core.model import RelationInfo, inspect_model
from loom.core.projection.loaders import CountLoader, ExistsLoader, JoinFieldsLoader
from loom.core.repository.sqlalchemy.convert import converter

_OURS = (CountLoader, ExistsLoader, JoinFieldsLoader)


class Beside(Struct, frozen=True):
    """One more column.

    Attributes:
        column: writes it for a page of owners.
        put: adds what it holds to the values of an entity.
    """

    column: Callable[[Any], Any]
    put: Callable[[dict[str, Any], Any], None]


def beside(added: Additions, tables: Tables, dialect: sa.Dialect) -> Sequence[Beside] | None:
    """Return what `added` puts beside the columns; None where it cannot be read in the same statement."""
    if not (added.relations or added.projections):
        return ()
    ours = all(type(step.projection.loader) in _OURS for step in added.projections)
    if dialect.name != "postgresql" or not ours:
        return None
    writer = _Writer(tables, dialect)
    by_relation = {step.name: step for step in added.projections if step.source is Source.OBJECT}
    loads = [writer.relation(relation, _of(by_relation, relation)) for relation in added.relations]
    return [*loads, *(writer.projection(step) for step in added.projections if step.source is Source.STATEMENT)]


def _of(steps: dict[str, ProfileProjection], relation: RelationInfo) -> list[ProfileProjection]:
    return [step for step in steps.values() if step.relation is not None and step.relation.name == relation.name]


class _Writer:
    """Writes the columns of one application's tables."""

    def __init__(self, tables: Tables, dialect: sa.Dialect) -> None:
        self._tables = tables
        self._dialect = dialect

    def relation(self, relation: RelationInfo, computed: Sequence[ProfileProjection]) -> Beside:
        """A relation, and the projections computed from its rows."""
        names = tuple(inspect_model(relation.target).columns)
        read = self._reader(relation, names)

        def put(values: dict[str, Any], found: Any) -> None:
            rows = [relation.target(**row) for row in read(found)]
            values[relation.name] = rows if relation.many else next(iter(rows), None)
            for step in computed:
                value = step.projection.loader.value_of(rows if relation.many else rows[:1])
                _set(values, step, value)

        return Beside(lambda page: self._rows(page, relation, names), put)

    def projection(self, step: ProfileProjection) -> Beside:
        """A projection computed from rows that are not loaded."""
        relation, loader = step.relation, step.projection.loader
        assert relation is not None
        if isinstance(loader, JoinFieldsLoader):
            names = tuple(loader.value_columns)
            read = self._reader(relation, names)
            return Beside(
                lambda page: self._rows(page, relation, names),
                lambda values, found: _set(values, step, read(found) or _empty(step)),
            )
        column = self._count if isinstance(loader, CountLoader) else self._any
        return Beside(
            lambda page: column(page, relation), lambda values, found: _set(values, step, found or _empty(step))
        )

    def _rows(self, page: Any, relation: RelationInfo, names: Sequence[str]) -> Any:
        table = self._tables.table(relation.target).alias()
        row = sa.func.row(*(table.c[name] for name in names), type_=sa.types.NullType())
        order = [table.c[name] for name in inspect_model(relation.target).primary_key]
        return sa.func.array(self._of(page, relation, table, row).order_by(*order).scalar_subquery())

    def _count(self, page: Any, relation: RelationInfo) -> Any:
        table = self._tables.table(relation.target).alias()
        return self._of(page, relation, table, sa.func.count()).scalar_subquery()

    def _any(self, page: Any, relation: RelationInfo) -> Any:
        table = self._tables.table(relation.target).alias()
        found = self._of(page, relation, table, sa.literal_column("true", sa.Boolean()))
        return found.limit(sa.literal_column("1")).scalar_subquery().is_not(None)

    def _of(self, page: Any, relation: RelationInfo, table: Any, column: Any) -> sa.Select[Any]:
        join, here = relation.join, page.c[relation.join.local_column]
        if join.secondary_model is None:
            return sa.select(column).select_from(table).where(table.c[join.remote_column] == here).correlate(page)
        link = self._tables.table(join.secondary_model).alias()
        source = table.join(link, link.c[str(join.secondary_remote_column)] == table.c[join.remote_column])
        where = link.c[str(join.secondary_local_column)] == here
        return sa.select(column).select_from(source).where(where).correlate(page)

    def _reader(self, relation: RelationInfo, names: Sequence[str]) -> Callable[[Any], list[dict[str, Any]]]:
        table = self._tables.table(relation.target)
        converters = [
            (name, convert) for name in names if (convert := converter(table.c[name].type, self._dialect)) is not None
        ]

        def read(found: Any) -> list[dict[str, Any]]:
            rows = [dict(zip(names, row, strict=True)) for row in found]
            for name, convert in converters:
                for row in rows:
                    row[name] = convert(row[name])
            return rows

        return read


def _empty(step: ProfileProjection) -> Any:
    """Return what a loader gives where there is no related row: the default, where there is one."""
    return UNSET if step.projection.has_default else step.projection.loader.value_of([])


def _set(values: dict[str, Any], step: ProfileProjection, value: Any) -> None:
    kept = step.projection.default if value is UNSET and step.projection.has_default else value
    if kept is not UNSET:
        values[step.name] = kept
