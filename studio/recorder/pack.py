"""How a live value is kept until it is sent: as it is where it cannot change, else encoded there and then."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, structs

_PLAIN = frozenset({type(None), bool, int, float, str})
_FIRST = 100
"""How many items of a long list are kept."""


class Packed(bytes):
    """A value encoded as JSON."""

    __slots__ = ()


def pack(value: Any) -> Any:
    """Return `value` if it is plain, else `Packed`. Structs are kept by Python names, every field of them. Never raises."""
    if type(value) in _PLAIN:
        return value
    try:
        return Packed(_encoder.encode(_named(value, 2)))
    except Exception:
        return f"<{type(value).__name__}>"


def unpack(value: Any) -> Any:
    """Return what `pack` was given, as a JSON-like tree."""
    return msgspec.json.decode(value) if type(value) is Packed else value


def _named(value: Any, depth: int) -> Any:
    if isinstance(value, Struct):
        fields = structs.asdict(value)
        return {
            name: item if type(item) in _PLAIN or not depth else _named(item, depth - 1)
            for name, item in fields.items()
            if item is not UNSET
        }
    if type(value) in {list, tuple} and depth:
        kept = [_named(item, depth - 1) for item in value[:_FIRST]]
        return kept if len(value) <= _FIRST else [*kept, f"… {len(value) - _FIRST} more"]
    if type(value) is dict and depth:
        return {_key(key): _named(item, depth - 1) for key, item in value.items() if item is not UNSET}
    return value


def _key(key: Any) -> Any:
    return key if type(key) in {str, int} else str(key)


def _unknown(value: Any) -> Any:
    """What JSON has no form for: a mapping as a dict, anything else by its type and a short `repr`."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes | memoryview | bytearray):
        return f"<{len(value)} bytes>"
    return f"<{type(value).__name__}> {value!r}"[:200]


_encoder = msgspec.json.Encoder(enc_hook=_unknown)
