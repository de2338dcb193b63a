"""aiocache's Redis cache on today's redis client: without the calls that one has deprecated."""

from typing import Any

from aiocache import RedisCache as AiocacheRedis


class RedisCache(AiocacheRedis):  # type: ignore[misc]  # aiocache has no type information
    """Keeps entries on a Redis server; takes the same options."""

    async def _set(
        self, key: str, value: Any, ttl: float | None = None, _cas_token: Any = None, _conn: Any = None
    ) -> Any:
        if _cas_token is not None:
            return await self._cas(key, value, _cas_token, ttl=ttl, _conn=_conn)
        return await self.client.set(key, value, px=int(ttl * 1000) if ttl else None)

    async def _close(self, *args: Any, _conn: Any = None, **options: Any) -> None:
        await self.client.aclose()
