"""The `cache` section of a configuration, as a typed value."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct, field


class CacheConfig(Struct, frozen=True, kw_only=True):
    """The `cache` section; every key is optional.

    Attributes:
        enabled: read repositories through the cache.
        url: `memory://` (one process only) or `redis://[:password@]host[:port][/database]`; short for an alias below.
        aiocache_alias: alias that keeps the values.
        counter_alias: alias that keeps the generations of what values depend on; None keeps them beside the values.
        aiocache_config: aiocache's own configuration by alias, under the key `aiocache`.
        default_ttl: seconds an entity is kept.
        default_list_ttl: seconds a list is kept.
        ttl: seconds by table, and by `<table>_list`.
        max_size: entries a cache in memory holds before it drops the least recently used; None is no limit.
    """

    enabled: bool = True
    url: str | None = None
    aiocache_alias: str = "default"
    counter_alias: str | None = None
    aiocache_config: dict[str, dict[str, Any]] = field(default_factory=dict, name="aiocache")
    default_ttl: int = 200
    default_list_ttl: int = 120
    ttl: dict[str, int] = field(default_factory=dict)
    max_size: int | None = None

    @property
    def effective_counter_alias(self) -> str:
        """The alias that keeps generations."""
        return self.counter_alias or self.aiocache_alias

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> "CacheConfig":
        """Return the configuration `values` describe, with the keys of the section.

        Raises:
            msgspec.ValidationError: a value does not fit.
        """
        return msgspec.convert(dict(values), cls, strict=False)

    def ttl_for_single(self, entity: str) -> int:
        """Return the seconds one entity of this table is kept."""
        return self.ttl.get(entity, self.default_ttl)

    def ttl_for_list(self, entity: str) -> int:
        """Return the seconds a list of this table is kept."""
        return self.ttl.get(f"{entity}_list", self.default_list_ttl)
