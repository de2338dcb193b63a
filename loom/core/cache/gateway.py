"""One aiocache alias as a `CacheBackend`.

A client of a server belongs to the event loop it first ran on. A gateway outlives loops (a worker may run each task in a
fresh one), so it keeps one client per loop; `close` lets go of the running loop's.
"""

import asyncio
import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from loom.core.cache.circuit import Circuit
from loom.core.cache.config import CacheConfig
from loom.core.cache.serializer import MsgspecSerializer

AliasConfig = Mapping[str, Mapping[str, Any]]

MEMORY = "loom.core.cache.memory.MemoryCache"
REDIS = "loom.core.cache.redis.RedisCache"
_OURS = {
    "aiocache.SimpleMemoryCache": MEMORY,
    "aiocache.backends.memory.SimpleMemoryCache": MEMORY,
    "aiocache.RedisCache": REDIS,
    "aiocache.backends.redis.RedisCache": REDIS,
}


class CacheGateway:
    """Reads and writes one alias.

    Args:
        alias: an alias of `caches`.
        caches: an aiocache `CacheHandler`; the process-wide one by default.
        circuit: shared by gateways to the same server, so that they notice together that it is gone.

    Every call raises `CacheUnavailable` while the server does not answer.
    """

    def __init__(self, *, alias: str = "default", caches: Any = None, circuit: Circuit | None = None) -> None:
        self._alias = alias
        self._caches = process_wide_caches() if caches is None else caches
        self._circuit = circuit or Circuit()
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()

    @staticmethod
    def configure(mapping: AliasConfig) -> None:
        """Make `mapping` the process-wide configuration of aiocache, as `aiocache.caches.set_config` takes it."""
        process_wide_caches().set_config(prepared(mapping))

    @classmethod
    def apply_config(cls, config: CacheConfig) -> None:
        """Make the aliases of `config` the process-wide configuration; its `max_size` bounds the ones in memory."""
        cls.configure(prepared(config.aiocache_config, max_size=config.max_size))

    async def get_value(self, key: str, *, type: Any = None) -> Any:  # noqa: A002 - the API's name
        """Return the value, converted to `type` where given; None where there is none."""
        async with self._circuit.asking():
            found = await self._client().get(key)
        return _converted(found, type)

    async def set_value(self, key: str, value: Any, ttl: int | None = None) -> bool:
        """Keep a value, for `ttl` seconds where given."""
        async with self._circuit.asking():
            return bool(await self._client().set(key, value, ttl=ttl))

    async def multi_get_values(self, keys: Sequence[str], *, type: Any = None) -> list[Any]:  # noqa: A002
        """Return the values in the order of `keys`, None where there is none, in one round trip."""
        if not keys:
            return []
        async with self._circuit.asking():
            found = await self._client().multi_get(list(keys))
        return [_converted(value, type) for value in found]

    async def multi_set_values(self, pairs: Iterable[tuple[str, Any]], ttl: int | None = None) -> bool:
        """Keep several values at once, in one round trip."""
        listed = list(pairs)
        if listed:
            async with self._circuit.asking():
                await self._client().multi_set(listed, ttl=ttl)
        return True

    async def exists(self, key: str) -> bool:
        """Return whether there is a value."""
        async with self._circuit.asking():
            return bool(await self._client().exists(key))

    async def delete(self, key: str) -> int:
        """Remove a value; return how many there were, 0 or 1."""
        async with self._circuit.asking():
            return int(await self._client().delete(key))

    async def delete_many(self, keys: Iterable[str]) -> int:
        """Remove values; return how many there were."""
        return sum([await self.delete(key) for key in keys])

    async def incr(self, key: str, delta: int = 1) -> int:
        """Add `delta` to a counter that starts at 0, and return it.

        Atomic where the alias keeps text or numbers; an alias with `MsgspecSerializer` reads and writes.
        """
        async with self._circuit.asking():
            client = self._client()
            if not isinstance(client.serializer, MsgspecSerializer):
                return int(await client.increment(key, delta))
            value = int(await client.get(key) or 0) + delta
            await client.set(key, value)
            return value

    async def clear(self) -> None:
        """Remove everything in the alias's namespace; without one, everything the server has."""
        async with self._circuit.asking():
            client = self._client()
            await client.clear(namespace=client.namespace)

    async def close(self) -> None:
        """Let go of the running loop's connections; a later call opens new ones."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.close()

    def _client(self) -> Any:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._opened()
        return client

    def _opened(self) -> Any:
        """Memory is shared by every loop, anything else is opened for this one."""
        entry = self._caches.get_alias_config(self._alias)
        if _OURS.get(entry.get("cache"), entry.get("cache")) == MEMORY:
            return self._caches.get(self._alias)
        return self._caches.create(self._alias)


def process_wide_caches() -> Any:
    """Return aiocache's own handler; loom's applications have one each instead."""
    from aiocache import caches  # the extra `cache`

    return caches


def prepared(mapping: AliasConfig, *, max_size: int | None = None) -> dict[str, dict[str, Any]]:
    """Return a copy with loom's memory and Redis in place of aiocache's, and the alias "default" that aiocache wants."""
    entries = {alias: copy.deepcopy(dict(entry)) for alias, entry in mapping.items()}
    for entry in (*entries.values(), entries.setdefault("default", {})):
        entry.setdefault("cache", MEMORY)
        entry["cache"] = _OURS.get(entry["cache"], entry["cache"])
        if entry["cache"] == MEMORY and max_size is not None:
            entry.setdefault("max_size", max_size)
    return entries


def _converted(value: Any, wanted: Any) -> Any:
    if value is None or wanted is None:
        return value
    return msgspec.convert(value, wanted, strict=False)
