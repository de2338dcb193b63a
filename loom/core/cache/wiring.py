"""The cache of one application: its own aiocache handler, one gateway for values and one for generations."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from loom.core.cache.circuit import Circuit
from loom.core.cache.config import CacheConfig
from loom.core.cache.dependency import GenerationalDependencyResolver
from loom.core.cache.entries import info_of
from loom.core.cache.gateway import MEMORY, REDIS, CacheGateway, prepared
from loom.core.cache.repository import CachedRepository
from loom.core.cache.sources import cascades, declared_specs, sources_of
from loom.core.model import inspect_model

_COUNTERS = "loom_generations"
_VALUES = {"class": "loom.core.cache.serializer.MsgspecSerializer"}
_NUMBERS = {"class": "aiocache.serializers.StringSerializer"}
_PATIENCE_S = 1.0
_SLACK_S = 3600


class RepositoryCache:
    """Caches the repositories of one application.

    Args:
        config: the `cache` section.
        models: every model of the application.
        namespace: what this application's keys begin with where an alias says nothing; applications and databases that
            share a server must not share it.

    Raises:
        ImportError: aiocache, or the client of a server, is not installed.
        ValueError: an alias is missing or cannot be made.
    """

    def __init__(self, config: CacheConfig, models: Iterable[type[Any]], *, namespace: str) -> None:
        from aiocache.factory import CacheHandler  # the extra `cache`

        self._config = config
        entries = _entries(config, namespace)
        handler = CacheHandler()
        handler.set_config(entries)
        counters = config.counter_alias or _COUNTERS
        for alias in (config.aiocache_alias, counters):
            _check(handler, alias)
        circuit = Circuit()
        self._values = CacheGateway(alias=config.aiocache_alias, caches=handler, circuit=circuit)
        self._counters = CacheGateway(alias=counters, caches=handler, circuit=circuit)
        self._models = tuple(models)
        self._resolver: GenerationalDependencyResolver | None = None
        self._specs: set[str] = set()

    def wrap(self, repository: Any) -> Any:
        """Return `repository` behind the cache; itself where its class says `__cache_policy__ = False`."""
        if getattr(repository, "__cache_policy__", True) is False:
            return repository
        return CachedRepository(
            repository, config=self._config, cache=self._values, dependency_resolver=self._dependencies(repository)
        )

    async def close(self) -> None:
        """Let go of the running event loop's connections; they are opened anew when they are needed."""
        await self._values.close()
        await self._counters.close()

    def _dependencies(self, repository: Any) -> GenerationalDependencyResolver:
        if self._resolver is None:
            infos = [inspect_model(model) for model in self._models]
            self._specs |= {spec for model in self._models for spec in _specs(model)}
            longest = max(self._config.default_ttl, self._config.default_list_ttl, *self._config.ttl.values(), 0)
            self._resolver = GenerationalDependencyResolver(
                self._counters, watched=self._specs, cascades=cascades(infos), ttl=longest + _SLACK_S
            )
        self._specs |= set(declared_specs(getattr(repository, "depends_on", ())).by_owner)
        return self._resolver


def namespace_of(application: str, database_url: str) -> str:
    """Return what the keys of an application on a database begin with."""
    return f"loom:{application}:{hashlib.blake2b(database_url.encode(), digest_size=6).hexdigest()}"


def _specs(model: type[Any]) -> Iterable[str]:
    info = info_of(model)
    if info is not None:
        for profile in info.profiles:
            yield from sources_of(info, profile).by_owner


def _entries(config: CacheConfig, namespace: str) -> dict[str, dict[str, Any]]:
    mapping: dict[str, Mapping[str, Any]] = dict(config.aiocache_config)
    if config.url is not None:
        mapping[config.aiocache_alias] = {**_from_url(config.url), **mapping.get(config.aiocache_alias, {})}
    if config.aiocache_alias not in mapping and (mapping or config.aiocache_alias != "default"):
        raise ValueError(f"cache.aiocache has no alias {config.aiocache_alias!r}")
    values = dict(mapping.get(config.aiocache_alias, {}))
    mapping[config.aiocache_alias] = {**values, "serializer": _VALUES}
    if config.counter_alias is None:
        mapping[_COUNTERS] = {**values, "serializer": _NUMBERS}
    entries = prepared(mapping, max_size=config.max_size)
    for entry in entries.values():
        if entry["cache"] != MEMORY:
            entry.setdefault("namespace", namespace)
            entry.setdefault("timeout", _PATIENCE_S)
    return entries


def _from_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "memory":
        return {"cache": MEMORY}
    if parts.scheme not in ("redis", "rediss"):
        raise ValueError(f"cache.url must begin with memory://, redis:// or rediss://, not {parts.scheme}://")
    entry: dict[str, Any] = {
        "cache": REDIS,
        "endpoint": parts.hostname or "127.0.0.1",
        "port": parts.port or 6379,
        "db": int(parts.path.strip("/") or 0),
    }
    if parts.password:
        entry["password"] = unquote(parts.password)
    if parts.username:
        entry["connection_pool_kwargs"] = {"username": unquote(parts.username)}
    return entry | ({"ssl": True} if parts.scheme == "rediss" else {})


def _check(handler: Any, alias: str) -> None:
    """Make one client now, which connects to nothing: what is wrong with the configuration shows at start."""
    try:
        handler.create(alias)
    except KeyError:
        raise ValueError(f"cache.aiocache has no alias {alias!r}") from None
    except (AttributeError, TypeError) as error:
        raise ValueError(f"cache.aiocache.{alias} cannot be made: {error}") from error
