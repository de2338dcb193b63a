"""Values from outside, typed by the column they meet."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from loom.core.errors import InvalidQuery
from loom.core.model.introspection import ColumnFieldInfo

_INT_BITS = {"Integer": 31, "BigInteger": 63}


class FilterPathError(InvalidQuery):
    """A filter or sort names something the model does not have. `path` is the name."""

    def __init__(self, path: str) -> None:
        super().__init__(f"unknown field '{path}'", field=path)
        self.path = path


class UnsafeFilterError(InvalidQuery):
    """A filter on a field the repository does not allow."""

    def __init__(self, path: str) -> None:
        super().__init__(f"filtering by '{path}' is not allowed", field=path)
        self.path = path


def column_value(info: ColumnFieldInfo, raw: Any) -> Any:
    """Return `raw` as the column's Python type.

    Raises:
        InvalidQuery: it is not of that type or outside the column's range; the value is not repeated.
    """
    if raw is None:
        return None
    if info.column_type.type_name == "String" and isinstance(raw, int | float) and not isinstance(raw, bool):
        raw = str(raw)
    try:
        value = msgspec.convert(raw, info.python_type, strict=False)
    except msgspec.ValidationError:
        raise InvalidQuery(f"'{info.name}' got a value of the wrong type", field=info.name) from None
    bits = _INT_BITS.get(info.column_type.type_name)
    if bits and isinstance(value, int) and not -(2**bits) <= value < 2**bits:
        raise InvalidQuery(f"'{info.name}' is out of range", field=info.name)
    if isinstance(value, str) and _unstorable(value):
        raise InvalidQuery(f"'{info.name}' holds a character that cannot be stored", field=info.name)
    if isinstance(value, datetime) and value.tzinfo is None and info.column_type.kwargs.get("timezone"):
        return value.replace(tzinfo=UTC)
    return value


def _unstorable(text: str) -> bool:
    return "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text)
