"""How one model column becomes a SQLAlchemy column, alike on PostgreSQL and SQLite. Tables are built elsewhere."""

import copy
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from loom.core.backend.values import RoundedDecimal, stored_as
from loom.core.model.annotation import is_open
from loom.core.model.enums import ServerDefault
from loom.core.model.introspection import ColumnFieldInfo
from loom.core.model.types import ColumnType

AnyType = sa.types.TypeEngine[Any]


class RandomUuid(FunctionElement[Any]):
    """A version 4 UUID made by the database."""

    inherit_cache = True


def build_column(info: ColumnFieldInfo) -> sa.Column[Any]:
    """Return the column `info` describes.

    A `server_onupdate` is an `onupdate` expression, and also `column.info["server_onupdate"]`.

    Raises:
        ValueError: the annotation names something unknown, or the database default does not fit the column's type.
    """
    if is_open(info.python_type):
        raise ValueError(f"the annotation {info.python_type!r} names something unknown at run time")
    field = info.field
    document = info.column_type.type_name in ("JSON", "JSONB")
    kind = stored_as(sql_type(info.column_type), info.value_type, document=document)
    if field.primary_key and info.column_type.type_name == "BigInteger":
        kind = kind.with_variant(sa.Integer(), "sqlite")  # SQLite numbers INTEGER keys only
    return sa.Column(
        info.name,
        kind,
        *_foreign_keys(info),
        primary_key=field.primary_key,
        autoincrement=field.autoincrement if field.primary_key else "auto",
        nullable=bool(field.nullable),
        unique=field.unique or None,
        index=field.index or None,
        default=_insert_default(info),
        server_default=_server_default(info),
        onupdate=None if field.server_onupdate is None else _now(info),
        info={} if field.server_onupdate is None else {"server_onupdate": field.server_onupdate},
    )


def sql_type(column_type: ColumnType) -> AnyType:
    """Return the SQLAlchemy type for a column type. What only PostgreSQL has gets a stand-in elsewhere.

    Raises:
        ValueError: a type nobody knows how to build.
    """
    build = _TYPES.get(column_type.type_name)
    if build is None:
        raise ValueError(f"unknown column type {column_type!r}")
    return build(*column_type.args, **column_type.kwargs)


def _on_postgresql(native: AnyType, elsewhere: AnyType) -> AnyType:
    return elsewhere.with_variant(native, "postgresql")


# SQL NULL stands for None everywhere: a JSON column never holds the JSON word `null` for a missing document.
_TYPES: dict[str, Callable[..., AnyType]] = {
    "String": sa.String,
    "Text": sa.Text,
    "Integer": sa.Integer,
    "BigInteger": sa.BigInteger,
    "Float": sa.Float,
    "Boolean": sa.Boolean,
    "Numeric": lambda **kw: sa.Numeric(**kw).with_variant(RoundedDecimal(**kw), "sqlite"),
    "DateTime": sa.DateTime,
    "Date": sa.Date,
    "Time": sa.Time,
    "Uuid": sa.Uuid,
    "UUID": sa.Uuid,
    "LargeBinary": sa.LargeBinary,
    "JSON": lambda: sa.JSON(none_as_null=True),
    "JSONB": lambda: _on_postgresql(postgresql.JSONB(none_as_null=True), sa.JSON(none_as_null=True)),
    "TSVECTOR": lambda: _on_postgresql(postgresql.TSVECTOR(), sa.Text()),
    "ARRAY": lambda item: _on_postgresql(postgresql.ARRAY(sql_type(item)), sa.JSON(none_as_null=True)),
}


def _foreign_keys(info: ColumnFieldInfo) -> list[sa.ForeignKey]:
    key, action = info.field.foreign_key, info.field.on_delete
    return [] if key is None else [sa.ForeignKey(key, ondelete=None if action is None else action.value)]


def _insert_default(info: ColumnFieldInfo) -> Any:
    """The Python-side default: a client UUID counts, it saves asking the database for it."""
    default = info.field.default
    if info.field.server_default is ServerDefault.UUID4:
        return uuid4 if info.column_type.type_name in ("Uuid", "UUID") else _uuid_text
    if not info.field.has_default or default is None:
        return None
    if isinstance(default, list | dict | set | bytearray):
        return lambda: copy.deepcopy(default)
    return default


def _server_default(info: ColumnFieldInfo) -> Any:
    match info.field.server_default:
        case ServerDefault.NOW:
            return _now(info)
        case ServerDefault.UUID4:
            return _random_uuid(info)
        case None:
            return None


_NOW_BY_TYPE: dict[str, Callable[[], Any]] = {
    "DateTime": sa.func.now,
    "Date": sa.func.current_date,
    "Time": sa.func.current_time,
}


def _now(info: ColumnFieldInfo) -> Any:
    now = _NOW_BY_TYPE.get(info.column_type.type_name)
    if now is None:
        raise ValueError(f"{info.column_type.type_name} cannot hold the current time; use a datetime, date or time")
    return now()


def _random_uuid(info: ColumnFieldInfo) -> Any:
    if info.column_type.type_name not in ("Uuid", "UUID", "String", "Text"):
        raise ValueError(f"{info.column_type.type_name} cannot hold a UUID; use a UUID or str")
    return RandomUuid()


def _uuid_text() -> str:
    return str(uuid4())


@compiles(RandomUuid)
def _random_uuid_anywhere(element: RandomUuid, compiler: SQLCompiler, **options: Any) -> str:
    return "gen_random_uuid()"


@compiles(RandomUuid, "sqlite")
def _random_uuid_sqlite(element: RandomUuid, compiler: SQLCompiler, **options: Any) -> str:
    """32 hex digits, as `sqlalchemy.Uuid` stores them, with the version and variant of RFC 9562 in place."""
    return (
        "(lower(hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) || substr('89AB', 1 + abs(random() % 4), 1)"
        " || substr(hex(randomblob(2)), 2) || hex(randomblob(6))))"
    )
