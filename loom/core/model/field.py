"""How a column is declared: `ColumnField(...)` in a class body, or `Field(...)` inside `Annotated`."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from loom.core.model.enums import OnDelete, ServerDefault, ServerOnUpdate
from loom.core.model.types import ColumnType, as_column_type


class Field(Struct, frozen=True, kw_only=True):
    """The flags of one column.

    Attributes:
        primary_key: part of the primary key.
        unique, index: both together make one unique index.
        nullable: UNSET in a declaration means "as the annotation says": `X | None` is nullable.
        autoincrement: the database assigns the value.
        server_default: the database fills it on insert; not part of inputs.
        server_onupdate: every update sets it.
        foreign_key: `"table.column"`.
        on_delete: action of that foreign key.
        default: Python-side default, of the struct and of inserts; a callable is called for each row. UNSET = none.
        length: of an inferred string.
    """

    primary_key: bool = False
    unique: bool = False
    index: bool = False
    nullable: bool | UnsetType = UNSET
    autoincrement: bool = False
    server_default: ServerDefault | None = None
    server_onupdate: ServerOnUpdate | None = None
    foreign_key: str | None = None
    on_delete: OnDelete | None = None
    default: Any = UNSET
    length: int | None = None

    @property
    def has_default(self) -> bool:
        """True where a Python-side default was given, None included."""
        return self.default is not UNSET


class ColumnFieldSpec(Struct, frozen=True):
    """One declared column: its flags, and its type where the declaration names one."""

    field: Field
    column_type: ColumnType | None = None


def ColumnField(  # noqa: N802 - reads as a declaration
    column_type: Any = None,
    *,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
    nullable: bool | UnsetType = UNSET,
    autoincrement: bool = False,
    server_default: ServerDefault | str | None = None,
    server_onupdate: ServerOnUpdate | str | None = None,
    foreign_key: str | None = None,
    on_delete: OnDelete | str | None = None,
    default: Any = UNSET,
    length: int | None = None,
    db_type: Any = None,
) -> Any:
    """Declare a column. Without `column_type` (or `db_type`, which wins) the annotation decides.

    `X | None` makes the column nullable unless `nullable` says otherwise.

    Raises:
        ValueError: an unknown server default, update or delete action.
        TypeError: `column_type` is not a column type.
    """
    field = Field(
        primary_key=primary_key,
        unique=unique,
        index=index,
        nullable=nullable,
        autoincrement=autoincrement,
        server_default=None if server_default is None else ServerDefault(server_default.lower()),
        server_onupdate=None if server_onupdate is None else ServerOnUpdate(server_onupdate.lower()),
        foreign_key=foreign_key,
        on_delete=None if on_delete is None else OnDelete(on_delete.upper()),
        default=default,
        length=length,
    )
    return ColumnFieldSpec(field, _declared_type(column_type if db_type is None else db_type))


column_field = ColumnField


def _declared_type(declared: Any) -> ColumnType | None:
    column_type = as_column_type(declared)
    if column_type is None and declared is not None:
        raise TypeError(f"{declared!r} is not a column type; use one of loom.core.model.types")
    return column_type
