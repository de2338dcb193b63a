"""Fills relations and projections of loaded rows: one statement per relation for all of them, never one per row."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from loom.core.backend.sqlalchemy import Tables
from loom.core.model import EntityInfo, RelationInfo, inspect_model
from loom.core.projection.loaders import RelatedLoader, relation_for


class RelatedReader:
    """Reads what the profiles of one model add to its columns."""

    def __init__(self, info: EntityInfo, tables: Tables) -> None:
        self._info = info
        self._tables = tables

    async def fill(self, connection: AsyncConnection, entities: Sequence[Any], profile: str) -> list[Any]:
        """Return `entities` with the relations and projections of `profile` loaded, in the same order."""
        relations = {r.name: r for r in self._info.relations_in(profile)}
        projections = self._info.projections_in(profile)
        if not entities or not (relations or projections):
            return list(entities)
        sources = {
            p.name: relation_for(self._info, p.loader) for p in projections if isinstance(p.loader, RelatedLoader)
        }
        needed = relations | {source.name: source for source in sources.values()}
        rows = {name: await self._grouped(connection, r, entities) for name, r in needed.items()}
        return [self._filled(entity, relations, sources, rows) for entity in entities]

    def _filled(
        self,
        entity: Any,
        relations: dict[str, RelationInfo],
        sources: dict[str, RelationInfo],
        rows: dict[str, dict[Any, list[Any]]],
    ) -> Any:
        changes: dict[str, Any] = {}
        for name, relation in relations.items():
            found = _of(rows[name], relation, entity)
            changes[name] = found if relation.many else next(iter(found), None)
        for name, relation in sources.items():
            loader = self._info.projections[name].loader
            changes[name] = loader.value_of(_of(rows[relation.name], relation, entity))
        return structs.replace(entity, **changes)

    async def _grouped(
        self, connection: AsyncConnection, relation: RelationInfo, entities: Sequence[Any]
    ) -> dict[Any, list[Any]]:
        """Return the related entities by the owner's value they belong to, ordered by their primary key."""
        wanted = {getattr(entity, relation.join.local_column) for entity in entities} - {None}
        target = inspect_model(relation.target)
        table = self._tables.table(relation.target)
        query, owner = self._statement(relation, table)
        query = query.where(owner.in_(sorted(wanted))).order_by(table.c[target.id_column or next(iter(target.columns))])
        grouped: dict[Any, list[Any]] = defaultdict(list)
        for key, *values in await connection.execute(query):
            grouped[key].append(relation.target(**dict(zip(target.columns, values, strict=True))))
        return grouped

    def _statement(self, relation: RelationInfo, table: sa.Table) -> tuple[sa.Select[Any], sa.ColumnElement[Any]]:
        join = relation.join
        columns = [table.c[name] for name in inspect_model(relation.target).columns]
        if join.secondary_model is None:
            owner: sa.ColumnElement[Any] = table.c[join.remote_column]
            return sa.select(owner.label("loom_owner"), *columns), owner
        link = self._tables.table(join.secondary_model)
        owner = link.c[str(join.secondary_local_column)]
        onclause = link.c[str(join.secondary_remote_column)] == table.c[join.remote_column]
        return sa.select(owner.label("loom_owner"), *columns).join(link, onclause), owner


def _of(rows: dict[Any, list[Any]], relation: RelationInfo, entity: Any) -> list[Any]:
    return list(rows.get(getattr(entity, relation.join.local_column), ()))
