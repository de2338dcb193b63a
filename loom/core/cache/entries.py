"""Values as they are kept: bytes that know their type when they come back."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct, structs

from loom.core.cache.keys import stable_hash
from loom.core.model import BaseModel, EntityInfo, inspect_model
from loom.core.repository.abc.query import CursorResult, PageResult

MISSING: Any = object()
"""There is no such value, or it cannot be read as what is wanted."""

_UNREADABLE = (msgspec.DecodeError, TypeError, ValueError, NameError, OverflowError, RecursionError)


class Codec:
    """Turns values of one type into bytes and back. A type nobody stated is learned from the first value."""

    def __init__(self, of: Any = None) -> None:
        self._decoder = _decoder(of)

    def encode(self, value: Any) -> bytes | None:
        """Return bytes; None where it would not come back as it is."""
        if self._decoder is None:
            self._decoder = _decoder(_type_of(value))
        try:
            kept = msgspec.msgpack.encode(value)
            return kept if self.decode(kept) == value else None
        except _UNREADABLE:
            return None

    def decode(self, kept: Any) -> Any:
        """Return the value, or MISSING."""
        if self._decoder is None or not isinstance(kept, bytes):
            return MISSING
        try:
            return self._decoder.decode(kept)
        except _UNREADABLE:
            return MISSING


class Page(Struct, array_like=True, tag=True, frozen=True):
    """A numbered page by the ids on it."""

    ids: list[Any]
    total: int


class Step(Struct, array_like=True, tag=True, frozen=True):
    """A step of a walk by the ids on it."""

    ids: list[Any]
    next_cursor: str | None
    has_next: bool


def index_of(result: Any, id_of: Callable[[Any], Any]) -> Page | Step | None:
    """Return a list by its ids; None where it is no list loom makes, or an entity has no id."""
    if not isinstance(result, PageResult | CursorResult):
        return None
    ids = [id_of(item) for item in result.items]
    if None in ids:
        return None
    if isinstance(result, PageResult):
        return Page(ids, result.total_count)
    return Step(ids, result.next_cursor, result.has_next)


def read_index(kept: Any) -> Page | Step | None:
    """Return a list by its ids as it was kept; None where there is none."""
    try:
        return _INDEX.decode(kept) if isinstance(kept, bytes) else None
    except msgspec.DecodeError:
        return None


def write_index(index: Page | Step) -> bytes | None:
    """Return the bytes of a list by its ids; None where an id has no such form."""
    try:
        return msgspec.msgpack.encode(index)
    except _UNREADABLE:
        return None


_INDEX = msgspec.msgpack.Decoder(Page | Step)


def shape_of(model: type[Any] | None) -> str:
    """Return a text that changes with the fields of a model and of the models its relations lead to.

    It is part of every key: an application with a new column reads nothing an older one kept.
    """
    info = info_of(model)
    if model is None or info is None:
        return "0"
    models = [model, *(relation.target for relation in info.relations.values())]
    return stable_hash([[f.encode_name, repr(f.type)] for cls in models for f in structs.fields(cls)])[:8]


def info_of(model: type[Any] | None) -> EntityInfo | None:
    """Return what a model declares; None for what is no model, or has no key of its own."""
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return None
    info = inspect_model(model)
    keys = [column for column in info.columns.values() if column.field.primary_key]
    return info if len(keys) == 1 else None


def _decoder(of: Any) -> msgspec.msgpack.Decoder[Any] | None:
    try:
        return None if of is None else msgspec.msgpack.Decoder(of)
    except (TypeError, NameError):
        return None


def _type_of(value: Any) -> Any:
    """Return the type of a value, of a list with the type of its items; None where that cannot be told yet."""
    if isinstance(value, list | tuple):
        kinds = {type(item) for item in value}
        if len(kinds) != 1:
            return None
        (kind,) = kinds
        return list[kind] if isinstance(value, list) else tuple[kind, ...]  # type: ignore[valid-type]
    return type(value)
