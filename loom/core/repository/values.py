"""Values from outside, made to fit the column they meet, alike for every database.

What a column cannot hold is refused here, with the field's name, before a database words it its own way. The value itself
is never repeated in a message.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec

from loom.core.command import written_fields
from loom.core.errors import InvalidPayload, InvalidQuery
from loom.core.model import EntityInfo
from loom.core.model.bounds import column_bounds
from loom.core.model.introspection import ColumnFieldInfo

_DIGITS = re.compile(r"-?[0-9]+")
_MOMENTS = (datetime, date, time)
DOCUMENTS = frozenset({"JSON", "JSONB", "ARRAY", "TSVECTOR"})
"""Column types that have no order and no equality on every database."""


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


class Unfitting(ValueError):
    """A value its column cannot hold; the text says why and does not repeat it."""


def column_value(info: ColumnFieldInfo, raw: Any) -> Any:
    """Return `raw`, often text, as a value of the column, to compare it with.

    Raises:
        InvalidQuery: it is not of the column's type or outside its range.
    """
    try:
        return None if raw is None else _fitted(info, _typed(info, raw), stored=False)
    except Unfitting as error:
        raise InvalidQuery(f"'{info.name}' {error}", field=info.name) from None


def stored_values(info: EntityInfo, data: Any, *, creating: bool) -> dict[str, Any]:
    """Return what a repository writes of `data`, by column, ready for the database.

    Args:
        data: a command, another msgspec struct, or a mapping with snake_case or camelCase keys, JSON values included.
        creating: False leaves the primary key out; True leaves it out only where it is None.

    Raises:
        InvalidPayload: values that do not fit their columns, all of them.
    """
    is_mapping = isinstance(data, Mapping)
    values: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for name, raw in written_fields(data, creating=creating).items():
        column = info.columns.get(name)
        if column is None or (column.field.primary_key and (not creating or raw is None)):
            continue
        try:
            values[name] = None if raw is None else _fitted(column, _typed(column, raw) if is_mapping else raw)
        except Unfitting as error:
            problems.append((name, str(error)))
    if problems:
        raise InvalidPayload(problems)
    return values


def _typed(info: ColumnFieldInfo, raw: Any) -> Any:
    if info.value_type is str and isinstance(raw, int | float) and not isinstance(raw, bool):
        return str(raw)
    if info.value_type is int and isinstance(raw, str) and not _DIGITS.fullmatch(raw):
        raise Unfitting("has a value of the wrong type")  # `1e3` and `1.0` are readable, and nobody's id
    is_moment = info.value_type in _MOMENTS  # a text is one as it is written, not the number it may look like
    try:
        return msgspec.convert(raw, info.value_type, strict=is_moment and isinstance(raw, str))
    except (ValueError, OverflowError, TypeError):
        if isinstance(info.value_type, type) and isinstance(raw, info.value_type):
            return raw
        raise Unfitting("has a value of the wrong type") from None


def _fitted(info: ColumnFieldInfo, value: Any, *, stored: bool = True) -> Any:
    fit = _FITS.get(info.column_type.type_name)
    return value if fit is None else fit(info, value, stored)


def _whole(info: ColumnFieldInfo, value: Any, stored: bool) -> Any:
    bounds = column_bounds(info)
    if bounds is not None and (problem := bounds.problem(value)):
        raise Unfitting(problem)
    return value


def _real(info: ColumnFieldInfo, value: Any, stored: bool) -> Any:
    if isinstance(value, float) and not isfinite(value):
        raise Unfitting("is not a finite number")
    return value


def _decimal(info: ColumnFieldInfo, value: Any, stored: bool) -> Any:
    kwargs = info.column_type.kwargs
    if isinstance(value, Decimal) and not value.is_finite():
        raise Unfitting("is not a finite number")
    digits = (kwargs.get("precision") or 1000) - (kwargs.get("scale") or 0)
    if isinstance(value, Decimal | int | float) and abs(value) >= 10**digits:
        raise Unfitting("is out of range")
    return value


def _text(info: ColumnFieldInfo, value: Any, stored: bool) -> Any:
    if not isinstance(value, str):
        return value
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise Unfitting("holds a character that cannot be stored")
    if "\x00" in value:
        raise Unfitting("holds a character that cannot be stored")
    length = info.column_type.kwargs.get("length")
    if stored and length is not None and len(value) > length:
        raise Unfitting(f"is longer than {length} characters")
    return value


def _moment(info: ColumnFieldInfo, value: Any, stored: bool) -> Any:
    """A time without a zone is UTC; every time is stored and compared in UTC."""
    if not isinstance(value, datetime):
        return value
    try:
        in_utc = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise Unfitting("is out of range") from None
    return in_utc if info.column_type.kwargs.get("timezone") else in_utc.replace(tzinfo=None)


_FITS: dict[str, Callable[[ColumnFieldInfo, Any, bool], Any]] = {
    "Integer": _whole,
    "BigInteger": _whole,
    "Float": _real,
    "Numeric": _decimal,
    "String": _text,
    "Text": _text,
    "DateTime": _moment,
}
