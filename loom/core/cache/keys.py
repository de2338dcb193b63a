"""Keys of cached values, and a text that equal arguments share and different ones do not."""

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct, structs

_SCALARS = (str, int, float, bytes, Decimal, UUID, date, datetime, time, timedelta, type(None))


def entity_key(entity: str, id: Any, profile: str = "default") -> str:  # noqa: A002 - the API's name
    """Return the key of one row in one profile."""
    return f"{entity}:{id}:{profile}"


def list_index_key(entity: str, query_hash: str, profile: str = "default") -> str:
    """Return the key of one list in one profile."""
    return f"{entity}:list:{query_hash}:{profile}"


def stable_hash(value: Any) -> str:
    """Return 32 hex digits: the same for equal values in every process, others for other values or types.

    Raises:
        TypeError: a part of the value has no text that says all of it.
    """
    text = msgspec.json.encode(_spelled(value), order="sorted")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _spelled(value: Any) -> Any:
    kind = type(value).__qualname__
    if isinstance(value, Enum):
        return [kind, value.name]
    if isinstance(value, _SCALARS):
        return [kind, repr(value)]
    if isinstance(value, list | tuple):
        return [kind, [_spelled(item) for item in value]]
    if isinstance(value, set | frozenset):
        return [kind, sorted(map(repr, map(_spelled, value)))]
    if isinstance(value, Mapping):
        return [kind, sorted(([_spelled(k), _spelled(v)] for k, v in value.items()), key=repr)]
    return [kind, _spelled(_fields(value))]


def _fields(value: Any) -> dict[str, Any]:
    if isinstance(value, Struct):
        return structs.asdict(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"a {type(value).__qualname__} cannot be part of a cache key")
