"""How large a value of a column may be, as data: for whoever checks one, and for whoever documents it."""

from typing import Any

from msgspec import Struct

from loom.core.model.introspection import ColumnFieldInfo

_BITS = {"Integer": 31, "BigInteger": 63}


class Bounds(Struct, frozen=True, kw_only=True):
    """What a value must stay within; None = no bound.

    Attributes:
        minimum, maximum: of an integer, both inclusive; either both or neither.
        max_length: of a text, in characters.
    """

    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None

    def problem(self, value: Any) -> str:
        """Return what is wrong with `value`, without repeating it; "" where nothing is, or another type is meant."""
        kind = type(value)
        if kind is str and self.max_length is not None and len(value) > self.max_length:
            return f"is longer than {self.max_length} characters"
        if kind is int and self.minimum is not None and not self.minimum <= value <= (self.maximum or 0):
            return "is out of range"
        return ""


INT64 = Bounds(minimum=-(2**63), maximum=2**63 - 1)
"""Of an integer that meets no column: what every database and client counts to."""


def column_bounds(column: ColumnFieldInfo) -> Bounds | None:
    """Return the bounds of a column; None where it has none."""
    name = column.column_type.type_name
    if name in _BITS:
        limit = 2 ** _BITS[name]
        return Bounds(minimum=-limit, maximum=limit - 1)
    length = column.column_type.kwargs.get("length") if name == "String" else None
    return None if length is None else Bounds(max_length=length)
