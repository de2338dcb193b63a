"""Results as JSON bytes. Commands leave defaults out when encoded; a response never does.

msgspec encodes a result as it is, in one pass, unless there is a struct in it that omits defaults, or something msgspec does
not know. Which fields of a struct can hold one follows from their types, and only those are looked at. What has one is
rewritten first, struct by struct.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, get_origin
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, structs

_encoder = msgspec.json.Encoder()
_SCALARS = (str, int, float, type(None), Enum, datetime, date, time, UUID, Decimal, bytes, type(UNSET))


def encode(result: Any) -> bytes:
    """Return `result` as JSON: every loaded field, UNSET ones left out."""
    return _encoder.encode(_emitted(result) if _omits_something(result) else result)


def encoder_for(annotation: Any) -> Callable[[Any], bytes]:
    """Return what encodes results of a use case that declares to return `annotation`; decided once per route."""
    try:
        info = msgspec.inspect.type_info(annotation)
    except (TypeError, ValueError, NameError):
        return encode
    return _encoder.encode if _is_plain(info) else encode


def _omits_something(value: Any) -> bool:
    """Return whether msgspec would leave something out of `value`, or may not know what it is."""
    if isinstance(value, _SCALARS):
        return False
    if isinstance(value, Struct):
        cls = type(value)
        return _omits(cls) or any(_omits_something(getattr(value, name)) for name in _open_fields(cls))
    if type(value) in (list, tuple, set, frozenset):
        return any(map(_omits_something, value))
    if type(value) is dict:
        return any(map(_omits_something, value.values()))
    return True


def _open_fields(cls: type[Any]) -> tuple[str, ...]:
    """Return the fields of `cls` that can hold a struct that omits defaults; read once per class."""
    known: tuple[str, ...] | None = vars(cls).get("__loom_open_fields__")
    if known is None:
        known = cls.__loom_open_fields__ = tuple(_find_open_fields(cls))  # kept on the class
    return known


def _find_open_fields(cls: type[Any]) -> Iterator[str]:
    try:
        info = msgspec.inspect.type_info(cls)
    except (TypeError, ValueError, NameError):
        yield from cls.__struct_fields__
    else:
        yield from (field.name for field in getattr(info, "fields", ()) if not _is_plain(field.type))


def _is_plain(root: msgspec.inspect.Type) -> bool:
    """Return whether no value of this type can hold a struct that omits defaults."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        info = waiting.pop()
        if id(info) in seen:
            continue
        seen.add(id(info))
        if isinstance(info, _OPEN) or (isinstance(info, msgspec.inspect.StructType) and _omits(info.cls)):
            return False
        waiting.extend(_parts(info))
    return True


_OPEN = (msgspec.inspect.AnyType, msgspec.inspect.CustomType, msgspec.inspect.RawType)


def _omits(cls: Any) -> bool:
    config: structs.StructConfig = (get_origin(cls) or cls).__struct_config__  # `Page[Item]` is an alias
    return config.omit_defaults


def _parts(info: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    for name in ("type", "item_type", "key_type", "value_type"):
        part = getattr(info, name, None)
        if isinstance(part, msgspec.inspect.Type):
            yield part
    yield from getattr(info, "types", ())
    yield from getattr(info, "item_types", ())
    yield from (field.type for field in getattr(info, "fields", ()))


def _emitted(value: Any) -> Any:
    """Structs and dataclasses become dicts with every field; scalars stay."""
    if isinstance(value, Struct):
        return _struct(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_emitted(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _emitted(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _emitted(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return value


def _struct(value: Struct) -> Any:
    config = value.__struct_config__
    items = [(name, getattr(value, attribute)) for attribute, name in _names(type(value))]
    if config.array_like:
        return [_emitted(item) for _, item in items]
    tag = {config.tag_field: config.tag} if config.tag_field is not None else {}
    return tag | {name: _emitted(item) for name, item in items if item is not UNSET}


def _names(cls: type[Struct]) -> Iterator[tuple[str, str]]:
    return zip(cls.__struct_fields__, cls.__struct_encode_fields__, strict=True)
