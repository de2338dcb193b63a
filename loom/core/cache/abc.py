"""What the cache asks of others: a store of values by key, and what makes stored values outdated."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

from loom.core.repository.mutation import Events


class CacheUnavailable(Exception):
    """The store cannot be reached now. Callers go on without it."""


@runtime_checkable
class CacheBackend(Protocol):
    """A store of values by key. Whatever it raises means that it is out of reach."""

    async def get_value(self, key: str, *, type: Any = None) -> Any:  # noqa: A002 - the API's name
        """Return the value, as `type` where given; None where there is none."""

    async def set_value(self, key: str, value: Any, ttl: int | None = None) -> Any:
        """Keep a value for `ttl` seconds."""

    async def multi_get_values(self, keys: Sequence[str], *, type: Any = None) -> list[Any]:  # noqa: A002
        """Return the values in the order of `keys`, None where there is none."""
        ...

    async def multi_set_values(self, pairs: Iterable[tuple[str, Any]], ttl: int | None = None) -> Any:
        """Keep several values at once."""

    async def exists(self, key: str) -> bool:
        """Return whether there is a value."""
        ...

    async def delete(self, key: str) -> int:
        """Remove a value; return how many there were."""
        ...

    async def delete_many(self, keys: Iterable[str]) -> int:
        """Remove values; return how many there were."""
        ...

    async def incr(self, key: str, delta: int = 1) -> int:
        """Add to a counter, from 0, and return it."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""


@runtime_checkable
class DependencyResolver(Protocol):
    """Knows which stored values a change makes outdated. A value's key holds the fingerprint of what it depends on."""

    async def fingerprint(self, tags: Iterable[str]) -> str:
        """Return a text that is another one once any of `tags` was bumped."""
        ...

    async def fingerprints(self, groups: Sequence[Iterable[str]]) -> list[str]:
        """Return one fingerprint per group of tags, all read at one moment."""
        ...

    async def bump_from_events(self, events: Events) -> None:
        """Make everything outdated that depends on what changed."""

    def entity_tags(self, entity: str, id: Any) -> tuple[str, ...]:  # noqa: A002 - the API's name
        """Return what one row depends on; with None as id, what anything of the table does."""
        ...

    def list_tags(self, entity: str, filter_fp: str) -> tuple[str, ...]:
        """Return what a list of the table depends on."""
        ...
