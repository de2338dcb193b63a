"""Mapped classes over compiled tables, for code that wants an ORM session. Repositories use the tables alone.

A mapped class is made when it is first asked for; what the database fills in is read back with the write. Its relations are read-only: what a relation shows is written through
the columns of the model that holds the foreign key.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from loom.core.model import RelationInfo, inspect_model


class SABase:
    """Base of every mapped class; takes the values of a new row as keywords."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            if not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} has no attribute {name!r}")
            setattr(self, name, value)


class Mapping:
    """The mapped classes of one set of tables.

    Args:
        metadata: where the tables live.
        table: answers with the table of a model, or raises.
        is_compiled: whether it has an answer.
    """

    def __init__(
        self,
        metadata: sa.MetaData,
        table: Callable[[type[Any]], sa.Table],
        is_compiled: Callable[[type[Any]], bool],
    ) -> None:
        self._registry = orm.registry(metadata=metadata)
        self._table = table
        self._is_compiled = is_compiled
        self._classes: dict[type[Any], type[Any]] = {}

    def mapped(self, model: type[Any]) -> type[Any]:
        """Return the class mapped to the table of `model`; the models it leads to are mapped with it."""
        if model not in self._classes:
            self._classes[model] = self._map(model)
            self.catch_up()
        return self._classes[model]

    def catch_up(self) -> None:
        """Map what mapped classes lead to and was compiled since: SQLAlchemy wants both ends before it joins them."""
        targets = {r.target for model in self._classes for r in inspect_model(model).relations.values()}
        for target in sorted(targets - self._classes.keys(), key=lambda model: model.__qualname__):
            if self._is_compiled(target):
                self.mapped(target)

    def dispose(self) -> None:
        """Unmap every class."""
        self._registry.dispose()
        self._classes.clear()

    def _map(self, model: type[Any]) -> type[Any]:
        table = self._table(model)
        cls = type(model.__name__, (SABase,), {"__module__": model.__module__, "__tablename__": table.name})
        relations = {r.name: self._relationship(model, r) for r in inspect_model(model).relations.values()}
        self._registry.map_imperatively(cls, table, properties=relations, eager_defaults=True)
        cls.__table__ = table  # type: ignore[attr-defined]  # what declarative classes offer
        return cls

    def _relationship(self, model: type[Any], relation: RelationInfo) -> Any:
        """Conditions are functions: the other side may be compiled later."""
        return orm.relationship(
            lambda: self.mapped(relation.target),
            primaryjoin=lambda: self._primary_join(model, relation),
            secondary=self._link(relation),
            secondaryjoin=self._secondary_join(relation),
            uselist=relation.many,
            viewonly=True,
        )

    def _primary_join(self, model: type[Any], relation: RelationInfo) -> sa.ColumnElement[bool]:
        join = relation.join
        here = self._table(model).c[join.local_column]
        if join.secondary_model is not None:
            return here == orm.foreign(self._table(join.secondary_model).c[join.secondary_local_column or ""])
        there = self._table(relation.target).c[join.remote_column]
        return orm.foreign(here) == orm.remote(there) if join.outward else here == orm.remote(orm.foreign(there))

    def _link(self, relation: RelationInfo) -> Any:
        link = relation.join.secondary_model
        return None if link is None else lambda: self._table(link)

    def _secondary_join(self, relation: RelationInfo) -> Any:
        join, link = relation.join, relation.join.secondary_model
        if link is None:
            return None
        return lambda: (
            orm.foreign(self._table(link).c[join.secondary_remote_column or ""])
            == self._table(relation.target).c[join.remote_column]
        )
