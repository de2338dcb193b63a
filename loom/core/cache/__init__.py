"""Repositories read through a cache that forgets exactly what a commit has changed."""

from loom.core.cache.abc import CacheBackend, CacheUnavailable, DependencyResolver
from loom.core.cache.config import CacheConfig
from loom.core.cache.decorators import cache_query, cached
from loom.core.cache.dependency import GenerationalDependencyResolver
from loom.core.cache.gateway import CacheGateway
from loom.core.cache.repository import CachedRepository
from loom.core.cache.serializer import MsgspecSerializer
from loom.core.cache.wiring import RepositoryCache, namespace_of

__all__ = [
    "CacheBackend",
    "CacheConfig",
    "CacheGateway",
    "CacheUnavailable",
    "CachedRepository",
    "DependencyResolver",
    "GenerationalDependencyResolver",
    "MsgspecSerializer",
    "RepositoryCache",
    "cache_query",
    "cached",
    "namespace_of",
]
