"""Results as JSON bytes. Commands leave defaults out when encoded; a response never does."""

from typing import Any

import msgspec
from msgspec import UNSET, Struct, structs

_encoder = msgspec.json.Encoder()


def encode(result: Any) -> bytes:
    """Return `result` as JSON: every loaded field, UNSET ones left out."""
    return _encoder.encode(_emitted(result))


def _emitted(value: Any) -> Any:
    """Structs that omit defaults become dicts with every field; everything else stays."""
    if isinstance(value, Struct):
        if not value.__struct_config__.omit_defaults:
            return value
        pairs = ((f.encode_name, getattr(value, f.name)) for f in structs.fields(value))
        return {name: _emitted(item) for name, item in pairs if item is not UNSET}
    if isinstance(value, list | tuple):
        return [_emitted(item) for item in value]
    if isinstance(value, dict):
        return {key: _emitted(item) for key, item in value.items()}
    return value
