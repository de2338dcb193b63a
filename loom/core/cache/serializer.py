"""Values to bytes for aiocache, by dotted path: `serializer: {class: loom.core.cache.serializer.MsgspecSerializer}`."""

from typing import Any

import msgspec


class MsgspecSerializer:
    """MessagePack. Structs come back as mappings; the reader says what type it wants."""

    encoding = None  # aiocache: hand bytes through as they are

    def dumps(self, value: Any) -> bytes:
        """Return `value` as bytes."""
        return msgspec.msgpack.encode(value)

    def loads(self, value: bytes | None) -> Any:
        """Return what was dumped; None stays None."""
        return None if value is None else msgspec.msgpack.decode(value)
