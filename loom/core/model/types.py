"""Which column types a model may name, and which one an annotation implies.

A type is data: `type_name`, `args` and `kwargs` say what the backend builds. A bare class (`BigInteger`) and an
instance (`BigInteger()`) mean the same in a declaration.
"""

import datetime as dt
import enum
from decimal import Decimal
from typing import Any, ClassVar, get_origin
from uuid import UUID


class ColumnType:
    """A database type, named without saying which database.

    Attributes:
        type_name: name of the type: "String", "Numeric", "JSONB".
        args, kwargs: what the type of that name is built with.
    """

    __slots__ = ("args", "kwargs")
    type_name: ClassVar[str] = "ColumnType"

    def __init_subclass__(cls) -> None:
        cls.type_name = cls.__name__

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = args
        self.kwargs = kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ColumnType) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self.type_name)

    def __repr__(self) -> str:
        given = [repr(arg) for arg in self.args] + [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"{self.type_name}({', '.join(given)})"

    def _key(self) -> tuple[Any, ...]:
        return self.type_name, self.args, self.kwargs


class String(ColumnType):
    """VARCHAR, bounded where `length` is given."""

    __slots__ = ()

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length=length)


class Integer(ColumnType):
    """32-bit integer."""

    __slots__ = ()


class BigInteger(ColumnType):
    """64-bit integer."""

    __slots__ = ()


class Float(ColumnType):
    """Floating point."""

    __slots__ = ()


class Boolean(ColumnType):
    """True or false."""

    __slots__ = ()


class Text(ColumnType):
    """Unbounded text."""

    __slots__ = ()


class JSON(ColumnType):
    """A JSON document; Python None is stored as SQL NULL."""

    __slots__ = ()


class Date(ColumnType):
    """A calendar date."""

    __slots__ = ()


class Time(ColumnType):
    """A time of day."""

    __slots__ = ()


class Uuid(ColumnType):
    """A UUID: native where the database has one, 32 hex digits elsewhere."""

    __slots__ = ()


class LargeBinary(ColumnType):
    """Bytes."""

    __slots__ = ()


class DateTime(ColumnType):
    """A point in time, with its offset where `tz` and the database can keep one."""

    __slots__ = ()

    def __init__(self, *, tz: bool = True) -> None:
        super().__init__(timezone=tz)


class Numeric(ColumnType):
    """Exact decimal."""

    __slots__ = ()

    def __init__(self, *, precision: int = 10, scale: int = 2) -> None:
        super().__init__(precision=precision, scale=scale)


_BY_PYTHON_TYPE: dict[type[Any], type[ColumnType]] = {
    bool: Boolean,
    int: Integer,
    float: Float,
    Decimal: Numeric,
    dt.datetime: DateTime,
    dt.date: Date,
    dt.time: Time,
    UUID: Uuid,
    bytes: LargeBinary,
}


def infer_column_type(value_type: Any, *, length: int | None = None) -> ColumnType:
    """Return the column type for values of `value_type` (already without None).

    An enum is stored as its values' type. What has no type of its own, containers included, is stored as JSON.
    """
    if not isinstance(value_type, type) or get_origin(value_type) is not None:
        return JSON()
    if issubclass(value_type, enum.Enum):
        return _enum_type(value_type, length)
    if issubclass(value_type, str):
        return String(length)
    return next((_BY_PYTHON_TYPE[base]() for base in value_type.__mro__ if base in _BY_PYTHON_TYPE), JSON())


def as_column_type(declared: Any) -> ColumnType | None:
    """Return the type a declaration names, given as a class or an instance; None for anything else."""
    if isinstance(declared, type) and issubclass(declared, ColumnType):
        return declared()
    return declared if isinstance(declared, ColumnType) else None


def _enum_type(values: type[enum.Enum], length: int | None) -> ColumnType:
    kinds = {type(member.value) for member in values}
    return infer_column_type(kinds.pop(), length=length) if len(kinds) == 1 else JSON()
