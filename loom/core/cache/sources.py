"""What a cached entity of a model is made of besides its own row: the rows its relations and projections read."""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from loom.core.model import EntityInfo, RelationInfo
from loom.core.model.enums import OnDelete
from loom.core.model.joins import split_foreign_key
from loom.core.projection.loaders import RelatedLoader, relation_for

_SIBLING = "projection:"
_SPREADING = frozenset({OnDelete.CASCADE, OnDelete.SET_NULL, OnDelete.SET_DEFAULT})


class Sources(Struct, frozen=True):
    """What one profile of a model reads.

    Attributes:
        by_owner: `table:fk_column`: rows whose column holds the entity's id.
        tables: tables any row of which may be part of it.
        known: False where a loader reads what nobody declared; then it cannot be cached.
    """

    by_owner: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    known: bool = True

    def __or__(self, other: "Sources") -> "Sources":
        """Everything either reads."""
        return Sources(
            tuple(dict.fromkeys(self.by_owner + other.by_owner)),
            tuple(dict.fromkeys(self.tables + other.tables)),
            self.known and other.known,
        )

    def touched_tables(self) -> tuple[str, ...]:
        """Every table it reads."""
        return tuple(dict.fromkeys((*self.tables, *(spec.partition(":")[0] for spec in self.by_owner))))


def declared_specs(specs: Iterable[str]) -> Sources:
    """Return what `table:fk_column` specs say.

    Raises:
        ValueError: a spec has another form.
    """
    listed = tuple(specs)
    for spec in listed:
        table, colon, column = spec.partition(":")
        if not (table and colon and column):
            raise ValueError(f"Invalid dependency spec {spec!r}: write 'table:fk_column'")
    return Sources(by_owner=listed)


def sources_of(info: EntityInfo, profile: str) -> Sources:
    """Return what `profile` of a model reads; what a declaration says itself stands in place of what it implies.

    Raises:
        ValueError: a `depends_on` entry is no `table:fk_column`.
    """
    found = Sources()
    for relation in info.relations_in(profile):
        declared = relation.declared.depends_on
        found |= declared_specs(declared) if declared else _joined(info, relation)
    for projection in info.projections_in(profile):
        found |= _projected(info, projection.loader, list(_tags(projection.declared.depends_on, info)))
    return found


def related_tables(relation: RelationInfo) -> tuple[str, ...]:
    """Return the tables a relation goes through."""
    join = relation.join
    return (join.remote_table, join.secondary_table) if join.secondary_table else (join.remote_table,)


def cascades(infos: Iterable[EntityInfo]) -> dict[str, frozenset[str]]:
    """Return, by table, the tables whose rows the database deletes or changes along with one of its rows."""
    direct: dict[str, set[str]] = {}
    for info in infos:
        for column in info.columns.values():
            if column.field.foreign_key and column.field.on_delete in _SPREADING:
                direct.setdefault(split_foreign_key(column.field.foreign_key)[0], set()).add(info.table)
    return {table: frozenset(_reached(table, direct)) for table in direct}


def _reached(table: str, direct: dict[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [table]
    while waiting:
        new = direct.get(waiting.pop(), set()) - reached
        reached |= new
        waiting.extend(new)
    return reached


def _joined(info: EntityInfo, relation: RelationInfo) -> Sources:
    join = relation.join
    tables = related_tables(relation)
    if join.outward or join.local_column != info.id_column:
        return Sources(tables=tables)
    if join.secondary_table is not None:
        return Sources((f"{join.secondary_table}:{join.secondary_local_column}",), (join.remote_table,))
    return Sources((f"{join.remote_table}:{join.remote_column}",))


def _projected(info: EntityInfo, loader: Any, specs: list[str]) -> Sources:
    if specs:
        return declared_specs(specs)
    if isinstance(loader, RelatedLoader):
        return _joined(info, relation_for(info, loader))
    return Sources(
        known=hasattr(loader, "load_from_object")
    )  # it sees the entity, and nothing that is not counted here


def _tags(depends_on: Iterable[str], info: EntityInfo) -> Iterator[str]:
    for entry in depends_on:
        if not entry.startswith(_SIBLING) and entry not in info.projections:
            yield entry
