"""Conditions, orders and keyset positions over entities in memory, with the meaning SQL gives them.

NULL, and a value that is not loaded, compares with nothing: neither `=` nor `!=` holds. NULL is last in both directions.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from msgspec import UNSET

from loom.core.repository.abc.cursor import SortKey
from loom.core.repository.abc.query import FilterOp
from loom.core.repository.conditions import ESCAPE, Condition, Test

_HOLDS: dict[FilterOp, Callable[[Any, Any], bool]] = {
    FilterOp.EQ: lambda have, value: bool(have == value),
    FilterOp.NE: lambda have, value: bool(have != value),
    FilterOp.GT: lambda have, value: bool(have > value),
    FilterOp.GTE: lambda have, value: bool(have >= value),
    FilterOp.LT: lambda have, value: bool(have < value),
    FilterOp.LTE: lambda have, value: bool(have <= value),
    FilterOp.IN: lambda have, value: have in [_plain(item) for item in value],
    FilterOp.LIKE: lambda have, value: _like(have, value, 0),
    FilterOp.ILIKE: lambda have, value: _like(have, value, re.IGNORECASE),
}


def matches(entity: Any, condition: Condition, values: Sequence[Any]) -> bool:
    """Return whether `entity` is what the condition asks for."""
    return _matches(entity, condition, iter(values))


def _matches(entity: Any, condition: Condition, values: Iterator[Any]) -> bool:
    """Each test takes its own value, also where the outcome is settled before."""
    held = [_holds(entity, test, next(values)) for test in condition.tests]
    held += [_matches(entity, group, values) for group in condition.groups]
    return any(held) if condition.any_of else all(held)


def in_order(entities: Iterable[Any], keys: Sequence[SortKey]) -> list[Any]:
    """Return the entities in the total order of `keys`."""
    ordered = list(entities)
    for key in reversed(keys):
        ordered.sort(key=_sort_value(key), reverse=key.descending)
    return ordered


def comes_after(entity: Any, keys: Sequence[SortKey], position: Sequence[Any]) -> bool:
    """Return whether `entity` stands behind the row with these sort values."""
    for key, at in zip(keys, position, strict=True):
        have, value = value_of(entity, key.field), _plain(at)
        if have == value:
            continue
        if have is None or value is None:
            return have is None
        return bool(have < value if key.descending else have > value)
    return False


def value_of(entity: Any, field: str) -> Any:
    """Return a value of `entity` as a database compares it: a member by its value, a time in UTC, UNSET as None."""
    return _plain(getattr(entity, field, None))


def _holds(entity: Any, test: Test, value: Any) -> bool:
    if not test.relation:
        return _compared(entity, test, value)
    related = _rows(getattr(entity, test.relation, None))
    if not test.field:
        return bool(related) == test.wanted
    return any(_compared(row, test, value) for row in related)


def _compared(entity: Any, test: Test, value: Any) -> bool:
    have = value_of(entity, test.field)
    if test.op is FilterOp.IS_NULL:
        return (have is None) == test.wanted
    return have is not None and _HOLDS[test.op](have, _plain(value))


def _sort_value(key: SortKey) -> Callable[[Any], tuple[bool, Any]]:
    """Sorting in reverse turns the first part round too, so that None stays last."""

    def value(entity: Any) -> tuple[bool, Any]:
        have = value_of(entity, key.field)
        return (have is None) != key.descending, 0 if have is None else have

    return value


def _plain(value: Any) -> Any:
    if value is UNSET:
        return None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def _rows(related: Any) -> list[Any]:
    if related is None or related is UNSET:
        return []
    return list(related) if isinstance(related, list | tuple | set | frozenset) else [related]


def _like(text: str, pattern: str, flags: int) -> bool:
    parts: list[str] = []
    rest = iter(pattern)
    for char in rest:
        if char == ESCAPE:
            parts.append(re.escape(next(rest, "")))
        else:
            parts.append({"%": ".*", "_": "."}.get(char) or re.escape(char))
    return re.fullmatch("".join(parts), text, flags | re.DOTALL) is not None
