"""How Python values that no database knows are stored: enum members by value, structs and sets as JSON documents."""

from decimal import Decimal
from enum import Enum
from typing import Any, get_args, get_origin

import msgspec
import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator, TypeEngine


class EnumValue(TypeDecorator[Any]):
    """Stores the value of an enum member, loads the member. A raw value is accepted where its member is.

    A value no member has is a `ValueError` on the way in and on the way out.
    """

    impl: Any = sa.String
    cache_ok = True

    def __init__(self, members: type[Enum], storage: TypeEngine[Any]) -> None:
        super().__init__()
        self.members = members
        self.storage = storage
        self.impl = storage

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Member, or its value, to what is stored."""
        return None if value is None else self.members(value).value

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """What is stored to the member."""
        return None if value is None else self.members(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Compare with a member as a member, with anything else (a LIKE pattern) as what is stored."""
        known = {member.value for member in self.members}
        return self if isinstance(value, self.members) or value in known else self.storage


class Document(TypeDecorator[Any]):
    """Stores what msgspec can turn into JSON and loads it as `python_type` again."""

    impl: Any = sa.JSON
    cache_ok = True

    def __init__(self, document_type: Any, storage: TypeEngine[Any]) -> None:
        super().__init__()
        self.document_type = document_type
        self.storage = storage
        self.impl = storage

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Structs, sets, dates, ... to plain containers."""
        return None if value is None else msgspec.to_builtins(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Plain containers to the declared type."""
        return None if value is None else msgspec.convert(value, self.document_type, strict=False)


class RoundedDecimal(TypeDecorator[Decimal]):
    """A decimal where the database has only floats (SQLite): rounded to `scale` on the way out, exact to 15 digits."""

    impl: Any = sa.Numeric
    cache_ok = True

    def __init__(self, *, precision: int, scale: int) -> None:
        super().__init__(precision=precision, scale=scale, asdecimal=False)
        self.precision = precision
        self.scale = scale

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Decimal | None:
        """A float to the decimal it was."""
        return None if value is None else Decimal(f"{value:.{self.scale}f}")


def stored_as(storage: TypeEngine[Any], value_type: Any, *, document: bool) -> TypeEngine[Any]:
    """Return `storage`, wrapped where values of `value_type` need converting on the way in and out.

    Args:
        document: `storage` holds JSON.
    """
    if isinstance(value_type, type) and issubclass(value_type, Enum):
        return EnumValue(value_type, storage)
    if document and not _is_plain_json(value_type):
        return Document(value_type, storage)
    return storage


_PLAIN = {list, dict, str, int, float, bool, type(None), Any, object}


def _is_plain_json(value_type: Any) -> bool:
    """True where the JSON document and the Python value are the same thing."""
    if isinstance(value_type, str):
        return True  # a name nobody could resolve: nothing is known about its values
    outer = get_origin(value_type) or value_type
    return outer in _PLAIN and all(_is_plain_json(arg) for arg in get_args(value_type))
