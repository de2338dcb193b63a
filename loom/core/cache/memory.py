"""aiocache's cache in memory, bounded, and without timers: an entry knows when it ends, whatever event loop asks.

aiocache's own lets the running loop remove an entry; one that was kept by a loop that is gone would stay for ever.
"""

import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from aiocache import SimpleMemoryCache

_NEVER = float("inf")


class MemoryCache(SimpleMemoryCache):  # type: ignore[misc]  # aiocache has no type information
    """Keeps entries in this process; beyond `max_size` the least recently used go first.

    Args:
        max_size: None is no limit.
        options: aiocache's own.
    """

    def __init__(self, *, max_size: int | None = None, **options: Any) -> None:
        super().__init__(**{"timeout": None, **options})
        self.max_size = max_size
        self._entries: OrderedDict[str, tuple[Any, float]] = OrderedDict()

    async def _get(self, key: str, encoding: Any = None, _conn: Any = None) -> Any:
        return self._live(key)

    async def _gets(self, key: str, encoding: Any = None, _conn: Any = None) -> Any:
        return self._live(key)

    async def _multi_get(self, keys: Iterable[str], encoding: Any = None, _conn: Any = None) -> list[Any]:
        return [self._live(key) for key in keys]

    async def _set(
        self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None
    ) -> bool:
        if _cas_token is not None and _cas_token != self._live(key):
            return False
        self._keep(key, value, time.monotonic() + ttl if ttl else _NEVER)
        return True

    async def _multi_set(self, pairs: Iterable[tuple[str, Any]], ttl: float | None = None, _conn: Any = None) -> bool:
        for key, value in pairs:
            await self._set(key, value, ttl)
        return True

    async def _add(self, key: str, value: Any, ttl: float | None = None, _conn: Any = None) -> bool:
        if self._live(key) is not None:
            raise ValueError(f"Key {key} already exists, use .set to update the value")
        return await self._set(key, value, ttl)

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return self._live(key) is not None

    async def _increment(self, key: str, delta: int, _conn: Any = None) -> int:
        known = self._live(key)
        try:
            value = int(known or 0) + delta
        except ValueError:
            raise TypeError("Value is not an integer") from None
        self._keep(key, value, self._entries[key][1] if key in self._entries else _NEVER)
        return value

    async def _expire(self, key: str, ttl: float, _conn: Any = None) -> bool:
        value = self._live(key)
        if value is not None:
            self._keep(key, value, time.monotonic() + ttl if ttl else _NEVER)
        return value is not None

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return 0 if self._entries.pop(key, None) is None else 1

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        for key in [key for key in self._entries if key.startswith(namespace or "")]:
            del self._entries[key]
        return True

    def _live(self, key: str) -> Any:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= time.monotonic():
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def _keep(self, key: str, value: Any, ends: float) -> None:
        self._entries[key] = (value, ends)
        self._entries.move_to_end(key)
        while self.max_size is not None and len(self._entries) > self.max_size:
            self._entries.popitem(last=False)
