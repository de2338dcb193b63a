"""How a relation to other models is declared."""

from typing import Any

from msgspec import Struct

from loom.core.model.enums import Cardinality, OnDelete, OnUpdate


class Relation(Struct, frozen=True, kw_only=True):
    """One declared relation.

    Attributes:
        foreign_key: one-to-many and one-to-one: the column on the target (`"record_id"` or `"notes.record_id"`);
            many-to-one: `"target.id"`, the same string as the own column's foreign key; many-to-many: the column of
            the link table that points back here.
        cardinality: how many stand on each side.
        secondary: table name of the link model of a many-to-many.
        back_populates: name of the opposite relation, for readers.
        on_delete, on_update: actions meant for the foreign key, for readers.
        profiles: profiles that load it.
        depends_on: cache tags `"table:fk_column"`.
        default: value meant for an empty relation, for readers.
        annotation: the annotation as written.
    """

    foreign_key: str
    cardinality: Cardinality
    secondary: str | None = None
    back_populates: str | None = None
    on_delete: OnDelete | None = None
    on_update: OnUpdate | None = None
    profiles: tuple[str, ...] = ("default",)
    depends_on: tuple[str, ...] = ()
    default: Any = None
    annotation: Any = None


def RelationField(  # noqa: N802 - reads as a declaration
    *,
    foreign_key: str,
    cardinality: Cardinality | str,
    secondary: str | None = None,
    back_populates: str | None = None,
    on_delete: OnDelete | str | None = None,
    on_update: OnUpdate | str | None = None,
    profiles: tuple[str, ...] | list[str] = ("default",),
    depends_on: tuple[str, ...] | list[str] = (),
    default: Any = None,
) -> Any:
    """Declare a relation; the annotation names the target: `list[Note]`, `Owner`, `Owner | None`.

    Raises:
        ValueError: an unknown cardinality or action.
    """
    return Relation(
        foreign_key=foreign_key,
        cardinality=Cardinality(cardinality),
        secondary=secondary,
        back_populates=back_populates,
        on_delete=None if on_delete is None else OnDelete(on_delete.upper()),
        on_update=None if on_update is None else OnUpdate(on_update.upper()),
        profiles=tuple(profiles),
        depends_on=tuple(depends_on),
        default=default,
    )


relation_field = RelationField
