"""Fills relations and projections of loaded rows: one statement for all of them, never one per row.

A projection is computed from the relation it reads where the profile loads that relation, else by a grouped statement of
its own that reads no more than it needs.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, Struct, structs
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from loom.core.backend.sqlalchemy import Tables
from loom.core.model import EntityInfo, RelationInfo, inspect_model
from loom.core.projection.loaders import CountLoader, ExistsLoader, JoinFieldsLoader, RelatedLoader, relation_for
from loom.core.projection.runtime import ProjectionStep, build_projection_plan
from loom.core.repository.abc.cursor import primary_key

_OWNERS = "owners"


class _Additions(Struct, frozen=True):
    """What one profile adds to the columns: relations, and projections in the order they depend on each other."""

    relations: tuple[RelationInfo, ...]
    projections: tuple[ProjectionStep, ...]


class RelatedReader:
    """Reads what the profiles of one model add to its columns."""

    def __init__(self, info: EntityInfo, tables: Tables) -> None:
        self._info = info
        self._tables = tables
        self._additions: dict[str, _Additions] = {}
        self._statements: dict[tuple[str, str], sa.Select[Any]] = {}

    async def fill(self, connection: AsyncConnection, entities: Sequence[Any], profile: str) -> list[Any]:
        """Return `entities` with the relations and projections of `profile` loaded, in the same order."""
        added = self._added(profile)
        if not entities or not (added.relations or added.projections):
            return list(entities)
        changes: list[dict[str, Any]] = [{} for _ in entities]
        for relation in added.relations:
            found = await self._related(connection, relation, entities)
            for entity, change in zip(entities, changes, strict=True):
                rows = found.get(getattr(entity, relation.join.local_column), [])
                change[relation.name] = list(rows) if relation.many else next(iter(rows), None)
        filled = [structs.replace(entity, **change) for entity, change in zip(entities, changes, strict=True)]
        return await self._projected(connection, filled, added)

    def _added(self, profile: str) -> _Additions:
        if profile not in self._additions:
            declared = {p.name: p.declared for p in self._info.projections_in(profile)}
            steps = build_projection_plan(declared).steps
            self._additions[profile] = _Additions(self._info.relations_in(profile), steps)
        return self._additions[profile]

    async def _projected(self, connection: AsyncConnection, entities: list[Any], added: _Additions) -> list[Any]:
        if not added.projections:
            return entities
        loaded = {relation.name for relation in added.relations}
        values: list[dict[str, Any]] = [{} for _ in entities]
        for step in added.projections:
            found = await self._values(connection, step, entities, values, loaded)
            default = step.projection.default if step.projection.has_default else UNSET
            for value, known in zip(found, values, strict=True):
                known[step.name] = default if value is UNSET else value
        return [structs.replace(entity, **known) for entity, known in zip(entities, values, strict=True)]

    async def _values(
        self,
        connection: AsyncConnection,
        step: ProjectionStep,
        entities: list[Any],
        known: list[dict[str, Any]],
        loaded: set[str],
    ) -> list[Any]:
        """Return the value for each entity; UNSET where there is none."""
        loader = step.projection.loader
        if isinstance(loader, RelatedLoader):
            relation = relation_for(self._info, loader)
            if relation.name not in loaded:
                return await self._batched(connection, step.name, loader, relation, entities)
        if step.in_memory:
            return [loader.load_from_object(entity, dict(k)) for entity, k in zip(entities, known, strict=True)]
        ids = [getattr(entity, primary_key(self._info)[0]) for entity in entities]
        async with AsyncSession(connection, join_transaction_mode="rollback_only") as session:
            by_id: Mapping[Any, Any] = await loader.load_many(session, ids)
        return [by_id.get(key, UNSET) for key in ids]

    async def _batched(
        self,
        connection: AsyncConnection,
        name: str,
        loader: RelatedLoader,
        relation: RelationInfo,
        entities: list[Any],
    ) -> list[Any]:
        columns, value = _reading(loader, relation)
        rows = await self._grouped(connection, relation, name, columns, entities)
        found = {owner: value(group) for owner, group in rows.items()}
        empty = UNSET if self._info.projections[name].declared.has_default else value([])
        return [found.get(getattr(entity, relation.join.local_column), empty) for entity in entities]

    async def _related(
        self, connection: AsyncConnection, relation: RelationInfo, entities: Sequence[Any]
    ) -> dict[Any, list[Any]]:
        """Return the related entities by the owner's value they belong to, ordered by their primary key."""
        names = tuple(inspect_model(relation.target).columns)
        rows = await self._grouped(connection, relation, "", names, entities)
        return {owner: [_entity(relation.target, names, row) for row in group] for owner, group in rows.items()}

    async def _grouped(
        self,
        connection: AsyncConnection,
        relation: RelationInfo,
        purpose: str,
        columns: tuple[str, ...] | None,
        entities: Sequence[Any],
    ) -> dict[Any, list[Any]]:
        """Return the values of `columns`, or the number of rows where that is None, by owner."""
        wanted = {getattr(entity, relation.join.local_column) for entity in entities} - {None}
        if not wanted:
            return {}
        statement = self._statements.get((relation.name, purpose))
        if statement is None:
            statement = self._statements[relation.name, purpose] = self._statement(relation, columns)
        grouped: dict[Any, list[Any]] = defaultdict(list)
        for owner, *values in await connection.execute(statement, {_OWNERS: list(wanted)}):
            grouped[owner].append(values)
        return grouped

    def _statement(self, relation: RelationInfo, columns: tuple[str, ...] | None) -> sa.Select[Any]:
        join, table = relation.join, self._tables.table(relation.target)
        source: Any = table
        owner: sa.ColumnElement[Any] = table.c[join.remote_column]
        if join.secondary_model is not None:
            link = self._tables.table(join.secondary_model)
            owner = link.c[str(join.secondary_local_column)]
            source = table.join(link, link.c[str(join.secondary_remote_column)] == table.c[join.remote_column])
        condition = owner.in_(sa.bindparam(_OWNERS, type_=owner.type, expanding=True))
        if columns is None:
            counted = sa.select(owner.label("loom_owner"), sa.func.count())
            return counted.select_from(source).where(condition).group_by(owner)
        chosen = [table.c[name] for name in columns]
        order = [table.c[name] for name in primary_key(inspect_model(relation.target))]
        statement = sa.select(owner.label("loom_owner"), *chosen)
        return statement.select_from(source).where(condition).order_by(*order)


def _reading(
    loader: RelatedLoader, relation: RelationInfo
) -> tuple[tuple[str, ...] | None, Callable[[Iterable[Any]], Any]]:
    """Return the columns a loader reads, None for a mere count, and how its value is made of one owner's rows."""
    if isinstance(loader, CountLoader):
        return None, lambda rows: sum(count for (count,) in rows)
    if isinstance(loader, ExistsLoader):
        return None, lambda rows: any(count for (count,) in rows)
    if isinstance(loader, JoinFieldsLoader):
        names = tuple(loader.value_columns)
        return names, lambda rows: [dict(zip(names, row, strict=True)) for row in rows]
    every = tuple(inspect_model(relation.target).columns)
    return every, lambda rows: loader.value_of([_entity(relation.target, every, row) for row in rows])


def _entity(model: type[Any], names: Sequence[str], row: Sequence[Any]) -> Any:
    return model(**dict(zip(names, row, strict=True)))
