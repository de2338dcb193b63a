"""What one class declares, field by field, merged over its bases. How models meet: `loom.core.model.entity`."""

import inspect
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct, structs

from loom.core.model.annotation import admits_none, split_markers, value_type
from loom.core.model.base import BaseModel, plain_column
from loom.core.model.field import ColumnFieldSpec, Field
from loom.core.model.lookup import resolve_annotation
from loom.core.model.projection import Projection
from loom.core.model.relation import Relation
from loom.core.model.types import ColumnType, infer_column_type


class ColumnFieldInfo(Struct, frozen=True, kw_only=True):
    """One column, nothing left open.

    Attributes:
        name: Python and column name.
        python_type: the annotation as written, without markers: `str | None`.
        value_type: the type of a value that is there: `str`.
        column_type: the declared type, or the one the annotation implies.
        field: the flags; `nullable` is a bool here.
    """

    name: str
    python_type: Any
    value_type: Any
    column_type: ColumnType
    field: Field

    @property
    def assigned_by_database(self) -> bool:
        """True where no caller sets it: autoincrement or a server default."""
        return self.field.autoincrement or self.field.server_default is not None


def get_column_fields(cls: type[Any]) -> dict[str, ColumnFieldInfo]:
    """Return the columns of a model, inherited ones first. Of any other msgspec struct every field is a column."""
    if not issubclass(cls, BaseModel):
        return {info.name: _foreign_column(cls, info) for info in structs.fields(cls)}
    hidden = get_relations(cls).keys() | get_projections(cls).keys()
    return {
        name: _column(cls, name, spec) for name, spec in _merged(cls, "__loom_columns__").items() if name not in hidden
    }


def get_relations(cls: type[Any]) -> dict[str, Relation]:
    """Return the declared relations by name, bases first."""
    return _merged(cls, "__loom_relations__")


def get_projections(cls: type[Any]) -> dict[str, Projection]:
    """Return the declared projections by name, bases first."""
    return _merged(cls, "__loom_projections__")


def get_id_attribute(cls: type[Any]) -> str:
    """Return the name of the first primary key column.

    Raises:
        ValueError: there is none.
    """
    for name, column in get_column_fields(cls).items():
        if column.field.primary_key:
            return name
    raise ValueError(f"{cls.__name__} has no primary key column")


def get_table_name(cls: type[Any]) -> str:
    """Return the `__tablename__`.

    Raises:
        ValueError: it is not declared.
    """
    table = getattr(cls, "__tablename__", None)
    if not isinstance(table, str) or not table:
        raise ValueError(f"{cls.__name__} declares no __tablename__")
    return table


def declaring_class(cls: type[Any], name: str) -> type[Any]:
    """Return the class of the MRO whose body declares the field `name`."""
    return next((base for base in cls.__mro__ if name in inspect.get_annotations(base)), cls)


def _merged(cls: type[Any], registry: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        merged |= base.__dict__.get(registry, {})
    return merged


def _column(cls: type[Any], name: str, spec: ColumnFieldSpec) -> ColumnFieldInfo:
    owner = declaring_class(cls, name)
    return _column_info(name, resolve_annotation(owner.__annotations__[name], owner, BaseModel), spec)


def _foreign_column(cls: type[Any], info: structs.FieldInfo) -> ColumnFieldInfo:
    default = info.default
    if info.default_factory is not NODEFAULT:
        default = info.default_factory
    return _column_info(info.name, info.type, plain_column(info.type, default))


def _column_info(name: str, annotation: Any, spec: ColumnFieldSpec) -> ColumnFieldInfo:
    bare, _ = split_markers(annotation)
    kind = value_type(bare)
    field = spec.field
    if field.nullable is msgspec.UNSET:
        field = structs.replace(field, nullable=admits_none(bare) and not field.primary_key)
    return ColumnFieldInfo(
        name=name,
        python_type=bare,
        value_type=kind,
        column_type=spec.column_type or infer_column_type(kind, length=field.length),
        field=field,
    )
