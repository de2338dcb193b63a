"""Fills relations and projections of loaded rows: one statement for all of them, never one per row."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, structs
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from loom.core.backend.profiles import Additions, ProfileProjection, Source
from loom.core.model import EntityInfo, RelationInfo, inspect_model
from loom.core.projection.loaders import CountLoader, ExistsLoader, JoinFieldsLoader, RelatedLoader

Runner = AsyncConnection | AsyncSession
"""What statements run on."""

_OWNERS = "owners"


class RelatedReader:
    """Reads what the profiles of one model add to its columns.

    Args:
        table: answers with the table of a model.
        profiles: from `compile_profiles`.
    """

    def __init__(
        self, info: EntityInfo, table: Callable[[type[Any]], sa.Table], profiles: Mapping[str, Additions]
    ) -> None:
        self._info = info
        self._table = table
        self._profiles = profiles
        self._statements: dict[tuple[str, str], sa.Select[Any]] = {}

    def additions(self, profile: str) -> Additions:
        """Return what `profile` adds.

        Raises:
            InvalidQuery: there is no such profile.
        """
        self._info.check_profile(profile)
        return self._profiles[profile]

    async def fill(self, runner: Runner, entities: Sequence[Any], profile: str) -> list[Any]:
        """Return `entities` with the relations and projections of `profile` loaded, in the same order.

        Raises:
            InvalidQuery: there is no such profile.
        """
        added = self.additions(profile)
        if not entities or not (added.relations or added.projections):
            return list(entities)
        changes: list[dict[str, Any]] = [{} for _ in entities]
        for relation in added.relations:
            found = await self._related(runner, relation, entities)
            for entity, change in zip(entities, changes, strict=True):
                rows = found.get(getattr(entity, relation.join.local_column), [])
                change[relation.name] = list(rows) if relation.many else next(iter(rows), None)
        filled = [structs.replace(entity, **change) for entity, change in zip(entities, changes, strict=True)]
        return await self._projected(runner, filled, added) if added.projections else filled

    async def _projected(self, runner: Runner, entities: list[Any], added: Additions) -> list[Any]:
        values: list[dict[str, Any]] = [{} for _ in entities]
        for step in added.projections:
            found = await self._values(runner, step, entities, values)
            default = step.projection.default if step.projection.has_default else UNSET
            for value, known in zip(found, values, strict=True):
                kept = default if value is UNSET else value
                if kept is not UNSET:
                    known[step.name] = kept
        return [structs.replace(entity, **known) for entity, known in zip(entities, values, strict=True)]

    async def _values(
        self, runner: Runner, step: ProfileProjection, entities: list[Any], known: list[dict[str, Any]]
    ) -> list[Any]:
        """Return the value for each entity; UNSET where there is none."""
        loader = step.projection.loader
        if step.relation is not None and step.source is Source.STATEMENT:
            return await self._batched(runner, step, step.relation, entities)
        if step.source is Source.OBJECT:
            return [loader.load_from_object(entity, dict(k)) for entity, k in zip(entities, known, strict=True)]
        ids = [getattr(entity, self._info.primary_key[0]) for entity in entities]
        by_id = await _load_many(loader, runner, ids)
        return [by_id.get(key, UNSET) for key in ids]

    async def _batched(
        self, runner: Runner, step: ProfileProjection, relation: RelationInfo, entities: list[Any]
    ) -> list[Any]:
        columns, value = _reading(step.projection.loader, relation)
        rows = await self._grouped(runner, relation, step.name, columns, entities)
        found = {owner: value(group) for owner, group in rows.items()}
        empty = UNSET if step.projection.has_default else value([])
        return [found.get(getattr(entity, relation.join.local_column), empty) for entity in entities]

    async def _related(self, runner: Runner, relation: RelationInfo, entities: Sequence[Any]) -> dict[Any, list[Any]]:
        """Return the related entities by the owner's value they belong to, ordered by their primary key."""
        names = tuple(inspect_model(relation.target).columns)
        rows = await self._grouped(runner, relation, "", names, entities)
        return {owner: [_entity(relation.target, names, row) for row in group] for owner, group in rows.items()}

    async def _grouped(
        self,
        runner: Runner,
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
        for owner, *values in await runner.execute(statement, {_OWNERS: list(wanted)}):
            grouped[owner].append(values)
        return grouped

    def _statement(self, relation: RelationInfo, columns: tuple[str, ...] | None) -> sa.Select[Any]:
        join, table = relation.join, self._table(relation.target)
        source: Any = table
        owner: sa.ColumnElement[Any] = table.c[join.remote_column]
        if join.secondary_model is not None:
            link = self._table(join.secondary_model)
            owner = link.c[str(join.secondary_local_column)]
            source = table.join(link, link.c[str(join.secondary_remote_column)] == table.c[join.remote_column])
        condition = owner.in_(sa.bindparam(_OWNERS, type_=owner.type, expanding=True))
        if columns is None:
            counted = sa.select(owner.label("loom_owner"), sa.func.count())
            return counted.select_from(source).where(condition).group_by(owner)
        chosen = [table.c[name] for name in columns]
        order = [table.c[name] for name in inspect_model(relation.target).primary_key]
        statement = sa.select(owner.label("loom_owner"), *chosen)
        return statement.select_from(source).where(condition).order_by(*order)


async def _load_many(loader: Any, runner: Runner, ids: list[Any]) -> Any:
    """Ask a loader that is not loom's; it always gets a session."""
    if isinstance(runner, AsyncSession):
        return await loader.load_many(runner, ids)
    async with AsyncSession(runner, join_transaction_mode="rollback_only") as session:
        return await loader.load_many(session, ids)


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
